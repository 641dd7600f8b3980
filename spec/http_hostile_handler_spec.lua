-- Handlers, and times, that the HTTP server has to survive: whatever a script does
-- in a handler costs at most its own connection.

local http <const> = require "tidewire.http"
local net <const> = require "spec.support.net"
local peer <const> = require "spec.support.peer"
local serving <const> = require "spec.support.http_serving"
local task <const> = require "tidewire.task"
local tasks <const> = require "spec.support.tasks"
local it <const> = tasks.checked(it)

local LONG <const> = ("x"):rep(20000000)

describe("a server", function()
    it("goes on when a request comes together with the end of its time", function()
        local output <const> = peer.run([[
            local http = require "tidewire.http"
            local server = http.server{idle_timeout = 0.05,
                handler = function(_, res) res:send "x" end}
            server:start()
            local s = assert(socket.create_connection(server:getsockname()))
            for _ = 1, 2 do
                s:sendall "GET / HTTP/1.1\r\nHost: x\r\n\r\n"
                local busy = socket.monotonic() + 0.1
                repeat until socket.monotonic() > busy
                say(s:recv(1000):sub(1, 15))
            end
            server:close()
        ]])
        assert.equal("HTTP/1.1 200 OK\nHTTP/1.1 200 OK\n", output)
    end)

    it("gives clients time to read a 408, however long nothing else has happened", function()
        net.patiently(function(seconds)
            local times <const> = {header_timeout = 1.5 * seconds, linger_timeout = seconds}
            times.handler = print
            serving.serve(times, function(server, connect)
                local s <close> = connect()
                s:sendall "GET / HTTP/1.1\r\n"
                assert.truthy(s:recv(1000):find " 408 ")
                assert.equal(1, server:stats().connections)
                while server:stats().connections > 0 do task.sleep(0.01) end
            end)
        end)
    end)

    it("goes on when onerror and log fail", function()
        local logged = 0
        serving.serve({handler = function() error "no" end, onerror = function() error "no" end,
            log = function() logged = logged + 1 error "no" end}, function(_, connect)
            for _ = 1, 3 do
                assert.truthy(serving.tell(connect, serving.get "/"):find " 500 ")
            end
        end)
        assert.equal(3, logged)
    end)
end)

describe("a handler", function()
    it("that leaves its answer to another task ends with the connection", function()
        for _, how in ipairs{"send", "write", "sendfile"} do
            local code
            serving.serve(function(req, res)
                if req.path == "/next" then return res:send "mixed up" end
                task.spawn(function()
                    local file <close> = assert(io.tmpfile())
                    file:write(LONG)
                    file:flush()
                    code = select(3, res[how](res, how == "sendfile" and file or LONG))
                end)
                task.yield()
            end, function(_, connect)
                local s <close> = connect()
                s:sendall("GET / HTTP/1.1\r\nHost: x\r\n\r\n" .. serving.get "/next")
                while not code do task.yield() end
                local text <const>, ended <const> = serving.all(s)
                assert.equal("ECONNRESET", ended)
                assert.falsy(text:find("HTTP/1.1", 9, true) or text:find "mixed up")
                assert.equal("closed", code)
            end)
        end
    end)

    it("may close or stop the server, and call what is over", function()
        for _, how in ipairs{"close", "stop"} do
            local kept
            local server
            serving.serve({handler = function(req, res)
                kept = {req, res}
                server[how](server, 1)
                local ok <const>, _ <const>, code <const> = res:send(LONG:sub(1, 100))
                assert.equal(how == "stop", ok == true)
                assert.equal(how == "close" and "closed" or nil, code)
            end}, function(running, connect)
                server = running
                serving.tell(connect, serving.get "/")
            end)
            local req <const>, res <const> = kept[1], kept[2]
            assert.equal("/", req.path)
            net.fails("closed", req:read())
            for _, f in ipairs{res.send, res.write, res.sendfile, res.upgrade, res.finish} do
                local ok <const>, value <const>, _, code <const> = pcall(f, res, "x")
                assert.is_true(not ok or value == true or code == "closed")
            end
        end
    end)

    it("may fail in any way", function()
        if tasks.stressed then return pending "a deep stack takes for ever to collect" end
        local ways <const> = {
            function() local function f() return 1 + f() end return f() end,
            function() error() end,
            function() error(setmetatable({}, {__tostring = function() error "again" end})) end,
            function()
                local _ <close> = setmetatable({}, {__close = function() error "in the end" end})
                error "first"
            end,
            function() error{status = "500", text = 1} end,
            function() error{status = 1e300} end,
            function() error(setmetatable({}, {__index = function() error "index" end})) end,
            function(req) req:read(-1) end,
            function() task.current():cancel() task.yield() end,
            function() error(task.cancelled, 0) end,
            function() coroutine.wrap(function() task.yield() error "inside" end)() end,
        }
        serving.serve({onerror = function() end, handler = function(req)
            return ways[math.tointeger(req.path:sub(2))](req)
        end}, function(server, connect)
            for i = 1, #ways do
                for _ = 1, 3 do
                    local text <const> = serving.tell(connect, serving.get("/" .. i))
                    assert.truthy(text == "" or text:find "^HTTP/1.1 500 ")
                end
            end
            assert.equal(0, server:stats().connections)
        end)
    end)

    it("may do anything to anything, with everything else going on", function()
        if tasks.stressed then return pending "not again under the collector's stress" end
        local file <close> = assert(io.open "spec/support/http_chaos.lua")
        local script <const> = file:read "a"
        for seed = 1, 4 do
            local output <const>, status <const> = peer.run(script, seed, 0.7)
            assert.same({"done\n", 0}, {output, status}, "seed " .. seed)
        end
    end)

    it("may ask its own server", function()
        serving.serve(function(req, res)
            if req.path == "/inner" then return res:send "inner" end
            local r <const> = assert(http.get(("http://127.0.0.1:%s/inner"):format(
                req:header "host"), {keep_alive = false}))
            res:send(r.body .. "!")
        end, function(server, connect)
            local port <const> = server:getsockname().port
            local clients <const> = {}
            for i = 1, 50 do
                clients[i] = connect()
                clients[i]:sendall("GET / HTTP/1.1\r\nConnection: close\r\nHost: " .. port ..
                    "\r\n\r\n")
            end
            for _, s in ipairs(clients) do
                assert.truthy(serving.all(s):find "inner!$")
                s:close()
            end
        end)
    end)
end)
