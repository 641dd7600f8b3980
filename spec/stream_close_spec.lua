-- When the descriptor goes: sockets and their streams, in every order.

local net <const> = require "spec.support.net"
local socket <const> = require "tidewire.socket"
local task <const> = require "tidewire.task"

local function open(fd)
    local file <close> = io.open("/proc/self/fdinfo/" .. fd)
    return file ~= nil
end

describe("a socket and its stream", function()
    it("closed is the socket, but what has come can be read", function()
        local a <const>, b <const> = net.tcp()
        local f <close> = assert(a:makefile("r"))
        b:sendall("before\nand ")
        a:close()
        net.fails("closed", a:recv(1))
        net.fails("closed", a:makefile())
        b:sendall("after\n")
        assert.equal("before", f:read())
        assert.equal("and after", f:read())
        b:close()
        net.fails("eof", f:read())
    end)

    it("tell the peer the end when the socket is closed", function()
        local a <const>, b <const> = net.tcp()
        local f <close> = assert(a:makefile())
        a:sendall("hello")
        a:close()
        assert.equal("hello", b:recv(10))
        net.fails("eof", b:recv(10))
        b:sendall("still listening")
        assert.equal("still", f:read(5))
        b:close()
    end)

    it("go on writing after the socket is closed", function()
        local a <const>, b <const> = net.tcp()
        local f <const> = assert(a:makefile("rw"))
        a:close()
        assert.equal(f, f:write("hello"))
        assert.equal(f, f:flush())
        assert.equal("hello", b:recv(10))
        b:sendall("answer\n")
        assert.equal("answer", f:read())
        f:close()
        net.fails("eof", b:recv(10))
        b:close()
    end)

    it("closed is the socket, but what was written is sent", function()
        local a <const>, b <const> = net.tcp()
        local f <const> = assert(a:makefile("w"))
        f:write("buffered")
        a:close()
        f:write(" and more")
        assert.is_true(f:close())
        assert.equal("buffered and more", (net.drain(b)))
        b:close()
    end)

    it("leave the connection to a duplicate", function()
        local a <const>, b <const> = net.tcp()
        local copy <close> = assert(a:dup())
        local f <close> = assert(a:makefile("r"))
        a:close()
        assert.equal(5, copy:sendall("still"))
        assert.equal("still", b:recv(10))
        assert.is_true(f:close())
        assert.equal(5, copy:sendall("still"))
        assert.equal("still", b:recv(10))
        b:close()
    end)

    it("may be many streams", function()
        local a <const>, b <const> = net.tcp()
        local fd <const> = a:fileno()
        local files <const> = {}
        for i = 1, 5 do files[i] = assert(a:makefile(i % 2 == 0 and "w" or "r")) end
        a:close()
        for i = 1, 5 do
            assert.is_true(open(fd))
            files[i]:close()
        end
        assert.is_false(open(fd))
        b:close()
    end)
end)

describe("a stream that nobody closes", function()
    it("lets the descriptor go when it is collected", function()
        local before <const> = net.descriptors()
        for _ = 1, 50 do
            local a <const>, b <const> = net.tcp()
            a:makefile("rw"):write("x")
            a:close()
            b:makefile()
        end
        assert.equal(before, net.descriptors())
    end)

    it("keeps its socket alive", function()
        local a, b <close> = net.tcp()
        local f <close> = assert(a:makefile())
        a = nil
        collectgarbage()
        collectgarbage()
        assert.is_nil(a)
        b:sendall("line\n")
        assert.equal("line", f:read())
    end)

    it("does not keep itself alive through its socket", function()
        local a <close>, b <const> = net.tcp()
        local weak <const> = setmetatable({a:makefile()}, {__mode = "v"})
        collectgarbage()
        collectgarbage()
        assert.is_nil(weak[1])
        b:sendall("x")
        assert.equal("x", a:recv(1))
        b:close()
    end)
end)

describe("a handler in the manner of tutorials", function()
    it("ends the connection for the peer without waiting for the collector", function()
        collectgarbage "stop"
        local a <const>, b <const> = net.tcp()
        local function handle(conn)
            local held <close> = conn
            for line in held:makefile():lines() do
                held:sendall(line:upper() .. "\n")
                if line == "bye" then break end
            end
        end
        b:sendall("hi\nbye\n")
        handle(a)
        assert.equal("HI\nBYE\n", (net.drain(b)))
        b:close()
        collectgarbage "restart"
    end)
end)

describe("detach", function()
    it("takes the descriptor from the streams too", function()
        local a <const>, b <const> = net.tcp()
        local f <const> = assert(a:makefile("rw"))
        local fd <const> = a:detach()
        net.fails("closed", f:read())
        f:close()
        assert.is_true(open(fd))
        local again <close> = assert(socket.socket{fileno = fd})
        b:sendall("x")
        assert.equal("x", again:recv(1))
        b:close()
    end)
end)

describe("a stream that is closed while a task waits for it", function()
    it("keeps its socket until that task has gone on", function()
        local weak <const> = setmetatable({}, {__mode = "k"})
        local f, b
        do
            local a
            a, b = net.pair()
            weak[a] = true
            f = a:makefile "rw"
            a:close()
        end
        local t <const> = task.spawn(function() return f:read(1) end)
        task.yield()
        f:close()
        collectgarbage()
        collectgarbage()
        assert.is_true(next(weak) ~= nil)
        net.fails("closed", t:join())
        b:close()
    end)
end)
