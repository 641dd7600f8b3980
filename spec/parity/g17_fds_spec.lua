-- send_fds and recv_fds: cases G17/296 to G17/300.

local net <const> = require "spec.support.net"
local parity <const> = require "spec.support.parity"
local socket <const> = require "tidewire.socket"

local MESSAGE <const> = "This is a message that brings descriptors"
local UNIX <const> = {transports = {"unix", "unix_dgram", "unix_seqpacket"}}

-- Sends descriptors of the peer's kind of socket.
local function send(s, t, fds, ...)
    assert.equal(#MESSAGE, socket.send_fds(s, {MESSAGE:sub(1, 9), MESSAGE:sub(10)}, fds,
        (...), t.to))
end

-- A socket on each descriptor.
local function open(fds)
    local list <const> = setmetatable({}, {__close = function(list)
        for _, s in ipairs(list) do s:close() end
    end})
    for i, fd in ipairs(fds) do
        list[i] = assert(socket.socket{fileno = fd})
        list[i]:settimeout(net.LIMIT)
        assert.is_false(list[i]:get_inheritable())
    end
    return list
end

parity.describe("descriptors", function()
    parity.case("G17/296 ten of them arrive, and all work", UNIX, function(s)
        local data <const>, fds <const>, flags <const> =
            socket.recv_fds(s, 2 * #MESSAGE, 20)
        assert.same({MESSAGE, 0, 10}, {data, flags, #fds})
        local sockets <close> = open(fds)
        for i, out in ipairs(sockets) do
            assert(out:sendall(tostring(i)))
        end
    end, function(s, t)
        local near <const>, far <const>, _ <close> = net.pairs(10)
        send(s, t, near)
        for i, inp in ipairs(far) do
            assert.equal(tostring(i), inp:recv(10))
        end
    end)

    parity.case("G17/297 no more of them than are wanted, and none lost", UNIX,
        function(s, t)
            t:sync("sent")
            local before <const> = net.descriptors_now(63)
            for wanted = 0, 3 do
                local data <const>, fds <const>, flags <const> =
                    socket.recv_fds(s, 1024, wanted)
                assert.same({MESSAGE, wanted, wanted < 3 and socket.MSG_CTRUNC or 0},
                    {data, #fds, flags})
                assert.equal(before + wanted, net.descriptors_now(63))
                local sockets <close> = open(fds)
                for _, out in ipairs(sockets) do out:sendall("x") end
            end
            t:sync("received")
        end, function(s, t)
            local near <const>, far <const>, _ <close> = net.pairs(3)
            for _ = 0, 3 do send(s, t, near) end
            t:sync("sent")
            t:sync("received")
            for i, inp in ipairs(far) do
                assert.equal(("x"):rep(4 - i), inp:recv(10))
            end
        end)

    parity.case("G17/298 flags are heeded", UNIX, function(s, t)
        net.fails("EAGAIN", socket.recv_fds(s, 1024, 1, socket.MSG_DONTWAIT))
        t:sync("looked")
        t:sync("sent")
        local data <const>, fds <const> = socket.recv_fds(s, 1024, 1, socket.MSG_PEEK)
        assert.equal(MESSAGE, data)
        local _ <close> = open(fds)
    end, function(s, t)
        local near <const>, _, _ <close> = net.pairs(1)
        t:sync("looked")
        send(s, t, near, socket.MSG_DONTWAIT)
        t:sync("sent")
    end)

    parity.case("G17/298 so is the address", {transports = {"unix_dgram"}}, function(s)
        local data <const>, fds <const>, _, from <const> = socket.recv_fds(s, 1024, 1)
        assert.equal(MESSAGE, data)
        local sockets <close> = open(fds)
        assert(sockets[1]:sendall(tostring(from)))
    end, function(s, t)
        local near <const>, far <const>, _ <close> = net.pairs(1)
        net.fails("ENOTCONN", socket.send_fds(s, {MESSAGE}, near))
        send(s, t, near, 0)
        assert.equal(tostring(s:getsockname()), far[1]:recv(200))
    end)

    parity.case("G17/299 may be sockets, streams, files and integers", UNIX, function(s)
        local data <const>, fds <const> = socket.recv_fds(s, 1024, 10)
        assert.equal(MESSAGE, data)
        assert.equal(4, #fds)
        local file <close> = assert(io.open("/dev/fd/" .. fds[3]))
        assert.equal("what the file says", file:read("a"))
        socket.close(table.remove(fds, 3))
        local sockets <close> = open(fds)
        for i, out in ipairs(sockets) do assert(out:sendall("to " .. i)) end
    end, function(s, t)
        local near <const>, far <const>, _ <close> = net.pairs(3)
        local stream <close> = assert(near[2]:makefile("rw"))
        local path <const> = os.tmpname()
        local file <close> = assert(io.open(path, "w+"))
        os.remove(path)
        assert(file:write("what the file says"):flush())
        send(s, t, {near[1], stream, file, near[3]:fileno()})
        for i, inp in ipairs(far) do
            assert.equal("to " .. i, inp:recv(10))
        end
    end)

    parity.case("G17/300 a listening socket, on which the peer accepts", {transports = {"unix"}},
        function(s, t)
            local server <close> = assert(socket.create_server({"127.0.0.1", 0}))
            assert.equal(1, socket.send_fds(s, {"x"}, {server}))
            local client <close> = assert(socket.create_connection(server:getsockname()))
            client:settimeout(net.LIMIT)
            assert.equal("accepted here", client:recv(100))
            t:sync("done")
        end, function(s, t)
            local _, fds <const> = assert(socket.recv_fds(s, 1, 1))
            local server <close> = assert(socket.socket{fileno = fds[1]})
            assert.same({socket.AF_INET, socket.SOCK_STREAM}, {server.family, server.type})
            local conn <close> = assert(server:accept())
            assert(conn:sendall("accepted here"))
            t:sync("done")
        end)
end)
