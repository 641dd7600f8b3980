-- Edges of TCP: cases G6/116, G6/117 and G6/120 to G6/130. What holds for every
-- stream runs over others as well.

local net <const> = require "spec.support.net"
local parity <const> = require "spec.support.parity"
local socket <const> = require "tidewire.socket"
local task <const> = require "tidewire.task"

local SOL_SOCKET <const> = socket.SOL_SOCKET
local MESSAGE <const> = "What one side sends, the other side receives\n"

parity.describe("TCP:", function()
    parity.case("G6/116 one direction ends, the other goes on", {transports = parity.BYTES},
        function(s)
            local all <const>, code <const> = net.drain(s)
            assert.same({MESSAGE, "eof"}, {all, code})
            assert(s:sendall("first"))
            assert(s:sendall(", second"))
            assert.is_true(s:shutdown(socket.SHUT_WR))
        end,
        function(s)
            assert(s:sendall(MESSAGE))
            assert.is_true(s:shutdown(socket.SHUT_WR))
            net.fails("EPIPE", s:send("more"))
            local all <const>, code <const> = net.drain(s)
            assert.same({"first, second", "eof"}, {all, code})
        end)

    parity.case("G6/117 shutdown of what is not connected, or in no known way",
        {transports = parity.TCP},
        function(s, t)
            local fresh <close> = t:new()
            net.fails("ENOTCONN", fresh:shutdown(socket.SHUT_WR))
            net.fails("EINVAL", s:shutdown(77))
            assert.equal(MESSAGE, s:recv(1024))
        end,
        function(s) assert(s:sendall(MESSAGE)) end)

    parity.case("G6/120 a closed connection is readable: the end",
        {transports = parity.STREAMS},
        function(s)
            assert.is_true(s:close())
            assert.is_true(s:close())
        end,
        function(s)
            assert.equal(1, (task.select({s}, net.LIMIT)))
            net.fails("eof", s:recv(1))
            net.fails("eof", s:recv(1))
            assert.is_true(s:close())
            assert.is_true(s:close())
        end)

    parity.case("G6/121 an unconnected socket neither receives nor sends",
        {transports = parity.TCP},
        function(_, t)
            local s <close> = t:new()
            net.fails("ENOTCONN", s:recv(1))
            net.fails("ENOTCONN", s:recvfrom(1))
            net.fails("EPIPE", s:send("x"))
            assert.equal(0, select(4, s:sendall("x")))
            net.fails("EPIPE", s:sendall("x"))
        end)

    parity.case("G6/122 accept of what does not listen, listen of what cannot",
        {transports = parity.TCP},
        function(s, t)
            local bound <close> = t:bound()
            net.fails("EINVAL", bound:accept())
            net.fails("EINVAL", s:accept())
            local udp <close> = assert(socket.socket(t.kind.family, socket.SOCK_DGRAM))
            net.fails("EOPNOTSUPP", udp:listen())
        end)

    parity.case("G6/123 any backlog", {transports = parity.TCP},
        function(_, t)
            for _, backlog in ipairs{{0}, {-1}, {}, {nil, n = 1}, {-(1 << 31)}, {(1 << 31) - 1}} do
                local s <close> = t:bound()
                assert.is_true(s:listen(table.unpack(backlog, 1, backlog.n)))
                local client <close> = t:new()
                assert(client:connect(s:getsockname()))
                local conn <close> = assert(s:accept())
                assert.equal(client:getsockname(), conn:getpeername())
            end
        end)

    parity.case("G6/124 but it is an int", {transports = parity.TCP},
        function(_, t)
            local s <close> = t:bound()
            for _, backlog in ipairs{1 << 31, -(1 << 31) - 1, 1.5, "many"} do
                net.raises("backlog", s.listen, s, backlog)
            end
            assert.equal(0, s:getsockopt(SOL_SOCKET, socket.SO_ACCEPTCONN))
        end)

    parity.case("G6/125 a close that lingers for no time is a reset", {transports = parity.TCP},
        function(s, t)
            assert(s:setsockopt(SOL_SOCKET, socket.SO_LINGER, string.pack("i4i4", 1, 0)))
            t:sync("connected")
            assert.is_true(s:close())
        end,
        function(s, t)
            t:sync("connected")
            net.fails("ECONNRESET", s:recv(1))
        end)

    parity.case("G6/126 nobody listens on that port", {transports = parity.TCP},
        function(_, t)
            local closed <const> = t:bound()
            local address <const> = closed:getsockname()
            closed:close()
            local s <close> = t:new()
            net.fails("ECONNREFUSED", s:connect(address))
            local again <close> = t:new()
            assert.equal(socket.errno.ECONNREFUSED, again:connect_ex(address))
            net.fails("ECONNREFUSED",
                socket.create_connection({address.host, address.port}, net.LIMIT))
        end)

    parity.case("G6/127 how much to receive", {transports = parity.TCP},
        function(s)
            for _, size in ipairs{-1, -(1 << 31), 1.5, "x", "1"} do
                net.raises("size", s.recv, s, size)
                net.raises("size", s.recvfrom, s, size)
            end
            net.raises("size", s.recv, s)
            assert.equal("", net.quick(function() return s:recv(0) end))
            s:close()
            net.fails("closed", s:recv(0))
            net.fails("closed", s:recvfrom(0))
        end)

    parity.case("G6/128 MSG_PEEK leaves the data", {transports = parity.STREAMS},
        function(s)
            assert.equal(MESSAGE:sub(1, 4), s:recv(4, socket.MSG_PEEK))
            assert.equal(MESSAGE, s:recv(1024, socket.MSG_PEEK))
            assert.equal(MESSAGE, (s:recvfrom(1024, socket.MSG_PEEK)))
            assert.equal(MESSAGE, s:recv(1024))
        end,
        function(s) assert(s:sendall(MESSAGE)) end)

    local LARGE <const> = ("12345678"):rep(62500)

    parity.case("G6/128 MSG_WAITALL waits for all of it", {transports = parity.STREAMS},
        function(s, t)
            assert.equal("ab", s:recv(2, socket.MSG_PEEK))
            t:sync("here is a beginning")
            assert.equal("abcdef", s:recv(6, socket.MSG_WAITALL))
            assert.equal(LARGE, s:recv(#LARGE, socket.MSG_WAITALL))
            assert.equal("rest", s:recv(100, socket.MSG_WAITALL)) -- then the end
        end,
        function(s, t)
            assert(s:sendall("ab"))
            t:sync("here is a beginning")
            task.sleep(0.002)
            assert(s:sendall("cdef"))
            for i = 1, #LARGE, 100000 do
                assert(s:sendall(LARGE, 0, i, i + 99999))
                task.sleep(0.002)
            end
            assert(s:sendall("rest"))
            s:close()
        end)

    parity.case("G6/128 MSG_OOB: one byte beside the stream", {transports = parity.TCP},
        function(s, t)
            t:sync("sent")
            assert.equal("ab", s:recv(100))
            assert.equal("!", s:recv(100, socket.MSG_OOB))
            net.fails("EINVAL", s:recv(100, socket.MSG_OOB)) -- taken
            t:sync("more")
            assert.equal("cd", s:recv(100))
        end,
        function(s, t)
            assert.equal(3, s:send("ab!", socket.MSG_OOB))
            t:sync("sent")
            t:sync("more")
            assert(s:sendall("cd"))
        end)

    parity.case("G6/129 a closed socket that had a timeout sends nothing",
        {transports = parity.STREAMS},
        function(s)
            s:settimeout(1)
            s:close()
            net.fails("closed", s:send("spam"))
            net.fails("closed", s:sendall("spam"))
        end)

    parity.case("G6/130 what one end is called, the other end's peer is called",
        {transports = parity.TCP},
        function(s, t)
            assert.equal(tostring(s:getsockname()), t:sync("mine", tostring(s:getpeername())))
            assert.equal(tostring(s:getpeername()), t:sync("yours", tostring(s:getsockname())))
        end,
        function(s, t)
            assert.equal(tostring(s:getsockname()), t:sync("mine", tostring(s:getpeername())))
            assert.equal(tostring(s:getpeername()), t:sync("yours", tostring(s:getsockname())))
        end)
end)
