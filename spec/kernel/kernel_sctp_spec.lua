-- SCTP: connections that keep the boundaries of messages. What they share with
-- TCP is in spec/parity, which runs over SCTP as well where there is any.

local machine <const> = require "spec.support.machine"
local net <const> = require "spec.support.net"
local socket <const> = require "tidewire.socket"
local task <const> = require "tidewire.task"

local HOSTS <const> = {[socket.AF_INET] = "127.0.0.1", [socket.AF_INET6] = "::1"}

local function sctp(family, kind)
    return machine.socket(family, kind, socket.IPPROTO_SCTP)
end

local function listening(family, kind)
    local server <const> = sctp(family, kind)
    assert(server:bind{HOSTS[family], 0})
    assert(server:listen())
    return server
end

local function connected(family)
    local server <close> = listening(family, socket.SOCK_STREAM)
    local client <const> = sctp(family, socket.SOCK_STREAM)
    assert(client:connect(server:getsockname()))
    local conn <const>, from <const> = assert(server:accept())
    conn:settimeout(net.LIMIT)
    return client, conn, from
end

for name, family in pairs{IPv4 = socket.AF_INET, IPv6 = socket.AF_INET6} do
    describe("an SCTP connection over " .. name, function()
        it("carries data both ways, to its end", function()
            local client <close>, server, from = connected(family)
            local conn <close> = server
            assert.equal(client:getsockname().port, from.port)
            assert.equal(HOSTS[family], from.host)
            assert(client:sendall("Hello over SCTP"))
            assert.equal("Hello over SCTP", conn:recv(1024))
            assert(conn:sendall("answer"))
            assert.equal("answer", client:recv(1024))
            client:close()
            net.fails("eof", conn:recv(1024))
            machine.carried("SCTP stream over " .. name)
        end)

        it("keeps the boundaries of messages", function()
            local client <close>, server = connected(family)
            local conn <close> = server
            for _, text in ipairs{"one", ("2"):rep(5000), "three"} do
                assert.equal(#text, client:send(text))
            end
            assert.equal("one", conn:recv(1024))
            assert.equal(("2"):rep(4000), conn:recv(4000))
            assert.equal(("2"):rep(1000), conn:recv(4000))
            assert.equal("three", conn:recv(1024))
        end)

        it("carries a lot to a task that reads slowly", function()
            local client <close>, server = connected(family)
            local conn <close> = server
            local piece <const>, count <const> = ("x"):rep(50000), 100
            task.spawn(function()
                for _ = 1, count do assert(client:sendall(piece)) end
                client:close()
            end)
            local text <const>, code <const> = net.drain(conn)
            assert.equal("eof", code)
            assert.is_true(text == piece:rep(count))
        end)

        it("is refused where nobody listens", function()
            local server <close> = listening(family, socket.SOCK_STREAM)
            local address <const> = server:getsockname()
            server:close()
            local client <close> = sctp(family, socket.SOCK_STREAM)
            net.fails("ECONNREFUSED", client:connect(address))
        end)
    end)

    describe("an SCTP socket for many over " .. name, function()
        it("is connected by the first message", function()
            local server <close> = listening(family, socket.SOCK_SEQPACKET)
            local client <close> = sctp(family, socket.SOCK_SEQPACKET)
            assert.equal(5, client:sendto("first", server:getsockname()))
            local data, from = assert(server:recvfrom(1024))
            assert.equal("first", data)
            assert.equal(client:getsockname().port, from.port)
            assert.equal(6, server:sendto("answer", from))
            data, from = assert(client:recvfrom(1024))
            assert.equal("answer", data)
            assert.equal(server:getsockname().port, from.port)
            machine.carried("SCTP seqpacket over " .. name)
        end)
    end)
end
