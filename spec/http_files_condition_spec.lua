-- http.files: conditions (RFC 9110 13), dates, tags, compressed files beside others,
-- types.

local date <const> = require "tidewire.http.date"
local mime <const> = require "tidewire.http.files.mime"
local net <const> = require "spec.support.net"
local site <const> = require "spec.support.http_site"
local task <const> = require "tidewire.task"

local BEFORE <const>, AT <const>, AFTER <const> = "Sun, 09 Sep 2001 01:46:39 GMT",
    "Sun, 09 Sep 2001 01:46:40 GMT", "Sun, 09 Sep 2001 01:46:41 GMT"

-- ETAG stands for the tag: fields of the request, the status.
local CASES <const> = {
    {{}, 200},
    {{["If-None-Match"] = "ETAG"}, 304}, {{["If-None-Match"] = "W/ETAG"}, 304},
    {{["If-None-Match"] = "*"}, 304}, {{["If-None-Match"] = '"a", ETAG,"b"'}, 304},
    {{["If-None-Match"] = ',, W/"x" ,\tW/ETAG'}, 304}, {{["If-None-Match"] = '"a,b",ETAG'}, 304},
    {{["If-None-Match"] = '"other"'}, 200}, {{["If-None-Match"] = '"*"'}, 200},
    {{["If-None-Match"] = "garbage"}, 200}, {{["If-None-Match"] = ""}, 200},
    {{["If-None-Match"] = '"unended'}, 200},
    {{["If-Modified-Since"] = BEFORE}, 200}, {{["If-Modified-Since"] = AT}, 304},
    {{["If-Modified-Since"] = AFTER}, 304},
    {{["If-Modified-Since"] = "Sunday, 09-Sep-01 01:46:40 GMT"}, 304},
    {{["If-Modified-Since"] = "Sunday, 09-Sep-01 01:46:39 GMT"}, 200},
    {{["If-Modified-Since"] = "Sun Sep  9 01:46:40 2001"}, 304},
    {{["If-Modified-Since"] = "Sun Sep  9 01:46:39 2001"}, 200},
    {{["If-Modified-Since"] = "yesterday"}, 200}, {{["If-Modified-Since"] = "1000000000"}, 200},
    -- The tag decides alone where there is one.
    {{["If-None-Match"] = '"other"', ["If-Modified-Since"] = AFTER}, 200},
    {{["If-None-Match"] = "ETAG", ["If-Modified-Since"] = BEFORE}, 304},
    {{["If-Match"] = "ETAG"}, 200}, {{["If-Match"] = "*"}, 200},
    {{["If-Match"] = '"a", ETAG'}, 200}, {{["If-Match"] = "W/ETAG"}, 412},
    {{["If-Match"] = '"other"'}, 412}, {{["If-Match"] = ""}, 412},
    {{["If-Unmodified-Since"] = BEFORE}, 412}, {{["If-Unmodified-Since"] = AT}, 200},
    {{["If-Unmodified-Since"] = AFTER}, 200}, {{["If-Unmodified-Since"] = "never"}, 200},
    {{["If-Match"] = "ETAG", ["If-Unmodified-Since"] = BEFORE}, 200},
    {{["If-Match"] = '"other"', ["If-Unmodified-Since"] = AFTER}, 412},
    -- First what must be the same, then what may be left out.
    {{["If-Match"] = '"other"', ["If-None-Match"] = "ETAG"}, 412},
    {{["If-Match"] = "ETAG", ["If-None-Match"] = "ETAG"}, 304},
    {{["If-Unmodified-Since"] = BEFORE, ["If-None-Match"] = "ETAG"}, 412},
    {{["If-Unmodified-Since"] = AT, ["If-Modified-Since"] = AT}, 304},
    {{["If-None-Match"] = "ETAG", Range = "bytes=0-0"}, 304},
    {{["If-Match"] = '"other"', Range = "bytes=0-0"}, 412},
    {{["If-Match"] = "ETAG", Range = "bytes=0-0"}, 206},
    {{["If-Modified-Since"] = AT, Range = "bytes=99-"}, 304},
    {{["If-Modified-Since"] = BEFORE, Range = "bytes=99-"}, 416},
    {{["If-None-Match"] = '"other"', Range = "bytes=0-0", ["If-Range"] = "ETAG"}, 206},
}

for _, method in ipairs { "GET", "HEAD" } do
    it("conditions of " .. method, function()
        local here <close> = site.new{ a = "contents" }
        local etag <const> = here:get("/a").headers.etag
        for number, case in ipairs(CASES) do
            local fields <const> = {}
            for name, value in pairs(case[1]) do
                fields[name] = value:gsub("ETAG", etag)
            end
            local answer <const> = here:ask(method, "/a", fields)
            local status <const> = method == "HEAD" and fields.Range and case[2] ~= 304
                and case[2] ~= 412 and 200 or case[2]
            assert.same({number, status}, {number, answer.status})
            assert.equal(status < 400 and etag or nil, answer.headers.etag)
            assert.equal(status < 400 and AT or nil, answer.headers["last-modified"])
            if status == 304 then assert.equal("", answer.body) end
        end
    end)
end

it("a tag is another one after each change", function()
    local here <close> = site.new{ a = "one" }
    local first <const> = here:get("/a").headers.etag
    here:put("a", "four")
    local second <const> = here:get("/a").headers.etag
    here:put("a", "five", "1000000000.000000001")
    local third <const> = here:get("/a").headers.etag
    assert.is_true(first ~= second and second ~= third and first ~= third)
    assert.equal(200, here:get("/a", { ["If-None-Match"] = second }).status)
end)

it("a tag is weak as long as a change might not show", function()
    local here <close> = site.new()
    here:put("a", "a", os.time())
    local etag <const> = here:get("/a").headers.etag
    assert.equal('W/"', etag:sub(1, 3))
    assert.equal(304, here:get("/a", { ["If-None-Match"] = etag }).status)
    local start <const> = os.time()
    while os.time() < start + 2 do task.sleep(0.05) end
    assert.equal(etag:sub(3), here:get("/a").headers.etag)
    assert.equal(304, here:get("/a", { ["If-None-Match"] = etag }).status)
end)

it("no file is younger than the answer", function()
    local here <close> = site.new()
    here:put("a", "a", os.time() + 86400)
    local modified <const> = date.parse(here:get("/a").headers["last-modified"])
    assert.is_true(math.abs(modified - os.time()) <= 2)
end)

it("files may be of any time", function()
    local here <close> = site.new()
    for _, seconds in ipairs { -1, -100000000000, 100000000000, 9223372037, 1 << 40 } do
        here:put("a", "a", seconds)
        local answer <const> = here:get "/a"
        local modified <const> = date.parse(answer.headers["last-modified"])
        assert.equal(200, answer.status)
        assert.is_true(modified == seconds or modified < -1 << 30 or modified >= os.time() - 2)
        assert.equal(304, here:get("/a", { ["If-None-Match"] = answer.headers.etag }).status)
    end
end)

describe("dates", function()
    it("are written and read", function()
        for seconds, text in pairs { [0] = "Thu, 01 Jan 1970 00:00:00 GMT",
                [784111777] = "Sun, 06 Nov 1994 08:49:37 GMT",
                [951782400] = "Tue, 29 Feb 2000 00:00:00 GMT",
                [4107542399] = "Sun, 28 Feb 2100 23:59:59 GMT",
                [-1] = "Wed, 31 Dec 1969 23:59:59 GMT",
                [253402300799] = "Fri, 31 Dec 9999 23:59:59 GMT" } do
            assert.equal(text, date.format(seconds))
            assert.equal(seconds, date.parse(text))
        end
        for seconds = 0, 4102444800, 86400 * 97 + 12345 do
            assert.equal(seconds, date.parse(date.format(seconds)))
        end
    end)

    it("may have older formats", function()
        assert.equal(784111777, date.parse "Sunday, 06-Nov-94 08:49:37 GMT")
        assert.equal(784111777, date.parse "Sun Nov  6 08:49:37 1994")
        assert.equal(1000000000, date.parse "Sun Sep 09 01:46:40 2001")
        local year <const> = os.date("!*t").year
        local function new_year(of) return ("Monday, 01-Jan-%02d 00:00:00 GMT"):format(of % 100) end
        local at <const> = date.parse(new_year(year + 49))
        assert.equal(year + 49, os.date("!*t", at).year)
        local before <const> = date.parse(new_year(year + 51))
        assert.equal(year - 49, os.date("!*t", before).year)
    end)

    it("are nothing else", function()
        for _, text in ipairs { "", "0", "Sun, 06 Nov 1994 08:49:37",
                "Sun, 06 Nov 1994 08:49:37 UTC",
                "Sun, 6 Nov 1994 08:49:37 GMT", "Sun, 00 Nov 1994 08:49:37 GMT",
                "Sun, 31 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:49:37 GMT",
                "Sun, 06 Nov 1994 08:60:37 GMT", "Sun, 06 Nov 1994 08:49:61 GMT",
                "Xyz, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Xyz 1994 08:49:37 GMT",
                "Sun, 06 Nov 94 08:49:37 GMT", "Sun, 06-Nov-94 08:49:37 GMT",
                "Sun, 06 Nov 1994 08:49:37 GMT ", "Sunday, 06 Nov 1994 08:49:37 GMT" } do
            assert.is_nil(date.parse(text), text)
        end
    end)
end)

describe("a compressed file beside another", function()
    local CONTENTS <const> = { ["a.js"] = "plain", ["a.js.gz"] = "gzipped", ["a.js.br"] = "brotli",
        ["b.js"] = "plain", ["b.js.gz"] = ("gzipped"):rep(5000), ["index.html"] = "plain",
        ["index.html.br"] = "brotli", ["c.js.gz"] = "alone", ["d.js"] = "plain",
        ["d.js.gz/x"] = "" }

    it("is sent to those who take it", function()
        local here <close> = site.new(CONTENTS)
        for field, coding in pairs {
            ["gzip, deflate, br"] = "br", ["gzip, br"] = "br", ["gzip"] = "gzip", ["GZIP"] = "gzip",
            ["br;q=0.5, gzip"] = "gzip", ["br;q=0, gzip;q=0.1"] = "gzip", ["*"] = "br",
            ["*;q=0, gzip"] = "gzip", ["br;q=0, *"] = "gzip", ["identity;q=0.5, gzip;q=1"] = "gzip",
            ["identity"] = "", ["gzip;q=0"] = "", ["gzip;q=0.5, identity"] = "", [""] = "",
            ["deflate"] = "", ["xgzip"] = "", ["gzip;q=x"] = "", ["*;q=0"] = "",
        } do
            for _ = 1, 2 do
                local answer <const> = here:get("/a.js", { ["Accept-Encoding"] = field })
                assert.same({field, coding}, {field, answer.headers["content-encoding"] or ""})
                assert.equal(({ br = "brotli", gzip = "gzipped" })[coding] or "plain",
                    answer.body)
                assert.same({"Accept-Encoding", "text/javascript; charset=utf-8"},
                    {answer.headers.vary, answer.headers["content-type"]})
            end
        end
    end)

    it("is sent as far as there is one", function()
        local here <close> = site.new(CONTENTS)
        local function get(target)
            local answer <const> = here:get(target, { ["Accept-Encoding"] = "gzip, br" })
            return { answer.status, answer.headers["content-encoding"] or "", answer.body }
        end
        local large <const> = get "/b.js"
        assert.same({200, "gzip"}, {large[1], large[2]})
        assert.is_true(large[3] == ("gzipped"):rep(5000))
        assert.same({200, "br", "brotli"}, get "/")
        assert.same({200, "", "plain"}, get "/d.js")
        assert.same({200, "", "gzipped"}, get "/a.js.gz")
        assert.equal(404, get("/c.js")[1])
        assert.equal("application/gzip", here:get("/a.js.gz").headers["content-type"])
    end)

    it("is not sent if it is older, or if told so", function()
        local here <close> = site.new(CONTENTS)
        here:put("a.js", "newer", 1000000001)
        local fields <const> = { ["Accept-Encoding"] = "gzip, br" }
        assert.equal("newer", here:get("/a.js", fields).body)
        local off <close> = site.new(CONTENTS, { precompressed = false })
        assert.equal("plain", off:get("/a.js", fields).body)
        assert.is_nil(off:get("/a.js", fields).headers.vary)
    end)

    it("has a tag of its own, and ranges of its own", function()
        local here <close> = site.new{ ["a.js"] = "0123456789", ["a.js.gz"] = "abcdefghij" }
        local plain <const> = here:get("/a.js").headers.etag
        local other <const> = here:get("/a.js", { ["Accept-Encoding"] = "gzip" }).headers.etag
        assert.are_not.equal(plain, other)
        local function part(if_range, encoding)
            local answer <const> = here:get("/a.js", { Range = "bytes=1-2",
                ["If-Range"] = if_range, ["Accept-Encoding"] = encoding })
            return { answer.status, answer.headers["content-encoding"] or "", answer.body }
        end
        assert.same({206, "", "12"}, part(plain))
        assert.same({200, "", "0123456789"}, part(other))
        assert.same({206, "gzip", "bc"}, part(other, "gzip"))
        assert.same({200, "gzip", "abcdefghij"}, part(plain, "gzip"))
        assert.equal(304, here:get("/a.js",
            { ["If-None-Match"] = other, ["Accept-Encoding"] = "gzip" }).status)
        assert.equal(200, here:get("/a.js", { ["If-None-Match"] = other }).status)
    end)
end)

describe("types", function()
    it("come from the system's table or our own", function()
        for name, type in pairs { ["a.html"] = "text/html; charset=utf-8",
                ["a.b/c"] = "application/octet-stream", ["A.PNG"] = "image/png",
                ["x.tar.gz"] = "application/gzip", [".css"] = "text/css; charset=utf-8",
                ["a."] = "application/octet-stream",
                ["a.json"] = "application/json", ["a.wasm"] = "application/wasm",
                ["a.unheard-of"] = "application/octet-stream" } do
            assert.same({name, type}, {name, mime.of(name)})
        end
        assert.equal("text/x", mime.of("a.html", { html = "text/x" }))
        local here <close> = site.new({ ["a.html"] = "", ["a.css"] = "" },
            { types = { html = "application/xhtml+xml" } })
        assert.equal("application/xhtml+xml", here:get("/a.html").headers["content-type"])
        assert.equal("text/css; charset=utf-8", here:get("/a.css").headers["content-type"])
    end)

    it("are read from a table as mime.types is, or known without", function()
        local path <const> = net.file("# comment\ntext/odd\tODD od # more\n\n"
            .. "image/none\napplication/x+y;z=1 zed\n bad\nhtml html\ntext/html5 html")
        local types <const> = mime.load(path)
        os.remove(path)
        assert.same({"text/odd", "text/odd", "application/x+y;z=1", "text/html5", "image/png"},
            {types.odd, types.od, types.zed, types.html, types.png})
        assert.is_nil(types.more)
        assert.equal("text/html", mime.load("/nonexistent").html)
    end)
end)
