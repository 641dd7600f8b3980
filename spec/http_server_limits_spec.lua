-- The HTTP server: what takes too long, what is too much, and how it ends.

local net <const> = require "spec.support.net"
local serving <const> = require "spec.support.http_serving"
local socket <const> = require "tidewire.socket"
local task <const> = require "tidewire.task"
local tasks <const> = require "spec.support.tasks"

-- A server with this option, and a handler that may be given with it.
local function serve(opts, f)
    opts.handler = opts.handler or function(_, res) res:send "ok" end
    serving.serve(opts, f)
end

describe("a time limit", function()
    it("for the head begins with its first byte", function()
        serve({header_timeout = 0.1, idle_timeout = 5}, function(_, connect)
            local s <close> = connect()
            local alive = true
            task.spawn(function() -- one byte after another does not help
                for i = 1, 200 do
                    if not alive or not s:send(i == 1 and "G" or "x") then break end
                    task.sleep(0.01)
                end
            end)
            local text <const> = serving.all(s)
            alive = false
            assert.truthy(text:find "^HTTP/1.1 408 Request Timeout\r\n")
            assert.truthy(text:find "\r\nConnection: close\r\n")
        end)
    end)

    it("for one that is idle ends it without a word", function()
        serve({idle_timeout = 0.05}, function(server, connect)
            local s <close> = connect()
            assert.equal("", serving.all(s))
            local t <close> = connect()
            t:sendall "GET / HTTP/1.1\r\nHost: x\r\n\r\n"
            assert.truthy(serving.all(t):find "\r\n\r\nok$")
            assert.equal(0, server:stats().connections)
        end)
    end)

    it("is not that of a request that is being handled", function()
        serve({idle_timeout = 0.05, header_timeout = 0.05, handler = function(_, res)
            task.sleep(0.2)
            res:send "late"
        end}, function(_, connect)
            assert.truthy(serving.tell(connect, serving.get "/"):find "\r\n\r\nlate$")
        end)
    end)

    -- What each read of a body says that comes in such pieces, which are more than
    -- half of the time limit apart.
    local function reads(piece, count, seconds)
        local got <const> = {}
        serve({body_timeout = seconds, handler = function(req, res)
            repeat
                local data <const>, _ <const>, code <const> = req:read()
                got[#got + 1] = data or code
            until not data
            res:send "x"
        end}, function(_, connect)
            local s <close> = connect()
            s:sendall "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9000\r\n\r\n"
            for _ = 1, count do
                task.sleep(0.6 * seconds)
                s:sendall(piece)
            end
            assert.truthy(serving.all(s):find "\r\nConnection: close\r\n")
        end)
        return got
    end

    it("for the body is for each step of it", function()
        local piece <const> = ("x"):rep(100)
        net.patiently(function(seconds)
            assert.same({piece, piece, piece, "timeout"}, reads(piece, 3, seconds))
        end)
    end)

    it("for the body is for all of it when hardly any comes", function()
        local got <const> = reads("x", 6, 0.1)
        assert.equal("timeout", got[#got])
        assert.is_true(#got <= 3)
    end)

    it("for the body does not run while the handler does something else", function()
        local body
        serve({body_timeout = 0.1, handler = function(req, res)
            body = req:read(1)
            task.sleep(0.2)
            body = body .. (req:body() or "")
            res:send "x"
        end}, function(_, connect)
            serving.tell(connect, "POST / HTTP/1.0\r\nContent-Length: 2\r\n\r\nab")
        end)
        assert.equal("ab", body)
    end)

    it("for writing is for a client that does not read", function()
        local code
        serve({write_timeout = 0.1, handler = function(_, res)
            code = select(3, res:send(("x"):rep(50 << 20)))
        end}, function(_, connect)
            local s <close> = connect()
            s:sendall(serving.get "/")
            while not code do task.yield() end
            assert.equal("ECONNRESET", select(2, serving.all(s)))
        end)
        assert.equal("timeout", code)
    end)

    it("for the handler makes it a 503", function()
        serve({handler_timeout = 0.05, handler = function() task.sleep(5) end},
            function(_, connect)
                assert.truthy(serving.tell(connect, serving.get "/"):find "^HTTP/1.1 503 ")
            end)
    end)
end)

describe("what nobody has read", function()
    it("does not cost the client the answer", function()
        serve({}, function(server, connect)
            local s <close> = connect()
            s:sendall "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10000000\r\n\r\n"
            local f <close> = s:makefile()
            for _ = 1, 3 do s:sendall(("x"):rep(10000)) end
            assert.equal(200, (serving.answer(f)))
            s:close()
            f:close()
            while server:stats().connections > 0 do task.yield() end
        end)
    end)

    it("is thrown away where it is little: the next request follows", function()
        serve({}, function(_, connect)
            local s <close> = connect()
            local f <close> = s:makefile()
            local body <const> = ("x"):rep(10000)
            for _ = 1, 3 do
                s:sendall("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10000\r\n\r\n" .. body)
                assert.equal(200, (serving.answer(f)))
            end
        end)
    end)

    it("of pipelined requests does not, either", function()
        serve({}, function(_, connect)
            local more <const> = ("GET / HTTP/1.1\r\nHost: x\r\n\r\n"):rep(1000)
            local text <const> = serving.tell(connect, serving.get "/" .. more)
            assert.truthy(text:find "^HTTP/1.1 200 ")
            assert.equal(1, select(2, text:gsub("HTTP/1.1 200", "")))
        end)
    end)

    it("is not read as requests after a bad one", function()
        serve({}, function(server, connect)
            local text <const> = serving.tell(connect, "BAD\r\n\r\n" .. serving.get "/")
            assert.equal(1, select(2, text:gsub("HTTP/1.1", "")))
            assert.equal(0, server:stats().requests)
        end)
    end)
end)

describe("many requests at once on one connection", function()
    it("do not keep others from being served", function()
        local N <const> = tasks.stressed and 1000 or 20000
        local done, others = false, 0
        serve({}, function(_, connect)
            local s <close> = connect()
            local f <close> = s:makefile "rw"
            local flood <close> = task.spawn(function()
                f:write(("GET / HTTP/1.1\r\nHost: x\r\n\r\n"):rep(N))
                f:flush()
            end)
            local reader <close> = task.spawn(function()
                for _ = 1, N do assert(serving.answer(f)) end
                done = true
            end)
            while not done do
                assert.truthy(serving.tell(connect, serving.get "/"):find "ok$")
                others = others + 1
            end
            flood:join()
            reader:join()
        end)
        assert.is_true(others > 20, others)
    end)
end)

describe("max_connections", function()
    it("leaves the others waiting", function()
        serve({max_connections = 2}, function(server, connect)
            local a <const>, b <const>, c <close> = connect(), connect(), connect()
            for _, s in ipairs{a, b, c} do s:sendall(serving.get "/") end
            for _, s in ipairs{a, b, c} do assert.truthy(serving.all(s):find "ok$") end
            assert.is_true(server:stats().connections <= 2)
            a:close()
            b:close()
        end)
        serve({max_connections = 1}, function(server, connect)
            local a <const>, b <close> = connect(), connect()
            b:sendall(serving.get "/")
            while server:stats().connections < 1 do task.yield() end
            b:settimeout(0.05)
            assert.equal("timeout", select(3, b:recv(1)))
            a:close()
            b:settimeout(5)
            assert.truthy(serving.all(b):find "ok$")
        end)
    end)

    it("reports nothing when the server is stopped while others wait", function()
        local errors
        serve({max_connections = 1}, function(server, connect)
            local a <close> = connect()
            local b <close> = connect()
            while server:stats().connections < 1 do task.yield() end
            server:stop()
            assert.equal("", serving.all(a))
            serving.all(b)
            errors = server.errors
        end)
        assert.same({}, errors)
    end)
end)

describe("stopping", function()
    it("lets what is under way finish, and closes what is idle", function()
        local go <const>, inside <const> = task.event(), task.event()
        serve({handler = function(_, res)
            inside:set()
            go:wait()
            res:send "done"
        end}, function(server, connect)
            local busy <close> = connect()
            local idle <close> = connect()
            busy:sendall "GET / HTTP/1.1\r\nHost: x\r\n\r\n"
            inside:wait()
            server:stop(5)
            assert.equal("", serving.all(idle))
            assert.is_nil(socket.create_connection(busy:getpeername()))
            go:set()
            local text <const> = serving.all(busy)
            assert.truthy(text:find "\r\nConnection: close\r\n.*done$")
        end)
    end)

    it("ends what takes longer than the grace", function()
        local inside <const> = task.event()
        local cancelled
        serve({handler = function()
            inside:set()
            local _ <close> = setmetatable({}, {__close = function() cancelled = true end})
            task.sleep(60)
        end}, function(server, connect)
            local s <close> = connect()
            s:sendall(serving.get "/")
            inside:wait()
            server:stop(0.05)
            local _ <const>, code <const> = serving.all(s)
            assert.truthy(({eof = 1, ECONNRESET = 1})[code])
            while not cancelled do task.yield() end
        end)
    end)

    it("can be done by a handler", function()
        local server
        serve({handler = function(_, res)
            server:stop()
            res:send "bye"
        end}, function(s, connect)
            server = s
            assert.truthy(serving.tell(connect, serving.get "/"):find "bye$")
        end)
    end)
end)

describe("the log", function()
    it("has a line for each exchange", function()
        local lines <const> = {}
        serve({log = function(req, res, seconds)
            lines[#lines + 1] = ("%s %s %d %d %s"):format(req.peer.host, req.path, res.status,
                res.bytes, seconds >= 0)
        end, handler = function(req, res)
            res.status = req.path == "/a" and 200 or 404
            res:send "text"
        end}, function(_, connect)
            serving.tell(connect, serving.get "/a")
            serving.tell(connect, serving.get "/b")
        end)
        assert.same({"127.0.0.1 /a 200 4 true", "127.0.0.1 /b 404 4 true"}, lines)
    end)
end)
