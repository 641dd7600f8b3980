-- Setting timeouts and modes (cases 221 to 229 and 243 of the parity list); what
-- timeouts do is in g13_timeout_spec.

local net <const> = require "spec.support.net"
local socket <const> = require "tidewire.socket"

describe("the default timeout", function()
    after_each(function() socket.setdefaulttimeout(nil) end)

    it("G13/221 is that of sockets made later, however they are made", function()
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

    it("G13/221 is no negative time, and no text", function()
        for _, bad in ipairs{-1, -1e-9, -math.huge, 0/0, "", "5", "spam", {}, true, print} do
            net.raises("timeout: ", socket.setdefaulttimeout, bad)
        end
        net.raises("value expected", socket.setdefaulttimeout)
        assert.is_nil(socket.getdefaulttimeout())
    end)

    it("G13/221 is overruled by SOCK_NONBLOCK", function()
        socket.setdefaulttimeout(10)
        local s <close> = assert(socket.socket(nil, socket.SOCK_STREAM | socket.SOCK_NONBLOCK))
        assert.equal(0, s:gettimeout())
    end)
end)

describe("a socket's timeout", function()
    it("G13/222 is none at first", function()
        local s <close> = assert(socket.socket())
        assert.is_nil(s:gettimeout())
        assert.is_true(s:getblocking())
    end)

    it("G13/223 is read back as it was set, as a float", function()
        local s <close> = assert(socket.socket())
        for _, seconds in ipairs{7.345, 3, 0, 0.001, 1e9} do
            assert.is_true(s:settimeout(seconds))
            assert.equal(seconds, s:gettimeout())
            assert.equal("float", math.type(s:gettimeout()))
            assert.equal(seconds ~= 0, s:getblocking())
        end
        assert.is_true(s:settimeout(nil))
        assert.is_nil(s:gettimeout())
    end)

    it("G13/224 is a number, nil or false, and nothing else", function()
        local s <close> = assert(socket.socket())
        for _, good in ipairs{0, 0.0, 5, -0.0} do
            assert.is_true(s:settimeout(good))
            assert.equal(good, s:gettimeout())
        end
        assert.is_true(s:settimeout(false))
        assert.is_nil(s:gettimeout())
        s:settimeout(5)
        for _, bad in ipairs{"", "5", {}, {true}, true, print, s} do
            net.raises("timeout: ", s.settimeout, s, bad)
        end
        net.raises("value expected", s.settimeout, s)
        assert.equal(5, s:gettimeout())
    end)

    it("G13/225 is not negative and not NaN; what is longer than a life is none", function()
        local s <close> = assert(socket.socket())
        for _, bad in ipairs{-1, -1.0, -1e-9, -math.huge, 0/0} do
            net.raises("timeout: ", s.settimeout, s, bad)
        end
        for _, none in ipairs{math.huge, 1e300, 2^62} do
            assert.is_true(s:settimeout(none))
            assert.is_nil(s:gettimeout())
        end
        assert.is_true(s:settimeout(1e-10))
        assert.is_true(s:gettimeout() > 0)
        assert.is_true(s:getblocking())
    end)

    it("G13/226 and setblocking: the last one counts", function()
        local s <close> = assert(socket.socket())
        for _, timeout in ipairs{10, 0, false} do
            for _, blocking in ipairs{true, false} do
                s:settimeout(timeout)
                s:setblocking(blocking)
                assert.equal(not blocking and 0 or nil, s:gettimeout())
                s:setblocking(blocking)
                s:settimeout(timeout)
                assert.equal(timeout or nil, s:gettimeout())
            end
        end
    end)

    it("G13/227 decides the mode of the descriptor", function()
        local s <close> = assert(socket.socket())
        -- What is called with what; then the timeout, and whether O_NONBLOCK is set.
        for _, case in ipairs{{"setblocking", true, nil, false}, {"setblocking", false, 0, true},
            {"settimeout", nil, nil, false}, {"settimeout", 0, 0, true},
            {"settimeout", 10, 10, true}, {"settimeout", 0, 0, true},
            {"settimeout", 5, 5, true}, {"setblocking", true, nil, false}} do
            assert.is_true(s[case[1]](s, case[2]))
            assert.equal(case[3], s:gettimeout())
            assert.equal(case[3] ~= 0, s:getblocking())
            assert.equal(case[4], net.nonblocking(s:fileno()))
        end
        socket.setdefaulttimeout(5)
        local t <close> = assert(socket.socket())
        socket.setdefaulttimeout(nil)
        assert.is_true(net.nonblocking(t:fileno()))
    end)

    it("G13/228 is set by setblocking's idea of truth, where the number 0 is false", function()
        local s <close> = assert(socket.socket())
        for _, case in ipairs{{true, nil}, {false, 0}, {1, nil}, {0, 0}, {2^32, nil},
            {1 << 32, nil}, {0.0, 0}, {"", nil}, {nil, 0}} do
            s:settimeout(10)
            assert.is_true(s:setblocking(case[1]))
            assert.equal(case[2], s:gettimeout())
        end
        net.raises("value expected", s.setblocking, s)
    end)

    it("G13/229 cannot be set of a descriptor that was closed behind its back", function()
        local s <const> = assert(socket.socket())
        assert.is_true(socket.close(s:fileno()))
        assert.equal("setblocking: Bad file descriptor",
            (net.fails("EBADF", s:setblocking(false))))
        net.fails("EBADF", s:settimeout(5))
        net.fails("EBADF", s:settimeout(nil))
        net.fails("EBADF", s:close())
    end)

    it("G13/238 is measured with socket.monotonic, which is not the time of day", function()
        local s <close> = net.udp()
        s:settimeout(0.02)
        local start <const>, wall <const> = socket.monotonic(), os.time()
        net.fails("timeout", s:recv(1))
        assert.is_true(socket.monotonic() >= start + 0.02)
        local uptime <close> = assert(io.open "/proc/uptime")
        assert.is_true(socket.monotonic() <= uptime:read("n") + 1)
        assert.is_true(wall > socket.monotonic())
    end)

    it("G13/243 is nothing to bind, listen, shutdown, options and close", function()
        for _, timeout in ipairs{0, 1e-9} do
            local s <const> = assert(socket.socket())
            s:settimeout(timeout)
            assert.is_true(s:bind("127.0.0.1", 0))
            assert.is_true(s:listen())
            assert.equal(0, s:getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))
            assert.is_true(s:setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1))
            assert.equal("127.0.0.1", s:getsockname().host)
            local a <close>, b <const> = net.pair()
            a:settimeout(timeout)
            assert.is_true(a:shutdown(socket.SHUT_WR))
            net.fails("eof", b:recv(1))
            assert.is_true(b:close())
            assert.is_true(s:close())
        end
    end)

    it("G13/243 covers looking up what to bind to, which 0 does not forbid", function()
        local s <close> = assert(socket.socket())
        s:settimeout(0)
        assert.is_true(s:bind("localhost", 0))
    end)
end)
