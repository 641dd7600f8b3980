-- http.files: what is served under which name, and how it is called.

local core <const> = require "tidewire.http_core"
local http <const> = require "tidewire.http"
local net <const> = require "spec.support.net"
local site <const> = require "spec.support.http_site"
local socket <const> = require "tidewire.socket"
local task <const> = require "tidewire.task"
local tasks <const> = require "spec.support.tasks"

-- Waits until f() returns a value; a limit makes a failure of what never happens.
local function await(f)
    local deadline <const> = socket.monotonic() + net.LIMIT
    while not f() do
        assert(socket.monotonic() < deadline, "it never happens")
        task.sleep(0.05)
    end
end

local BIG <const> = ("0123456789abcdef"):rep(4096)

describe("http.files", function()
    it("serves files with their sizes, types and times", function()
        local here <close> = site.new{ ["a.txt"] = "small", ["sub/b.bin"] = BIG }
        local small <const> = here:get "/a.txt"
        assert.same({200, "small", "text/plain; charset=utf-8", "bytes",
            "Sun, 09 Sep 2001 01:46:40 GMT", '"5-de0b6b3a7640000"'},
            {small.status, small.body, small.headers["content-type"],
            small.headers["accept-ranges"], small.headers["last-modified"],
            small.headers["etag"]})
        local big <const> = here:get "/sub/b.bin?x=/../y"
        assert.same({200, "application/octet-stream", true},
            {big.status, big.headers["content-type"], big.body == BIG})
    end)

    it("serves empty files", function()
        local here <close> = site.new{ empty = "" }
        local answer <const> = here:get "/empty"
        assert.same({200, ""}, {answer.status, answer.body})
    end)

    it("serves names with odd characters", function()
        local here <close> = site.new{ ["a b\\%+\"'<é>;?#.txt"] = "odd" }
        assert.equal("odd", here:get("/a%20b%5C%25+%22'%3C%c3%a9%3E;%3f%23.txt").body)
        assert.equal("odd", here:get("//a%20b\\%25+%22'%3C%c3%a9%3E;%3f%23.txt").body)
    end)

    it("serves index pages of folders", function()
        local here <close> = site.new({ ["index.htm"] = "top", ["sub/index.html"] = "sub",
            ["sub/index.htm"] = "no", ["sub/dir/index.html/x"] = "x" },
            { index = {"index.html", "index.htm"} })
        assert.equal("top", here:get("/").body)
        assert.equal("sub", here:get("/sub/").body)
        assert.equal("text/html; charset=utf-8", here:get("/sub/").headers["content-type"])
        assert.equal(404, here:get("/sub/dir/").status)
        assert.equal(404, here:get("/index.htm/").status)
    end)

    it("leads folders without a slash to those with one, on this host", function()
        local here <close> = site.new{ ["sub/evil.example/x"] = "", ["evil.example/x"] = "",
            ["\\evil.example/x"] = "", ["a b%\r\nc/x"] = "", ["c:/x"] = "" }
        for target, location in pairs {
            ["/sub"] = "/sub/",
            ["/sub?a=b&c"] = "/sub/?a=b&c",
            ["//sub//evil.example"] = "/sub//evil.example/",
            ["//evil.example"] = "/evil.example/",
            ["///evil.example?"] = "/evil.example/?",
            ["/\\evil.example"] = "/%5Cevil.example/",
            ["/%5cevil.example"] = "/%5Cevil.example/",
            ["/a%20b%25%0d%0ac"] = "/a%20b%25%0D%0Ac/",
            ["/c:"] = "/c%3A/",
        } do
            local answer <const> = here:get(target)
            assert.same({target, 301, location},
                {target, answer.status, answer.headers.location})
        end
    end)

    it("finds nothing where nothing is", function()
        local here <close> = site.new{ a = "a" }
        for _, target in ipairs {"/", "/b", "/a/", "/a/b", "/b/", "/A", "/a%20"} do
            assert.same({target, 404}, {target, here:get(target).status})
        end
        assert.equal("404 Not Found\n", here:get("/b").body)
    end)

    it("may be mounted by a router", function()
        local here <close> = site.new({ a = "a", ["sub/index.html"] = "sub" })
        here:serve(http.router():mount("/static", http.files(here.root)))
        assert.equal("a", here:get("/static/a").body)
        assert.equal("/static/sub/", here:get("/static/sub").headers.location)
        assert.equal("sub", here:get("/static/sub/").body)
        for _, target in ipairs {"/a", "/statica", "/stati", "/static%2fa", "/static/../a"} do
            assert.same({target, 404}, {target, here:get(target).status})
        end
        here:serve(http.router():mount("/:who", http.files(here.root)))
        assert.equal("/%5Cevil.example/sub/", here:get("/\\evil.example/sub").headers.location)
    end)

    it("lists folders only where told, and escapes names", function()
        local contents <const> = { ["<b>&\"'.txt"] = "", [".hidden"] = "", ["d:/x"] = "" }
        local silent <close> = site.new(contents)
        assert.equal(404, silent:get("/").status)
        local here <close> = site.new(contents, { list = true })
        local answer <const> = here:get "/"
        assert.same({200, "text/html; charset=utf-8"},
            {answer.status, answer.headers["content-type"]})
        assert.is_truthy(answer.body:find('<li><a href="./%3Cb%3E%26%22%27.txt">'
            .. "&lt;b&gt;&amp;&quot;&#39;.txt</a>", 1, true), answer.body)
        assert.is_truthy(answer.body:find('href="./d%3A/"', 1, true), answer.body)
        assert.is_falsy(answer.body:find("hidden", 1, true))
        assert.is_truthy(answer.body:find("<meta name=viewport ", 1, true))
        assert.is_truthy(answer.body:find('<meta name=color-scheme content="light dark">', 1, true))
        local up <const> = '<li><a href="../">../</a>\n'
        assert.is_falsy(answer.body:find(up, 1, true))
        assert.is_truthy(here:get("/d:/").body:find(up, 1, true))
        assert.equal(404, here:get("/nowhere/").status)
        local all <close> = site.new(contents, { list = true, dotfiles = true })
        assert.is_truthy(all:get("/").body:find(".hidden", 1, true))
    end)

    it("shows names with a dot only where told", function()
        local contents <const> = { [".hidden"] = "h", [".git/config"] = "c", ["a..b/..c.d"] = "d" }
        local here <close> = site.new(contents)
        for _, target in ipairs {"/.hidden", "/.git/config", "/%2egit/config", "/a..b/..c.d"} do
            assert.same({target, 404}, {target, here:get(target).status})
        end
        local open <close> = site.new(contents, { dotfiles = true })
        assert.equal("h", open:get("/.hidden").body)
        assert.equal("c", open:get("/%2Egit/config").body)
        assert.equal("d", open:get("/a..b/..c.d").body)
    end)

    it("answers only GET, HEAD and OPTIONS", function()
        local here <close> = site.new{ a = "a" }
        for _, method in ipairs {"POST", "PUT", "DELETE", "get", "PROPFIND"} do
            local answer <const> = here:ask(method, "/a")
            assert.same({405, "GET, HEAD, OPTIONS"}, {answer.status, answer.headers.allow})
        end
        local answer <const> = here:ask("OPTIONS", "/a")
        assert.same({204, "GET, HEAD, OPTIONS"}, {answer.status, answer.headers.allow})
    end)

    it("sends further fields with files, and Cache-Control", function()
        local here <close> = site.new({ a = "a" }, { max_age = 3600,
            headers = { ["X-Content-Type-Options"] = "nosniff" } })
        local headers <const> = here:get("/a").headers
        assert.same({"max-age=3600", "nosniff"},
            {headers["cache-control"], headers["x-content-type-options"]})
        assert.equal("max-age=3600",
            here:get("/a", {["If-None-Match"] = "*"}).headers["cache-control"])
    end)

    it("notices what is changed, and that another folder is the root", function()
        local here <close> = site.new{ ["../one/a"] = "one", ["../two/a"] = "two" }
        here:run("cd .. && rm -r www && ln -s one www")
        here:serve(http.files(here.root))
        assert.equal("one", here:get("/a").body)
        here:put("a", "changed")
        assert.equal("changed", here:get("/a").body)
        here:run("cd .. && rm www && ln -s two www")
        local second <const> = os.time()
        local body
        repeat
            body = here:get("/a").body
        until body == "two" or os.time() > second + 2
        assert.equal("two", body)
        here:run("cd .. && rm www")
        repeat until os.time() > second + 1
        assert.equal("two", here:get("/a").body)
    end)

    it("keeps contents no longer than they are true, and a bounded amount", function()
        local many <close> = site.new()
        many:run("for i in $(seq 600); do head -c 16384 /dev/zero > $i; done")
        local here <close> = site.new{ big = ("b"):rep(20000), ["../outside"] = "a1" }
        local names <const> = {"same", "shorter", "older", "renamed", "gone", "link", "folder",
            "forbidden"}
        for _, name in ipairs(names) do here:put(name, "a1") end
        local root <close> = assert(core.root(here.root, true))
        assert.is_nil((select(4, root:load "same")))
        await(function() return select(4, root:load "forbidden") end)
        for _, name in ipairs(names) do assert.equal("a1", here:get("/" .. name).body) end
        local version <const> = select(4, root:load "same")
        assert.is_true(root:load("same", version))
        assert.is_true(root:load("/same", version))
        assert.equal("a1", (root:load("same", version:sub(2))))
        assert.equal("a1", (root:load("older", version)))
        assert.is_nil((select(4, root:load "big")))
        here:put("shorter", "a")
        here:put("older", "b2")
        here:run("echo -n c3 > other && touch -r renamed other && mv other renamed; rm gone;" ..
            "rm link && ln -s ../outside link; rm folder && mkdir folder; chmod 600 forbidden")
        local seen <const> = {}
        for i, name in ipairs(names) do
            local answer <const> = here:get("/" .. name)
            seen[i] = answer.status == 200 and answer.body or answer.status
        end
        assert.same({"a1", "a", "b2", "c3", 404, 404, 301, "a1"}, seen)
        local strict <close> = assert(core.root(here.root, false))
        assert.is_nil((select(4, strict:load "same")))
        collectgarbage()
        local before <const> = collectgarbage "count"
        for i = 1, tasks.stressed and 50 or 600 do
            assert.equal(16384, #many:get("/" .. i).body)
        end
        collectgarbage()
        local kept <const> = collectgarbage "count" - before
        assert.is_true(kept > 500 and kept < 5000, kept .. " KiB")
    end)

    it("says what is wrong with its arguments", function()
        net.raises("unknown option 'lists'", http.files, "/tmp", { lists = true })
        net.raises("list: must be a boolean, got \"yes\"", http.files, "/tmp",
            { list = "yes" })
        assert.is_truthy(net.fails("ENOENT", http.files("/tmp/no such folder")):find(
            "/tmp/no such folder", 1, true))
        net.raises("root: a path expected, got nil", http.files)
        net.raises("root: a path expected, got /tmp\0/none", http.files, "/tmp\0/none")
        net.fails("ENOTDIR", http.files(os.getenv "TIDEWIRE_BUILD" .. "/lib/libtidewire.a"))
    end)
end)
