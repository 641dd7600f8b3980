-- Closing, and what is closed (cases 362 to 367 and 374 of the parity list); what
-- programs inherit is in g21_inherit_spec.

local net <const> = require "spec.support.net"
local socket <const> = require "tidewire.socket"
local task <const> = require "tidewire.task"

describe("close", function()
    it("G21/362 reports a descriptor that was closed through another object", function()
        local s <const> = assert(socket.socket())
        local thief <const> = assert(socket.socket{fileno = s:fileno()})
        assert.is_true(thief:close())
        net.fails("EBADF", s:setblocking(false))
        net.fails("EBADF", s:close())
        assert.is_true(s:close())
    end)

    it("G21/363 of a number closes that descriptor, whoever has it", function()
        local s <const> = assert(socket.socket())
        local before <const> = net.descriptors()
        assert.is_true(socket.close(s:fileno()))
        assert.equal(before - 1, net.descriptors())
        net.fails("EBADF", s:recv(1))
        net.fails("EBADF", s:getsockopt(socket.SOL_SOCKET, socket.SO_TYPE))
        net.fails("EBADF", s:close())
        assert.equal("closed socket", socket.type(s))
        assert.is_true(s:close())
    end)

    it("G21/363 of a number that is no open descriptor fails", function()
        assert.equal("close: Bad file descriptor", (net.fails("EBADF", socket.close(-1))))
        net.fails("EBADF", socket.close(-2147483648))
        local s <const> = assert(socket.socket())
        local fd <const> = s:fileno()
        s:close()
        net.fails("EBADF", socket.close(fd))
        net.raises("fd: integer expected, got nil", socket.close, nil)
        net.raises("fd: integer expected, got no value", socket.close)
        net.raises("fd: integer expected", socket.close, s)
    end)

    it("G21/363 of a number wakes who waits for it, and leaves the number to others", function()
        local a <const>, b <const> = net.pair()
        a:settimeout(nil)
        local fd <const> = a:fileno()
        local reader <close> = task.spawn(function() return a:recv(1) end)
        task.yield()
        assert.is_true(socket.close(fd))
        net.fails("closed", reader:join(net.LIMIT))
        net.fails("EBADF", a:close())
        local c <close>, d <const> = net.pair()
        assert.equal(fd, c:fileno())
        local second <close> = task.spawn(function() return c:recv(10) end)
        task.yield()
        assert(d:send("to c"))
        assert.equal("to c", second:join(net.LIMIT))
        b:close()
        d:close()
    end)

    it("G21/364 happens at the end of a scope, also when closed by hand before", function()
        local before <const> = net.descriptors()
        do
            local a <close> = assert(socket.socket())
            local b <close> = assert(socket.socket())
            assert.is_true(a:close())
            assert.is_true(b:fileno() >= 0)
        end
        assert.equal(before, net.descriptors())
    end)

    it("G21/364 happens at the end of a scope that an error leaves", function()
        local before <const> = net.descriptors()
        local seen
        net.raises("wrong", function()
            local s <close> = assert(socket.socket())
            seen = s
            error "wrong"
        end)
        assert.equal("closed socket", socket.type(seen))
        assert.equal(before, net.descriptors())
    end)
end)

describe("after close", function()
    local METHODS <const> = {
        accept = {}, bind = {{"127.0.0.1", 0}}, connect = {{"127.0.0.1", 1}},
        disconnect = {}, getpeername = {}, getsockname = {}, listen = {},
        makefile = {}, shutdown = {socket.SHUT_RDWR}, dup = {},
        recv = {1}, recvfrom = {1}, recv_into = {socket.buffer(1)},
        recvfrom_into = {socket.buffer(1)}, send = {"x"}, sendall = {"x"},
        sendfile = {0}, sendmany = {{"x"}}, recvmany = {socket.batch(1, 1)},
        sendto = {"x", {"127.0.0.1", 1}}, settimeout = {1}, setblocking = {true},
        getsockopt = {socket.SOL_SOCKET, socket.SO_ERROR},
        setsockopt = {socket.SOL_SOCKET, socket.SO_REUSEADDR, 1},
        getoption = {"reuseaddr"}, setoption = {"reuseaddr", true},
        get_inheritable = {}, set_inheritable = {true},
        recvmsg = {1}, recvmsg_into = {{socket.buffer(1)}}, sendmsg = {{"x"}},
        sendmsg_afalg = {{"x"}, {op = 0}},
        join_group = {"239.1.1.1"}, leave_group = {"239.1.1.1"},
        block_source = {"239.1.1.1", {source = "127.0.0.1"}},
        unblock_source = {"239.1.1.1", {source = "127.0.0.1"}}, multicast_interface = {"lo"},
    }
    local HARMLESS <const> = {close = true, detach = true, fileno = true,
        gettimeout = true, getblocking = true, connect_ex = true}

    it("G21/365 every method says that the socket is closed", function()
        local s <const> = assert(socket.socket())
        s:settimeout(1)
        s:close()
        for name, args in pairs(METHODS) do
            local message <const> = net.fails("closed", s[name](s, table.unpack(args)))
            assert.matches("^" .. name .. ".*: closed$", message)
        end
        assert.equal(socket.errno.EBADF, s:connect_ex{"127.0.0.1", 1})
        assert.same({1, true, -1, -1},
            {s:gettimeout(), s:getblocking(), s:fileno(), s:detach()})
    end)

    it("G21/365 nothing of nothing still says so", function()
        local s <const> = assert(socket.socket())
        s:close()
        net.fails("closed", s:recv(0))
        net.fails("closed", s:recvfrom(0))
        net.fails("closed", s:recv_into(socket.buffer(0)))
        net.fails("closed", s:recvfrom_into(socket.buffer(0)))
        net.fails("closed", s:send(""))
        assert.equal(0, select(4, s:sendall("")))
    end)

    it("G21/365 no method has been forgotten here", function()
        local s <close> = assert(socket.socket())
        for name, method in pairs(debug.getmetatable(s)) do
            assert.is_true(name:sub(1, 2) == "__" or method == nil, name)
        end
        for name, method in pairs(debug.getmetatable(s).__index) do
            assert.is_true(type(method) ~= "function" or METHODS[name] ~= nil
                or HARMLESS[name] or false, name)
        end
    end)
end)

describe("a descriptor", function()
    local function is_open(fd)
        local file <close> = io.open("/proc/self/fdinfo/" .. fd)
        return file ~= nil
    end

    it("G21/366 lives as long as the socket or a stream of it", function()
        for _, order in ipairs{"socket first", "stream first"} do
            local a <const>, b <const> = net.tcp()
            local f <const> = assert(a:makefile("r"))
            local fd <const> = a:fileno()
            local first <const> = order == "socket first" and a or f
            local second <const> = order == "socket first" and f or a
            assert.is_true(first:close())
            assert.is_true(is_open(fd), order)
            assert.is_true(second:close())
            assert.is_false(is_open(fd), order)
            assert.equal(-1, a:fileno())
            assert.equal(-1, f:fileno())
            b:close()
        end
    end)

    it("G21/374 is closed once, whatever tasks do to the socket in turns", function()
        local before <const> = net.descriptors()
        for round = 1, 50 do
            local s <const>, other <const> = net.pair()
            local taken <const> = {}
            task.scope(function(scope)
                for i = 1, 10 do
                    scope:spawn(function()
                        for _ = 1, (i * round) % 7 do task.yield() end
                        if (i + round) % 2 == 0 then
                            assert.is_true(s:close())
                        else
                            taken[#taken + 1] = s:detach()
                        end
                        -- Whoever has the number now keeps it.
                        local next_one <close> = assert(socket.socket())
                        task.yield()
                        assert.equal(socket.SOCK_STREAM, next_one:getsockopt(
                            socket.SOL_SOCKET, socket.SO_TYPE))
                    end)
                end
            end)
            local real = 0
            for _, fd in ipairs(taken) do
                if fd >= 0 then
                    real = real + 1
                    assert.is_true(socket.close(fd))
                end
            end
            assert.is_true(real <= 1)
            other:close()
        end
        assert.equal(before, net.descriptors())
    end)
end)
