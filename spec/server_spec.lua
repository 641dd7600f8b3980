-- listen, accept, create_server and create_connection.

local net <const> = require "spec.support.net"
local peer <const> = require "spec.support.peer"
local socket <const> = require "tidewire.socket"

local INET6 <const> = socket.AF_INET6

describe("listen", function()
    it("takes any backlog, and none", function()
        for _, backlog in ipairs{0, -1, 5, 2^31 - 1} do
            local s <close> = assert(socket.socket())
            assert.is_true(s:listen(math.tointeger(backlog)))
        end
        local s <close> = assert(socket.socket())
        assert.is_true(s:listen())
        assert.equal(1, s:getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))
        for _, bad in ipairs{2^31, 1.5, "5", {}, true} do
            net.raises("backlog", s.listen, s, bad)
        end
    end)

    it("is for streams", function()
        local s <close> = net.udp()
        net.fails("EOPNOTSUPP", s:listen())
    end)
end)

describe("accept", function()
    it("gives a connection and where it comes from", function()
        local server <close> = assert(socket.create_server{"127.0.0.1", 0})
        local client <close> = assert(socket.create_connection(server:getsockname(), 5))
        local conn <close>, from = assert(server:accept())
        assert.equal(client:getsockname(), from)
        assert.same({server.family, server.type}, {conn.family, conn.type})
    end)

    it("needs a listening socket", function()
        local s <close> = assert(socket.socket())
        net.fails("EINVAL", s:accept())
        s:settimeout(1)
        net.fails("EINVAL", s:accept())
    end)

    it("passes over nothing: each client once, in order", function()
        local server <close> = assert(socket.create_server{"127.0.0.1", 0})
        server:settimeout(net.LIMIT)
        local clients <const> = {}
        for i = 1, 50 do
            clients[i] = assert(socket.create_connection(server:getsockname(), 5))
        end
        for i = 1, 50 do
            local conn <close>, from = assert(server:accept())
            assert.equal(clients[i]:getsockname(), from)
            conn:close()
            clients[i]:close()
        end
    end)

    it("survives a client that is gone before", function()
        local server <close> = assert(socket.create_server{"127.0.0.1", 0})
        server:settimeout(net.LIMIT)
        local client <const> = assert(socket.create_connection(server:getsockname(), 5))
        client:setoption("linger", 0)
        client:close()
        local other <close> = assert(socket.create_connection(server:getsockname(), 5))
        local conn <const> = assert(server:accept())
        if conn:getpeername() ~= other:getsockname() then
            net.fails("ECONNRESET", conn:recv(1))
            local next_one <close> = assert(server:accept())
            assert.equal(other:getsockname(), next_one:getpeername())
        end
        conn:close()
    end)
end)

describe("accept without descriptors left", function()
    it("says EMFILE, and works again once there are", function()
        local child <close> = peer.start_with("ulimit -n 24", [[
            local server = assert(socket.create_server{"127.0.0.1", 0})
            server:settimeout(10)
            local clients, hoard = {}, {}
            for i = 1, 3 do
                clients[i] = assert(socket.create_connection(server:getsockname(), 5))
            end
            local s = socket.socket()
            while s do
                hoard[#hoard + 1] = s
                s = socket.socket()
            end
            say(select(3, socket.socket()))
            for _ = 1, 100 do
                local conn, _, code = server:accept()
                assert(conn == nil and code == "EMFILE", code)
            end
            say(#hoard > 5)
            for _, one in ipairs(hoard) do one:close() end
            for i = 1, 3 do
                local conn, from = assert(server:accept())
                assert(from == clients[i]:getsockname())
                conn:close()
            end
            say(select(3, socket.getaddrinfo("a..b", 80)))
        ]])
        local output <const>, status <const> = child:finish()
        assert.equal("EMFILE\ntrue\nEAI_NONAME\n", output)
        assert.equal(0, status)
    end)
end)

describe("create_server", function()
    it("serves IPv6 only, unless it is to serve both", function()
        assert.is_true(socket.has_dualstack_ipv6())
        -- Bound to one address, the system makes it so by itself.
        local six <close> = assert(socket.create_server({"", 0}, {family = INET6}))
        assert.is_true(six:getoption("v6only"))
        net.fails("ECONNREFUSED",
            socket.create_connection({"127.0.0.1", six:getsockname().port}, 5))
        local both <close> = assert(socket.create_server({"", 0},
            {family = INET6, dualstack_ipv6 = true}))
        assert.is_false(both:getoption("v6only"))
        both:settimeout(net.LIMIT)
        for host, shown in pairs{["127.0.0.1"] = "::ffff:127.0.0.1", ["::1"] = "::1"} do
            local client <close> = assert(socket.create_connection(
                {host, both:getsockname().port}, 5))
            local conn <close>, from = assert(both:accept())
            assert.equal(shown, from.host)
            assert(conn:sendall("hello " .. host))
            assert.equal("hello " .. host, client:recv(100))
        end
    end)
end)

describe("create_connection", function()
    it("connects to a name, an address or a table", function()
        local server <close> = assert(socket.create_server{"127.0.0.1", 0})
        local addr <const> = server:getsockname()
        for _, to in ipairs{{"localhost", addr.port}, {"127.0.0.1", addr.port}, addr} do
            local s <close> = assert(socket.create_connection(to, 5))
            assert.equal(addr, s:getpeername())
            assert.equal(5, s:gettimeout())
        end
    end)

    it("takes its timeout from where it is given", function()
        local server <close> = assert(socket.create_server{"127.0.0.1", 0})
        local addr <const> = server:getsockname()
        local function timeout(...)
            local s <close> = assert(socket.create_connection(addr, ...))
            return s:gettimeout()
        end
        assert.is_nil(timeout())
        assert.equal(3, timeout(nil, {timeout = 3}))
        assert.equal(3, timeout{timeout = 3})
        socket.setdefaulttimeout(30)
        local results <const> = {timeout(), timeout(false) or "none",
            timeout{timeout = false} or "none"}
        socket.setdefaulttimeout(nil)
        assert.same({30, "none", "none"}, results)
        net.raises("timeout", socket.create_connection, addr, -1)
        net.raises("unknown option", socket.create_connection, addr, {tmeout = 1})
        net.raises("address: table, address or path", socket.create_connection, 80)
    end)

    it("binds to a source address", function()
        local server <close> = assert(socket.create_server{"127.0.0.1", 0})
        local port <const> = net.unused_port()
        local s <close> = assert(socket.create_connection(server:getsockname(),
            {source_address = {"127.0.0.2", port}, timeout = 5}))
        assert.equal(socket.address("127.0.0.2", port), s:getsockname())
        net.fails("EADDRNOTAVAIL", socket.create_connection(server:getsockname(),
            {source_address = {"192.0.2.1", 0}, timeout = 5}))
    end)

    it("gives the last error, or all of them, and leaks no descriptor", function()
        local port <const> = net.unused_port()
        socket.getaddrinfo("localhost", port) -- the lookup thread's descriptors
        local before <const> = net.descriptors()
        net.fails("ECONNREFUSED", socket.create_connection({"localhost", port}, 5))
        local _, errors <const> = net.fails("ECONNREFUSED",
            socket.create_connection({"localhost", port}, 5, {all_errors = true}))
        assert.equal(#socket.getaddrinfo("localhost", port, 0, socket.SOCK_STREAM), #errors)
        for _, err in ipairs(errors) do
            assert.is_string(err.message)
            assert.is_string(err.code)
        end
        net.fails("EAI_NONAME", socket.create_connection({"a..b", port}, 5))
        assert.equal(before, net.descriptors())
    end)

    it("closes at once what did not connect", function()
        local addr <const> = socket.address("127.0.0.1", net.unused_port())
        local before <const> = net.descriptors()
        collectgarbage "stop"
        net.fails("ECONNREFUSED", socket.create_connection(addr, 5))
        net.fails("EADDRNOTAVAIL", socket.create_connection(addr,
            {source_address = {"192.0.2.1", 0}}))
        net.fails("EADDRNOTAVAIL", socket.create_server{"192.0.2.1", 0})
        local after <const> = net.descriptors_now()
        collectgarbage "restart"
        assert.equal(before, after)
    end)

    it("spends its timeout once, and leaves nothing half open", function()
        local addr <const>, held <close> = net.black_hole()
        local before <const> = net.descriptors()
        assert.is_true(#held > 1)
        net.takes(0.1, function()
            local message <const> = net.fails("timeout", socket.create_connection(addr, 0.1))
            assert.equal(("connect %s: timed out"):format(addr), message)
        end)
        assert.equal(before, net.descriptors())
    end)
end)
