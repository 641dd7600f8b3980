-- Addresses of families other than IP and AF_UNIX, as tuples and as objects; more
-- of them, and what sockets do with them, is in parity/g19_families_spec.

local net <const> = require "spec.support.net"
local socket <const> = require "tidewire.socket"
local tuples <const> = require "spec.support.tuples"

-- Constants, as numbers: what is tested are addresses, also where headers lack
-- the names.
local NETLINK <const>, PACKET <const> = 16, 17

describe("a TIPC scope", function()
    it("may be negative", function()
        local addr <const> = socket.address{family = socket.AF_TIPC, 1, 18888, 1, 9, -2}
        assert.equal("tipc(addr_type=1, type=18888, lower=1, upper=9, scope=-2)", tostring(addr))
        assert.equal(-2, addr.scope)
        net.raises("scope: must be -127 to 127, got 128",
            socket.address, {family = socket.AF_TIPC, 1, 1, 1, 1, 128})
    end)
end)

describe("an address of the family", function()
    it("netlink is (pid, groups)", function()
        tuples.round("netlink(pid=7, groups=2147483649)",
            {family = NETLINK, 7, 0x80000001}, {"pid", "groups"})
    end)

    it("packet is (ifname, proto, pkttype, hatype, addr), three of them optional", function()
        tuples.round("packet(ifname=lo, proto=2048, pkttype=4, hatype=772, addr=00:01:ff)",
            {family = PACKET, "lo", 0x800, 4, 772, "\0\1\xff"},
            {"ifname", "proto", "pkttype", "hatype", "addr"})
        tuples.round("packet(ifname=lo, proto=3, pkttype=0, hatype=0, addr=)",
            {family = PACKET, "lo", 3}, {"ifname", "proto"}, {"lo", 3, 0, 0, ""})
    end)

    it("nobody knows is refused when made", function()
        net.fails("EAFNOSUPPORT", socket.address{family = 5, 1, 2})
        net.raises("family: integer expected", socket.address, {family = "inet", 1, 2})
        net.raises("too many elements", socket.address, {family = NETLINK, 1, 2, 3})
        net.raises("groups: integer expected, got nil", socket.address, {family = NETLINK, 1})
    end)
end)

describe("disconnect", function()
    it("makes a connected datagram socket receive from everybody again", function()
        local a <close> = net.udp()
        local b <close> = net.udp()
        local c <close> = net.udp()
        assert(a:connect(b:getsockname()))
        assert.is_true(a:disconnect())
        net.fails("ENOTCONN", a:getpeername())
        assert(a:bind{"127.0.0.1", 0})
        assert(c:sendto("from c", a:getsockname()))
        assert.equal("from c", a:recv(10))
    end)
end)
