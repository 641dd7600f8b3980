-- tidewire.ws_core: frames in and out of the buffers of a stream.

local socket <const> = require "tidewire.socket"
local task <const> = require "tidewire.task"
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
        pending("the module is not built: libwslay-dev or nettle-dev was not installed")
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
        assert.equal(7, server:put "Hello")
        assert.equal(0, server:flush())
        assert.equal("\x81\x05Hello", peer:recv(100))
        assert.equal("\x82\x01x", core.frame("x", "binary"))
        local client <const>, other <const> = wire(true)
        client:put("Hello", "ping")
        client:flush()
        local frame <const> = other:recv(100)
        assert.equal("\x89\x85", frame:sub(1, 2))
        local plain = ""
        for i = 7, 11 do
            plain = plain .. string.char(frame:byte(i) ~ frame:byte(3 + (i - 7) % 4))
        end
        assert.equal("Hello", plain)
    end)

    it("reads what has come, event by event", function()
        local client <const>, peer <const>, stream <const> = wire(true)
        assert.is_nil(client:read())
        peer:sendall "\x81\x02hi\x89\x00\x88\x05\x03\xe8bye"
        stream:peek(1)
        assert.same({ "hi", "text" }, { client:read() })
        assert.same({ "", "ping" }, { client:read() })
        assert.same({ "bye", "close", 1000 }, { client:read() })
        assert.is_nil(client:read())
    end)

    it("tells the close code of what is wrong", function()
        local client <const>, peer <const>, stream <const> = wire(true)
        peer:sendall "\x81\x81aaaaa"
        stream:peek(1)
        for _ = 1, 2 do
            local data <const>, message <const>, code <const> = client:read()
            assert.is_nil(data)
            assert.matches("masked", message)
            assert.equal(1002, code)
        end
    end)

    it("refuses what is no text, no kind, or too long", function()
        local w <const> = wire(false)
        assert.error_matches(function() w:put("\xff") end, "data: a text must be UTF%-8")
        assert.error_matches(function() core.frame("\xed\xa0\x80") end, "UTF%-8")
        assert.error_matches(function() w:put("x", "blob") end, "kind")
        assert.error_matches(function() w:put(("x"):rep(126), "ping") end, "125")
        assert.error_matches(function() core.wire(io.stdout, false, 1, 1) end, "stream")
        assert.error_matches(function() core.wire(pair(), false, -1, 1) end, "max_message")
        assert.error_matches(function() core.wire(pair(), false, 1, 0) end, "max_fragments")
    end)

    it("passes frames on, and keeps what does not go at once", function()
        local w <const>, peer <const>, stream <const> = wire(false)
        local frame <const> = core.frame(("x"):rep(1 << 20), "binary")
        local left <const> = w:pass(frame)
        assert.is_true(left > 0 and left < #frame)
        assert.equal(left + 7, w:pass "\x81\x05Hello")
        local rest <close> = task.spawn(stream.flush, stream)
        local got = 0
        while got < #frame + 7 do
            got = got + #assert(peer:recv(1 << 20))
        end
        rest:join()
        assert.equal(#frame + 7, got)
        assert.equal(0, w:flush())
    end)

    it("puts up with a stream that is closed", function()
        local w <const>, _, stream <const> = wire(false)
        stream:close()
        assert.equal(0, w:put "x")
        assert.equal(0, w:pass "x")
        assert.equal(0, w:flush())
        assert.is_nil(w:read())
        w:timeout(1)
    end)
end)
