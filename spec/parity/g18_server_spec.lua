-- create_server (cases 312 to 320 of the parity list).

local net <const> = require "spec.support.net"
local peer <const> = require "spec.support.peer"
local socket <const> = require "tidewire.socket"

local INET <const>, INET6 <const> = socket.AF_INET, socket.AF_INET6
local it6 <const> = net.it6(it)

describe("create_server", function()
    it("G18/312 binds exactly where it is told", function()
        local port <const> = net.unused_port()
        for _, host in ipairs(net.hosts()) do
            local s <close> = assert(socket.create_server({host, port},
                {family = host == "::1" and INET6 or nil}))
            assert.equal(socket.address(host, port), s:getsockname())
        end
        local c <close> = assert(socket.create_server("127.0.0.1", 0))
        assert.is_true(c:getsockname().port > 0)
        assert.is_true(c:getoption("acceptconn"))
    end)

    it("G18/313 makes a stream of the family that is asked for", function()
        for _, family in ipairs{INET, not net.without_ipv6() and INET6 or nil} do
            local s <close> = assert(socket.create_server({"", 0}, {family = family}))
            assert.same({family, socket.SOCK_STREAM}, {s.family, s.type})
        end
        local default <close> = assert(socket.create_server{"", 0})
        assert.equal(INET, default.family)
    end)

    it("G18/314 shares a port only if it is told to", function()
        local a <close> = assert(socket.create_server{"127.0.0.1", 0})
        assert.equal(0, a:getsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT))
        local b <close> = assert(socket.create_server({"127.0.0.1", 0}, {reuse_port = true}))
        assert.not_equal(0, b:getsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT))
        local c <close> = assert(socket.create_server(b:getsockname(), {reuse_port = true}))
        assert.equal(b:getsockname(), c:getsockname())
        net.fails("EADDRINUSE", socket.create_server(b:getsockname()))
    end)

    it6("G18/315 serves IPv6 only, by default", function()
        -- Bound to one address, the system makes it so by itself.
        local s <close> = assert(socket.create_server({"", 0}, {family = INET6}))
        assert.equal(1, s:getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY))
        net.fails("ECONNREFUSED",
            socket.create_connection({"127.0.0.1", s:getsockname().port}, 5))
    end)

    it6("G18/316 serves both if it is told to, with a socket of AF_INET6", function()
        local s <close> = assert(socket.create_server({"", 0},
            {family = INET6, dualstack_ipv6 = true}))
        assert.equal(INET6, s.family)
        assert.equal(0, s:getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY))
    end)

    it("G18/317 refuses misuse", function()
        local at <const> = {"127.0.0.1", 0}
        local before <const> = net.descriptors()
        net.raises("dualstack_ipv6: needs", socket.create_server, at, {dualstack_ipv6 = true})
        net.raises("unknown option 'backlogg'", socket.create_server, at, {backlogg = 1})
        net.raises("options: table expected", socket.create_server, at, 5)
        net.raises("address", socket.create_server)
        net.raises("port", socket.create_server, {"127.0.0.1", 65536})
        net.raises("backlog", socket.create_server, at, {backlog = "5"})
        assert.equal(before, net.descriptors_now())
    end)

    it("G18/317 names the address that it cannot have, and leaves nothing open", function()
        local server <close> = assert(socket.create_server{"127.0.0.1", 0})
        assert.is_true(server:getoption("reuseaddr"))
        net.fails("EAI_NONAME", socket.create_server{"a..b", 0})
        local before <const> = net.descriptors()
        local addr <const> = server:getsockname()
        assert.is_truthy(net.fails("EADDRINUSE", socket.create_server(addr))
            :find(tostring(addr), 1, true))
        net.fails("EADDRNOTAVAIL", socket.create_server{"192.0.2.1", 0})
        net.fails("EAI_NONAME", socket.create_server{"a..b", 0})
        assert.equal(before, net.descriptors_now())
    end)

    it6("G18/317 fails if it cannot be made IPv6 only", function()
        local output <const>, status <const> = peer.run[[
            local sample <close> = assert(socket.socket(socket.AF_INET6))
            local methods <const> = debug.getmetatable(sample).__index
            local original <const> = methods.setoption
            function methods.setoption(s, name, value)
                if name == "v6only" then return nil, "as told", "ENOPROTOOPT" end
                return original(s, name, value)
            end
            for _, both in ipairs{false, true} do
                say(socket.create_server({"", 0}, {family = socket.AF_INET6,
                    dualstack_ipv6 = both}))
            end
            say(socket.type(assert(socket.create_server{"127.0.0.1", 0})))
        ]]
        assert.equal(("nil\tas told\tENOPROTOOPT\n"):rep(2) .. "socket\n", output)
        assert.equal(0, status)
    end)

    it6("G18/320 can serve both if has_dualstack_ipv6 says so", function()
        local before <const> = net.descriptors()
        local fresh <close> = assert(socket.socket(INET6))
        local able <const> = fresh:setoption("v6only", false) == true
        assert.equal(able, socket.has_dualstack_ipv6())
        fresh:close()
        assert.equal(before, net.descriptors_now())
        local s <close>, message, code = socket.create_server({"", 0},
            {family = INET6, dualstack_ipv6 = true})
        assert.equal(able, s ~= nil, message)
        if s then s:close() else assert.equal("ENOPROTOOPT", code) end
    end)
end)
