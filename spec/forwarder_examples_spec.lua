-- The port forwarder, between visitors and servers of this process.

local example <const> = require "spec.support.example"
local net <const> = require "spec.support.net"
local process <const> = dofile("examples/lib/process.lua")
local socket <const> = require "tidewire.socket"
local task <const> = require "tidewire.task"

local MIB <const> = 1024 * 1024

describe("the forwarder", function()
    local server, serving, forwarder, port

    -- Says it all again in capitals, once it has all been said.
    local function answer(conn)
        conn:sendall((net.drain(conn)):upper())
        conn:close()
    end

    before_each(function()
        server = assert(socket.create_server({"127.0.0.1", 0}))
        forwarder, port = example.listening(process.start(
            example.command("forwarder", 0, "127.0.0.1", server:getsockname().port)))
    end)
    after_each(function()
        if serving then serving:cancel() end
        task.run()
        serving = nil
        server:close()
        local output <const>, status <const> = forwarder:kill()
        assert.equal(example.TERMINATED, status, output)
    end)

    local function serve()
        serving = task.spawn(function()
            while true do
                local conn <const> = assert(server:accept())
                conn:settimeout(net.LIMIT)
                task.spawn(answer, conn)
            end
        end)
    end

    local function ask(conn, question)
        assert(conn:sendall(question))
        assert(conn:shutdown(socket.SHUT_WR))
        return (net.drain(conn))
    end

    it("forwards both ways, and the end of what is said", function()
        serve()
        local conn <close> = example.visit(port)
        assert.equal("HELLO", ask(conn, "hello"))
        forwarder:expect("^127%.0%.0%.1:%d+: 5 bytes there, 5 back\n")
    end)

    it("forwards in either order, as long as both stay", function()
        local conn <close>, stream = example.visit(port)
        local target <const> = assert(server:accept())
        target:sendall("who is there?\n")
        assert.equal("who is there?", stream:read())
        stream:write("me\n")
        assert.equal("me\n", target:recv(100))
        target:sendall("come in\n")
        assert.equal("come in", stream:read())
        target:close()
        net.fails("eof", stream:read())
        stream:close()
        conn:close()
        forwarder:expect("^127%.0%.0%.1:%d+: 3 bytes there, 22 back\n")
    end)

    it("forwards much", function()
        serve()
        local conn <close> = example.visit(port)
        local question <const> = ("question"):rep(MIB)
        assert.is_true(ask(conn, question) == question:upper())
    end)

    it("forwards for many at once", function()
        serve()
        local asking <const> = {}
        local conns <const> = {}
        for i = 1, 50 do conns[i] = example.visit(port) end
        for i, conn in ipairs(conns) do
            asking[i] = task.spawn(ask, conn, ("question %d "):format(i):rep(1000))
        end
        for i, asked in ipairs(asking) do
            assert.equal(("QUESTION %d "):format(i):rep(1000), asked:join(net.LIMIT))
            conns[i]:close()
        end
    end)

    it("says who vanished, and goes on", function()
        local conn <const>, stream <const> = example.visit(port)
        local target <close> = assert(server:accept())
        stream:write("hello\n")
        assert.equal("hello\n", target:recv(100))
        example.vanish(conn, stream)
        net.fails("eof", target:recv(100))
        forwarder:expect("Connection reset by peer after 6 bytes there, 0 back\n")
        serve()
        local second <close> = example.visit(port)
        assert.equal("HELLO", ask(second, "hello"))
    end)

    it("hangs up when nobody listens behind it", function()
        server:close()
        local conn <close> = example.visit(port)
        net.fails("eof", conn:recv(1))
        forwarder:expect("^connect 127%.0%.0%.1:%d+: Connection refused\n")
    end)
end)
