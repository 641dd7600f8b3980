-- Addresses of IPv4 and IPv6 as arguments: cases G2/28 to G2/43; see
-- g02_objects_spec.lua for the others.

local net <const> = require "spec.support.net"
local peer <const> = require "spec.support.peer"
local socket <const> = require "tidewire.socket"

local INET <const>, INET6 <const> = socket.AF_INET, socket.AF_INET6
local DGRAM <const> = socket.SOCK_DGRAM

-- The methods that take an address, called with one that is given as arguments.
local CALLS <const> = {
    bind = function(s, ...) return s:bind(...) end,
    connect = function(s, ...) return s:connect(...) end,
    sendto = function(s, ...) return s:sendto("data", ...) end,
}

local it6 <const> = net.it6(it)

describe("addresses:", function()
    it("G2/28 a port is not taken modulo 65536", function()
        local port <const> = net.unused_port()
        local s <close> = assert(socket.socket())
        net.raises("port", s.bind, s, {"127.0.0.1", port + 65536})
        net.raises("port", s.bind, s, {"127.0.0.1", port - 65536})
        assert(s:bind{"127.0.0.1", port})
        assert.equal(port, s:getsockname().port)
    end)

    it("G2/29 a port is an integer from 0 to 65535", function()
        local s <close> = assert(socket.socket(INET, DGRAM))
        for _, call in pairs(CALLS) do
            for _, port in ipairs{-1, 65536, 80.5, "http"} do
                net.raises("port", call, s, {"127.0.0.1", port})
                net.raises("port", call, s, "127.0.0.1", port)
            end
        end
    end)

    it("G2/30 an address is a host without NUL and a port", function()
        local s <close> = assert(socket.socket(INET, DGRAM))
        for _, call in pairs(CALLS) do
            net.raises("port", call, s, {"127.0.0.1"})
            net.raises("too many elements", call, s, {"127.0.0.1", 80, 0})
            net.raises("port", call, s, "127.0.0.1")
            net.raises("host", call, s, {nil, 80})
            net.raises("address", call, s, nil, 80)
            net.raises("host: contains a NUL byte", call, s, {"127.0.0.1\0.example", 80})
        end
    end)

    it("G2/31 getsockname names the wildcard and the port of bind", function()
        local port <const> = net.unused_port()
        local s <close> = assert(socket.socket())
        assert(s:bind{"0.0.0.0", port})
        assert.same({"0.0.0.0", port}, {s:getsockname():unpack()})
    end)

    it("G2/32 an empty host is the wildcard, port 0 any port", function()
        local s <close> = assert(socket.socket())
        assert(s:bind{"", 0})
        assert.equal("0.0.0.0", s:getsockname().host)
        assert.is_true(s:getsockname().port > 0)
    end)

    it("G2/33 <broadcast> is 255.255.255.255", function()
        for _, host in ipairs{"<broadcast>", "255.255.255.255"} do
            local s <close> = assert(socket.socket(INET, DGRAM))
            assert(s:bind{host, 0})
            assert.equal("255.255.255.255", s:getsockname().host)
            local _ <const>, message <const>, code <const> = s:sendto("data", {host, 9})
            if code == "ENETUNREACH" then return pending(message) end
            assert.equal("EACCES", code)
        end
    end)

    it("G2/34 a numeric host of the other family", function()
        local s <close> = assert(socket.socket(INET, DGRAM))
        for _, call in pairs(CALLS) do
            net.fails("EAI_ADDRFAMILY", call(s, {"::1", 80}))
        end
    end)

    it6("G2/34 ditto, for IPv6", function()
        local s <close> = assert(socket.socket(INET6, DGRAM))
        for _, call in pairs(CALLS) do
            net.fails("EAI_ADDRFAMILY", call(s, {"127.0.0.1", 80}))
        end
    end)

    it("G2/35 a host that cannot be resolved", function()
        local s <close> = assert(socket.socket(INET, DGRAM))
        s:settimeout(net.LIMIT)
        -- No resolver asks anybody about these.
        for _, host in ipairs{"256.1.1.1", "a..b", ("x"):rep(64) .. ".invalid"} do
            for _, call in pairs(CALLS) do
                net.fails("EAI_NONAME", call(s, {host, 80}))
            end
        end
    end)

    it6("G2/36 IPv6 addresses have 2, 3 or 4 elements, and are named by 4", function()
        for _, rest in ipairs{{}, {5}, {5, 0}, {0, 0}} do
            local s <close> = assert(socket.socket(INET6, DGRAM))
            assert(s:bind{"::1", 0, table.unpack(rest)})
            local host <const>, port <const>, _, scope <const>, more <const> =
                s:getsockname():unpack()
            assert.equal(4, #s:getsockname())
            assert.same({"::1", 0}, {host, scope})
            assert.is_true(port > 0)
            assert.is_nil(more)
        end
    end)

    it6("G2/37 flowinfo has 20 bits", function()
        local s <close> = assert(socket.socket(INET6, DGRAM))
        for _, call in pairs(CALLS) do
            net.raises("flowinfo", call, s, {"::1", 80, -10})
            net.raises("flowinfo", call, s, {"::1", 80, 0xffffffff})
            net.raises("flowinfo", call, s, {"::1", 80, 0x100000})
        end
        assert(s:bind{"::1", 0, 0xfffff})
        assert.equal(0xfffff, socket.address{"::1", 80, 0xfffff}.flowinfo)
    end)

    it6("G2/38 an IPv6 address has no fifth element, and is not <broadcast>", function()
        local s <close> = assert(socket.socket(INET6, DGRAM))
        for _, call in pairs(CALLS) do
            net.raises("too many elements", call, s, {"::1", 80, 0, 0, 0})
            net.fails("EAI_ADDRFAMILY", call(s, {"<broadcast>", 80}))
        end
    end)

    it6("G2/39 an empty host is :: for IPv6", function()
        local s <close> = assert(socket.socket(INET6))
        assert(s:bind{"", 0})
        assert.equal("::", s:getsockname().host)
    end)

    it6("G2/40 a scope in the host counts when none is given", function()
        local index <const> = socket.address{family = socket.AF_INET6, "fe80::1%lo", 80}.scope_id
        assert.is_true(index > 0)
        assert.equal(7, socket.address{"fe80::1%lo", 80, 0, 7}.scope_id)
        local s <close> = assert(socket.socket(INET6, DGRAM))
        s:settimeout(net.LIMIT)
        local ok <const>, message <const>, code <const> = s:connect{"fe80::1%lo", 80}
        if ok then
            assert.equal(index, s:getpeername().scope_id)
        else
            -- Without a scope that would be EINVAL.
            assert.equal("ENETUNREACH", code)
            assert.is_truthy(message:find(("[fe80::1%%%d]:80"):format(index), 1, true), message)
        end
    end)

    it("G2/41 numeric hosts never touch the resolver", function()
        local host6 <const> = net.hosts()[2]
        local output <const>, status <const> = peer.run([[
            local function threads()
                local file <close> = io.open "/proc/self/status"
                return tonumber(file:read("a"):match("Threads:%s*(%d+)"))
            end
            for _, host in ipairs(arg) do
                local family = host:find(":", 1, true) and socket.AF_INET6 or socket.AF_INET
                local server = assert(socket.create_server({host, 0}, {family = family}))
                local to = {host, server:getsockname().port}
                assert(socket.create_connection(to)):close()
                local s = assert(socket.socket(family))
                assert(s:connect(to))
                local u = assert(socket.socket(family, socket.SOCK_DGRAM))
                assert(u:bind(to))
                assert(u:sendto("x", to))
                say(threads())
            end
            assert(socket.getaddrinfo("localhost", 80))
            say(threads() > 1)]], "127.0.0.1", "0.0.0.0", host6)
        assert.equal(("1\n"):rep(host6 and 3 or 2) .. "true\n", output)
        assert.equal(0, status)
    end)

    it("G2/43 a socket is bound once, to a free port of this machine", function()
        local s <close> = net.udp()
        net.fails("EINVAL", s:bind{"127.0.0.1", 0})
        local t <close> = assert(socket.socket(INET, DGRAM))
        net.fails("EADDRINUSE", t:bind(s:getsockname()))
        net.fails("EADDRNOTAVAIL", t:bind{"192.0.2.1", 0})
        assert(t:bind{"127.0.0.1", 0})
    end)
end)
