-- Writing to streams: buffering, flushing, closing, and what is never lost.

local net <const> = require "spec.support.net"
local peer <const> = require "spec.support.peer"
local socket <const> = require "tidewire.socket"
local task <const> = require "tidewire.task"

-- A stream for writing and the socket where it arrives, which does not wait.
local function writer(mode, ...)
    local a <const>, b <const> = net.pair()
    local f <const> = assert(a:makefile(mode or "w", ...))
    b:settimeout(0)
    return f, b, a
end

local function nothing_yet(b)
    net.fails("EAGAIN", b:recv(100))
end

describe("write", function()
    it("takes strings, numbers and buffers, and gives the stream", function()
        local f <close>, b <const> = writer()
        assert.equal(f, f:write("one ", 2, " ", 3.5, " ", socket.buffer("four"), "\0\xff"))
        assert.equal(f, f:write())
        assert.equal(f, f:write(""))
        assert.equal(f, f:flush())
        assert.equal("one 2 3.5 four\0\xff", b:recv(100))
        for _, bad in ipairs{{}, true, print, io.stdout} do
            net.raises("data: string or buffer expected", f.write, f, "x", bad)
        end
        net.raises("data: string or buffer expected", f.write, f, nil)
        b:close()
    end)

    it("keeps output until flush, close, or the buffer is full", function()
        local f <close>, b <const> = writer()
        f:write("held")
        nothing_yet(b)
        f:flush()
        assert.equal("held", b:recv(100))
        f:write(("x"):rep(100000))
        assert.equal(100000, #b:recv(200000))
        f:write("last")
        nothing_yet(b)
        assert.is_true(f:close())
        assert.equal("last", b:recv(100))
        b:close()
    end)

    it("of much data arrives in order, whatever its pieces", function()
        local a <const>, b <const> = net.tcp()
        local f <close> = assert(a:makefile("w", 1000))
        local r <close> = assert(b:makefile("r"))
        local sent <const> = {}
        for i = 1, 300 do
            sent[i] = (tostring(i) .. ","):rep(i % 7 * 60)
            f:write(sent[i])
        end
        f:close()
        a:close()
        assert.equal(table.concat(sent), r:read("a"))
        b:close()
    end)
end)

describe("setvbuf", function()
    it("\"no\" sends at once", function()
        local f <close>, b <const> = writer()
        assert.is_true(f:setvbuf("no"))
        f:write("a")
        assert.equal("a", b:recv(100))
        f:write("b", "c")
        assert.equal("bc", b:recv(100) .. (b:recv(100) or ""))
        b:close()
    end)

    it("\"line\" sends when a line is complete", function()
        local f <close>, b <const> = writer()
        assert.is_true(f:setvbuf("line"))
        f:write("one")
        nothing_yet(b)
        f:write(" line\nand")
        assert.equal("one line\nand", b:recv(100))
        f:write("x", "y\n", "z")
        assert.equal("xy\nz", b:recv(100))
        b:close()
    end)

    it("\"full\" sends when the buffer is full", function()
        local f <close>, b <const> = writer()
        assert.is_true(f:setvbuf("full", 10))
        f:write("12345")
        nothing_yet(b)
        f:write("6789\n")
        nothing_yet(b)
        f:write("x")
        assert.equal("123456789\n", b:recv(100))
        f:write(("y"):rep(10))
        assert.equal("x" .. ("y"):rep(10), b:recv(5) .. b:recv(100) .. (b:recv(100) or ""))
        b:close()
    end)

    it("is what the buffering of makefile says", function()
        for buffering, first in pairs{[0] = "a", [1] = "a\nb"} do
            local f <close>, b <const> = writer("w", buffering)
            f:write("a")
            if buffering == 1 then f:write("\nb") end
            assert.equal(first, b:recv(100))
            b:close()
        end
    end)

    it("refuses misuse", function()
        local f <close> = writer()
        net.raises("invalid option 'some'", f.setvbuf, f, "some")
        net.raises("bad argument", f.setvbuf, f)
        for _, bad in ipairs{0, -1, 1.5, "1", 2^40} do
            net.raises("size: ", f.setvbuf, f, "full", bad)
        end
    end)
end)

describe("a write that cannot be done", function()
    it("says how many bytes it took, and loses none", function()
        local a <const>, b <const> = net.tcp()
        local f <close> = assert(a:makefile("w"))
        a:settimeout(0.05)
        local data <const> = ("0123456789"):rep(1 << 20)
        local _, taken <const> = net.fails("timeout", f:write("ab", data))
        assert.is_true(taken > 2 and taken < #data)
        -- Make room, then go on where it stopped.
        b:settimeout(net.LIMIT)
        local r <close> = assert(b:makefile("r"))
        local got <const> = {r:read(taken - 1000)}
        local second <const> = select(4, f:write(data:sub(taken - 1)))
        a:close()
        f:close()
        got[2] = r:read("a")
        local total <const> = second and taken + second or #data + 2
        assert.equal(("ab" .. data):sub(1, total), table.concat(got))
        b:close()
    end)

    it("says so when there is no peer any more", function()
        local a <const>, b <const> = net.pair()
        local f <close> = assert(a:makefile("w"))
        f:write("to nobody")
        b:close()
        net.fails("EPIPE", f:flush())
        net.fails("EPIPE", f:flush())
        assert.equal(0, select(2, net.fails("EPIPE", f:write(("x"):rep(1 << 20)))))
        local message <const> = net.fails("EPIPE", f:close())
        assert.equal("close: Broken pipe", message)
        assert.is_true(f:close())
        a:close()
    end)

    it("times out as a whole", function()
        local a <const>, b <const> = net.tcp()
        local f <close> = assert(a:makefile("w"))
        net.fill(a)
        a:settimeout(0.06)
        f:write("x")
        net.takes(0.06, function() net.fails("timeout", f:flush()) end)
        net.takes(0.06, function()
            local g <const> = assert(a:makefile("w"))
            g:write("x")
            net.fails("timeout", g:close())
        end)
        b:close()
    end)
end)

describe("reading", function()
    it("flushes what was written first", function()
        local a <const>, b <const> = net.pair()
        local f <close> = assert(a:makefile("rw"))
        local g <close> = assert(b:makefile("rw"))
        a:settimeout(0.01)
        f:write("question\n")
        net.fails("timeout", f:read())
        assert.equal("question", g:read())
        g:write("answer\n")
        g:flush()
        a:settimeout(net.LIMIT)
        f:write("ignored")
        assert.equal("answer", f:read())
        a:close()
        b:close()
    end)

    it("waits while somebody else sends", function()
        local a <const>, b <const> = net.pair()
        local f <close> = assert(a:makefile("rw"))
        local sender <const> = task.spawn(function()
            for _ = 1, 1 << 10 do assert(f:write(("x"):rep(1 << 10))) end
            return f:flush() and true
        end)
        while sender:status() == "ready" do task.yield() end
        local reader <const> = task.spawn(function() return f:read_exact(2) end)
        task.yield()
        assert.same({"waiting", "waiting"}, {sender:status(), reader:status()})
        assert(b:sendall "ok")
        assert.equal("ok", reader:join(net.LIMIT))
        local left = 1 << 20
        while left > 0 do left = left - #assert(b:recv(left)) end
        assert.is_true(sender:join(net.LIMIT))
        a:close()
        b:close()
    end)
end)

describe("output that is never sent", function()
    it("is warned about when the stream is collected", function()
        local output <const>, status <const> = peer.run[[
            warn "@on"
            local a, b = socket.socketpair()
            local f = a:makefile("w")
            f:write("lost")
            f = nil
            collectgarbage() collectgarbage()
            local g = a:makefile("w")
            g:write("sent")
            g:flush()
            g = nil
            collectgarbage() collectgarbage()
            say(b:recv(100))
            a:close() b:close()
        ]]
        local _, count <const> = output:gsub("collected with output not sent", "")
        assert.same({1, 0}, {count, status})
        assert.matches("sent\n$", output)
    end)
end)
