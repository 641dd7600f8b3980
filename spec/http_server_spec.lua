-- The HTTP server: connections, handlers, listening. See also http_server_*_spec.

local http <const> = require "tidewire.http"
local net <const> = require "spec.support.net"
local serving <const> = require "spec.support.http_serving"
local socket <const> = require "tidewire.socket"
local task <const> = require "tidewire.task"

describe("a connection", function()
    it("is kept for the next request", function()
        local paths <const> = {}
        serving.serve(function(req, res) res:send(req.path) end, function(_, connect)
            local s <close> = connect()
            local f <close> = s:makefile()
            for i = 1, 3 do
                s:sendall("GET /" .. i .. " HTTP/1.1\r\nHost: x\r\n\r\n")
                local _ <const>, fields <const>, body <const> = serving.answer(f)
                paths[#paths + 1] = body
                assert.is_nil(fields.connection)
            end
        end)
        assert.same({"/1", "/2", "/3"}, paths)
    end)

    it("of HTTP/1.0 is kept only if asked for", function()
        serving.serve(function(_, res) res:send "x" end, function(_, connect)
            local text <const>, code <const> = serving.tell(connect, "GET / HTTP/1.0\r\n\r\n")
            assert.truthy(text:find "Connection: close\r\n")
            assert.equal("eof", code)
            local s <close> = connect()
            local f <close> = s:makefile()
            for _ = 1, 2 do
                s:sendall "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
                local _ <const>, fields <const> = serving.answer(f)
                assert.equal("keep-alive", fields.connection)
            end
        end)
    end)

    it("may bring requests in one go, or byte by byte", function()
        serving.serve(function(req, res) res:send(req.path .. req:body()) end,
            function(_, connect)
                local text <const> = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n" ..
                    "POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nxyz" ..
                    serving.get "/c"
                for _, size in ipairs{#text, 1, 7} do
                    local s <close> = connect()
                    local f <close> = s:makefile()
                    for i = 1, #text, size do
                        s:sendall(text:sub(i, i + size - 1))
                        task.yield()
                    end
                    local bodies <const> = {}
                    for i = 1, 3 do bodies[i] = select(3, serving.answer(f)) end
                    assert.same({"/a", "/bxyz", "/c"}, bodies)
                    assert.is_nil(serving.answer(f))
                end
            end)
    end)

    it("ends after what is no request", function()
        serving.serve(function(_, res) res:send "x" end, function(server, connect)
            local bare <const> = "GET / HTTP/1.1\nHost: x\n\n"
            local text <const> = serving.tell(connect, bare .. serving.get "/")
            assert.truthy(text:find "^HTTP/1.1 400 Bad Request\r\n")
            assert.truthy(text:find "\r\nConnection: close\r\n")
            assert.truthy(serving.tell(connect, "GET / HTTP/2.0\r\nHost: x\r\n\r\n"):find " 505 ")
            local long <const> = serving.get("/", "X: " .. ("x"):rep(40000))
            assert.truthy(serving.tell(connect, long):find " 431 ")
            assert.truthy(serving.tell(connect, "GET /" .. ("x"):rep(9000)):find " 414 ")
            assert.equal(0, server:stats().requests)
        end)
    end)
end)

describe("a handler", function()
    it("that fails is a 500, and is reported once", function()
        serving.serve(function() error "oh dear" end, function(server, connect)
            local text <const> = serving.tell(connect, serving.get "/")
            assert.truthy(text:find "^HTTP/1.1 500 Internal Server Error\r\n")
            assert.truthy(text:find "\r\n\r\nInternal Server Error\n$")
            assert.equal(1, #server.errors)
            assert.truthy(server.errors[1]:find "oh dear\nstack traceback:")
        end)
    end)

    it("that does not answer is a 500", function()
        serving.serve(function() end, function(server, connect)
            assert.truthy(serving.tell(connect, serving.get "/"):find " 500 ")
            assert.same({"the handler has not answered"}, server.errors)
        end)
    end)

    it("may wait while others are served", function()
        local go <const> = task.event()
        local inside = 0
        serving.serve(function(req, res)
            if req.path == "/slow" then
                inside = inside + 1
                go:wait()
            end
            res:send(req.path)
        end, function(server, connect)
            local slow <const> = {}
            for i = 1, 20 do
                slow[i] = connect()
                slow[i]:sendall(serving.get "/slow")
            end
            while inside < 20 do task.yield() end
            assert.truthy(serving.tell(connect, serving.get "/fast"):find "/fast$")
            assert.equal(20, server:stats().active)
            go:set()
            for _, s in ipairs(slow) do
                assert.truthy(serving.all(s):find "/slow$")
                s:close()
            end
        end)
    end)
end)

describe("a server", function()
    it("serves a Unix socket, and any stream", function()
        local path <const> = os.tmpname()
        os.remove(path)
        local server <const> = assert(http.server{path = path,
            handler = function(_, res) res:send "hi" end})
        local a <const>, b <const> = net.pair()
        local run <const> = server:start()
        assert(server:add(a:makefile "rw"))
        a:close()
        local c <const> = socket.socket(socket.AF_UNIX)
        assert(c:connect(path))
        for _, s in ipairs{b, c} do
            s:sendall(serving.get "/")
            assert.truthy(serving.all(s):find "hi$")
            s:close()
        end
        server:close()
        run:join()
        assert.is_nil(io.open(path))
    end)

    it("checks its options", function()
        net.raises("unknown option 'hander'", http.server, {hander = print})
        net.raises("handler: must be a function, got nil", http.server, {})
        net.raises('port: must be an integer from 0 to 65535, got "8080"', http.server,
            {port = "8080", handler = print})
        net.raises("max_head: ", http.server, {handler = print, max_head = -1})
        net.raises("idle_timeout: ", http.server, {handler = print, idle_timeout = -1})
    end)

    it("can be collected unused", function()
        local weak <const> = setmetatable({}, {__mode = "k"})
        for _ = 1, 10 do weak[assert(http.server{listen = false, handler = print})] = true end
        collectgarbage()
        collectgarbage()
        assert.is_nil(next(weak))
    end)
end)
