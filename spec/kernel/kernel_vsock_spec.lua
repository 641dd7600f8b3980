-- VSOCK: sockets between virtual machines and their host; here from the machine
-- to itself.

local machine <const> = require "spec.support.machine"
local net <const> = require "spec.support.net"
local socket <const> = require "tidewire.socket"
local task <const> = require "tidewire.task"

local function vsock(kind)
    return machine.socket(socket.AF_VSOCK, kind)
end

local function listening(kind)
    local server <const> = vsock(kind)
    assert(server:bind{socket.VMADDR_CID_ANY, socket.VMADDR_PORT_ANY})
    assert(server:listen())
    return server, {socket.VMADDR_CID_LOCAL, server:getsockname().port}
end

-- A connected pair: client, server's side.
local function connected(kind)
    local server <close>, address = listening(kind)
    local client <const> = vsock(kind)
    assert(client:connect(address))
    local conn <const>, from <const> = assert(server:accept())
    conn:settimeout(net.LIMIT)
    return client, conn, from
end

for name, kind in pairs{stream = socket.SOCK_STREAM, seqpacket = socket.SOCK_SEQPACKET} do
    describe("a VSOCK connection, " .. name, function()
        it("G19/332 carries data both ways, to its end", function()
            local client <close>, server, from = connected(kind)
            local conn <close> = server
            assert.equal(client:getsockname().port, from.port)
            assert.equal(socket.VMADDR_CID_LOCAL, from.cid)
            assert.equal(conn:getsockname().port, client:getpeername().port)
            assert(client:sendall("Hello over VSOCK"))
            assert.equal("Hello over VSOCK", conn:recv(1024))
            assert(conn:sendall("answer"))
            assert.equal("answer", client:recv(1024))
            client:close()
            net.fails("eof", conn:recv(1024))
            machine.carried("VSOCK " .. name)
        end)

        it("is refused where nobody listens", function()
            local server <close>, address = listening(kind)
            server:close()
            local client <close> = vsock(kind)
            net.fails("ECONNRESET", client:connect(address))
        end)
    end)
end

describe("a VSOCK connection of packets", function()
    it("keeps their boundaries", function()
        local client <close>, server = connected(socket.SOCK_SEQPACKET)
        local conn <close> = server
        for _, text in ipairs{"one", ("2"):rep(50000), "three"} do
            assert.equal(#text, client:send(text))
        end
        assert.equal("one", conn:recv(1024))
        assert.equal(("2"):rep(1000), conn:recv(1000))
        assert.equal("three", conn:recv(1024))
    end)
end)

describe("a VSOCK stream", function()
    it("carries a lot to a task that reads slowly", function()
        local client <close>, server = connected(socket.SOCK_STREAM)
        local conn <close> = server
        local piece <const>, count <const> = ("x"):rep(50000), 100
        task.spawn(function()
            for _ = 1, count do assert(client:sendall(piece)) end
            assert(client:shutdown(socket.SHUT_WR))
        end)
        local text <const>, code <const> = net.drain(conn)
        assert.equal("eof", code)
        assert.is_true(text == piece:rep(count))
    end)
end)

describe("a VSOCK server", function()
    it("serves tasks", function()
        local server <close>, address = listening(socket.SOCK_STREAM)
        local serving <close> = task.spawn(function()
            while true do
                local conn <const> = assert(server:accept())
                task.spawn(function()
                    for line in conn:makefile():lines() do
                        assert(conn:sendall(line:upper()))
                    end
                    conn:close()
                end)
            end
        end)
        for _, text in ipairs{"one", "two", "three"} do
            local client <close> = vsock(socket.SOCK_STREAM)
            assert(client:connect(address))
            assert(client:sendall(text .. "\n"))
            assert.equal(text:upper(), client:recv(10))
        end
        serving:cancel()
    end)
end)
