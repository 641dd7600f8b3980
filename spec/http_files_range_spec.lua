-- http.files: parts of files (RFC 9110 14).

local ranges <const> = require "tidewire.http.files.ranges"
local site <const> = require "spec.support.http_site"

local TEN <const> = "0123456789"
local LARGE <const> = "9007199254740993000000"

-- The field; what is sent of ten bytes: one part's first and last byte, or "all",
-- "none" (416), or the list of several parts.
local CASES <const> = {
    {"bytes=0-0", "0-0"}, {"bytes=0-9", "0-9"}, {"bytes=0-", "0-9"}, {"bytes=3-5", "3-5"},
    {"bytes=9-", "9-9"}, {"bytes=9-9", "9-9"}, {"bytes=5-100", "5-9"},
    {"bytes=5-" .. LARGE, "5-9"}, {"bytes=-1", "9-9"}, {"bytes=-10", "0-9"},
    {"bytes=-11", "0-9"}, {"bytes=-" .. LARGE, "0-9"}, {"bytes=0000000000000000000000003-5", "3-5"},
    {"bytes=10-", "none"}, {"bytes=10-12", "none"}, {"bytes=-0", "none"},
    {"bytes=" .. LARGE .. "-", "none"}, {"bytes=10-,-0", "none"},
    {"bytes=10-," .. LARGE .. "-" .. LARGE, "none"},
    {"BYTES=1-2", "1-2"}, {"bytes= 1-2 ", "1-2"}, {"bytes=,1-2,", "1-2"},
    {"bytes=\t1-2\t, ,", "1-2"}, {"bytes=20-30,1-2", "1-2"},
    {"bytes=1-0", "all"}, {"bytes=5-3,1-2", "all"}, {"bytes=", "all"}, {"bytes=-", "all"},
    {"bytes=,", "all"}, {"bytes=1", "all"}, {"bytes=a-b", "all"}, {"bytes=1-2-3", "all"},
    {"bytes=1 -2", "all"}, {"bytes=--1", "all"}, {"bytes=+1-2", "all"}, {"bytes=0x1-2", "all"},
    {"bytes=1-2;3-4", "all"}, {"bytes 1-2", "all"}, {"bytes:1-2", "all"}, {"1-2", "all"},
    {"lines=1-2", "all"}, {"", "all"}, {"bytes=1-2,x", "all"}, {"bytes =1-2", "all"},
    {"bytes=0-1,4-5", "0-1,4-5"}, {"bytes=4-5,0-1", "4-5,0-1"}, {"bytes=0-0,-1", "0-0,9-9"},
    {"bytes=0-1,2-3", "0-1,2-3"}, {"bytes=0-1,3-4,99-,-2", "0-1,3-4,8-9"},
    {"bytes=0-1,1-2", "all"}, {"bytes=0-9,0-9", "all"}, {"bytes=0-4,5-9", "all"},
    {"bytes=0-,-1", "all"}, {"bytes=3-4,3-4", "all"},
    {"bytes=" .. ("99-,"):rep(15) .. "0-0", "0-0"}, {"bytes=" .. ("99-,"):rep(16) .. "0-0", "all"},
}

-- What an answer holds, in the words of the cases; checks what it says of it.
local function parts_of(answer, whole)
    local size <const> = #whole
    local status <const>, headers <const> = answer.status, answer.headers
    if status == 416 then
        assert.equal("bytes */" .. size, headers["content-range"])
        assert.equal("416 Range Not Satisfiable\n", answer.body)
        return "none"
    elseif status == 200 then
        assert.equal(whole, answer.body)
        assert.is_nil(headers["content-range"])
        return "all"
    end
    assert.equal(206, status)
    local function part(range, body)
        local first <const>, last <const>, n <const> = range:match "^bytes (%d+)%-(%d+)/(%d+)$"
        assert.equal(size, tonumber(n))
        assert.equal(whole:sub(first + 1, last + 1), body)
        return first .. "-" .. last
    end
    local boundary <const> = headers["content-type"]:match "^multipart/byteranges; boundary=(%w+)$"
    if not boundary then
        assert.equal("text/plain; charset=utf-8", headers["content-type"])
        return part(headers["content-range"], answer.body)
    end
    assert.equal(#answer.body, tonumber(headers["content-length"]))
    assert.is_nil(headers["content-range"])
    local list <const>, HEAD <const> = {}, "\r\n--" .. boundary
        .. "\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Range: ([^\r]*)\r\n\r\n()"
    local at = 1
    while not answer.body:find("^\r\n%-%-" .. boundary .. "%-%-\r\n$", at) do
        local range <const>, start <const> = answer.body:match("^" .. HEAD:gsub("%-", "%%-"), at)
        local stop <const> = answer.body:find("\r\n--" .. boundary, start, true)
        list[#list + 1] = part(range, answer.body:sub(start, stop - 1))
        at = stop
    end
    return table.concat(list, ",")
end

describe("ranges", function()
    it("of a small file", function()
        local here <close> = site.new{ ["ten.txt"] = TEN }
        for _, case in ipairs(CASES) do
            local answer <const> = here:get("/ten.txt", { Range = case[1] })
            assert.same(case, {case[1], parts_of(answer, TEN)})
        end
    end)

    it("of a large one", function()
        local big <const> = TEN:rep(5000)
        local here <close> = site.new{ ["big.txt"] = big }
        for field, says in pairs {
            ["bytes=1-3"] = "1-3", ["bytes=49999-"] = "49999-49999", ["bytes=50000-"] = "none",
            ["bytes=-20000"] = "30000-49999", ["bytes=10000-10000,1-40"] = "10000-10000,1-40",
            ["bytes=0-1,100-20000,30000-40000"] = "0-1,100-20000,30000-40000",
        } do
            local answer <const> = here:get("/big.txt", { Range = field })
            assert.same({field, says}, {field, parts_of(answer, big)})
        end
    end)

    it("of nothing", function()
        local here <close> = site.new{ ["none.txt"] = "" }
        for field, says in pairs { ["bytes=0-"] = "none", ["bytes=0-0"] = "none",
                ["bytes=-1"] = "all", ["bytes=-0"] = "none" } do
            assert.same({field, says}, {field,
                parts_of(here:get("/none.txt", { Range = field }), "")})
        end
    end)

    it("are only GET's", function()
        local here <close> = site.new{ ["ten.txt"] = TEN }
        assert.equal(200, here:ask("HEAD", "/ten.txt", { Range = "bytes=0-0" }).status)
        assert.equal(404, here:get("/nothing", { Range = "bytes=0-0" }).status)
    end)

    it("past 4 GB", function()
        local here <close> = site.new{}
        here:run("truncate -s 5000000000 sparse.txt && printf abc >> sparse.txt")
        local function get(field)
            local answer <const> = here:get("/sparse.txt", { Range = field })
            return { answer.status, answer.headers["content-range"], answer.body }
        end
        assert.same({206, "bytes 5000000000-5000000002/5000000003", "abc"}, get "bytes=5000000000-")
        assert.same({206, "bytes 4999999999-5000000001/5000000003", "\0ab"},
            get "bytes=4999999999-5000000001")
        assert.same({206, "bytes 5000000001-5000000002/5000000003", "bc"}, get "bytes=-2")
        assert.equal(416, get("bytes=5000000003-")[1])
        assert.is_truthy(get("bytes=4294967295-4294967297,5000000000-5000000000")[3]:find(
            "bytes 4294967295-4294967297/5000000003\r\n\r\n\0\0\0\r\n", 1, true))
    end)

    it("are read in bounded time", function()
        local start <const> = os.clock()
        assert.is_nil(ranges.read("bytes=" .. ("0-0,"):rep(100000), 10))
        assert.is_nil(ranges.read("bytes=" .. (","):rep(100000), 10))
        assert.is_nil(ranges.read("bytes=" .. (" "):rep(100000) .. "x", 10))
        assert.is_nil(ranges.read("bytes=" .. ("1"):rep(100000) .. "x", 10))
        assert.is_true(os.clock() - start < 2)
    end)
end)

describe("If-Range", function()
    local MODIFIED <const> = "Sun, 09 Sep 2001 01:46:40 GMT"

    it("names what there is exactly, or all is sent", function()
        local here <close> = site.new{ ["ten.txt"] = TEN }
        local etag <const> = here:get("/ten.txt").headers.etag
        for value, status in pairs {
            [etag] = 206, [MODIFIED] = 206, ["W/" .. etag] = 200, ['"other"'] = 200, ["*"] = 200,
            [etag .. ", " .. etag] = 200, ["Sun, 09 Sep 2001 01:46:41 GMT"] = 200,
            ["Sun, 09 Sep 2001 01:46:39 GMT"] = 200, ["Sun Sep  9 01:46:40 2001"] = 200,
            [etag:sub(2, -2)] = 200, [""] = 200,
        } do
            local answer <const> = here:get("/ten.txt",
                { Range = "bytes=1-1", ["If-Range"] = value })
            assert.same({value, status}, {value, answer.status})
        end
        assert.equal(200,
            here:get("/ten.txt", { Range = "bytes=99-", ["If-Range"] = '"x"' }).status)
    end)

    it("cannot name what was changed just now", function()
        local here <close> = site.new()
        here:put("a.txt", TEN, os.time() + 3600)
        local headers <const> = here:get("/a.txt").headers
        assert.equal('W/"', headers.etag:sub(1, 3))
        for _, value in ipairs { headers.etag, headers.etag:sub(3), headers["last-modified"] } do
            assert.equal(200,
                here:get("/a.txt", { Range = "bytes=1-1", ["If-Range"] = value }).status)
        end
        assert.equal(206, here:get("/a.txt", { Range = "bytes=1-1" }).status)
    end)
end)
