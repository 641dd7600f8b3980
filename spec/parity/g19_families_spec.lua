-- Families other than IP and AF_UNIX (cases 325 to 348 of the parity list): their
-- addresses, which need no kernel that has them, and their sockets, as far as
-- this kernel does. More of case 348 is in raw_spec; what few kernels have is in
-- g19_kernel_spec.

local net <const> = require "spec.support.net"
local socket <const> = require "tidewire.socket"
local task <const> = require "tidewire.task"
local tuples <const> = require "spec.support.tuples"

-- Constants, as numbers: what is tested is there also where headers lack names.
local NETLINK <const>, PACKET <const>, CAN <const>, TIPC <const> = 16, 17, 29, 30
local BLUETOOTH <const>, ALG <const>, VSOCK <const>, QIPCRTR <const> = 31, 38, 40, 42

-- busted's `it`, twice: on the main thread, and in a task.
local function it_both(name, f)
    it(name, f)
    it(name .. ", in a task", function()
        local t <close> = task.spawn(function() f() return true end)
        assert(t:join(net.LIMIT))
    end)
end

-- Ditto, if such a socket can be made here; else skipped, with the reason.
local function it_if(kind, name, f)
    local s <close>, message = socket.socket(table.unpack(kind))
    if s then return it_both(name, f) end
    pending(("%s: %s"):format(name, message))
end

local function new(...)
    local s <const> = assert(socket.socket(...))
    s:settimeout(net.LIMIT)
    return s
end

describe("netlink", function()
    local RTM_NEWLINK <const>, RTM_GETLINK <const>, DONE <const> = 16, 18, 3
    local REQUEST_DUMP <const> = 0x301

    it_both("G19/325 is bound, names itself, and lists the kernel's interfaces", function()
        local s <close> = new(NETLINK, socket.SOCK_RAW, 0)
        assert(s:bind{0, 0})
        local addr <const> = assert(s:getsockname())
        assert.is_true(addr.pid > 0)
        assert.equal(0, addr.groups)
        local request <const> = string.pack("=I4I2I2I4I4I4", 20, RTM_GETLINK,
            REQUEST_DUMP, 7, addr.pid, 0)
        assert.equal(20, s:sendto(request, {0, 0}))
        local links, ended = 0, false
        repeat
            local data <const>, from <const> = assert(s:recvfrom(65536))
            assert.same({0, 0}, {from:unpack()})
            local at = 1
            while at < #data do
                local size <const>, kind <const>, _, seq <const> =
                    ("=I4I2I2I4"):unpack(data, at)
                assert.equal(7, seq)
                links = links + (kind == RTM_NEWLINK and 1 or 0)
                ended = kind == DONE
                at = at + (size + 3 & ~3)
            end
        until ended
        local devices <close> = assert(io.open "/proc/net/dev")
        assert.equal(select(2, devices:read("a"):gsub(":", "")), links)
    end)

    it("G19/326 has addresses that are pairs", function()
        local s <close> = new(NETLINK, socket.SOCK_RAW, 0)
        for _, call in ipairs{"bind", "connect", "connect_ex"} do
            net.raises("table or address expected", s[call], s, 5)
            net.raises("groups: integer expected, got nil", s[call], s, {0})
            net.raises("too many elements", s[call], s, {0, 0, 0})
            net.raises("pid: integer expected", s[call], s, {"x", 0})
            net.raises("pid: must be 0 to 4294967295", s[call], s, {-1, 0})
            net.raises("groups: must be 0 to 4294967295", s[call], s, {0, 1 << 32})
        end
        net.raises("table or address expected", s.sendto, s, "x", 5)
    end)
end)

describe("packet", function()
    local KIND <const> = {PACKET, socket.SOCK_DGRAM}
    local NOWHERE <const> = "\0\0\0\0\0\0"

    it_if(KIND, "G19/327 carries a frame over lo, and says what kind it was", function()
        local s <close> = new(PACKET, socket.SOCK_DGRAM)
        assert(s:bind{"lo", 0x88b5})
        assert.equal("lo", s:getsockname().ifname)
        assert.equal(0x88b5, s:getsockname().proto)
        local text <const> = "frame of " .. s:fileno()
        assert(s:sendto(text, {"lo", 0x88b5, 0, 0, NOWHERE}))
        local data, from
        repeat
            data, from = assert(s:recvfrom(100))
        until data == text
        assert.is_true(from.pkttype == 0 or from.pkttype == 4)
        assert.same({"lo", 0x88b5, from.pkttype, 772, NOWHERE}, {from:unpack()})
    end)

    it_if(KIND, "G19/328 refuses what is no interface, and what is too large", function()
        local s <close> = new(PACKET, socket.SOCK_DGRAM)
        net.fails("ENODEV", s:bind{"nosuch", 3})
        net.fails("ENODEV", s:sendto("x", {"nosuch", 3}))
        net.raises("proto: must be 0 to 65535", s.bind, s, {"lo", 65536})
        net.raises("addr: longer than 8 bytes", s.bind, s, {"lo", 3, 0, 0, ("x"):rep(9)})
    end)
end)

describe("vsock", function()
    local KIND <const> = {VSOCK, socket.SOCK_STREAM}
    local SIZE <const>, MIN <const>, MAX <const> = 0, 1, 2
    local ANY <const> = 0xffffffff

    it("G19/330 has addresses of two numbers", function()
        tuples.round("vsock(cid=4294967295, port=1)",
            {family = VSOCK, ANY, 1}, {"cid", "port"})
        net.raises("cid: must be 0 to 4294967295, got -1",
            socket.address, {family = VSOCK, -1, 1})
    end)

    it_if(KIND, "G19/330 makes sockets that are not bound", function()
        local s <close> = new(VSOCK, socket.SOCK_STREAM)
        assert.same({VSOCK, socket.SOCK_STREAM}, {s.family, s.type})
        assert.same({ANY, ANY}, {s:getsockname():unpack()})
        net.fails("ENOTCONN", s:getpeername())
    end)

    it_if(KIND, "G19/331 has options of 64 bits", function()
        local s <close> = new(VSOCK, socket.SOCK_STREAM)
        local before <const> = {}
        for _, option in ipairs{MAX, SIZE, MIN} do
            before[option] = assert(s:getsockopt(VSOCK, option))
            assert.is_true(s:setsockopt(VSOCK, option, 2 * before[option]))
        end
        for option, value in pairs(before) do
            assert.equal(2 * value, s:getsockopt(VSOCK, option))
        end
        for _, option in ipairs{MAX, SIZE, MIN} do
            assert.is_true(s:setsockopt(VSOCK, option, 1 << 40))
            assert.equal(1 << 40, s:getsockopt(VSOCK, option))
        end
        assert.is_true(s:setsockopt(VSOCK, MAX, string.pack("=I8", 1 << 41)))
        assert.equal(1 << 41, s:getsockopt(VSOCK, MAX))
    end)

    it_if(KIND, "G19/331 has options of 32 bits elsewhere, all of them integers", function()
        local s <close> = new(VSOCK, socket.SOCK_STREAM)
        assert.equal(socket.SOCK_STREAM, s:getsockopt(socket.SOL_SOCKET, socket.SO_TYPE))
        assert.is_true(s:setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 20000))
        assert.equal(40000, s:getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF))
        net.raises("value: must be", s.setsockopt, s, VSOCK, SIZE, -1)
        net.raises("value: must be", s.setsockopt, s, socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 40)
        net.raises("size: the options of AF_VSOCK are integers", s.getsockopt, s, VSOCK, SIZE, 8)
        assert.equal(262144, s:getsockopt(VSOCK, SIZE, 0))
        net.fails("ENOPROTOOPT", s:getsockopt(VSOCK, 99))
        s:close()
        net.fails("closed", s:getsockopt(VSOCK, SIZE))
        net.fails("closed", s:setsockopt(VSOCK, SIZE, 1 << 40))
    end)
end)

describe("a ping socket", function()
    -- Whether a group of this process is within the limits.
    local function may_ping()
        local limits <close> = assert(io.open "/proc/sys/net/ipv4/ping_group_range")
        local low <const>, high <const> = limits:read("n", "n")
        local status <close> = assert(io.open "/proc/self/status")
        local text <const> = status:read("a")
        local groups <const> = text:match("\nGid:%s*%d+%s+(%d+)") .. " "
            .. text:match("\nGroups:([^\n]*)")
        for group in groups:gmatch("%d+") do
            if tonumber(group) >= low and tonumber(group) <= high then return true end
        end
        return false
    end

    it_both("G19/348 is for the groups that the system says", function()
        if not may_ping() then
            return net.fails("EACCES", socket.socket(socket.AF_INET, socket.SOCK_DGRAM, 1))
        end
        local s <close> = new(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP)
        assert(s:sendto("\8\0\0\0\0\0\0\1ping", "127.0.0.1", 0))
        local data <const>, from <const> = assert(s:recvfrom(100))
        assert.equal("\0\0", data:sub(1, 2))
        assert.equal("\0\1ping", data:sub(7))
        assert.equal("127.0.0.1", from.host)
    end)
end)

describe("the addresses of", function()
    it("G19/335 tipc have five elements, with names of their own for each type", function()
        tuples.round("tipc(addr_type=1, type=18888, lower=1, upper=9, scope=3)",
            {family = TIPC, 1, 18888, 1, 9, 3},
            {"addr_type", "type", "lower", "upper", "scope"})
        tuples.round("tipc(addr_type=2, type=18888, instance=1, domain=0, scope=2)",
            {family = TIPC, 2, 18888, 1, 0},
            {"addr_type", "type", "instance", "domain"}, {2, 18888, 1, 0, 2})
        tuples.round("tipc(addr_type=3, node=16, ref=17, unused=0, scope=1)",
            {family = TIPC, 3, 16, 17, 0, 1},
            {"addr_type", "node", "ref", "unused", "scope"})
        for _, bad in ipairs{0, 4, 255} do
            net.raises("addr_type: unknown", socket.address, {family = TIPC, bad, 1, 1, 1})
        end
        net.raises("addr_type: must be 0 to 255", socket.address, {family = TIPC, -1, 1, 1, 1})
        net.raises("addr_type: integer expected", socket.address, {family = TIPC, type = 1})
    end)

    it("G19/336 can name an interface, or any", function()
        tuples.round("can(ifname=lo)", {family = CAN, proto = 1, "lo"}, {"ifname"})
        tuples.round("can(ifname=)", {family = CAN, proto = 2, ""}, {"ifname"})
    end)

    it("G19/337 can have no names that are too long, or of no interface", function()
        for proto, more in pairs{{}, {}, [6] = {1, 2}, [7] = {1, 2, 3}} do
            for length, code in pairs{[15] = "ENODEV", [16] = "ENAMETOOLONG",
                [1024] = "ENAMETOOLONG"} do
                net.fails(code, socket.address{family = CAN, proto = proto,
                    ("x"):rep(length), table.unpack(more)})
            end
        end
    end)

    it("G19/340 can depend on the protocol", function()
        local isotp <const> = tuples.round("isotp(ifname=lo, rx_id=1, tx_id=2)",
            {family = CAN, proto = 6, "lo", 1, 2}, {"ifname", "rx_id", "tx_id"})
        local j1939 <const> = tuples.round("j1939(ifname=lo, name=8589934593, pgn=0, addr=0)",
            {family = CAN, proto = 7, "lo", 0x200000001, 0, 0},
            {"ifname", "name", "pgn", "addr"})
        assert.not_equal(isotp, j1939)
        assert.equal(-1, socket.address{family = CAN, proto = 7, "lo", -1, 0, 0}.name)
    end)

    it("G19/344 alg are two texts, of limited length, and two optional numbers", function()
        tuples.round("alg(type=hash, name=sha256, feat=0, mask=0)",
            {family = ALG, "hash", "sha256"}, {"type", "name"}, {"hash", "sha256", 0, 0})
        tuples.round("alg(type=aead, name=gcm(aes), feat=1, mask=2)",
            {family = ALG, "aead", "gcm(aes)", 1, 2}, {"type", "name", "feat", "mask"})
        local kind <const>, name <const> = ("t"):rep(13), ("n"):rep(63)
        assert.same({kind, name, 0, 0}, {socket.address{family = ALG, kind, name}:unpack()})
        net.raises("type: longer than 13 bytes",
            socket.address, {family = ALG, kind .. "t", "n"})
        net.raises("name: longer than 63 bytes",
            socket.address, {family = ALG, "t", name .. "n"})
        net.raises("contains a NUL byte", socket.address, {family = ALG, "t", "n\0"})
    end)

    it("G19/345 qipcrtr are two numbers", function()
        tuples.round("qipcrtr(node=1, port=4294967295)",
            {family = QIPCRTR, 1, 0xffffffff}, {"node", "port"})
        net.raises("node: must be 0 to 4294967295, got -2",
            socket.address, {family = QIPCRTR, -2, 1})
    end)

    it("G19/346 bluetooth depend on the protocol, and leave trailing zeros out", function()
        local here <const> = "00:1A:7D:DA:71:13"
        for text, given in pairs{
            ["l2cap(bdaddr=00:1A:7D:DA:71:13, psm=1)"] = {here, 1},
            ["l2cap(bdaddr=00:1A:7D:DA:71:13, psm=1, cid=2)"] = {here, 1, 2},
            ["l2cap(bdaddr=00:1A:7D:DA:71:13, psm=1, cid=0, bdaddr_type=1)"] = {here, 1, 0, 1},
        } do
            given.family = BLUETOOTH
            tuples.round(text, given,
                {table.unpack({"bdaddr", "psm", "cid", "bdaddr_type"}, 1, #given)})
        end
        tuples.round("hci(dev=0)", {family = BLUETOOTH, proto = 1, 0}, {"dev"})
        tuples.round("hci(dev=1, channel=3)",
            {family = BLUETOOTH, proto = 1, 1, 3}, {"dev", "channel"})
        tuples.round("sco(bdaddr=00:1A:7D:DA:71:13)",
            {family = BLUETOOTH, proto = 2, here}, {"bdaddr"})
        tuples.round("rfcomm(bdaddr=00:1A:7D:DA:71:13, channel=1)",
            {family = BLUETOOTH, proto = 3, here, 1}, {"bdaddr", "channel"})
        assert.equal(here, socket.address{family = BLUETOOTH, here:lower(), 1}.bdaddr)
    end)

    it("G19/346 bluetooth are refused if they have another shape, or text", function()
        local here <const> = "00:1A:7D:DA:71:13"
        for proto, more in pairs{[0] = {1}, [2] = {}, [3] = {1}} do
            for _, bad in ipairs{"", "00:1A:7D:DA:71", here .. ":", here .. ":00",
                "nonsense", "0:1:2:3:4:5", "00:1A:7D:DA:71:1G", "00-1A-7D-DA-71-13"} do
                net.fails("EINVAL", socket.address{family = BLUETOOTH, proto = proto, bad,
                    table.unpack(more)})
            end
            net.raises("bdaddr: string expected", socket.address,
                {family = BLUETOOTH, proto = proto, 5, table.unpack(more)})
        end
        net.raises("psm: integer expected", socket.address, {family = BLUETOOTH, here})
        net.raises("psm: must be 0 to 65535", socket.address, {family = BLUETOOTH, here, 65536})
        net.raises("too many elements", socket.address,
            {family = BLUETOOTH, here, 1, 2, 1, 0})
        net.raises("bdaddr_type: must be 0 to 255", socket.address,
            {family = BLUETOOTH, here, 1, 2, 256})
        net.raises("dev: integer expected", socket.address,
            {family = BLUETOOTH, proto = 1, here})
        net.raises("too many elements", socket.address,
            {family = BLUETOOTH, proto = 2, here, 1})
        net.fails("EAFNOSUPPORT", socket.address{family = BLUETOOTH, proto = 9, here})
    end)
end)
