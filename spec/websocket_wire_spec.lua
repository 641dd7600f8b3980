-- tidewire.ws_core: frames in and out of the buffers of a stream.

local socket <const> = require "tidewire.socket"
local task <const> = require "tidewire.task"
local support <const> = require "spec.support.websocket"
local found <const>, core <const> = pcall(require, "tidewire.ws_core")

local function pair()
    local a <const>, b <const> = assert(socket.socketpair())
    a:settimeout(5)
    b:settimeout(5)
    return a:makefile("rw"), b
end

local function wire(client, ...)
    local stream <const>, peer <const> = pair()
    return core.wire(stream, client, 1000, 8, ...), peer, stream
end

describe("ws_core", function()
    if not found then
        pending(support.reason)
        return
    end

    it("answers the key of RFC 6455, and no malformed one", function()
        assert.equal("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", core.answer "dGhlIHNhbXBsZSBub25jZQ==")
        for _, key in ipairs { "", "dGhlIHNhbXBsZSBub25jZQ=", "dGhlIHNhbXBsZSBub25jZQ==\n",
            "dGhlIHNhbXBsZSBub25jZ===", "dGhlIHNhbXBsZSBub25j*Q==",
            "dGhlIHNhbXBsZSBub25jZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZQ  " } do
            assert.is_nil(core.answer(key))
        end
    end)

    it("makes keys that differ and are keys", function()
        local a <const>, b <const> = core.key(), core.key()
        assert.not_equal(a, b)
        assert.equal(28, #core.answer(a))
    end)

    it("writes the frames of a server without, those of a client with a mask", function()
        local server <const>, peer <const> = wire(false)
        assert.equal(0, server:send "Hello")
        assert.equal("\x81\x05Hello", peer:recv(100))
        assert.equal("\x82\x01x", core.frame("x", "binary"))
        local client <const>, other <const> = wire(true)
        client:send("Hello", "ping")
        local frame <const> = other:recv(100)
        assert.equal("\x89\x85", frame:sub(1, 2))
        local plain = ""
        for i = 7, 11 do
            plain = plain .. string.char(frame:byte(i) ~ frame:byte(3 + (i - 7) % 4))
        end
        assert.equal("Hello", plain)
    end)

    it("reads what has come, event by event, and answers the last of several pings", function()
        local client <const>, peer <const> = wire(true)
        assert.same({ nil, "receive: timed out", "timeout" }, { client:receive(0.01) })
        assert.is_false(client:heard())
        peer:sendall "\x81\x02hi\x89\x011\x89\x012\x8a\x01p\x88\x05\x03\xe8bye"
        assert.same({ "hi", "text" }, { client:receive(5) })
        assert.is_true(client:heard())
        assert.same({ "p", "pong" }, { client:receive(5) })
        assert.equal("\x8a\x81", peer:recv(100):sub(1, 2))
        assert.same({ "bye", "close", 1000 }, { client:receive(5) })
        peer:close()
        assert.equal("eof", select(3, client:receive(5)))
    end)

    it("says that an answer to a ping waits to be sent", function()
        local server <const>, peer <const> = wire(false)
        assert.is_true(server:send(("x"):rep(1 << 20)) > 0)
        peer:sendall(support.frame(0x89, "x", true))
        assert.same({ false, "queued" }, { server:receive(5) })
        server:hold(true)
        assert.equal("timeout", select(3, server:receive(0.01)))
    end)

    it("tells the close code of what is wrong", function()
        local client <const>, peer <const> = wire(true)
        peer:sendall "\x81\x81aaaaa"
        for _ = 1, 2 do
            local data <const>, message <const>, code <const> = client:receive(5)
            assert.is_nil(data)
            assert.matches("masked", message)
            assert.equal(1002, code)
            peer:sendall "x"
        end
    end)

    it("broadcasts to whatever has a wire, and says who is left", function()
        local open <const>, peer <const> = wire(false)
        local client <const>, busy <const>, full <const> = wire(true), wire(false), wire(false)
        busy:busy(true)
        full:hold(true)
        local a <const>, b <const>, c <const>, d <const> =
            { wire = open }, { wire = client }, { wire = busy }, { wire = full }
        local list <const> = { a, 5, "x", { wire = 5 }, [b] = true, name = c, [d] = "x" }
        local count <const>, rest <const> = core.broadcast(list, core.frame "hi")
        assert.equal(1, count)
        assert.equal("\x81\x02hi", peer:recv(100))
        local left <const> = {}
        for _, one in ipairs(rest) do
            left[one] = rest[one] or false
        end
        assert.same({ [b] = true, [c] = true, [d] = false }, left)
        assert.equal(4, (full:pending()))
    end)

    it("refuses what is no text, no kind, or too long", function()
        local w <const> = wire(false)
        assert.error_matches(function() w:send("\xff") end, "data: a text must be UTF%-8")
        assert.error_matches(function() core.frame("\xed\xa0\x80") end, "UTF%-8")
        assert.error_matches(function() w:send("x", "blob") end, "blob")
        assert.error_matches(function() w:send(("x"):rep(126), "ping") end, "125")
        assert.error_matches(function() core.wire(io.stdout, false, 1, 1) end, "stream")
        assert.error_matches(function() core.wire(pair(), false, -1, 1) end, "max_message")
        assert.error_matches(function() core.wire(pair(), false, 1, 0) end, "max_fragments")
    end)

    it("sends what it can, and keeps what does not go at once", function()
        local w <const>, peer <const> = wire(false)
        local data <const> = ("x"):rep(1 << 20)
        local frame <const> = core.frame(data, "binary")
        local left <const> = w:send(data, "binary")
        assert.is_true(left > 0 and left < #frame)
        assert.equal(left + 7, w:send "Hello")
        local rest <close> = task.spawn(w.flush, w, 5)
        local got = 0
        while got < #frame + 7 do
            got = got + #assert(peer:recv(1 << 20))
        end
        rest:join()
        assert.equal(#frame + 7, got)
        assert.same({ 0, #frame + 7 }, { w:pending() })
        w:hold(true)
        assert.equal(3, w:send "x")
        assert.same({ 3, #frame + 7 }, { w:pending() })
        w:discard()
        assert.equal(0, (w:pending()))
    end)

    it("puts up with a stream that is closed", function()
        local w <const>, _, stream <const> = wire(false)
        stream:close()
        assert.equal(0, w:send "x")
        assert.equal("closed", select(3, w:receive(1)))
        assert.is_true(w:flush(1) == nil)
        w:drain(1)
        w:discard()
    end)
end)
