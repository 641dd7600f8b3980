-- Every named option, read and set on the kinds of sockets that have it. What a
-- kernel does not know at all is passed over; most are known everywhere.

local net <const> = require "spec.support.net"
local socket <const> = require "tidewire.socket"

local INET <const>, INET6 <const> = socket.AF_INET, socket.AF_INET6
local STREAM <const>, DGRAM <const>, RAW <const> =
    socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW

local KINDS <const> = {
    tcp = {INET, STREAM}, tcp6 = {INET6, STREAM}, udp = {INET, DGRAM}, udp6 = {INET6, DGRAM},
    icmp = {INET, RAW, socket.IPPROTO_ICMP}, raw6 = {INET6, RAW, 200},
    unix = {socket.AF_UNIX, STREAM},
}
local TCP <const>, UDP <const>, IP <const> =
    {"tcp", "tcp6"}, {"udp", "udp6"}, {"tcp", "tcp6", "udp", "udp6"}
local ANY <const> = {"tcp", "udp6", "unix"}
local SWITCH <const> = {true, false}

-- Name: the kinds that have it, and values that can be set and are read back; a
-- function instead checks what is read.
local function positive(value) return math.type(value) == "integer" and value > 0 end
local function at_least(n)
    return {n, check = function(value) return value >= n end}
end
local OPTIONS <const> = {
    acceptconn = {TCP, {}}, bind_address_no_port = {IP, SWITCH},
    bindtodevice = {ANY, {"lo", ""}}, bindtoifindex = {ANY, {1, 0}},
    broadcast = {UDP, SWITCH}, busy_poll = {UDP, {50, 0}},
    checksum = {{"raw6"}, {2, 16, -1}}, congestion = {TCP, {"reno"}}, cork = {TCP, SWITCH},
    defer_accept = {TCP, {1}}, dontroute = {IP, SWITCH}, error = {ANY, {}},
    fastopen = {TCP, {5}, listens = true}, fastopen_connect = {TCP, SWITCH},
    freebind = {IP, SWITCH}, hdrincl = {{"icmp", "raw6"}, SWITCH},
    icmp_filter = {{"icmp"}, {1 << 8, 0}}, incoming_cpu = {IP, {0}}, keepalive = {ANY, SWITCH},
    keepcnt = {TCP, {5}}, keepidle = {TCP, {60}}, keepintvl = {TCP, {7}},
    linger = {ANY, {12, false}}, mark = {ANY, {42, 0}}, maxseg = {TCP, {}},
    minttl = {IP, {255, 0}}, mtu_discover = {IP, {2, 0, 1}}, multicast_all = {UDP, SWITCH},
    multicast_loop = {IP, SWITCH}, multicast_ttl = {UDP, {4}}, nodelay = {TCP, SWITCH},
    mtu = {UDP, {}, connected = true}, notsent_lowat = {TCP, {16384}},
    oobinline = {TCP, SWITCH}, passcred = {{"unix"}, SWITCH}, passsec = {{"unix"}, SWITCH},
    peercred = {{"unix"}, {}}, pktinfo = {UDP, SWITCH}, priority = {ANY, {3}},
    quickack = {TCP, {}}, rcvbuf = {ANY, at_least(20000)}, rcvlowat = {TCP, {2}},
    recverr = {IP, SWITCH}, recvorigdstaddr = {UDP, SWITCH}, recvtos = {UDP, SWITCH},
    recvttl = {UDP, SWITCH}, reuseaddr = {ANY, SWITCH}, reuseport = {IP, SWITCH},
    rxq_ovfl = {ANY, SWITCH}, sndbuf = {ANY, at_least(20000)}, syncnt = {TCP, {3}},
    timestamp = {ANY, SWITCH}, timestampns = {ANY, SWITCH}, tos = {IP, {16}},
    transparent = {IP, SWITCH}, ttl = {IP, {33}},
    udp_gro = {UDP, SWITCH}, udp_segment = {UDP, {1000, 0}}, user_timeout = {TCP, {1.25, 0}},
    v6only = {{"tcp6", "udp6"}, SWITCH}, window_clamp = {TCP, {20000}},
    zerocopy = {IP, SWITCH},
}
local READ_ONLY <const> = {acceptconn = false, error = 0, mtu = positive, maxseg = positive,
    quickack = function(value) return type(value) == "boolean" end,
    peercred = function(value) return value.pid and value.uid and value.gid end}

-- A socket of that kind; nil where this process cannot have one.
local function make(kind, row)
    if KINDS[kind][1] == INET6 and net.without_ipv6() then return nil end
    local s <const>, message <const>, code <const> = socket.socket(table.unpack(KINDS[kind]))
    if not s and code == "EPERM" then return nil end
    assert(s, message)
    if row.listens then assert(s:listen()) end
    if row.connected then
        assert(s:connect(s.family == INET and "127.0.0.1" or "::1", 9))
    end
    return s
end

local function matches(expected, value)
    if type(expected) == "function" then return expected(value) end
    return expected == value
end

-- Sets each of the values and reads it back. False if it takes privileges.
local function walk(s, name, values, where)
    for _, value in ipairs(values) do
        local ok <const>, message <const>, code <const> = s:setoption(name, value)
        if code == "EPERM" then return false end
        assert.is_true(ok, ("%s: %s"):format(where, message))
        assert.is_true(matches(values.check or value, s:getoption(name)), where)
    end
    return true
end

-- False if this kernel has no such option, or not for this process.
local function examine(name, kind)
    local row <const> = OPTIONS[name]
    local s <close> = make(kind, row)
    if not s then return false end
    local where <const> = name .. " of " .. kind
    local value <const>, _, code <const> = s:getoption(name)
    if value == nil then
        assert.equal("ENOPROTOOPT", code, where)
        return false
    end
    if #row[2] > 0 then return walk(s, name, row[2], where) end
    assert.is_true(matches(READ_ONLY[name], value) and true, where)
    return true
end

describe("the named option", function()
    for name, row in pairs(OPTIONS) do
        it(name .. " is read as it was set", function()
            local known = 0
            for _, kind in ipairs(row[1]) do
                known = known + (examine(name, kind) and 1 or 0)
            end
            if known == 0 then pending("no socket that we may have has the option " .. name) end
        end)
    end

    it("has not been forgotten here", function()
        local source <close> = assert(io.open "csrc/core/opt.c")
        local seen = 0
        for name in source:read("a"):gmatch '\n    {"([%w_]+)",' do
            assert.is_table(OPTIONS[name], name)
            seen = seen + 1
        end
        local all = 0
        for _ in pairs(OPTIONS) do all = all + 1 end
        assert.equal(all, seen)
    end)

    it("passes on that a socket has none such", function()
        local s <close> = assert(socket.socket())
        local message <const> = net.fails("EOPNOTSUPP", s:getoption("icmp_filter"))
        assert.equal("getoption icmp_filter: Operation not supported", message)
        net.fails("ENOTCONN", s:getoption("mtu"))
    end)
end)
