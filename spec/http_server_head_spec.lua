-- The HTTP server: HEAD's handlers that write as they would for GET.

local serving <const> = require "spec.support.http_serving"
local socket <const> = require "tidewire.socket"
local task <const> = require "tidewire.task"

describe("an answer to HEAD that goes on", function()
    -- Writes until that fails; `after` the head has come the client does something.
    local function written(after)
        local ok, message, code
        local ended = false
        serving.serve(function(_, res)
            repeat
                ok, message, code = res:write "x"
                task.yield()
            until not ok or res.bytes > 5 and not after
            ended = true
        end, function(_, connect)
            local s <close> = connect()
            s:sendall "HEAD / HTTP/1.1\r\nHost: x\r\n\r\n"
            assert.truthy(s:recv(1000):find "^HTTP/1.1 200 ")
            if after then after(s) end
            while not ended do task.yield() end
        end)
        return ok, message, code
    end

    it("ends when the client has gone", function()
        assert.same({nil, "write: Broken pipe", "EPIPE"}, {written(function(s)
            s:close()
        end)})
    end)

    it("does not while it stays, whatever it sends", function()
        assert.is_true((written()))
        local more <const> = "GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        serving.serve(function(req, res)
            for _ = 1, req.path == "/" and 5 or 0 do
                assert(res:write "x")
                task.yield()
            end
            res:finish()
        end, function(server, connect)
            local s <close> = connect()
            s:sendall "HEAD / HTTP/1.1\r\nHost: x\r\n\r\n"
            assert.truthy(s:recv(1000):find "^HTTP/1.1 200 ")
            s:sendall(more)
            s:shutdown(socket.SHUT_WR)
            assert.truthy(serving.all(s):find "^HTTP/1.1 200 ")
            assert.equal(0, #server.errors)
        end)
    end)
end)
