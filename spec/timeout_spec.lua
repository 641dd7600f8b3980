-- Timeouts: never early, hardly late, one for the whole operation, never sticky.

local net <const> = require "spec.support.net"
local peer <const> = require "spec.support.peer"
local socket <const> = require "tidewire.socket"

-- Long enough to tell waiting from not waiting.
local SHORT <const> = 0.06

describe("a timeout", function()
    it("of accept is kept", function()
        local server <close> = assert(socket.create_server{"127.0.0.1", 0})
        server:settimeout(SHORT)
        net.takes(SHORT, function()
            assert.equal("accept: timed out", (net.fails("timeout", server:accept())))
        end)
    end)

    it("of connect is kept when nobody accepts", function()
        local addr <const>, held <close> = net.black_hole()
        assert.is_true(#held > 1)
        net.takes(SHORT, function()
            local s <close> = assert(socket.socket())
            s:settimeout(SHORT)
            assert.equal(("connect %s: timed out"):format(addr),
                (net.fails("timeout", s:connect(addr))))
        end)
    end)

    it("of every kind of receive is kept", function()
        local a <close> = net.udp()
        local b <close>, c <const> = net.tcp()
        local buffer <const> = socket.buffer(10)
        for _, s in ipairs{a, b} do
            s:settimeout(SHORT)
            for name, arg in pairs{recv = 10, recvfrom = 10, recv_into = buffer,
                recvfrom_into = buffer} do
                net.takes(SHORT, function()
                    local message <const> = net.fails("timeout", s[name](s, arg))
                    assert.matches("^" .. name .. ".*: timed out$", message)
                end)
            end
        end
        c:close()
    end)

    it("of send and sendall is kept when nobody reads", function()
        local a <close>, b <const> = net.tcp()
        net.fill(a)
        a:settimeout(SHORT)
        net.takes(SHORT, function() net.fails("timeout", a:send("x")) end)
        net.takes(SHORT, function()
            assert.equal(0, select(2, net.fails("timeout", a:sendall("x"))))
        end)
        b:close()
    end)

    it("is no hindrance while there is something to do", function()
        local a <close>, b <const> = net.tcp()
        a:settimeout(1e-9)
        assert.equal(1, a:send("x"))
        b:settimeout(1e-9)
        local data, code
        for _ = 1, 1000 do
            data, _, code = b:recv(1)
            if data then break end
            assert.equal("timeout", code)
        end
        assert.equal("x", data)
        b:close()
    end)

    it("does not stick: the next call has all its time again", function()
        local a <close>, b <const> = net.tcp()
        a:settimeout(SHORT)
        for _ = 1, 2 do
            net.takes(SHORT, function() net.fails("timeout", a:recv(1)) end)
            b:sendall("x")
            assert.equal("x", a:recv(1))
        end
        b:close()
    end)
end)

describe("sendall's timeout", function()
    -- A child that reads a little every `pause` seconds.
    local function slow_reader(port, pause)
        return peer.start([[
            local port, pause = tonumber((...)), tonumber((select(2, ...)))
            local s = assert(socket.socket())
            s:setoption("rcvbuf", 4096)
            assert(s:connect("127.0.0.1", port))
            local idle = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            idle:settimeout(pause)
            while s:recv(2048) do idle:recv(1) end
        ]], port, pause)
    end

    it("is for the whole: a peer that drains slowly cannot extend it", function()
        local server <close> = assert(socket.create_server{"127.0.0.1", 0})
        server:settimeout(net.LIMIT)
        local child <close> = slow_reader(server:getsockname().port, 0.02)
        local conn <close> = assert(server:accept())
        assert.is_string(child.command)
        conn:setoption("sndbuf", 4096)
        conn:settimeout(0.3)
        local data <const> = ("x"):rep(16 << 20)
        net.takes(0.3, function()
            local _, sent <const> = net.fails("timeout", conn:sendall(data))
            assert.is_true(sent > 0 and sent < #data, tostring(sent))
        end)
    end)

    it("says how much was sent, exactly", function()
        local a <close>, b <const> = net.tcp()
        local data <const> = ("0123456789"):rep(1 << 20)
        a:settimeout(SHORT)
        local _, sent <const> = net.fails("timeout", a:sendall(data))
        assert.is_true(sent > 0 and sent < #data)
        local _, more <const> = net.fails("timeout", a:sendall(data, 0, sent + 1))
        a:close()
        assert.equal(data:sub(1, sent + more), (net.drain(b)))
        b:close()
    end)

    it("of 0 gives EAGAIN with the count", function()
        local a <close>, b <const> = net.tcp()
        a:settimeout(0)
        local data <const> = ("x"):rep(32 << 20)
        local _, sent <const> = net.fails("EAGAIN", a:sendall(data))
        assert.is_true(sent > 0 and sent < #data)
        net.fails("EAGAIN", a:send("x"))
        b:close()
    end)
end)

describe("a timeout of 0", function()
    it("never waits and never says timeout", function()
        local a <close>, b <const> = net.tcp()
        local u <close> = net.udp()
        a:settimeout(0)
        u:setblocking(false)
        local buffer <const> = socket.buffer(4)
        for _, s in ipairs{a, u} do
            net.fails("EAGAIN", s:recv(1))
            net.fails("EAGAIN", s:recvfrom(1))
            net.fails("EAGAIN", s:recv_into(buffer))
            net.fails("EAGAIN", s:recvfrom_into(buffer))
        end
        b:sendall("now")
        assert.equal("now", a:recv(10))
        net.fails("EAGAIN", a:recv(10))
        b:close()
    end)
end)

describe("settimeout", function()
    it("is read back as it was set", function()
        local s <close> = assert(socket.socket())
        assert.is_nil(s:gettimeout())
        for _, seconds in ipairs{7.345, 3, 0, 0.001, 1e9} do
            assert.is_true(s:settimeout(seconds))
            assert.equal(seconds, s:gettimeout())
            assert.equal("float", math.type(s:gettimeout()))
            assert.equal(seconds ~= 0, s:getblocking())
        end
        for _, none in ipairs{false, math.huge, 1e300, 2^62} do
            assert.is_true(s:settimeout(none))
            assert.is_nil(s:gettimeout())
        end
        assert.is_true(s:settimeout(nil))
        assert.is_true(s:settimeout(1e-10))
        assert.is_true(s:gettimeout() > 0)
        assert.is_true(s:settimeout(-0.0))
        assert.equal(0, s:gettimeout())
    end)

    it("sets the mode of the descriptor, which others may share", function()
        local s <close> = assert(socket.socket())
        for _, case in ipairs{{nil, false}, {0, true}, {5, true}, {nil, false}} do
            s:settimeout(case[1])
            assert.equal(case[2], net.nonblocking(s:fileno()))
        end
        s:settimeout(5)
        s:setblocking(true)
        assert.is_false(net.nonblocking(s:fileno()))
        socket.setdefaulttimeout(5)
        local t <close> = assert(socket.socket())
        socket.setdefaulttimeout(nil)
        assert.is_true(net.nonblocking(t:fileno()))
    end)

    it("refuses what is no time", function()
        local s <close> = assert(socket.socket())
        s:settimeout(5)
        for _, bad in ipairs{-1, -1e-9, -math.huge, 0/0, "", "5", {}, true, print} do
            net.raises("timeout: ", s.settimeout, s, bad)
            net.raises("timeout: ", socket.setdefaulttimeout, bad)
        end
        net.raises("value expected", s.settimeout, s)
        net.raises("value expected", s.setblocking, s)
        net.raises("value expected", socket.setdefaulttimeout)
        assert.equal(5, s:gettimeout())
        assert.is_nil(socket.getdefaulttimeout())
    end)

    it("and setblocking: the last one counts", function()
        local s <close> = assert(socket.socket())
        for _, case in ipairs{{true, nil}, {false, 0}, {1, nil}, {0, 0}, {2^32, nil},
            {0.0, 0}, {"", nil}, {nil, 0}} do
            s:settimeout(10)
            assert.is_true(s:setblocking(case[1]))
            assert.equal(case[2], s:gettimeout())
            assert.equal(case[2] == nil, s:getblocking())
        end
        s:setblocking(false)
        s:settimeout(10)
        assert.equal(10, s:gettimeout())
    end)
end)

describe("the default timeout", function()
    after_each(function() socket.setdefaulttimeout(nil) end)

    it("is that of sockets made later", function()
        local before <close> = assert(socket.socket())
        assert.is_nil(socket.getdefaulttimeout())
        for _, default in ipairs{10, 0, 2.5} do
            socket.setdefaulttimeout(default)
            assert.equal(default, socket.getdefaulttimeout())
            local s <close> = assert(socket.socket())
            local a <close>, b <const> = assert(socket.socketpair())
            local adopted <close> =
                assert(socket.fromfd(before:fileno(), before.family, before.type))
            for _, one in ipairs{s, a, b, adopted} do
                assert.equal(default, one:gettimeout())
            end
            b:close()
            before:setblocking(true) -- the duplicate's mode is its mode too
        end
        socket.setdefaulttimeout(false)
        assert.is_nil(socket.getdefaulttimeout())
        assert.is_nil(before:gettimeout())
    end)

    it("is overruled by SOCK_NONBLOCK", function()
        socket.setdefaulttimeout(10)
        local s <close> = assert(socket.socket(nil, socket.SOCK_STREAM | socket.SOCK_NONBLOCK))
        assert.equal(0, s:gettimeout())
    end)
end)

describe("monotonic", function()
    it("is the clock of the timeouts", function()
        local s <close> = net.udp()
        s:settimeout(0.02)
        local start <const> = socket.monotonic()
        net.fails("timeout", s:recv(1))
        assert.is_true(socket.monotonic() >= start + 0.02)
    end)
end)
