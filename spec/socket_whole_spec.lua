-- Receiving with MSG_WAITALL: all of it, or what has come and why no more will.

local net <const> = require "spec.support.net"
local parity <const> = require "spec.support.parity"
local socket <const> = require "tidewire.socket"
local task <const> = require "tidewire.task"

local WAITALL <const> = socket.MSG_WAITALL

-- Sends the text in pieces of a size, others having their turn in between.
local function dribble(s, text, size)
    for i = 1, #text, size do
        assert(s:sendall(text, 0, i, math.min(i + size - 1, #text)))
        task.yield()
    end
end

local TEXT <const> = ("all of this, "):rep(1000)

parity.describe("MSG_WAITALL:", function()
    local STREAMS <const> = {transports = {"tcp", "unix"}}

    parity.case("every call that receives waits for all", STREAMS,
        function(s)
            assert.equal(TEXT, s:recv(#TEXT, WAITALL))
            assert.equal(TEXT, (s:recvfrom(#TEXT, WAITALL)))
            local buffer <const> = socket.buffer(#TEXT + 2)
            assert.equal(#TEXT, s:recv_into(buffer, #TEXT, WAITALL, 2))
            assert.equal("\0" .. TEXT .. "\0", buffer:sub(1, -1))
            assert.equal(#TEXT + 2, (s:recvfrom_into(buffer, 0, WAITALL)))
            assert.equal(TEXT .. "--", buffer:sub(1, -1))
            assert.equal("", s:recv(0, WAITALL))
            assert.equal("rest", s:recv(100))
        end,
        function(s)
            dribble(s, TEXT:rep(4) .. "--", 997)
            assert(s:sendall("rest"))
        end)

    parity.case("more than any single call brings", STREAMS,
        function(s)
            local size <const> = 250 * #TEXT
            assert.is_true(size > 3 << 20)
            assert.is_true(TEXT:rep(250) == s:recv(size, WAITALL), "not what was sent")
        end,
        function(s) assert(s:sendall(TEXT:rep(250))) end)

    parity.case("the end of the stream: what has come, then the end", STREAMS,
        function(s)
            assert.equal("some", s:recv(100, WAITALL))
            net.fails("eof", s:recv(100, WAITALL))
            net.fails("eof", s:recvfrom(100, WAITALL))
            net.fails("eof", s:recv_into(socket.buffer(3), 0, WAITALL))
        end,
        function(s)
            assert(s:sendall("some"))
            s:shutdown(socket.SHUT_WR)
        end)

    parity.case("one timeout for the whole; what has come is a fourth result", STREAMS,
        function(s, t)
            t:sync("begun")
            s:settimeout(0.05)
            local begun <const> = socket.monotonic()
            local _, data = net.fails("timeout", s:recv(100000, WAITALL))
            assert.is_true(socket.monotonic() - begun < net.LIMIT / 2)
            assert.equal(("x"):rep(#data), data)
            assert.is_true(#data > 0)
            t:sync("enough")
            assert.equal("", (select(4, s:recv(100000, WAITALL)) or ""):gsub("x", ""))
            _, data = net.fails("timeout", s:recv(1, WAITALL))
            assert.is_nil(data)
            net.fails("timeout", s:recvfrom_into(socket.buffer(3), 0, WAITALL))
        end,
        function(s, t)
            assert(s:send("x"))
            t:sync("begun")
            local stop <const> = socket.monotonic() + 0.1
            repeat
                assert(s:send("x"))
                task.sleep(0.002)
            until socket.monotonic() > stop
            t:sync("enough")
        end)

    parity.case("timeout 0 and MSG_DONTWAIT never wait", STREAMS,
        function(s, t)
            s:settimeout(0)
            net.fails("EAGAIN", s:recv(10, WAITALL))
            t:sync("nothing")
            t:sync("some")
            assert.equal("some", s:recv(10, WAITALL))
            net.fails("EAGAIN", s:recv(10, WAITALL))
            s:settimeout(net.LIMIT)
            net.fails("EAGAIN", s:recv(10, WAITALL | socket.MSG_DONTWAIT))
        end,
        function(s, t)
            t:sync("nothing")
            assert(s:sendall("some"))
            t:sync("some")
        end)

    parity.case("a reset is a failure, with what has come before", {transports = parity.TCP},
        function(s, t)
            local _ <const>, data <const> = net.fails("ECONNRESET", s:recv(10, WAITALL))
            assert.is_true(data == nil or data == "some")
            t:sync("reset")
        end,
        function(s, t)
            assert(s:setoption("linger", 0))
            assert(s:sendall("some"))
            s:close()
            t:sync("reset")
        end)

    it("closing the socket meanwhile is a failure, too", function()
        local a <close>, b <const> = net.pair()
        local reader <close> = task.spawn(a.recv, a, 10, WAITALL)
        local other <close> = task.spawn(b.recv_into, b, socket.buffer(10), 0, WAITALL)
        assert(b:sendall("some"))
        assert(a:sendall("other"))
        task.yield()
        a:close()
        b:close()
        assert.equal("some", (select(2, net.fails("closed", reader:join(net.LIMIT)))))
        assert.equal(5, (select(2, net.fails("closed", other:join(net.LIMIT)))))
        net.fails("closed", a:recv(10, WAITALL))
        net.fails("closed", b:recv_into(socket.buffer(10), 0, WAITALL))
    end)

    it("means nothing to datagrams", function()
        local a <close>, b <const> = net.pair(socket.SOCK_DGRAM)
        assert(b:send("one"))
        assert(b:send("two"))
        assert.equal("one", a:recv(100, WAITALL))
        assert.equal("two", (a:recvfrom(100, WAITALL)))
        b:close()
    end)
end)
