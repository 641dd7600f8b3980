-- http.files as curl sees it: whole files and parts, downloads that go on, what it
-- has already, compressed files, and a file that changes while it is sent.

local peer <const> = require "spec.support.peer"
local site <const> = require "spec.support.http_site"

local BIG <const> = ("0123456789abcdef"):rep(1 << 16)

local curl <const> = os.execute "curl --version >/dev/null 2>&1"
local case <const> = curl and it or function(name) pending(name .. ": curl is not installed") end

-- A folder with these files that another process serves, and curl: what it prints
-- and its exit status. In its arguments URL stands for the server.
local function served(contents)
    local here <const> = site.new(contents)
    local child <const> = peer.start([[
        local http = require "tidewire.http"
        local server = assert(http.server{ handler = assert(http.files(arg[1])) })
        say(server:getsockname().port)
        server:run()
    ]], here.root)
    local url <const> = "http://127.0.0.1:" .. child:expect "^(%d+)\n"
    local function run(arguments)
        local pipe <close> = assert(io.popen(("cd %s && timeout 60 curl -s --noproxy '*' %s")
            :format(here.folder, (arguments:gsub("URL", url))), "r"))
        local output <const> = pipe:read "a"
        local _, _, status <const> = pipe:close()
        return output, status
    end
    return run, setmetatable({ site = here }, { __close = function()
        child:kill "KILL"
        getmetatable(here).__close(here)
    end })
end

local function read(path)
    local file <close> = assert(io.open(path))
    return file:read "a"
end

describe("curl", function()
    case("gets files, heads and parts", function()
        local run <const>, _ <close> = served{ ["a.txt"] = "0123456789", big = BIG, empty = "",
            ["sub/index.html"] = "index" }
        local path <const> = " -w ' %%{http_code}' "
        for arguments, says in pairs {
            ["URL/a.txt"] = "0123456789 200", ["URL/empty"] = " 200",
            ["URL/none"] = "404 Not Found\n 404",
            ["-r 2-4 URL/a.txt"] = "234 206", ["-r 7- URL/a.txt"] = "789 206",
            ["-r -3 URL/a.txt"] = "789 206",
            ["-r 10- URL/a.txt"] = "416 Range Not Satisfiable\n 416",
            ["URL/sub"] = " 301", ["-L URL/sub"] = "index 200", ["-X DELETE URL/a.txt"] =
                "405 Method Not Allowed\n 405", ["-X OPTIONS URL/a.txt"] = " 204",
            ["--path-as-is URL/../a.txt"] = "404 Not Found\n 404",
            ["--path-as-is URL/%2e%2e/a.txt"] = "404 Not Found\n 404",
            ["-d x URL/a.txt"] = "405 Method Not Allowed\n 405", ["URL/a.txt URL/a.txt"] =
                "0123456789 2000123456789 200", ["-0 URL/a.txt"] = "0123456789 200",
        } do
            assert.same({arguments, says, 0},
                {arguments, run(path:gsub("%%%%", "%%") .. arguments)})
        end
        assert.is_true(run "URL/big" == BIG)
        assert.is_true(run "-0 URL/big" == BIG)
        assert.equal(BIG:sub(65537, 131073), (run "-r 65536-131072 URL/big"))
        local head <const> = run "-I URL/big"
        assert.matches("^HTTP/1.1 200 OK\r\n", head)
        assert.matches("\r\nContent%-Length: 1048576\r\n", head)
        assert.matches("\r\n\r\n$", head)
        local parts <const> = run "-r 0-1,65536-65537,-2 URL/big"
        local bodies <const> = {}
        for body in parts:gmatch "\r\n\r\n(..)\r\n" do bodies[#bodies + 1] = body end
        assert.same({"01", "01", "ef"}, bodies)
    end)

    case("goes on with a download where it ended", function()
        local run <const>, here <close> = served{ big = BIG }
        here.site:put("../part", BIG:sub(1, 300000))
        assert.same({"206", 0}, {run "-C - -o part -w '%{http_code}' URL/big"})
        assert.is_true(read(here.site.folder .. "/part") == BIG)
    end)

    case("is told that it has a file", function()
        local run <const>, here <close> = served{ a = "a" }
        local path <const> = here.site.folder
        assert.equal("200", (run "-o a -R --etag-save tag -w '%{http_code}' URL/a"))
        assert.equal("304", (run "-o b -z a -w '%{http_code}' URL/a"))
        assert.equal("304", (run "-o b --etag-compare tag -w '%{http_code}' URL/a"))
        assert.equal("200", (run "-o b -z 1999-01-01 -w '%{http_code}' URL/a"))
        here.site:put("a", "new", 1000000001)
        assert.equal("200", (run "-o b -z a -w '%{http_code}' URL/a"))
        assert.equal("new", read(path .. "/b"))
        assert.equal("200", (run "-o b --etag-compare tag -w '%{http_code}' URL/a"))
    end)

    case("gets compressed files", function()
        local run <const>, here <close> = served{ ["a.txt"] = BIG }
        here.site:run("gzip -k a.txt")
        assert.is_true(run "--compressed URL/a.txt" == BIG)
        local size <const> =
            tonumber((run "--compressed -o /dev/null -w '%{size_download}' URL/a.txt"))
        assert.is_true(size < 100000)
        assert.is_true(run "URL/a.txt" == BIG)
    end)
end)

describe("a file", function()
    local SIZE <const> = 64 << 20 -- more than any buffers between the two

    -- What comes of it when it gets another size once sending has begun.
    local function changed(size)
        local here <close> = site.new{ a = "a" }
        here:run("truncate -s %d big", SIZE)
        local answer <const> = here:ask("GET", "/big", {}, function()
            here:run("truncate -s %d big", size)
        end)
        assert.same({200, tostring(SIZE)}, {answer.status, answer.headers["content-length"]})
        assert.equal("a", here:get("/a").body)
        return answer
    end

    it("that becomes shorter while it is sent ends the connection", function()
        local answer <const> = changed(SIZE // 2)
        assert.is_false(answer.whole)
        assert.is_true(#answer.body <= SIZE // 2)
    end)

    it("that grows is sent as long as it was", function()
        assert.is_true(changed(2 * SIZE).whole)
    end)
end)
