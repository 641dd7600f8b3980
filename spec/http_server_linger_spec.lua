-- Clients that go on sending what has been refused: those that read the answer only
-- afterwards must find it, and those that never end cost nothing but their time.

local net <const> = require "spec.support.net"
local peer <const> = require "spec.support.http_serving"
local socket <const> = require "tidewire.socket"
local task <const> = require "tidewire.task"

local PIECE <const> = ("x"):rep(1 << 20)

-- Refuses everything but GET.
local function handler(req, res)
    if req.method == "GET" then res:text "x" else res:error(413) end
end

describe("a refused upload", function()
    local heads <const> = {
        "Content-Length: 16777216\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n1000000\r\n",
    }

    local function upload(s, head)
        s:settimeout(net.LIMIT)
        assert(s:sendall("POST / HTTP/1.1\r\nHost: x\r\n" .. head))
        for _ = 1, 16 do assert(s:sendall(PIECE)) end
        local text <const>, code <const> = peer.all(s)
        assert.equal("eof", code)
        assert.matches("^HTTP/1.1 413 .*\r\n\r\n413 Content Too Large\n$", text)
        s:close()
    end

    it("gets its answer though all of it is sent first", function()
        peer.serve(handler, function(_, connect)
            for _, head in ipairs(heads) do upload(connect(), head) end
        end)
        local path <const> = net.path()
        peer.serve({ handler = handler, path = path }, function()
            for _, head in ipairs(heads) do
                local s <const> = socket.socket(socket.AF_UNIX)
                assert(s:connect(path))
                upload(s, head)
            end
        end)
    end)

    it("that never ends is cut off in time, and keeps nobody waiting", function()
        peer.serve({ handler = handler, linger_timeout = 0.3 }, function(server, connect)
            local function flood()
                local s <close> = connect()
                s:sendall("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                    .. "fffffffff\r\n")
                local began <const> = socket.monotonic()
                while s:sendall(PIECE) do end
                return socket.monotonic() - began
            end
            local floods <const> = { task.spawn(flood), task.spawn(flood), task.spawn(flood) }
            for _ = 1, 20 do
                assert.matches("\r\n\r\nx$", (peer.tell(connect, peer.get "/")))
            end
            for _, t in ipairs(floods) do assert.is_true(t:join() < 5) end
            assert.equal(0, server:stats().connections)
        end)
    end)
end)
