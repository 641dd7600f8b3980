-- listen, accept and create_connection; more of the latter, and create_server, is in
-- spec/parity/g18_*_spec.lua.

local net <const> = require "spec.support.net"
local peer <const> = require "spec.support.peer"
local socket <const> = require "tidewire.socket"

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
end)
