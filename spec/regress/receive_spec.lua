-- Receives that once lost data, waited for ever or touched foreign memory.

local net <const> = require "spec.support.net"
local peer <const> = require "spec.support.peer"
local socket <const> = require "tidewire.socket"

-- A bound UDP socket and its address.
local function bound()
    local s <const> = assert(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    assert(s:bind("127.0.0.1", 0))
    return s, s:getsockname()
end

-- Puts `s` in the hands of the loop: it has waited once, in vain.
local function waited(s)
    s:settimeout(0.01)
    assert.is_nil((s:recv(1)))
    s:settimeout(net.LIMIT)
end

describe("a receive", function()
    it("tells two empty packets from the end", function()
        local a <close>, second = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        local b <close> = second
        b:settimeout(net.LIMIT)
        for _, packet in ipairs { "", "", "x", "" } do
            assert(a:send(packet))
        end
        for _, packet in ipairs { "", "", "x" } do
            assert.equal(packet, b:recv(10))
        end
        a:close()
        assert.equal("eof", select(3, b:recv(10)))
    end)

    it("with MSG_TRUNC brings no more than was asked for", function()
        local a <close>, second = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        local b <close> = second
        assert(a:setoption("sndbuf", 1 << 20))
        assert.equal(150000, a:send(("x"):rep(150000)))
        assert.equal(("x"):rep(10), b:recv(10, socket.MSG_TRUNC))
        assert(a:send(("y"):rep(150000)))
        assert.equal(("y"):rep(10), (b:recvfrom(10, socket.MSG_TRUNC)))
    end)

    it("is not misled by one that looked elsewhere", function()
        local s <close>, address = bound()
        local other <close> = bound()
        local sender <close> = bound()
        waited(s)
        assert(sender:sendto("data", address))
        waited(other) -- meanwhile the loop sees that s is ready
        assert.equal("EAGAIN", select(3, s:recv(10, socket.MSG_ERRQUEUE)))
        assert.equal("data", s:recv(10))
    end)

    it("of urgent data that fails leaves the input to the file", function()
        local server <close> = assert(socket.create_server { "127.0.0.1", 0 })
        local client <close> = assert(socket.create_connection(server:getsockname()))
        local conn <close> = assert(server:accept())
        assert(client:send("important\n"))
        client:close()
        local file <close> = conn:makefile()
        assert.is_nil((conn:recv(1, socket.MSG_OOB)))
        conn:close()
        assert.equal("important\n", file:read("a"))
    end)
end)

describe("a timeout holds", function()
    it("when the receiver of datagrams is full", function()
        local receiver <close> = assert(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
        assert(receiver:bind(""))
        local s <close> = assert(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
        s:settimeout(0.1)
        local ok, code
        for _ = 1, 100000 do
            ok, _, code = s:sendto("x", receiver:getsockname())
            if not ok then break end
        end
        assert.equal("timeout", code)
        assert.equal("x", receiver:recv(1))
    end)

    it("when somebody else made the descriptor blocking", function()
        local server <close> = assert(socket.create_server { "127.0.0.1", 0 })
        server:settimeout(0.05)
        local same <close> =
            assert(socket.fromfd(server:fileno(), server.family, server.type))
        assert(same:settimeout(nil))
        assert.equal("timeout", select(3, server:accept()))
    end)
end)

describe("the first receive of a state", function()
    it("may be of nothing", function()
        local child <close> = peer.start [[
            local a, b = socket.socketpair()
            say(#a:recv(0))
            local u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            u:bind("127.0.0.1", 0)
            u:sendto("x", u:getsockname())
            say(#u:recvfrom(0))
        ]]
        assert.equal("0\n0\n", (child:finish()))
    end)
end)

describe("create_connection", function()
    it("takes host and port as every other call does", function()
        local server <close> = assert(socket.create_server("127.0.0.1", 0))
        local port <const> = server:getsockname().port
        for _, address in ipairs {
            { "127.0.0.1", port }, { { "127.0.0.1", port } },
            { { host = "127.0.0.1", port = port } }, { server:getsockname() },
            { "localhost", port, 5 }, { "127.0.0.1", port, { timeout = 5 } },
        } do
            local s <close> = assert(socket.create_connection(table.unpack(address)))
            assert.equal(port, s:getpeername().port)
        end
        local s <close> = assert(socket.socket())
        assert(s:connect { host = "127.0.0.1", port = port })
        assert.has_error(function() socket.create_connection { "127.0.0.1" } end)
    end)

    it("leaves nothing open when it raises", function()
        collectgarbage()
        collectgarbage("stop")
        local before <const> = net.descriptors()
        for _ = 1, 10 do
            pcall(socket.create_connection, { "127.0.0.1", 1 }, { source_address = {} })
            pcall(socket.create_connection, socket.buffer(1))
        end
        local after <const> = net.descriptors()
        collectgarbage("restart")
        assert.equal(before, after)
    end)
end)
