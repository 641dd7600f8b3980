-- Raw sockets: packets that the script makes itself. Where this process may have
-- none, the cases are skipped.

local net <const> = require "spec.support.net"
local socket <const> = require "tidewire.socket"

local INET <const>, INET6 <const>, RAW <const> =
    socket.AF_INET, socket.AF_INET6, socket.SOCK_RAW
local LO <const> = "127.0.0.1"
local ECHO <const>, REPLY <const>, ECHO6 <const>, REPLY6 <const> = 8, 0, 128, 129

-- busted's `it`, for cases that need raw sockets.
local function raw_it(name, f)
    it(name, function()
        local s <close>, message, code = socket.socket(INET, RAW, socket.IPPROTO_ICMP)
        if not s then
            assert.is_true(code == "EPERM" or code == "EACCES", message)
            return pending("raw sockets need privileges: " .. message)
        end
        f()
    end)
end

local raw_it6 <const> = net.it6(raw_it)

local function raw(family, proto)
    local s <const> = assert(socket.socket(family, RAW, proto))
    s:settimeout(net.LIMIT)
    return s
end

-- A number to know our packets by.
local identity = 0
local function new_identity()
    local seed <const> = tostring(socket):match("0x%x+") or "0x1"
    identity = identity + 1
    return (math.tointeger(seed) // 16 + identity * 4099) & 0xffff
end

-- An ICMP message with its checksum in place.
local function icmp(kind, id, seq, data)
    local blank <const> = (">BBI2I2I2"):pack(kind, 0, 0, id, seq) .. data
    return (">BBI2I2I2"):pack(kind, 0, socket.checksum(blank), id, seq) .. data
end

-- The fields of an IPv4 packet.
local function parse_ip(packet)
    local first <const>, total <const>, ttl <const>, proto <const> =
        (">B x I2 x x x x B B"):unpack(packet)
    local head <const> = (first & 15) * 4
    return {version = first >> 4, total = total, ttl = ttl, proto = proto,
        head = packet:sub(1, head), data = packet:sub(head + 1),
        from = socket.inet_ntoa(packet:sub(13, 16)), to = socket.inet_ntoa(packet:sub(17, 20))}
end

-- Reads on until a message of that kind with that identity comes: id, seq, data.
local function await(s, kind, id)
    while true do
        local packet <const>, from <const> = assert(s:recvfrom(2000))
        local message <const> = s.family == INET and parse_ip(packet).data or packet
        local got <const>, _, _, its <const>, seq <const>, at <const> =
            (">BBI2I2I2"):unpack(message)
        if got == kind and its == id then
            return packet, from, seq, message:sub(at)
        end
    end
end

describe("a raw socket of ICMP", function()
    raw_it("G19/348 is answered on loopback, with identity, number and data", function()
        local s <close> = raw(INET, socket.IPPROTO_ICMP)
        local id <const> = new_identity()
        for seq = 1, 3 do
            local data <const> = ("data of number %d"):format(seq)
            local message <const> = icmp(ECHO, id, seq, data)
            assert.equal(0, socket.checksum(message))
            assert.equal(#message, s:sendto(message, LO, 0))
            local packet <const>, from <const>, number <const>, text <const> =
                await(s, REPLY, id)
            assert.same({seq, data}, {number, text})
            assert.equal(socket.address(LO, 0), from)
            local ip <const> = parse_ip(packet)
            assert.same({4, #packet, socket.IPPROTO_ICMP, LO, LO},
                {ip.version, ip.total, ip.proto, ip.from, ip.to})
            assert.equal(0, socket.checksum(ip.head))
            assert.equal(0, socket.checksum(ip.data))
        end
    end)

    raw_it("is not answered if the checksum is wrong", function()
        local s <close> = raw(INET, socket.IPPROTO_ICMP)
        local id <const> = new_identity()
        local right <const> = icmp(ECHO, id, 2, "x")
        local wrong <const> = right:sub(1, 2) .. "\1\2" .. right:sub(5)
        assert(s:sendto(wrong, LO, 0))
        assert(s:sendto(right, LO, 0))
        local _, _, seq <const> = await(s, REPLY, id)
        assert.equal(2, seq)
        s:settimeout(0)
        repeat
            local packet <const> = s:recv(2000)
            assert.is_true(packet == nil or packet:byte(21) ~= REPLY
                or packet:sub(25, 26) ~= right:sub(5, 6))
        until not packet
    end)

    raw_it("hears only what its filter lets through", function()
        local s <close> = raw(INET, socket.IPPROTO_ICMP)
        local all <close> = raw(INET, socket.IPPROTO_ICMP)
        assert.is_true(s:setoption("icmp_filter", ~(1 << REPLY)))
        assert.equal(~(1 << REPLY), s:getoption("icmp_filter"))
        local id <const> = new_identity()
        assert(s:sendto(icmp(ECHO, id, 7, "filtered"), LO, 0))
        local packet <const> = assert(s:recv(2000))
        assert.equal(REPLY, parse_ip(packet).data:byte(1))
        await(all, ECHO, id)
        await(all, REPLY, id)
    end)

    raw_it6("of IPv6 is answered too; the kernel does the checksum", function()
        local s <close> = raw(INET6, socket.IPPROTO_ICMPV6)
        local id <const> = new_identity()
        local blank <const> = (">BBI2I2I2"):pack(ECHO6, 0, 0, id, 9) .. "six"
        assert.equal(#blank, s:sendto(blank, "::1", 0))
        local packet <const>, from <const>, seq <const>, data <const> = await(s, REPLY6, id)
        assert.same({9, "six", "::1"}, {seq, data, from.host})
        local one <const> = socket.inet_pton(INET6, "::1")
        local pseudo <const> = one .. one .. (">I4I4"):pack(#packet, socket.IPPROTO_ICMPV6)
        assert.equal(0, socket.checksum(packet, socket.checksum(pseudo)))
    end)
end)

describe("a raw socket of IGMP", function()
    -- The groups of an IGMPv3 report.
    local function reported(packet)
        local message <const> = parse_ip(packet).data
        local groups <const> = {}
        if message:byte(1) ~= 0x22 then return groups end
        assert.equal(0, socket.checksum(message))
        local count <const>, at = (">I2"):unpack(message, 7)
        for _ = 1, count do
            local words <const>, sources <const> = (">xBI2"):unpack(message, at)
            groups[socket.inet_ntoa(message:sub(at + 4, at + 7))] = true
            at = at + 8 + 4 * (words + sources)
        end
        return groups
    end

    raw_it("sees that a group is joined", function()
        local s <close> = raw(INET, socket.IPPROTO_IGMP)
        local member <close> = assert(socket.socket(INET, socket.SOCK_DGRAM))
        local group <const> = ("239.255.%d.%d"):format(new_identity() >> 8, identity)
        -- Where the reports go.
        assert(s:join_group("224.0.0.22", {interface = "lo"}))
        assert(member:join_group(group, {interface = "lo"}))
        local packet, from
        repeat
            packet, from = assert(s:recvfrom(2000))
        until reported(packet)[group]
        local ip <const> = parse_ip(packet)
        assert.same({"224.0.0.22", 1, socket.IPPROTO_IGMP}, {ip.to, ip.ttl, ip.proto})
        assert.equal(ip.from, from.host)
    end)
end)

describe("a header that the script has made", function()
    -- An IPv4 packet with a UDP datagram in it.
    local function datagram(from, to, port, data)
        local source <const>, target <const> = socket.inet_aton(from), socket.inet_aton(to)
        local length <const> = 8 + #data
        local pseudo <const> = source .. target .. (">I2I2"):pack(socket.IPPROTO_UDP, length)
        local udp <const> = (">I2I2I2I2"):pack(4321, port, length, 0) .. data
        local sum <const> = socket.checksum(udp, socket.checksum(pseudo))
        return (">BBI2I2I2BBI2"):pack(0x45, 0, 0, 0, 0, 33, socket.IPPROTO_UDP, 0)
            .. source .. target .. udp:sub(1, 6) .. (">I2"):pack(sum) .. data
    end

    for _, proto in ipairs{"IPPROTO_UDP", "IPPROTO_RAW"} do
        raw_it("is sent as it is by a socket of " .. proto, function()
            local s <close> = raw(INET, socket[proto])
            assert.equal(proto == "IPPROTO_RAW", s:getoption("hdrincl"))
            assert.is_true(s:setoption("hdrincl", true))
            local u <close> = net.udp()
            local packet <const> = datagram("127.9.8.7", LO, u:getsockname().port, "by hand")
            assert.equal(#packet, s:sendto(packet, LO, 0))
            local data <const>, from <const> = assert(u:recvfrom(100))
            assert.equal("by hand", data)
            assert.equal(socket.address("127.9.8.7", 4321), from)
        end)
    end

    raw_it("is refused if it is none", function()
        local s <close> = raw(INET, socket.IPPROTO_RAW)
        net.fails("EINVAL", s:sendto("short", LO, 0))
    end)
end)

describe("a raw socket of IPv6", function()
    local PROTO <const> = 253 -- for experiments, RFC 3692

    raw_it6("lets the kernel put the checksum where it is told to", function()
        local a <close> = raw(INET6, PROTO)
        local b <close> = raw(INET6, PROTO)
        assert.is_true(a:setoption("checksum", 2))
        assert.equal(2, a:getoption("checksum"))
        local mark <const> = (">I2"):pack(new_identity())
        assert(a:sendto("ab\0\0 what is summed" .. mark, "::1", 0))
        local packet
        repeat packet = assert(b:recv(2000)) until packet:sub(-2) == mark
        assert.equal("ab", packet:sub(1, 2))
        assert.not_equal("\0\0", packet:sub(3, 4))
        local one <const> = socket.inet_pton(INET6, "::1")
        local pseudo <const> = one .. one .. (">I4I4"):pack(#packet, PROTO)
        assert.equal(0, socket.checksum(packet, socket.checksum(pseudo)))
        assert.is_true(a:setoption("checksum", -1))
        assert(a:sendto("ab\0\0 no more" .. mark, "::1", 0))
        repeat packet = assert(b:recv(2000)) until packet:find("no more", 1, true)
        assert.equal("\0\0", packet:sub(3, 4))
    end)

    raw_it6("refuses a place that no checksum can have", function()
        local s <close> = raw(INET6, PROTO)
        net.fails("EINVAL", s:setoption("checksum", 3))
        local icmp6 <close> = raw(INET6, socket.IPPROTO_ICMPV6)
        net.fails("EINVAL", icmp6:setoption("checksum", 4))
    end)
end)
