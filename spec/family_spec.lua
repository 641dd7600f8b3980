-- Addresses of families other than IP and AF_UNIX: as tuples, as objects, and
-- on sockets where this kernel has them.

local net <const> = require "spec.support.net"
local socket <const> = require "tidewire.socket"

-- Constants, as numbers: what is tested are addresses, also where headers lack
-- the names.
local NETLINK <const>, PACKET <const>, TIPC <const>, VSOCK <const> = 16, 17, 30, 40
local CAN <const>, ALG <const>, QIPCRTR <const>, BLUETOOTH <const> = 29, 38, 42, 31

-- Makes an address from a tuple by place; checks that it gives the tuple back,
-- that by name it is the same object, and that both print as `text`.
local function round(text, given, names, back)
    local addr <const> = assert(socket.address(given))
    back = back or {table.unpack(given)}
    assert.same(back, {addr:unpack()})
    assert.equal(#back, #addr)
    local named <const> = {family = given.family, proto = given.proto}
    for i, name in ipairs(names) do
        named[name] = given[i]
        assert.equal(back[i], addr[i])
        assert.equal(back[i], addr[name])
    end
    assert.equal(addr, socket.address(named))
    assert.equal(addr, socket.address(given))
    assert.equal(text, tostring(addr))
    assert.equal(given.family, addr.family)
    assert.is_nil(addr[#back + 1] or addr[0] or addr.nothing)
    return addr
end

describe("an address of the family", function()
    it("netlink is (pid, groups)", function()
        round("netlink(pid=7, groups=2147483649)",
            {family = NETLINK, 7, 0x80000001}, {"pid", "groups"})
    end)

    it("packet is (ifname, proto, pkttype, hatype, addr), three of them optional", function()
        round("packet(ifname=lo, proto=2048, pkttype=4, hatype=772, addr=00:01:ff)",
            {family = PACKET, "lo", 0x800, 4, 772, "\0\1\xff"},
            {"ifname", "proto", "pkttype", "hatype", "addr"})
        round("packet(ifname=lo, proto=3, pkttype=0, hatype=0, addr=)",
            {family = PACKET, "lo", 3}, {"ifname", "proto"}, {"lo", 3, 0, 0, ""})
    end)

    it("tipc is (addr_type, v1, v2, v3, scope), with names of its own for each type", function()
        round("tipc(addr_type=1, type=18888, lower=1, upper=9, scope=3)",
            {family = TIPC, 1, 18888, 1, 9, 3},
            {"addr_type", "type", "lower", "upper", "scope"})
        round("tipc(addr_type=2, type=18888, instance=1, domain=0, scope=2)",
            {family = TIPC, 2, 18888, 1, 0},
            {"addr_type", "type", "instance", "domain"}, {2, 18888, 1, 0, 2})
        round("tipc(addr_type=3, node=16, ref=17, unused=0, scope=1)",
            {family = TIPC, 3, 16, 17, 0, 1}, {"addr_type", "node", "ref", "unused", "scope"})
        net.raises("addr_type: unknown", socket.address, {family = TIPC, 4, 1, 1, 1})
        net.raises("addr_type: integer expected", socket.address, {family = TIPC, type = 1})
    end)

    it("vsock and qipcrtr are two numbers of 32 bits", function()
        round("vsock(cid=4294967295, port=1)", {family = VSOCK, 0xffffffff, 1}, {"cid", "port"})
        round("qipcrtr(node=1, port=4294967295)",
            {family = QIPCRTR, 1, 0xffffffff}, {"node", "port"})
        net.raises("cid: must be 0 to 4294967295, got -1",
            socket.address, {family = VSOCK, -1, 1})
        net.raises("node: must be 0 to 4294967295, got -2",
            socket.address, {family = QIPCRTR, -2, 1})
    end)

    it("can depends on the protocol", function()
        round("can(ifname=lo)", {family = CAN, proto = 1, "lo"}, {"ifname"})
        round("can(ifname=)", {family = CAN, proto = 2, ""}, {"ifname"})
        local isotp <const> = round("isotp(ifname=lo, rx_id=1, tx_id=2)",
            {family = CAN, proto = 6, "lo", 1, 2}, {"ifname", "rx_id", "tx_id"})
        local j1939 <const> = round("j1939(ifname=lo, name=8589934593, pgn=0, addr=0)",
            {family = CAN, proto = 7, "lo", 0x200000001, 0, 0},
            {"ifname", "name", "pgn", "addr"})
        assert.not_equal(isotp, j1939)
        assert.equal(-1, socket.address{family = CAN, proto = 7, "lo", -1, 0, 0}.name)
        net.fails("ENAMETOOLONG",
            socket.address{family = CAN, proto = 1, ("x"):rep(1024)})
        net.fails("ENODEV", socket.address{family = CAN, proto = 6, "nosuch", 1, 2})
    end)

    it("alg is two texts and two optional numbers", function()
        round("alg(type=hash, name=sha256, feat=0, mask=0)",
            {family = ALG, "hash", "sha256"}, {"type", "name"}, {"hash", "sha256", 0, 0})
        round("alg(type=aead, name=gcm(aes), feat=1, mask=2)",
            {family = ALG, "aead", "gcm(aes)", 1, 2}, {"type", "name", "feat", "mask"})
        assert(socket.address{family = ALG, ("t"):rep(13), ("n"):rep(63)})
        net.raises("type: longer than 13 bytes",
            socket.address, {family = ALG, ("t"):rep(14), "n"})
        net.raises("name: longer than 63 bytes",
            socket.address, {family = ALG, "t", ("n"):rep(64)})
        net.raises("contains a NUL byte", socket.address, {family = ALG, "t", "n\0"})
    end)

    it("bluetooth depends on the protocol, and leaves trailing zeros out", function()
        local here <const> = "00:1A:7D:DA:71:13"
        round("l2cap(bdaddr=00:1A:7D:DA:71:13, psm=1)",
            {family = BLUETOOTH, here, 1}, {"bdaddr", "psm"})
        round("l2cap(bdaddr=00:1A:7D:DA:71:13, psm=1, cid=0, bdaddr_type=1)",
            {family = BLUETOOTH, here, 1, 0, 1}, {"bdaddr", "psm", "cid", "bdaddr_type"})
        round("hci(dev=0)", {family = BLUETOOTH, proto = 1, 0}, {"dev"})
        round("hci(dev=1, channel=3)", {family = BLUETOOTH, proto = 1, 1, 3}, {"dev", "channel"})
        round("sco(bdaddr=00:1A:7D:DA:71:13)", {family = BLUETOOTH, proto = 2, here}, {"bdaddr"})
        round("rfcomm(bdaddr=00:1A:7D:DA:71:13, channel=1)",
            {family = BLUETOOTH, proto = 3, here, 1}, {"bdaddr", "channel"})
        for _, bad in ipairs{"", "00:1A:7D:DA:71", here .. ":", "nonsense", "0:1:2:3:4:5"} do
            net.fails("EINVAL", socket.address{family = BLUETOOTH, proto = 2, bad})
        end
    end)

    it("nobody knows is refused when made", function()
        net.fails("EAFNOSUPPORT", socket.address{family = 5, 1, 2})
        net.raises("family: integer expected", socket.address, {family = "inet", 1, 2})
        net.raises("too many elements", socket.address, {family = NETLINK, 1, 2, 3})
        net.raises("groups: integer expected, got nil", socket.address, {family = NETLINK, 1})
    end)
end)

describe("a socket of the family", function()
    it("netlink is bound, names itself, and talks to the kernel", function()
        local s <close> = assert(socket.socket(NETLINK, socket.SOCK_RAW, 0))
        assert(s:bind{0, 0})
        local addr <const> = assert(s:getsockname())
        assert.is_true(addr.pid > 0)
        assert.equal(0, addr.groups)
        local request <const> = string.pack("=I4I2I2I4I4I4", 20, 18, 0x301, 1, 0, 17)
        s:settimeout(net.LIMIT)
        assert.equal(20, s:sendto(request, {0, 0}))
        local data <const>, from <const> = assert(s:recvfrom(65536))
        assert.same({0, 0}, {from:unpack()})
        assert.is_true(#data > 16)
        net.raises("table or address expected", s.bind, s, 5)
    end)

    it("packet carries a frame to itself", function()
        local s <close>, _, code = socket.socket(PACKET, socket.SOCK_DGRAM)
        if code == "EPERM" then return pending "AF_PACKET: needs root" end
        assert(s:bind{"lo", 0x88b5})
        s:settimeout(net.LIMIT)
        assert(s:sendto("frame", {"lo", 0x88b5, 0, 0, "\0\0\0\0\0\0"}))
        local data <const>, from <const> = assert(s:recvfrom(100))
        assert.equal("frame", data)
        assert.same({"lo", 0x88b5, 772, 6}, {from[1], from[2], from[4], #from[5]})
        net.fails("ENODEV", s:bind{"nosuch", 3})
        net.raises("proto: must be 0 to 65535", s.bind, s, {"lo", 65536})
        net.raises("addr: longer than 8 bytes", s.bind, s, {"lo", 3, 0, 0, ("x"):rep(9)})
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
