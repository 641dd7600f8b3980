-- Address objects, and what holds for those of every family: cases G2/44 to
-- G2/47. The codecs of all families byte by byte: spec/c/family_test.c.

local parity <const> = require "spec.support.parity"
local socket <const> = require "tidewire.socket"

local DGRAM <const> = socket.SOCK_DGRAM

-- Removes the file of a UNIX address.
local function vacate(address)
    if address.path and address.path:find("^/") then os.remove(address.path) end
end

parity.describe("address objects:", function()
    local STREAMS <const> = {"tcp", "tcp6", "unix", "unix_seqpacket", "sctp", "mptcp"}

    parity.case("G2/44 of accept and getpeername serve connect and bind",
        {transports = STREAMS, raw = true},
        function(s, t)
            local conn <const>, from <const> = assert(s:accept())
            assert.equal(tostring(from), t:sync("my name"))
            assert.equal(from, conn:getpeername())
            local second <close> = t:new()
            assert(second:connect(conn:getsockname()))
            assert.equal(conn:getsockname(), second:getpeername())
            t:sync("closed")
            conn:close()
            vacate(from)
            local third <close> = t:new()
            third:setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            assert(third:bind(from))
            assert.equal(from, third:getsockname())
            vacate(from)
        end,
        function(_, t)
            local s <close> = t:bound()
            s:setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            assert(s:connect(t.address))
            t:sync("my name", tostring(s:getsockname()))
            s:close()
            t:sync("closed")
        end)

    parity.case("G2/44 of recvfrom serve sendto, connect and bind",
        {transports = parity.DATAGRAMS},
        function(s, t)
            local data <const>, from <const> = s:recvfrom(100)
            assert.equal("first", data)
            assert.equal(t.address, from)
            assert(s:sendto("second", from))
            assert(s:connect(from))
            assert.equal(from, s:getpeername())
            assert(s:send("third"))
            t:sync("closed")
            vacate(from)
            local again <close> = t:new()
            assert(again:bind(from))
            assert.equal(from, again:getsockname())
            vacate(from)
        end,
        function(s, t)
            assert(s:sendto("first", t.address))
            assert.equal("second", s:recv(100))
            assert.equal("third", s:recv(100))
            s:close()
            t:sync("closed")
        end)

    parity.case("G2/45 that are equal are one key of a table", {transports = parity.DATAGRAMS},
        function(s, t)
            local seen <const> = {}
            for i = 1, 3 do
                local data <const>, from <const> = s:recvfrom(100)
                seen[from] = (seen[from] or "") .. data
                assert(s:sendto(tostring(i), from))
            end
            assert.equal("abc", seen[t.address])
            assert.equal(t.address, next(seen))
            assert.is_nil(next(seen, t.address))
        end,
        function(s, t)
            for i, data in ipairs{"a", "b", "c"} do
                t:send(s, data)
                assert.equal(tostring(i), s:recv(100))
            end
        end)

    parity.case("G2/47 there is none of length zero: nil", {transports = {"tcp", "tcp6"}},
        function(s)
            local data <const>, from <const> = s:recvfrom(100)
            assert.equal("data", data)
            assert.is_nil(from)
        end,
        function(s) assert(s:sendall("data")) end)
end)

describe("addresses of other families:", function()
    -- A socket of the family, or skips the case.
    local function of(...)
        local s <const>, message <const>, code <const> = socket.socket(...)
        if code == "EPERM" or code == "EAFNOSUPPORT" then return nil, message end
        return assert(s, message)
    end

    -- What getsockname says is where another socket can be bound instead.
    local function rebinds(address, ...)
        local s <const>, message <const> = of(...)
        if not s then return pending(message) end
        assert(s:bind(address))
        local name <const> = s:getsockname()
        s:close()
        local t <close> = assert(of(...))
        assert(t:bind(name))
        assert.equal(name, t:getsockname())
        assert.equal(name, socket.address{family = name.family, name:unpack()})
        return name
    end

    it("G2/44 netlink", function()
        rebinds({0, 0}, socket.AF_NETLINK, socket.SOCK_RAW)
    end)

    it("G2/44 packet", function()
        rebinds({"lo", 0x88b5}, socket.AF_PACKET, DGRAM)
    end)

    it("G2/44 vsock", function()
        rebinds({socket.VMADDR_CID_ANY, 12345}, socket.AF_VSOCK)
    end)

    -- proto (of the socket), elements as given, and as they come back if they
    -- differ.
    local ROUND <const> = {
        AF_INET = {{0, {"127.0.0.1", 80}}},
        AF_INET6 = {{0, {"fe80::1", 80, 5, 7}}, {0, {"::", 80}, {"::", 80, 0, 0}}},
        AF_UNIX = {{0, {"/tmp/a b"}}, {0, {"\0a\0"}}, {0, {""}}},
        AF_NETLINK = {{0, {7, 0x80000001}}},
        AF_PACKET = {{0, {"lo", 0x800, 4, 772, "\0\1\xff"}}, {0, {"lo", 3}, {"lo", 3, 0, 0, ""}}},
        AF_VSOCK = {{0, {0xffffffff, 1}}},
        AF_TIPC = {{0, {1, 18888, 1, 9, 3}}, {0, {2, 18888, 1, 0, 2}}, {0, {3, 16, 17, 0, 1}}},
        AF_CAN = {{"CAN_RAW", {"lo"}}, {"CAN_BCM", {""}}, {"CAN_ISOTP", {"lo", 1, 2}},
            {"CAN_J1939", {"lo", 5, 0x3ffff, 255}}},
        AF_ALG = {{0, {"hash", "sha256", 1, 2}}, {0, {"hash", "sha256"}, {"hash", "sha256", 0, 0}}},
        AF_QIPCRTR = {{0, {1, 2}}},
        AF_BLUETOOTH = {
            {"BTPROTO_L2CAP", {"00:1A:7D:DA:71:13", 1}},
            {"BTPROTO_L2CAP", {"00:1A:7D:DA:71:13", 1, 64}},
            {"BTPROTO_L2CAP", {"00:1A:7D:DA:71:13", 1, 0, 1}},
            {"BTPROTO_RFCOMM", {"00:1A:7D:DA:71:13", 1}},
            {"BTPROTO_HCI", {0}}, {"BTPROTO_HCI", {1, 3}},
            {"BTPROTO_SCO", {"00:1A:7D:DA:71:13"}},
        },
    }

    for name, list in pairs(ROUND) do
        it("G2/46 there and back, without a socket: " .. name, function()
            for _, case in ipairs(list) do
                local proto <const> = socket[case[1]] or case[1]
                local given <const> = {family = socket[name], proto = proto,
                    table.unpack(case[2])}
                local address <const> = assert(socket.address(given))
                assert.equal(socket[name], address.family)
                assert.same(case[3] or case[2], {address:unpack()})
                assert.equal(address, socket.address{family = socket[name], proto = proto,
                    address:unpack()})
            end
        end)
    end
end)
