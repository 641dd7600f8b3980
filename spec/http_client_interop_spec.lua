-- The HTTP client and other people's servers: nginx, Python's http.server; and
-- our own.

local http <const> = require "tidewire.http"
local net <const> = require "spec.support.net"
local nginx <const> = require "spec.support.nginx"
local serving <const> = require "spec.support.http_serving"
local process <const> = dofile("examples/lib/process.lua")
local task <const> = require "tidewire.task"
local tasks <const> = require "spec.support.tasks"

local NGINX <const> = [[
    client_max_body_size 1m;
    default_type text/plain;
    server {
        listen unix:%1/front;
        root %1/pages;
        location / { }
        location /packed/ { alias %1/pages/; gzip on; gzip_min_length 1; gzip_types *; }
        location = /requests { return 200 $connection_requests; }
        location = /moved { return 302 /target?x=y; }
        location = /target { return 200 "$request_method $args"; }
        location = /secret { auth_basic x; auth_basic_user_file %1/users; try_files /a.txt =404; }
        location = /upload { proxy_pass http://unix:%1/back:; client_max_body_size 0; }
        location = /little { proxy_pass http://unix:%1/back:; }
    }
    server {
        listen unix:%1/back;
        client_max_body_size 0;
        location / { return 200 "$http_content_length $request_method"; }
    }
]]

-- Each server ends after 20 seconds.
local big <const> = ("0123456789abcde\n"):rep((tasks.stressed and 2 or 10) << 16)

local function write(path, text)
    local file <close> = assert(io.open(path, "w"))
    assert(file:write(text))
end

-- A folder with a big file and a small one, over which run(folder) starts a server;
-- and what stops that.
local function start(run)
    local folder <const> = net.path()
    assert(os.execute("mkdir -p " .. folder .. "/pages"))
    write(folder .. "/pages/big.txt", big)
    write(folder .. "/pages/a.txt", "small\n")
    write(folder .. "/users", "user:{PLAIN}pass word\n")
    local server <const> = run(folder)
    return folder, function()
        server:kill()
        os.execute("rm -r " .. folder)
    end
end

local function suite(name, missing, f)
    describe(name, function()
        if missing then return pending(missing) end
        f()
    end)
end

suite("nginx", nginx.missing, function()
    local client, stop

    setup(function()
        local folder
        folder, stop = start(function(place) return nginx.start(place, NGINX) end)
        client = http.client{socket = folder .. "/front"}
    end)

    teardown(function()
        client:close()
        stop()
    end)

    local function get(path, o) return assert(client:get("http://localhost" .. path, o)) end
    local function post(path, body, o)
        return assert(client:post("http://localhost" .. path, body, o))
    end

    it("keeps a connection", function()
        local first <const> = tonumber(get "/requests".body)
        for i = 1, 5 do assert.equal(first + i, tonumber(get "/requests".body)) end
        assert.equal("", client:head("http://localhost/big.txt").body)
        assert.equal(404, get "/none".status)
        assert.equal(first + 8, tonumber(get "/requests".body))
    end)

    it("sends 10 MB, plain and packed", function()
        local r = get "/big.txt"
        assert.is_true(r.body == big)
        assert.equal(tostring(#big), r.headers["content-length"])
        r = get "/packed/big.txt"
        assert.is_true(r.body == big)
        assert.same({"gzip", "chunked"},
            {r.headers["content-encoding"], r.headers["transfer-encoding"]})
        local size = 0
        for piece in get("/packed/big.txt", {stream = true}):pieces() do size = size + #piece end
        assert.equal(#big, size)
        assert.equal("small\n", get("/packed/a.txt", {decompress = false}).body)
    end)

    it("sends ranges, and nothing when nothing has changed", function()
        local r = get("/big.txt", {headers = {Range = "bytes=16-31"}})
        assert.same({206, "0123456789abcde\n"}, {r.status, r.body})
        r = get("/big.txt", {headers = {Range = "bytes=999999999-"}})
        assert.equal(416, r.status)
        r = get("/big.txt", {headers = {["If-None-Match"] = get "/a.txt".headers.etag}})
        assert.equal(200, r.status)
        r = get("/a.txt", {headers = {["If-None-Match"] = get "/a.txt".headers.etag}})
        assert.same({304, ""}, {r.status, r.body})
    end)

    it("redirects", function()
        local r <const> = post("/moved", "data")
        assert.same({200, "GET x=y", "http://localhost/target?x=y"}, {r.status, r.body, r.url})
    end)

    it("asks who we are", function()
        assert.equal(401, get "/secret".status)
        assert.equal("small\n", get("/secret", {auth = {"user", "pass word"}}).body)
        assert.equal(401, get("/secret", {auth = {"user", "other"}}).status)
    end)

    it("takes uploads of every kind", function()
        assert.equal("5 POST", post("/upload", "12345").body)
        assert.equal(#big .. " POST", post("/upload", big).body)
        assert.equal("5 POST", post("/upload", "12345", {expect = net.LIMIT}).body)
        local i = 0
        assert.equal(#big .. " POST", post("/upload", function()
            i = i + 65536
            local piece <const> = big:sub(i - 65535, i)
            return piece ~= "" and piece or nil
        end).body)
    end)

    it("refuses what is too long before it has come", function()
        local r = post("/little", big)
        assert.equal(413, r.status)
        r = post("/little", big, {expect = net.LIMIT})
        assert.equal(413, r.status)
        r = post("/little", function() return ("x"):rep(65536) end)
        assert.equal(413, r.status)
        assert.equal("small\n", get "/a.txt".body)
    end)

    it("gets a long body even where nothing else can run", function()
        local t <close> = task.spawn(function()
            local body
            ("x"):gsub("x", function() body = post("/upload", big).body end)
            return body
        end)
        assert.equal(#big .. " POST", t:join(net.LIMIT))
    end)

    it("serves many at once", function()
        local MANY <const>, count = tasks.stressed and 2 or 20, 0
        task.scope(function(scope)
            for _ = 1, MANY do
                scope:spawn(function()
                    assert(#get "/big.txt".body == #big)
                    count = count + 1
                end)
            end
        end)
        assert.equal(MANY, count)
    end)
end)

suite("Python's http.server", not os.execute "python3 -c '' 2>/dev/null" and "is not installed",
    function()
        local base, stop

        setup(function()
            local _
            _, stop = start(function(folder)
                local server <const> = process.start("python3 -u -m http.server 0 " ..
                    "--bind 127.0.0.1 --directory " .. folder .. "/pages")
                base = "http://127.0.0.1:" .. server:expect " port (%d+)"
                return server
            end)
        end)

        teardown(function() stop() end)

        it("sends files, a listing, what there is not", function()
            assert.is_true(http.get(base .. "/big.txt").body == big)
            local r = http.get(base)
            assert.same({"1.0", "OK", true}, {r.version, r.reason, r.body:find "a%.txt" ~= nil})
            assert.same({404, false}, {http.get(base .. "/none").status, http.get(base .. "/x").ok})
            assert.equal("", http.head(base .. "/big.txt").body)
            r = http.post(base .. "/a.txt", "x")
            assert.equal(501, r.status)
            r = http.post(base .. "/a.txt", big)
            assert.equal(501, r.status)
        end)
    end)

describe("our own server", function()
    it("and our client understand each other", function()
        local server <const> = assert(http.server{max_body = 2 << 20, handler = function(req, res)
            if req.path == "/moved" then
                res.status = 303
                res:set("Location", "/echo")
                return res:send()
            elseif req.path == "/chunks" then
                for i = 1, 3 do res:write(("%d\n"):format(i)) end
                return res:finish{{"X-Sum", "6"}}
            end
            local body <const> = req:body()
            res.status = body and 200 or 413
            res:set("X-Method", req.method)
            res:send(body)
        end})
        local _ <close> = serving.start(server)
        local client <close> = http.client()
        local addr <const> = server:getsockname()
        local base <const> = ("http://127.0.0.1:%d"):format(addr.port)
        assert.equal("hello", assert(client:post(base .. "/echo", "hello")).body)
        assert.is_true(assert(client:put(base .. "/echo", big:sub(1, 1 << 20))).body ==
            big:sub(1, 1 << 20))
        local r = assert(client:get(base .. "/chunks"))
        assert.same({"1\n2\n3\n", "6"}, {r.body, r.trailers and r.trailers["x-sum"]})
        r = assert(client:post(base .. "/moved", "x"))
        assert.same({"GET", base .. "/echo"}, {r.headers["x-method"], r.url})
        assert.equal("five!", assert(client:post(base .. "/echo", "five!", {expect = 5})).body)
        r = assert(client:post(base .. "/echo", big .. "x"))
        assert.equal(413, r.status)
    end)
end)
