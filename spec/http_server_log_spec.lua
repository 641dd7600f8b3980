-- The HTTP server: what its log is told, and what that may do.

local serving <const> = require "spec.support.http_serving"
local task <const> = require "tidewire.task"

describe("an error of the log", function()
    it("goes to onerror, and spoils no answer", function()
        local errors <const> = {}
        serving.serve({log = function() error("no room", 0) end,
            handler = function(_, res) res:send "x" end,
            onerror = function(err, req) errors[#errors + 1] = err .. " " .. req.path end,
        }, function(_, connect)
            assert.truthy(serving.tell(connect, serving.get "/a"):find "\r\n\r\nx$")
            assert.truthy(serving.tell(connect, serving.get "/b"):find "\r\n\r\nx$")
        end)
        assert.same({"no room /a", "no room /b"}, errors)
    end)
end)

describe("the log", function()
    local REFUSED <const> = {
        {"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400},
        {"GET /" .. ("x"):rep(9000), 414},
        {"GET / HTTP/1.1\r\nA: " .. ("x"):rep(40000), 431},
        {"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501},
        {"GET / HTTP/3.0\r\n\r\n", 505},
        {"\0", 400},
        {"GET / HTTP/1.1\r\nHost:", 408},
    }

    -- Serves those, and returns what the log was told of them.
    local function refusals(log)
        local seen <const> = {}
        serving.serve({header_timeout = 0.1, handler = function(_, res) res:send "x" end,
            log = function(req, res, seconds)
                seen[#seen + 1] = {req.refused, req, res, seconds}
                if log then log(req, res) end
            end,
        }, function(server, connect)
            for _, case in ipairs(REFUSED) do
                local answer <const> = serving.tell(connect, case[1])
                assert.truthy(answer:find("^HTTP/1.1 " .. case[2]), answer)
                assert.equal(answer:match "\r\n\r\n(.*)$", seen[#seen][1] .. "\n")
            end
            assert.truthy(serving.tell(connect, serving.get "/"):find "x$")
            assert.equal(1, server:stats().requests)
            seen.errors = server.errors
        end)
        return seen
    end

    it("is told of requests that no handler has seen, and why", function()
        local peers <const> = {}
        local seen <const> = refusals(function(req, res)
            peers[#peers + 1] = req.peer.host
            if req.refused then
                assert.same({"", "", ""}, {req.method, req.target, req.path})
                assert.same({}, req:fields())
            end
            assert.is_true(res.sent)
            assert.is_nil((req:read()))
            assert.is_false(pcall(res.write, res, "more"))
        end)
        assert.same({}, seen.errors)
        assert.equal(#REFUSED + 1, #seen)
        assert.equal(#seen, #peers)
        for i, case in ipairs(REFUSED) do
            local why <const>, _, res <const>, seconds <const> = table.unpack(seen[i])
            assert.same({case[2], #why + 1}, {res.status, res.bytes})
            assert.is_true(seconds >= 0)
        end
        assert.is_nil(seen[#seen][1])
    end)

    it("may fail there, too", function()
        local seen <const> = refusals(function() error("no room", 0) end)
        assert.equal(#REFUSED + 1, #seen.errors)
    end)

    it("may wait, and keeps nobody but its connection waiting", function()
        local go <const>, seen <const> = task.event(), {}
        serving.serve({handler = function(_, res) res:send "x" end, log = function(req, res)
            if req.path == "/b" then return end
            go:wait()
            seen[#seen + 1] = req.path .. res.status
        end}, function(server, connect)
            local a <close> = connect()
            local f <const> = a:makefile "r"
            a:sendall "GET /a HTTP/1.1\r\nHost: x\r\n\r\n"
            assert.equal(200, (serving.answer(f)))
            local bad <close> = connect()
            bad:sendall "\0"
            assert.equal(400, (serving.answer(bad:makefile "r")))
            for _ = 1, 50 do
                assert.truthy(serving.tell(connect, serving.get "/b"):find "x$")
            end
            a:sendall "GET /b HTTP/1.1\r\nHost: x\r\n\r\n"
            assert.is_nil(task.timeout(0.02, f.read, f, 1))
            assert.same({}, seen)
            go:set()
            assert.equal(200, (serving.answer(f)))
            serving.all(bad)
            table.sort(seen)
            assert.same({"/a200", "400"}, seen)
            assert.same({}, server.errors)
        end)
    end)

    it("may be waiting when the server is closed, and fail after waiting", function()
        local errors, waiting
        serving.serve({handler = function(_, res) res:send "x" end, log = function(req)
            task.sleep(req.path == "/a" and 0.01 or 100)
            error("no room", 0)
        end}, function(server, connect)
            assert.truthy(serving.tell(connect, serving.get "/a"):find "x$")
            local s <close> = connect()
            s:sendall "GET /b HTTP/1.1\r\nHost: x\r\n\r\n"
            serving.answer(s:makefile "r")
            local bad <close> = connect()
            bad:sendall "\0"
            serving.answer(bad:makefile "r")
            errors, waiting = server.errors, server:stats().connections
        end)
        assert.equal(2, waiting)
        assert.same({"no room"}, errors)
    end)

    it("may close the server there", function()
        local server
        serving.serve({handler = function(_, res) res:send "x" end,
            log = function() server:close() collectgarbage() end,
        }, function(s, connect)
            server = s
            serving.tell(connect, "\0")
            assert.equal(0, server:stats().connections)
            assert.same({}, server.errors)
        end)
    end)
end)
