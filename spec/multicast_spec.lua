-- Multicast groups by name: joining, leaving, sources, interfaces.

local net <const> = require "spec.support.net"
local netns <const> = require "spec.support.netns"
local socket <const> = require "tidewire.socket"

local INET <const>, INET6 <const>, DGRAM <const> =
    socket.AF_INET, socket.AF_INET6, socket.SOCK_DGRAM
local GROUP <const>, GROUP6 <const> = "239.255.145.2", "ff02::1:9145"
local it6 <const> = net.it6(it)

-- A datagram socket that hears every interface, and only the groups it has joined.
local function listener(family)
    local s <const> = assert(socket.socket(family or INET, DGRAM))
    s:settimeout(net.LIMIT)
    assert(s:setoption("multicast_all", false))
    assert(s:bind("", 0))
    return s
end

-- One that sends to groups on loopback.
local function sender()
    local s <const> = assert(socket.socket(INET, DGRAM))
    assert(s:multicast_interface("127.0.0.1"))
    return s
end

-- Checks that s hears the group, or does not.
local function hears(s, expected)
    local out <close> = sender()
    assert(out:sendto("anybody?", GROUP, s:getsockname().port))
    s:settimeout(expected and net.LIMIT or 0)
    local data, from, code = s:recvfrom(100)
    if expected then
        assert.equal("anybody?", data)
        assert.equal(out:getsockname().port, from.port)
    else
        assert.equal("EAGAIN", code)
    end
end

describe("join_group", function()
    it("takes the interface as a name, an index or an address", function()
        local lo <const> = socket.address("fe80::1%lo", 0).scope_id
        local named <const> = {"lo", lo}
        for i, host in ipairs(net.hosts()) do
            named[2 * i + 1], named[2 * i + 2] = host, socket.address(host, 99)
        end
        for _, interface in ipairs(named) do
            local s <close> = listener()
            hears(s, false)
            assert.is_true(s:join_group(GROUP, {interface = interface}))
            hears(s, true)
            assert.is_true(s:leave_group(GROUP, {interface = "lo"}))
            hears(s, false)
        end
    end)

    it("takes the group as text or as an address, whatever its port", function()
        local s <close> = listener()
        assert.is_true(s:join_group(socket.address(GROUP, 5000), {interface = "lo"}))
        hears(s, true)
        assert.is_true(s:leave_group(GROUP, {interface = "lo"}))
    end)

    it6("cannot be done twice, nor undone twice", function()
        for group, family in pairs{[GROUP] = INET, [GROUP6] = INET6} do
            local s <close> = listener(family)
            local on <const> = {interface = "lo"}
            net.fails("EADDRNOTAVAIL", s:leave_group(group, on))
            assert(s:join_group(group, on))
            assert.equal(("join_group %s: Address already in use"):format(group),
                (net.fails("EADDRINUSE", s:join_group(group, on))))
            assert(s:leave_group(group, on))
            net.fails("EADDRNOTAVAIL", s:leave_group(group, on))
        end
    end)

    it("may be limited to a source", function()
        local s <close> = listener()
        local other <const> = {interface = "lo", source = "127.0.0.2"}
        local this <const> = {interface = "lo", source = socket.address("127.0.0.1", 0)}
        assert.is_true(s:join_group(GROUP, other))
        hears(s, false)
        assert.is_true(s:join_group(GROUP, this))
        hears(s, true)
        assert.is_true(s:leave_group(GROUP, this))
        hears(s, false)
        assert.is_true(s:leave_group(GROUP, other))
        net.fails("EADDRNOTAVAIL", s:leave_group(GROUP, other))
    end)

    it("may be limited to everybody but some", function()
        local s <close> = listener()
        local this <const> = {interface = "lo", source = "127.0.0.1"}
        assert(s:join_group(GROUP, {interface = "lo"}))
        assert.is_true(s:block_source(GROUP, this))
        hears(s, false)
        net.fails("EADDRNOTAVAIL", s:block_source(GROUP, this))
        assert.is_true(s:unblock_source(GROUP, this))
        hears(s, true)
        net.fails("EADDRNOTAVAIL", s:unblock_source(GROUP, this))
    end)

    it6("says what is wrong with the group, the source and the interface", function()
        local s <close> = listener()
        local six <close> = listener(INET6)
        for _, name in ipairs{"join_group", "leave_group"} do
            for text, one in pairs{["10.0.0.1"] = s, ["fe80::1"] = six, [""] = s} do
                assert.matches("^" .. name .. " %S+: not a multicast address$",
                    (net.fails("EINVAL", one[name](one, text))))
            end
            net.fails("EAI_ADDRFAMILY", s[name](s, GROUP6))
            net.fails("EAI_ADDRFAMILY", six[name](six, GROUP))
            net.fails("EAI_ADDRFAMILY", s[name](s, socket.address(GROUP6, 0)))
            net.fails("EAI_ADDRFAMILY", s[name](s, GROUP, {source = "::1"}))
            net.fails("EAI_NONAME", s[name](s, "all.hosts"))
            net.fails("EAI_NONAME", s[name](s, GROUP, {source = "somebody"}))
        end
        for _, one in ipairs{s, six} do
            local group <const> = one == s and GROUP or GROUP6
            assert.equal("join_group interface nosuch0: No such device",
                (net.fails("ENODEV", one:join_group(group, {interface = "nosuch0"}))))
            net.fails("ENODEV", one:join_group(group, {interface = "192.0.2.77"}))
            net.fails("ENODEV", one:join_group(group, {interface = ""}))
            net.fails("ENODEV", one:join_group(group, {interface = 999999}))
            net.fails("ENODEV", one:multicast_interface("nosuch0"))
            assert.is_nil(one:multicast_interface(999999))
        end
    end)

    it("is for sockets of IPv4 and IPv6", function()
        local a <close>, b <const> = net.pair()
        b:close()
        net.fails("EAFNOSUPPORT", a:join_group(GROUP))
        net.fails("EAFNOSUPPORT", a:multicast_interface("lo"))
    end)

    it("refuses misuse", function()
        local s <close> = listener()
        for _, name in ipairs{"join_group", "leave_group", "block_source", "unblock_source"} do
            local f <const> = s[name]
            for _, bad in ipairs{5, {}, true} do
                net.raises("group: host or address expected", f, s, bad)
                net.raises("source: host or address expected", f, s, GROUP, {source = bad})
            end
            local from <const> = "127.0.0.1"
            for _, bad in ipairs{-1, 1.5, {}, true} do
                net.raises("interface: ", f, s, GROUP, {source = from, interface = bad})
            end
            net.raises("group: host or address expected, got nil", f, s)
            net.raises("group: contains a NUL byte", f, s, GROUP .. "\0")
            net.raises("options: table expected", f, s, GROUP, "lo")
            net.raises("options: unknown option 'iface'", f, s, GROUP, {iface = "lo"})
            net.raises("options: unknown option '1'", f, s, GROUP, {"lo"})
        end
        net.raises("source: host or address expected, got nil", s.block_source, s, GROUP)
        net.raises("interface: ", s.multicast_interface, s, {})
        net.raises("value expected", s.multicast_interface, s)
    end)
end)

describe("multicast_interface", function()
    it("says where to send, until nil leaves that to the system", function()
        local s <close> = assert(socket.socket(INET, DGRAM))
        local function address()
            return s:getsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, 4)
        end
        assert.is_true(s:multicast_interface("127.0.0.1"))
        assert.equal("\127\0\0\1", address())
        assert.is_true(s:multicast_interface(nil))
        assert.equal("\0\0\0\0", address())
    end)

    it6("says so of IPv6, too", function()
        local six <close> = assert(socket.socket(INET6, DGRAM))
        local lo <const> = socket.address("fe80::1%lo", 0).scope_id
        for _, interface in ipairs{"lo", "::1", "127.0.0.1", lo} do
            assert.is_true(six:multicast_interface(interface))
            assert.equal(lo, six:getsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF))
            assert.is_true(six:multicast_interface(nil))
            assert.equal(0, six:getsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF))
        end
    end)
end)

describe("a group of IPv6", function()
    it6("is heard on its interface, which may be its scope", function()
        if netns.missing() then return pending(netns.missing()) end
        local output <const>, status <const> = netns.run([[
            local group = ...
            local index = assert(socket.address("fe80::1%v0", 0)).scope_id
            for _, case in ipairs{{group, {interface = "v0"}}, {group .. "%v0"},
                {group, {interface = index}}, {group, {interface = "fe80::1"}},
                {socket.address(group .. "%v0", 0), {}},
                {group, {interface = "v0", source = "fe80::1"}}} do
                local s <close> = assert(socket.socket(socket.AF_INET6, socket.SOCK_DGRAM))
                local out <close> = assert(socket.socket(socket.AF_INET6, socket.SOCK_DGRAM))
                s:settimeout(10)
                assert(s:bind("", 0))
                assert(s:setoption("multicast_all", false))
                assert(s:join_group(table.unpack(case)))
                assert(out:multicast_interface("v0"))
                assert(out:sendto("hello", group, s:getsockname().port))
                local data, from = assert(s:recvfrom(100))
                say(data, from.host, from.scope_id == index)
                assert(s:leave_group(table.unpack(case)))
                assert(out:sendto("hello?", group, s:getsockname().port))
                s:settimeout(0)
                say(select(3, s:recv(100)))
            end
        ]], GROUP6)
        assert.equal(("hello\tfe80::1\ttrue\nEAGAIN\n"):rep(6), output)
        assert.equal(0, status)
    end)
end)
