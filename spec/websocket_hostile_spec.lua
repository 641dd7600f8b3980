-- Cases 23 to 30 of hostile input: what a peer must not send, and must not do.

local support <const> = require "spec.support.websocket"
local task <const> = require "tidewire.task"

local frame <const> = support.frame

-- The code of a close frame, without its mask.
local function masked_code(close)
    return (">I2"):unpack(string.char(close:byte(7) ~ close:byte(3),
        close:byte(8) ~ close:byte(4)))
end

-- What a side makes of bytes from its peer: the close code it answers with and
-- the code that receive fails with. They come whole, and byte by byte.
local function verdict(bytes, client, options)
    local first
    for _, step in ipairs { #bytes, 1 } do
        local ws <const>, peer <const> = support.one(client, options)
        local receiving <const> = task.spawn(function()
            local data, kind, code
            repeat
                data, kind, code = ws:receive(5)
            until not data
            return kind, code
        end)
        for i = 1, #bytes, step do
            peer:sendall(bytes:sub(i, i + step - 1))
            task.yield()
        end
        local message <const>, code <const> = receiving:join(10)
        local said <const> = client and masked_code(peer:recv(1000)) or
            (">I2"):unpack(support.frames(peer, 1)[1][2])
        peer:close()
        local outcome <const> = ("%d %s %d"):format(said, code, ws.close_code)
        assert.equal("closed", ws.state)
        assert.equal(first or outcome, outcome, message)
        first = outcome
    end
    return first
end

local function from_client(first, payload, claimed)
    return frame(first, payload, true, claimed)
end

describe("hostile input", function()
    if not support.found then
        pending(support.reason)
        return
    end

    it("23: lengths that cannot be, before any memory is asked for", function()
        collectgarbage()
        collectgarbage "stop" -- so that whatever was asked for is counted
        local before <const> = collectgarbage "count"
        assert.equal("1009 EMSGSIZE 1009", verdict("\x82\xff\x80" .. ("\0"):rep(11)))
        assert.equal("1009 EMSGSIZE 1009", verdict("\x82\xff\x7f" .. ("\xff"):rep(7) .. "mask"))
        assert.equal("1009 EMSGSIZE 1009", verdict(from_client(0x82, "", 1000001)))
        assert.equal("1002 EBADMSG 1002", verdict("\x82\xfe\0\x7dmask"))
        assert.equal("1002 EBADMSG 1002", verdict("\x82\xff\0\0\0\0\0\0\xff\xffmask"))
        local grown <const> = collectgarbage "count" - before
        collectgarbage "restart"
        assert.is_true(grown < 900, grown .. " KiB")
    end)

    it("24: masks where none may be, and none where one must be", function()
        assert.equal("1002 EBADMSG 1002", verdict(frame(0x81, "x", false)))
        assert.equal("1002 EBADMSG 1002", verdict(frame(0x81, "x", true), true))
    end)

    it("25: text that is not UTF-8, at the first bad byte", function()
        local bad <const> = "1007 EBADMSG 1007"
        assert.equal(bad, verdict(from_client(0x81, "\xc0\x80")))
        assert.equal(bad, verdict(from_client(0x81, "\xed\xa0\x80")))
        assert.equal(bad, verdict(from_client(0x01, "\xf4") .. from_client(0x80, "\x90")))
        assert.equal(bad, verdict(from_client(0x01, "\xc3") .. from_client(0x80, "")))
        assert.equal(bad, verdict(from_client(0x01, "x\xff", 100)))
        assert.equal(bad, verdict(from_client(0x88, "\x03\xe8\xff")))
        assert.equal(bad, verdict(frame(0x81, "\xff", false), true))
    end)

    it("26: tiny fragments without end", function()
        local flood <const> = from_client(0x02, "x") .. from_client(0x00, ""):rep(100)
        assert.equal("1008 EMSGSIZE 1008", verdict(flood))
        local large <const> = from_client(0x02, "x") .. from_client(0x00, ("x"):rep(50)):rep(3)
        assert.equal("1009 EMSGSIZE 1009", verdict(large, false, { max_message = 150 }))
    end)

    it("27: control frames too long or in fragments, reserved bits and opcodes", function()
        local bad <const> = "1002 EBADMSG 1002"
        assert.equal(bad, verdict(from_client(0x89, ("x"):rep(126))))
        assert.equal(bad, verdict(from_client(0x88, "\x03\xe8" .. ("x"):rep(124))))
        for _, first in ipairs { 0x08, 0x09, 0x0a, 0xc1, 0xa1, 0x91, 0x83, 0x87, 0x8b, 0x8f } do
            assert.equal(bad, verdict(from_client(first, "")))
        end
        assert.equal(bad, verdict(from_client(0x80, "x")))
        assert.equal(bad, verdict(from_client(0x01, "x") .. from_client(0x81, "x")))
    end)

    it("28: pings by the thousand from one who reads no pongs", function()
        local ws <const>, peer <const> = support.one(false)
        local _ <close> = task.spawn(ws.receive, ws)
        local flood <const> = from_client(0x89, ("p"):rep(125)):rep(500)
        for _ = 1, 100 do
            peer:sendall(flood)
            assert.is_true(ws:buffered() < 1000)
        end
        assert.equal("open", ws.state)
    end)

    it("29: close codes that may not be sent", function()
        for _, code in ipairs { 0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535 } do
            assert.equal("1002 EBADMSG 1002", verdict(from_client(0x88, (">I2"):pack(code))))
        end
        assert.equal("1002 EBADMSG 1002", verdict(from_client(0x88, "\x03")))
    end)

    it("29: a peer that never answers a close", function()
        local ws <const>, peer <const> = support.one(false, { close_timeout = 0.1 })
        assert.is_true(ws:close(1001))
        assert.equal("closed", ws.state)
        assert.equal(1006, ws.close_code)
        assert.same({ { 0x88, "\x03\xe9" } }, support.frames(peer))
        local other <const>, silent <const> = support.one(false, { close_timeout = 0.1 })
        local receiving <const> = task.spawn(other.receive, other)
        task.yield()
        assert.is_true(other:close(1001))
        assert.equal("timeout", select(3, receiving:join(5)))
        assert.same({ { 0x88, "\x03\xe9" } }, support.frames(silent))
    end)

    it("29: a peer that keeps sending after what ended the connection", function()
        local ws <const>, peer <const> = support.one(false, { close_timeout = 0.2 })
        local sending <const> = task.spawn(function()
            peer:sendall(from_client(0x83, ""))
            repeat
                local ok <const> = peer:sendall(("x"):rep(65536))
            until not ok
        end)
        assert.equal("EBADMSG", select(3, ws:receive(5)))
        sending:join(5)
        assert.equal("done", sending:status())
    end)

    it("30: a compressed message, which nobody has agreed on", function()
        assert.equal("1002 EBADMSG 1002", verdict(from_client(0xc1, "\xf2\x48\xcd\xc9\xc9\x07\0")))
    end)
end)
