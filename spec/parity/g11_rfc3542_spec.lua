-- Control messages of IPv6 as in RFC 3542, and of IPv4: cases G11/195 to G11/207,
-- each of IPv6 with recvmsg and with recvmsg_into.

local net <const> = require "spec.support.net"
local parity <const> = require "spec.support.parity"
local socket <const> = require "tidewire.socket"
local WAYS <const> = require "spec.support.ways"

local MESSAGE <const> = "Michael Gilfix was here"
local INT <const> = string.packsize("i")
local LEN <const>, SPACE <const> = socket.CMSG_LEN, socket.CMSG_SPACE
local IPV6 <const>, IP <const> = socket.IPPROTO_IPV6, socket.IPPROTO_IP
local HOPS <const>, CLASS <const> = socket.IPV6_HOPLIMIT, socket.IPV6_TCLASS

local function item(kind, value)
    return {IPV6, kind, string.pack("i", value)}
end

-- A case with both ways of receiving. The options are set before the peer sends
-- the message, with those items.
local function case(name, options, items, check)
    for way, f in pairs(WAYS) do
        local function receive(s, ...) return f(s, #MESSAGE, ...) end
        parity.case(("%s (%s)"):format(name, way), {transports = {"udp6", "udplite6"}},
            function(s, t)
                for _, option in ipairs(options) do
                    assert(s:setsockopt(IPV6, option, 1))
                end
                t:sync("options are set")
                check(s, t, receive)
            end,
            function(s, t)
                t:sync("options are set")
                assert.equal(#MESSAGE, s:sendmsg({MESSAGE}, items, 0, t.to))
            end)
    end
end

local ONE <const> = {socket.IPV6_RECVHOPLIMIT}
local TWO <const> = {socket.IPV6_RECVHOPLIMIT, socket.IPV6_RECVTCLASS}

-- The message, its items by type, whether some were cut off.
local function received(t, data, ancdata, flags, from)
    assert.equal(MESSAGE, data)
    assert.equal(t.address, from)
    assert.equal(0, flags & (socket.MSG_TRUNC | socket.MSG_OOB))
    local found <const> = {}
    for _, entry in ipairs(ancdata) do
        assert.equal(IPV6, entry.level)
        assert.is_nil(found[entry.type])
        found[entry.type] = entry
    end
    return found, flags & socket.MSG_CTRUNC ~= 0, #ancdata
end

-- The number in an item, which is one byte's worth.
local function number(entry)
    assert.equal(INT, #entry.data)
    local n <const> = string.unpack("i", entry.data)
    assert.is_true(n >= 0 and n <= 255)
    assert.equal(n, entry.value)
    return n
end

local function check_hops(most, ...)
    local found <const>, cut <const>, n <const> = received(...)
    assert.equal(1, n)
    assert.is_false(cut)
    assert.equal("ttl", found[HOPS].name)
    assert.is_true(number(found[HOPS]) <= most)
end

local function check_both(hops, class, ...)
    local found <const>, cut <const>, n <const> = received(...)
    assert.equal(2, n)
    assert.is_false(cut)
    assert.is_true(number(found[HOPS]) <= hops)
    assert.is_true(number(found[CLASS]) == class or not class)
end

parity.describe("control messages of IPv6", function()
    case("G11/195 the hop limit", ONE, nil, function(s, t, receive)
        check_hops(255, t, receive(s, 10240))
    end)

    case("G11/196 the hop limit, in room of CMSG_SPACE", ONE, nil, function(s, t, receive)
        check_hops(255, t, receive(s, SPACE(INT)))
    end)

    case("G11/197 the hop limit, as it was set", ONE, {item(HOPS, 2)},
        function(s, t, receive)
            check_hops(2, t, receive(s, 10240))
        end)

    case("G11/198 traffic class and hop limit", TWO, nil, function(s, t, receive)
        check_both(255, nil, t, receive(s, 10240))
    end)

    case("G11/198 both, in room of CMSG_SPACE", TWO, nil, function(s, t, receive)
        check_both(255, nil, t, receive(s, 2 * SPACE(INT)))
    end)

    case("G11/199 both, as they were set", TWO, {item(CLASS, 4), item(HOPS, 2)},
        function(s, t, receive)
            check_both(2, 4, t, receive(s, 10240))
        end)

    for way, receive in pairs(WAYS) do
        parity.case("G11/200 an item a byte too long, and another after it (" .. way .. ")",
            {transports = {"udp6", "udplite6"}}, function(s, t)
                for _, option in ipairs(TWO) do assert(s:setsockopt(IPV6, option, 1)) end
                t:sync("options are set")
                local found <const> = received(t, receive(s, #MESSAGE, 10240))
                assert.is_true(number(found[HOPS]) <= 2)
            end, function(s, t)
                t:sync("options are set")
                local odd <const> = {IPV6, CLASS, string.pack("iB", 4, 0)}
                if not s:sendmsg({MESSAGE}, {odd, item(HOPS, 2)}, 0, t.to) then
                    assert(s:sendmsg({MESSAGE}, {item(HOPS, 2)}, 0, t.to))
                end
            end)
    end

    case("G11/201 no room at all", ONE, nil, function(s, t, receive)
        assert.same({}, (received(t, receive(s))))
    end)

    case("G11/201 no room, in so many words", ONE, nil, function(s, t, receive)
        assert.same({}, (received(t, receive(s, 0))))
    end)

    for _, room in ipairs{1, 2 * INT, LEN(0) - 1} do
        case(("G11/202 room of %d, less than a header takes"):format(room), ONE, nil,
            function(s, t, receive)
                local found <const>, cut <const> = received(t, receive(s, room))
                assert.same({{}, true}, {found, cut})
            end)
    end

    case("G11/203 room for a part of the number", ONE, nil, function(s, t, receive)
        local found <const>, cut <const>, n <const> = received(t, receive(s, LEN(INT) - 1))
        assert.is_true(cut and n <= 1)
        if n == 0 then return end
        assert.is_true(#found[HOPS].data < INT)
        assert.is_nil(found[HOPS].name or found[HOPS].value)
    end)

    for _, more in ipairs{0, 1, 2 * INT, LEN(0) - 1} do
        case(("G11/204 room for one, and %d"):format(more), TWO, nil,
            function(s, t, receive)
                local found <const>, cut <const>, n <const> =
                    received(t, receive(s, SPACE(INT) + more))
                assert.equal(1, n)
                assert.is_true(cut)
                number(found[HOPS] or found[CLASS])
            end)
    end

    case("G11/205 room for one, and a part of the other", TWO, nil,
        function(s, t, receive)
            local data <const>, ancdata <const>, flags <const>, from <const> =
                receive(s, SPACE(INT) + LEN(INT) - 1)
            local _, cut <const>, n <const> = received(t, data, ancdata, flags, from)
            assert.is_true(cut and n >= 1 and n <= 2)
            number(ancdata[1])
            if n == 2 then assert.is_true(#ancdata[2].data < INT) end
        end)
end)

-- The items of a list by type, those of one level.
local function by_type(ancdata, level)
    local found <const> = {}
    for _, entry in ipairs(ancdata) do
        if entry.level == level then found[entry.type] = entry end
    end
    return found
end

-- Seconds since the epoch, within a few of what the other clock says.
local function check_time(time)
    local now <const> = os.time()
    assert.is_true(time.sec >= now - 2 * net.LIMIT and time.sec <= now + 1)
    assert.is_true(time.nsec >= 0 and time.nsec < 1000000000)
end

parity.describe("control messages of IPv4", function()
    parity.case("G11/206 where to, how far, which class, and when",
        {transports = {"udp", "udplite"}}, function(s, t)
            assert(s:setsockopt(IP, socket.IP_PKTINFO, 1))
            assert(s:setsockopt(IP, socket.IP_RECVTTL, 1))
            assert(s:setsockopt(IP, socket.IP_RECVTOS, 1))
            assert(s:setsockopt(socket.SOL_SOCKET, socket.SO_TIMESTAMP, 1))
            t:sync("options are set")
            local data <const>, ancdata <const>, flags <const> = s:recvmsg(1024, 1024)
            assert.equal(MESSAGE, data)
            assert.equal(0, flags)
            assert.equal(4, #ancdata)
            local found <const> = by_type(ancdata, IP)
            assert.same({12, 4, 1}, {#found[8].data, #found[2].data, #found[1].data})
            local info <const> = found[8].value
            assert.same({"pktinfo", "127.0.0.1", "127.0.0.1", true},
                {found[8].name, info.addr, info.spec_dst, info.ifindex > 0})
            assert.same({"ttl", 7, "tos", 4},
                {found[2].name, found[2].value, found[1].name, found[1].value})
            local stamp <const> = by_type(ancdata, socket.SOL_SOCKET)[socket.SCM_TIMESTAMP]
            assert.equal("timestamp", stamp.name)
            check_time(stamp.value)
        end, function(s, t)
            t:sync("options are set")
            local items <const> = {{IP, 2, string.pack("i", 7)}, {name = "tos", value = 4}}
            assert.equal(#MESSAGE, s:sendmsg({MESSAGE}, items, 0, t.to))
        end)

    local LEVELS <const> = {udp = {IP, socket.IP_RECVERR},
        udp6 = {IPV6, socket.IPV6_RECVERR}, udplite = {IP, socket.IP_RECVERR}}

    parity.case("G11/207 the error of a message to a port where nobody is",
        {transports = {"udp", "udp6", "udplite"}}, function(s, t)
            local level <const>, option <const> = table.unpack(LEVELS[t.transport])
            assert(s:setsockopt(level, option, 1))
            local gone <close> = t:bound()
            local address <const> = gone:getsockname()
            gone:close()
            assert.equal(#MESSAGE, s:sendmsg({MESSAGE}, nil, 0, address))
            -- Whoever waits for a message learns that there is an error.
            net.fails("ECONNREFUSED", s:recv(1024))
            local data <const>, ancdata <const>, flags <const>, to <const> =
                s:recvmsg(1024, 1024, socket.MSG_ERRQUEUE)
            assert.same({MESSAGE, socket.MSG_ERRQUEUE}, {data, flags})
            assert.equal(address, to)
            assert.equal(1, #ancdata)
            local entry <const> = ancdata[1]
            assert.same({level, option, "recverr"}, {entry.level, entry.type, entry.name})
            assert.equal(socket.errno.ECONNREFUSED, (string.unpack("I4", entry.data)))
            local six <const> = level == IPV6
            assert.equal("ECONNREFUSED", entry.value.errno)
            -- Port unreachable, as ICMP and ICMPv6 say it.
            assert.same(six and {3, 1, 4} or {2, 3, 3},
                {entry.value.origin, entry.value.type, entry.value.code})
            assert.equal(address.host, entry.value.offender.host)
            net.fails("EAGAIN", s:recvmsg(1024, 1024, socket.MSG_ERRQUEUE))
        end)
end)
