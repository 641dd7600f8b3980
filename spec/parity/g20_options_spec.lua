-- Options by number (cases 349 to 361 of the parity list); by name they are in
-- spec/socket_options_spec.lua and spec/option_names_spec.lua.

local net <const> = require "spec.support.net"
local socket <const> = require "tidewire.socket"
local task <const> = require "tidewire.task"

local SOL <const>, TCP <const>, IP <const> =
    socket.SOL_SOCKET, socket.IPPROTO_TCP, socket.IPPROTO_IP

-- Sets an option and checks that it is read back as `shown` (default: the value).
local function set(s, level, option, value, shown)
    assert.is_true(s:setsockopt(level, option, value))
    assert.equal(shown or value, s:getsockopt(level, option))
end

describe("an option", function()
    it("G20/349 is off before it is set: SO_REUSEADDR", function()
        local s <close> = assert(socket.socket())
        assert.equal(0, s:getsockopt(SOL, socket.SO_REUSEADDR))
    end)

    it("G20/350 is on when it has been set: SO_REUSEADDR", function()
        local s <close> = assert(socket.socket())
        assert.is_true(s:setsockopt(SOL, socket.SO_REUSEADDR, 1))
        assert.not_equal(0, s:getsockopt(SOL, socket.SO_REUSEADDR))
    end)

    it("G20/351 may be more than was asked for: the kernel doubles buffers", function()
        local s <close> = assert(socket.socket())
        set(s, SOL, socket.SO_SNDBUF, 20000, 40000)
        set(s, SOL, socket.SO_RCVBUF, 20000, 40000)
    end)

    it("G20/352 is read as so many bytes at most; 0 means an integer", function()
        local s <close> = assert(socket.socket())
        local linger <const> = ("i4i4"):pack(1, 7)
        assert.is_true(s:setsockopt(SOL, socket.SO_LINGER, linger))
        assert.equal(linger, s:getsockopt(SOL, socket.SO_LINGER, 8))
        assert.equal(linger, s:getsockopt(SOL, socket.SO_LINGER, 1024))
        assert.equal(linger:sub(1, 4), s:getsockopt(SOL, socket.SO_LINGER, 4))
        assert.equal(linger:sub(1, 1), s:getsockopt(SOL, socket.SO_LINGER, 1))
        assert.equal(1, s:getsockopt(SOL, socket.SO_LINGER, 0))
        for _, bad in ipairs{-1, 1025, 2^62, 1.5, "4"} do
            net.raises("size: ", s.getsockopt, s, SOL, socket.SO_LINGER, bad)
        end
    end)

    it("G20/353 may be a struct, given and read as bytes", function()
        local s <close> = assert(socket.socket())
        local function round_trip(level, option, bytes)
            assert.is_true(s:setsockopt(level, option, bytes))
            assert.equal(bytes, s:getsockopt(level, option, #bytes))
        end
        round_trip(SOL, socket.SO_LINGER, ("i4i4"):pack(1, 10))
        round_trip(SOL, socket.SO_RCVTIMEO, ("jj"):pack(3, 500000))
        assert.is_true(s:setsockopt(TCP, socket.TCP_CONGESTION, "reno"))
        assert.equal("reno", s:getsockopt(TCP, socket.TCP_CONGESTION, 16):match("^%Z+"))
        local u <close> = net.udp()
        local member <const> = socket.inet_aton "239.255.145.3" .. socket.inet_aton "127.0.0.1"
        assert.is_true(u:setsockopt(IP, socket.IP_ADD_MEMBERSHIP, member))
        net.fails("EADDRINUSE", u:setsockopt(IP, socket.IP_ADD_MEMBERSHIP, member))
        assert.is_true(u:setsockopt(IP, socket.IP_DROP_MEMBERSHIP, member))
        local a <close>, b <const> = net.pair()
        local pid <const> = ("i4i4i4"):unpack(a:getsockopt(SOL, socket.SO_PEERCRED, 12))
        assert.is_true(pid > 0)
        b:close()
    end)

    it("G20/354 set to nil needs a size, and passes no bytes", function()
        local s <close> = assert(socket.socket())
        net.raises("size: integer expected", s.setsockopt, s, SOL, socket.SO_REUSEADDR, nil)
        net.raises("size: must be", s.setsockopt, s, SOL, socket.SO_REUSEADDR, nil, 1025)
        net.raises("size: must be", s.setsockopt, s, SOL, socket.SO_REUSEADDR, nil, -1)
        net.fails("EFAULT", s:setsockopt(SOL, socket.SO_REUSEADDR, nil, 4))
        -- Without a name the socket is bound to no interface.
        assert.is_true(s:setsockopt(SOL, socket.SO_BINDTODEVICE, nil, 0))
    end)

    it("G20/355 may be unknown, and refuses what is no value of it", function()
        local s <close> = assert(socket.socket())
        assert.equal("setsockopt: Protocol not available",
            (net.fails("ENOPROTOOPT", s:setsockopt(SOL, 9999, 1))))
        assert.equal("getsockopt: Protocol not available",
            (net.fails("ENOPROTOOPT", s:getsockopt(SOL, 9999))))
        net.fails("ENOPROTOOPT", s:setsockopt(TCP, 9999, 1))
        net.fails("EINVAL", s:setsockopt(SOL, socket.SO_REUSEADDR, "x"))
        net.fails("EINVAL", s:setsockopt(SOL, socket.SO_REUSEADDR, ""))
    end)

    it("G20/355 refuses misuse", function()
        local s <close> = assert(socket.socket())
        net.raises("level: integer expected, got no value", s.getsockopt, s)
        net.raises("option: integer expected", s.getsockopt, s, SOL, "x")
        net.raises("level: integer expected", s.setsockopt, s, {})
        net.raises("option: integer expected", s.setsockopt, s, SOL, nil, 1)
        for _, bad in ipairs{{}, print, s, 1.5, 2^31} do
            net.raises("value: ", s.setsockopt, s, SOL, 2, bad)
        end
        net.raises("value: longer than 1024 bytes", s.setsockopt, s, SOL, 2, ("x"):rep(1025))
    end)

    it("G20/356 keeps connections alive", function()
        for _, host in ipairs(net.hosts()) do
            local family <const> = host == "::1" and socket.AF_INET6 or socket.AF_INET
            local s <close> = assert(socket.socket(family))
            set(s, SOL, socket.SO_KEEPALIVE, 1)
            set(s, TCP, socket.TCP_KEEPIDLE, 60)
            set(s, TCP, socket.TCP_KEEPINTVL, 7)
            set(s, TCP, socket.TCP_KEEPCNT, 5)
            set(s, TCP, socket.TCP_USER_TIMEOUT, 30000)
        end
    end)

    it("G20/357 TCP_QUICKACK can be cleared and set", function()
        local client <close>, conn <const> = net.tcp()
        set(client, TCP, socket.TCP_QUICKACK, 0)
        set(client, TCP, socket.TCP_QUICKACK, 1)
        set(client, TCP, socket.TCP_QUICKACK, 0)
        conn:close()
    end)

    it("G20/358 TCP_INFO tells the state; TCP_NODELAY and TCP_CORK are switches", function()
        local ESTABLISHED <const>, LISTEN <const>, CLOSE_WAIT <const> = 1, 10, 8
        local client <close>, conn <const> = net.tcp()
        local info <const> = assert(client:getsockopt(TCP, socket.TCP_INFO, 1024))
        assert.is_true(#info >= 104)
        assert.equal(ESTABLISHED, info:byte(1))
        conn:close()
        net.fails("eof", client:recv(1))
        assert.equal(CLOSE_WAIT, client:getsockopt(TCP, socket.TCP_INFO, 1):byte())
        local server <close> = assert(socket.create_server{"127.0.0.1", 0})
        assert.equal(LISTEN, server:getsockopt(TCP, socket.TCP_INFO, 1):byte())
        local s <close> = assert(socket.socket())
        for _, option in ipairs{socket.TCP_NODELAY, socket.TCP_CORK} do
            assert.equal(0, s:getsockopt(TCP, option))
            set(s, TCP, option, 1)
            set(s, TCP, option, 0)
        end
    end)

    it("G20/359 takes true and false for 1 and 0", function()
        local s <close> = assert(socket.socket())
        set(s, SOL, socket.SO_REUSEADDR, true, 1)
        set(s, SOL, socket.SO_REUSEADDR, false, 0)
        set(s, TCP, socket.TCP_NODELAY, true, 1)
        set(s, TCP, socket.TCP_NODELAY, false, 0)
    end)

    it("G20/360 binds to an interface, and marks what is sent", function()
        local s <close> = assert(socket.socket())
        local lo <const> = socket.address("fe80::1%lo", 0).scope_id
        local ok, message <const>, code <const> = s:setsockopt(SOL, socket.SO_MARK, 42)
        if not ok then
            assert.equal("EPERM", code, message)
            return pending("SO_MARK needs privileges: " .. message)
        end
        assert.equal(42, s:getsockopt(SOL, socket.SO_MARK))
        ok = s:setsockopt(SOL, socket.SO_BINDTODEVICE, "lo")
        assert.is_true(ok)
        assert.equal("lo\0", s:getsockopt(SOL, socket.SO_BINDTODEVICE, 16))
        assert.equal(lo, s:getoption("bindtoifindex"))
        assert.is_true(s:setsockopt(SOL, socket.SO_BINDTODEVICE, ""))
        assert.equal("", s:getsockopt(SOL, socket.SO_BINDTODEVICE, 16))
        assert.is_true(s:setoption("bindtoifindex", lo))
        assert.equal("lo", s:getoption("bindtodevice"))
        net.fails("ENODEV", s:setsockopt(SOL, socket.SO_BINDTODEVICE, "no such"))
    end)

    it("G20/361 SO_ERROR is cleared when it is read", function()
        local u <close> = net.udp()
        assert(u:connect("127.0.0.1", net.unused_port(socket.SOCK_DGRAM)))
        assert(u:send("x"))
        assert.same({1, true}, {task.select{u, timeout = net.LIMIT}})
        assert.equal(socket.errno.ECONNREFUSED, u:getsockopt(SOL, socket.SO_ERROR))
        assert.equal(0, u:getsockopt(SOL, socket.SO_ERROR))
    end)

    it("G20/361 tells what the object tells", function()
        local kinds <const> = {{socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP},
            {socket.AF_UNIX, socket.SOCK_SEQPACKET, 0},
            {socket.AF_INET6, socket.SOCK_DGRAM, socket.IPPROTO_UDP}}
        if net.without_ipv6() then kinds[3] = nil end
        for _, kind in ipairs(kinds) do
            local s <close> = assert(socket.socket(table.unpack(kind)))
            assert.same(kind, {s.family, s.type, s.proto})
            assert.same(kind, {s:getsockopt(SOL, socket.SO_DOMAIN),
                s:getsockopt(SOL, socket.SO_TYPE), s:getsockopt(SOL, socket.SO_PROTOCOL)})
            assert.equal(0, s:getsockopt(SOL, socket.SO_ACCEPTCONN))
        end
        local server <close> = assert(socket.create_server{"127.0.0.1", 0})
        assert.equal(1, server:getsockopt(SOL, socket.SO_ACCEPTCONN))
    end)
end)
