-- UDP and UDP-Lite: cases G7/131 to G7/143 and G7/146.

local net <const> = require "spec.support.net"
local parity <const> = require "spec.support.parity"
local socket <const> = require "tidewire.socket"

local MESSAGE <const> = "A datagram is whole or not there"

-- Whatever has the name of the first three cases. UNIX datagrams go along.
local BASICS <const> = {
    {"G7/131 sendto(data, 0, address), then recv",
        function(s) assert.equal(MESSAGE, s:recv(#MESSAGE)) end,
        function(s, t) assert.equal(#MESSAGE, s:sendto(MESSAGE, 0, t.address)) end},
    {"G7/132 recvfrom: the data, and what the sender is called",
        function(s, t)
            local data <const>, from <const> = s:recvfrom(#MESSAGE)
            assert.equal(MESSAGE, data)
            assert.equal(t:sync("name"), tostring(from))
            assert.equal(t.address, from)
        end,
        function(s, t)
            assert.equal(#MESSAGE, s:sendto(MESSAGE, 0, t.address))
            t:sync("name", tostring(s:getsockname()))
        end},
    {"G7/133 recvfrom of a negative size",
        function(s)
            net.raises("size", s.recvfrom, s, -1)
            assert.equal(MESSAGE, (s:recvfrom(#MESSAGE)))
        end,
        function(s, t) assert(s:sendto(MESSAGE, t.address)) end},
}

parity.describe("UDP:", function()
    for _, case in ipairs(BASICS) do
        local name <const>, this <const>, other <const> = table.unpack(case)
        parity.case(name, {transports = {"udp", "udp6", "unix_dgram"}}, this, other)
        parity.case("G7/141 " .. name, {transports = parity.UDPLITE}, this, other)
    end

    parity.case("G7/134 sendto with flags or without", {transports = parity.DATAGRAMS},
        function(s)
            for _ = 1, 3 do assert.equal(MESSAGE, s:recv(1024)) end
        end,
        function(s, t)
            assert.equal(#MESSAGE, s:sendto(MESSAGE, t.address))
            assert.equal(#MESSAGE, s:sendto(MESSAGE, 0, t.address))
            net.raises("address", s.sendto, s, MESSAGE)
            net.raises("too many arguments", s.sendto, s, MESSAGE, 0, t.address, 4)
            net.raises("too many arguments", s.sendto, s, MESSAGE, t.address, 4)
            assert.equal(#MESSAGE, s:sendto(MESSAGE, socket.MSG_DONTWAIT, t.address))
        end)

    parity.case("G7/135 what is wrong with sendto's arguments is named",
        {transports = parity.DATAGRAMS},
        function(s) assert.equal(MESSAGE, s:recv(1024)) end,
        function(s, t)
            local to <const> = t.address
            for _, data in ipairs{true, {}, print, coroutine.create(print)} do
                net.raises("data", s.sendto, s, data, to)
                net.raises("data", s.sendto, s, data, 0, to)
                net.raises("data", s.sendto, s, data, nil) -- nor does it hide behind others
                net.raises("data", s.sendto, s, data, "flags", nil)
            end
            net.raises("address", s.sendto, s, "x", nil)
            net.raises("address", s.sendto, s, "x", 0, nil)
            net.raises("address", s.sendto, s, "x", nil, nil)
            for _, flags in ipairs{"flags", 1.5, {}, true} do
                net.raises("flags", s.sendto, s, "x", flags, to)
            end
            net.raises("flags", s.sendto, s, "x", nil, to)
            net.raises("flags", s.sendto, s, "x", 1 << 31, to)
            assert(s:sendto(MESSAGE, to))
        end)

    parity.case("G7/136 connected: to and from one address alone",
        {transports = {"udp", "udp6", "udplite", "udplite6"}},
        function(s, t)
            assert(s:connect(t.address))
            t:sync("connected")
            assert.equal("from the peer", s:recv(100))
            assert.equal(5, s:send("reply"))
            assert.equal("again", s:recv(100))
            t:sync("done")
        end,
        function(s, t)
            t:sync("connected")
            local stranger <close> = t:bound()
            assert(stranger:sendto("from a stranger", t.address))
            assert(s:sendto("from the peer", t.address))
            assert.equal("reply", s:recv(100))
            assert(stranger:sendto("from a stranger", t.address))
            assert(s:sendto("again", t.address))
            t:sync("done")
        end)

    parity.case("G7/136 connected to a port on which nobody receives",
        {transports = {"udp", "udp6", "udplite", "udplite6"}},
        function(s, t)
            local closed <const> = t:bound()
            local nobody <const> = closed:getsockname()
            closed:close()
            assert(s:connect(nobody))
            assert.equal(1, s:send("x"))
            net.fails("ECONNREFUSED", s:recv(100))
            assert.equal(1, s:send("x"))
            net.fails("ECONNREFUSED", s:recvfrom(100))
        end)

    parity.case("G7/137 where to, and how much", {transports = parity.UDP},
        function(s, t)
            net.fails("EDESTADDRREQ", s:send("x"))
            net.fails("EDESTADDRREQ", s:sendall("x"))
            net.fails("EMSGSIZE", s:sendto(("x"):rep(70000), t.address))
            assert.equal(60000, s:sendto(("x"):rep(60000), t.address))
        end,
        function(s) assert.equal(("x"):rep(60000), s:recv(70000)) end)

    parity.case("G7/138 an empty datagram is neither an end nor an error",
        {transports = parity.DATAGRAMS},
        function(s, t)
            assert.equal("", s:recv(100))
            local data <const>, from <const> = s:recvfrom(100)
            assert.equal("", data)
            assert.equal(t.address, from)
            local buffer <const> = socket.buffer(10)
            assert.equal(0, s:recv_into(buffer))
            assert.equal("after", s:recv(100))
            s:settimeout(0)
            net.fails("EAGAIN", s:recv(100))
        end,
        function(s, t)
            for _ = 1, 3 do assert.equal(0, s:sendto("", t.address)) end
            assert.equal(5, s:sendto("after", t.address))
        end)

    parity.case("G7/139 what does not fit is lost, the next datagram is not",
        {transports = parity.DATAGRAMS},
        function(s)
            assert.equal("0123", s:recv(4))
            assert.equal("second", s:recv(100))
            assert.equal("01", (s:recvfrom(2)))
            assert.equal("fourth", s:recv(100))
            local buffer <const> = socket.buffer(3)
            assert.equal(3, s:recv_into(buffer))
            assert.equal("012", buffer:sub(1, -1))
            assert.equal("sixth", s:recv(100))
            local data <const>, _, flags = s:recvmsg(4)
            assert.same({"0123", socket.MSG_TRUNC}, {data, flags & socket.MSG_TRUNC})
            flags = select(3, s:recvmsg(100))
            assert.equal(0, flags & socket.MSG_TRUNC)
        end,
        function(s, t)
            for _, data in ipairs{"0123456789", "second", "0123456789", "fourth",
                "0123456789", "sixth", "0123456789", "eighth"} do
                assert(s:sendto(data, t.address))
            end
        end)

    parity.case("G7/140 disconnect dissolves what connect has made",
        {transports = parity.DATAGRAMS},
        function(own, t)
            local s <const> = t:new()
            assert(s:connect(t.address))
            assert.equal(t.address, s:getpeername())
            assert.is_true(s:disconnect())
            net.fails("ENOTCONN", s:getpeername())
            -- The port that connect has chosen is free again: any can be bound to.
            local host <const> = own:getsockname().host
            assert(s:bind(host and {host, 0} or ""))
            net.fails(s.family == socket.AF_UNIX and "ENOTCONN" or "EDESTADDRREQ", s:send("x"))
            t:sync("dissolved", (select(host and 2 or 1, s:getsockname():unpack())))
            local data <const>, from <const> = s:recvfrom(100)
            assert.equal("from a stranger", data)
            assert.not_equal(t.address, from)
            s:close()
        end,
        function(_, t)
            local where <const> = t:sync("dissolved")
            local stranger <const> = t:bound()
            assert(stranger:sendto("from a stranger",
                t.address.host and {t.address.host, where} or where))
            t.kind:close(stranger)
        end)

    parity.case("G7/142 how much of a UDP-Lite datagram is checked",
        {transports = parity.UDPLITE},
        function(s)
            assert(s:setsockopt(socket.IPPROTO_UDPLITE, socket.UDPLITE_RECV_CSCOV, 20))
            assert.equal(20, s:getsockopt(socket.IPPROTO_UDPLITE, socket.UDPLITE_RECV_CSCOV))
            assert.equal("20 bytes are checked", s:recv(100))
        end,
        function(s, t)
            assert(s:setsockopt(socket.IPPROTO_UDPLITE, socket.UDPLITE_SEND_CSCOV, 20))
            assert.equal(20, s:getsockopt(socket.IPPROTO_UDPLITE, socket.UDPLITE_SEND_CSCOV))
            assert(s:sendto("20 bytes are checked", t.address))
        end)

    parity.case("G7/143 timeouts of UDP-Lite", {transports = parity.UDPLITE},
        function(s)
            s:settimeout(0.05)
            net.takes(0.05, function() net.fails("timeout", s:recv(1024)) end)
            net.takes(0.05, function() net.fails("timeout", s:recvfrom(1024)) end)
            s:settimeout(0)
            net.quick(function() net.fails("EAGAIN", s:recv(1024)) end)
            net.quick(function() net.fails("EAGAIN", s:recvfrom(1024)) end)
        end)

    parity.case("G7/146 SO_REUSEPORT: two sockets, one port",
        {transports = {"udp", "udp6", "udplite", "udplite6"}},
        function(s, t)
            local a <close>, b = t:new(), t:new()
            local _ <close> = b
            local host <const> = s:getsockname().host
            net.fails("EADDRINUSE", a:bind(s:getsockname()))
            for _, each in ipairs{a, b} do
                assert(each:setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1))
            end
            assert(a:bind{host, 0})
            assert.is_true(b:bind(a:getsockname()))
            assert.equal(a:getsockname(), b:getsockname())
            t:sync("bound", a:getsockname().port)
            t:sync("sent")
            -- One of them has it.
            a:settimeout(0)
            b:settimeout(0)
            assert.equal("for either", a:recv(100) or b:recv(100))
            net.fails("EAGAIN", a:recv(100))
            net.fails("EAGAIN", b:recv(100))
        end,
        function(s, t)
            local port <const> = t:sync("bound")
            assert(s:sendto("for either", {t.address.host, port}))
            t:sync("sent")
        end)
end)
