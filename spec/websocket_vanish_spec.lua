-- Clients that vanish from a real server at every stage: service goes on, and
-- nothing of them is left.

local net <const> = require "spec.support.net"
local socket <const> = require "tidewire.socket"
local serving <const> = require "spec.support.http_serving"
local support <const> = require "spec.support.websocket"
local task <const> = require "tidewire.task"

local HANDSHAKE <const> = "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
    .. "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    .. "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"

local BIG <const> = ("x"):rep(500000)

-- What a client sends before it vanishes.
local STAGES <const> = {
    "", HANDSHAKE:sub(1, 50), HANDSHAKE,
    HANDSHAKE .. support.frame(0x81, "hello", true):sub(1, 4),
    HANDSHAKE .. support.frame(0x81, "hello", true),
    HANDSHAKE .. support.frame(0x01, "hel", true),
    HANDSHAKE .. support.frame(0x82, BIG, true):sub(1, 100000),
    HANDSHAKE .. support.frame(0x82, BIG, true),
    HANDSHAKE .. support.frame(0x88, "\x03\xe8", true),
    HANDSHAKE .. support.frame(0x83, "", true),
}

describe("a WebSocket server", function()
    if not support.found then
        pending(support.reason)
        return
    end
    local http <const> = require "tidewire.http"
    local websocket <const> = require "tidewire.websocket"

    it("outlives clients that vanish at every stage", function()
        local room <const>, errors = {}, 0
        local server <close> = assert(http.server { port = 0,
            onerror = function() errors = errors + 1 end,
            handler = function(req, res)
                local ws <const> = websocket.accept(req, res, { close_timeout = 0.2 })
                if ws then
                    room[ws] = true
                    for data, kind in ws:messages() do
                        websocket.broadcast(room, data, kind)
                    end
                    room[ws] = nil
                end
            end })
        local _ <close> = serving.start(server)
        local address <const> = server:getsockname()
        local before <const> = net.descriptors_now()
        for round = 1, 4 do
            for _, bytes in ipairs(STAGES) do
                local s <const> = assert(socket.create_connection(address))
                s:settimeout(5)
                if round > 2 then
                    s:setoption("linger", 0) -- close resets the connection
                end
                task.spawn(function()
                    s:sendall(bytes)
                    if round % 2 == 0 then
                        task.sleep(0.01)
                    end
                    s:close()
                end)
            end
            task.sleep(0.05)
        end
        local ws <const> = assert(websocket.connect(("ws://127.0.0.1:%d/"):format(address.port)))
        ws:send "still there?"
        assert.equal("still there?", ws:receive(10))
        ws:close()
        local deadline <const> = socket.monotonic() + 10
        while (next(room) or net.descriptors_now() > before)
            and socket.monotonic() < deadline do
            task.sleep(0.02)
        end
        assert.is_nil(next(room))
        assert.is_true(net.descriptors_now() <= before, net.descriptors_now() .. " " .. before)
        assert.equal(0, errors)
    end)
end)
