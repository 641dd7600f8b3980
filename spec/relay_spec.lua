-- socket.relay: two connected sockets, everything passed on both ways.

local net <const> = require "spec.support.net"
local socket <const> = require "tidewire.socket"
local task <const> = require "tidewire.task"

local MIB <const> = 1024 * 1024

local held = {} -- what a test leaves behind

local function pairs_of(make)
    local near <const>, a <const> = make()
    local far <const>, b <const> = make()
    for _, s in ipairs {near, a, far, b} do held[#held + 1] = s end
    return near, far, a, b
end

-- near -- a =relay= b -- far; the relay runs in a task.
local function relayed(make)
    local near <const>, far <const>, a <const>, b <const> = pairs_of(make or net.tcp)
    return near, far, task.spawn(socket.relay, a, b), a, b
end

-- The sockets go first: what still waits for them ends.
local function release()
    for _, s in ipairs(held) do s:close() end
    held = {}
    task.run()
end

-- Closes with a reset: the other side gets ECONNRESET.
local function vanish(s)
    assert(s:setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, string.pack("i4i4", 1, 0)))
    s:close()
end

-- 1 MiB that is not the same again anywhere, so that a piece in the wrong place is
-- noticed; in few steps, for the sake of the collector.
local function noise()
    local text = "0123456789abcdef"
    for i = 1, 16 do
        local cut <const> = #text * i // 17
        text = text .. text:sub(cut + 1):upper() .. text:sub(1, cut)
    end
    return text
end

describe("socket.relay", function()
    after_each(release)

    it("passes on what either side says, and counts it", function()
        local near <const>, far <const>, relay <const> = relayed()
        near:sendall("hello")
        assert.equal("hello", far:recv(100))
        far:sendall("hi")
        assert.equal("hi", near:recv(100))
        near:close()
        net.fails("eof", far:recv(100))
        far:close()
        assert.same({5, 2}, {relay:join(net.LIMIT)})
    end)

    it("runs on the main thread too", function()
        local near <const>, far <const>, a <const>, b <const> = pairs_of(net.pair)
        local answer
        task.spawn(function()
            near:sendall("question")
            near:shutdown(socket.SHUT_WR)
            answer = net.drain(near)
        end)
        task.spawn(function()
            far:sendall(net.drain(far):upper() .. "!")
            far:close()
        end)
        assert.same({8, 9}, {socket.relay(a, b)})
        task.run()
        assert.equal("QUESTION!", answer)
    end)

    it("passes on the end of one direction and goes on with the other", function()
        local near <const>, far <const>, relay <const> = relayed()
        near:sendall("request")
        near:shutdown(socket.SHUT_WR)
        assert.equal("request", (net.drain(far)))
        for _ = 1, 3 do
            far:sendall("answer")
            assert.equal("answer", near:recv(100))
        end
        assert.equal("waiting", relay:status())
        far:shutdown(socket.SHUT_WR)
        assert.same({7, 18}, {relay:join(net.LIMIT)})
    end)

    it("leaves the sockets open", function()
        local near <const>, far <const>, relay <const>, a <const>, b <const> = relayed()
        near:close()
        far:close()
        assert.same({0, 0}, {relay:join(net.LIMIT)})
        assert.equal("socket", socket.type(a))
        assert.equal("socket", socket.type(b))
    end)

    it("passes on 50 MB each way at once, byte for byte", function()
        local near <const>, far <const>, relay <const> = relayed()
        local block <const> = noise()
        local function talk(s)
            for _ = 1, 50 do assert(s:sendall(block)) end
            s:shutdown(socket.SHUT_WR)
        end
        local function listen(s)
            local stream <close> = s:makefile("r", {max = 2 * MIB})
            for _ = 1, 50 do
                if stream:read_exact(MIB) ~= block then return false end
            end
            return stream:read(0) == nil
        end
        task.spawn(talk, near)
        task.spawn(talk, far)
        local heard <const> = task.spawn(listen, far)
        assert.is_true(listen(near))
        assert.is_true(heard:join(net.LIMIT))
        assert.same({50 * MIB, 50 * MIB}, {relay:join(net.LIMIT)})
    end)

    it("keeps the memory small when one side does not read", function()
        local near <const>, far <const>, relay <const>, a <const>, b <const> = relayed(net.pair)
        near:settimeout(0.2)
        collectgarbage()
        local before <const> = collectgarbage "count"
        local block <const> = ("x"):rep(MIB)
        local _, _, code, sent = near:sendall(block:rep(20))
        assert.equal("timeout", code)
        collectgarbage()
        assert.is_true(collectgarbage "count" - before < 2 * 1024)
        assert.is_true(sent < 10 * MIB)
        relay:cancel()
        assert.equal("cancelled", select(3, relay:join(net.LIMIT)))
        near:close()
        assert.is_true(#net.drain(a) <= sent)
        b:close()
        assert.is_true(#net.drain(far) <= sent)
    end)
end)

describe("a relay that fails", function()
    after_each(release)

    it("says why, with the counts so far, and stops the other direction", function()
        local near <const>, far <const>, relay <const>, a <const>, b <const> = relayed()
        near:sendall("hello")
        assert.equal("hello", far:recv(100))
        vanish(far)
        local result <const> = table.pack(relay:join(net.LIMIT))
        local message <const> = net.fails("ECONNRESET", table.unpack(result, 1, result.n))
        assert.matches("recv", message, 1, true)
        assert.same({5, 0}, {result[4], result[5]})
        near:sendall("still there")
        assert.equal("still there", a:recv(100)) -- nobody else reads it now
        b:close()
    end)

    it("notices who vanishes while much is on its way to him", function()
        local near <const>, far <const>, relay <const> = relayed()
        task.spawn(function()
            while near:sendall(("x"):rep(65536)) do task.yield() end
        end)
        assert.is_truthy(far:recv(1000))
        vanish(far)
        local _, _, code <const>, there <const>, back <const> = relay:join(net.LIMIT)
        assert.is_truthy(code == "ECONNRESET" or code == "EPIPE", code)
        assert.is_true(there >= 1000)
        assert.equal(0, back)
    end)

    it("counts what went before it was stopped in the middle of a send", function()
        local near <const>, far <const>, relay <const>, a <const>, b <const> = relayed(net.pair)
        near:settimeout(0.1)
        local sent <const> = select(4, near:sendall(("x"):rep(20 * MIB)))
        b:close()
        local _, _, code <const>, there <const>, back <const> = relay:join(net.LIMIT)
        assert.equal("closed", code)
        assert.equal(0, back)
        a:close()
        assert.equal(there, #net.drain(far))
        assert.is_true(there > 0 and there <= sent)
    end)

    it("ends when a socket's own time is up", function()
        local near <const>, far <const>, relay <const>, _ <const>, b <const> = relayed()
        b:settimeout(0.05)
        near:sendall("hello")
        local _, message <const>, code <const>, there <const>, back <const> =
            relay:join(net.LIMIT)
        assert.equal("timeout", code)
        assert.matches("timed out", message, 1, true)
        assert.same({5, 0}, {there, back})
        assert.equal("hello", far:recv(100))
    end)

    it("has that time for each receive, not for all", function()
        net.patiently(function(seconds)
            local near <const>, far <const>, relay <const>, a <const>, b <const> = relayed()
            a:settimeout(seconds)
            b:settimeout(nil)
            for _ = 1, 5 do
                near:sendall("still here")
                assert.equal("still here", far:recv(100))
                task.sleep(seconds / 3)
            end
            assert.equal("waiting", relay:status())
            net.fails("timeout", relay:join(net.LIMIT))
        end)
    end)

    it("ends when a socket is closed under it", function()
        local near <const>, far <const>, relay <const>, a <const> = relayed()
        near:sendall("hello")
        assert.equal("hello", far:recv(100))
        a:close()
        assert.same({"closed", 5, 0}, {select(3, relay:join(net.LIMIT))})
    end)

    it("can be cancelled, and leaves no task behind", function()
        local tasks <const> = #task.list()
        local near <const>, far <const>, relay <const>, a <const>, b <const> = relayed()
        near:sendall("hello")
        assert.equal("hello", far:recv(100))
        relay:cancel()
        net.fails("cancelled", relay:join(net.LIMIT))
        assert.equal(tasks, #task.list())
        near:sendall("free again")
        assert.equal("free again", a:recv(100))
        b:close()
    end)

    it("can be given a limit", function()
        local near <const>, far <const>, a <const>, b <const> = pairs_of(net.pair)
        net.takes(0.05, function()
            net.fails("timeout", task.timeout(0.05, socket.relay, a, b))
        end)
        near:shutdown(socket.SHUT_WR) -- one direction has ended, one is left
        net.fails("timeout", task.timeout(0.05, socket.relay, a, b))
        assert.equal("", (net.drain(far)))
    end)

    it("says that a socket is not connected, or read by somebody else", function()
        local _ <const>, _ <const>, a <const>, b <const> = pairs_of(net.pair)
        local server <close> = assert(socket.create_server({"127.0.0.1", 0}))
        net.fails("ENOTCONN", socket.relay(a, server))
        task.spawn(b.recv, b, 1)
        task.yield()
        net.fails("EBUSY", socket.relay(a, b))
    end)
end)

describe("a relay between what cannot be relayed", function()
    it("raises and names the argument", function()
        local a <const>, b <const> = net.pair()
        local udp <close> = net.udp()
        net.raises("a: socket expected, got userdata", socket.relay, io.stdout, b)
        net.raises("b: socket expected, got nil", socket.relay, a)
        net.raises("b: socket expected, got userdata", socket.relay, a, b:makefile())
        net.raises("b: must be a stream socket", socket.relay, a, udp)
        net.raises("b: must be another socket than a", socket.relay, a, a)
    end)
end)
