-- Multipath TCP: case G7/144.

local net <const> = require "spec.support.net"
local parity <const> = require "spec.support.parity"
local socket <const> = require "tidewire.socket"

local MPTCP <const> = socket.IPPROTO_MPTCP

-- What the kernel says that the connection's protocol is.
local function protocol(s)
    return s:getsockopt(socket.SOL_SOCKET, socket.SO_PROTOCOL)
end

-- Echoes one message.
local function echo(s)
    assert.equal("hello", s:recv(100))
    assert(s:sendall("hello"))
    net.fails("eof", s:recv(100))
end

local function ask(s)
    assert(s:sendall("hello"))
    assert.equal("hello", s:recv(100))
    s:shutdown(socket.SHUT_WR)
end

parity.describe("MPTCP:", function()
    parity.case("G7/144 an echo; both ends are of the protocol",
        {transports = {"mptcp", "mptcp6"}},
        function(s)
            assert.same({262, 262, 262}, {MPTCP, s.proto, protocol(s)})
            echo(s)
        end,
        function(s)
            assert.same({262, 262}, {s.proto, protocol(s)})
            ask(s)
        end)

    parity.case("G7/144 with a plain TCP client: an echo, and the protocol is TCP", {
        transports = {"mptcp", "mptcp6"},
        connect = function(address)
            return assert(socket.create_connection({address.host, address.port}, net.LIMIT))
        end,
    }, function(s)
            assert.equal(socket.IPPROTO_TCP, protocol(s))
            echo(s)
        end,
        function(s)
            assert.equal(socket.IPPROTO_TCP, protocol(s))
            ask(s)
        end)

    parity.case("G7/144 with a plain TCP server: an echo", {
        transports = parity.TCP,
        connect = function(address, t)
            local s <const> = assert(socket.socket(t.kind.family, socket.SOCK_STREAM, MPTCP))
            s:settimeout(net.LIMIT)
            assert(s:connect(address))
            return s
        end,
    }, echo, ask)
end)
