-- Sending and receiving messages: UDP, AF_UNIX datagrams, SOCK_SEQPACKET.

local net <const> = require "spec.support.net"
local socket <const> = require "tidewire.socket"

local INET <const>, UNIX <const>, DGRAM <const> =
    socket.AF_INET, socket.AF_UNIX, socket.SOCK_DGRAM

describe("a UDP socket", function()
    for host, it in pairs{["127.0.0.1"] = it, ["::1"] = net.it6(it)} do
        it("over " .. host .. " carries datagrams and where they come from", function()
            local a <close> = net.udp(host)
            local b <close> = net.udp(host)
            assert.equal(3, a:sendto("one", b:getsockname()))
            assert.equal(3, a:sendto("two", 0, b:getsockname()))
            assert.equal(5, a:sendto("three", host, b:getsockname().port))
            assert.equal(4, a:sendto("four", 0, {host, b:getsockname().port}))
            for _, expected in ipairs{"one", "two", "three"} do
                assert.same({expected, a:getsockname()}, {b:recvfrom(100)})
            end
            assert.equal("four", b:recv(100))
        end)
    end

    it("tells an empty datagram from an end and from an error", function()
        local a <close> = net.udp()
        local b <close> = net.udp()
        assert(b:connect(a:getsockname()))
        assert(a:connect(b:getsockname()))
        assert.equal(0, a:send(""))
        assert.equal(0, a:sendto("", b:getsockname()))
        assert.equal(0, a:sendall(""))
        assert.same({"", a:getsockname()}, {b:recvfrom(10)})
        assert.equal("", b:recv(10))
        assert.equal(0, b:recv_into(socket.buffer(4)))
        b:settimeout(0)
        net.fails("EAGAIN", b:recv(10))
    end)

    it("cuts what is longer than asked for, and goes on with the next", function()
        local a <close> = net.udp()
        local b <close> = net.udp()
        for _, text in ipairs{"first", "second", "third", "fourth"} do
            assert(a:sendto(text, b:getsockname()))
        end
        assert.equal("fir", b:recv(3))
        assert.same({"se", a:getsockname()}, {b:recvfrom(2)})
        local buffer <const> = socket.buffer("....")
        assert.same({2, a:getsockname()}, {b:recvfrom_into(buffer, 2, 0, 2)})
        assert.equal(".th.", buffer:string())
        assert.same({"", a:getsockname()}, {b:recvfrom(0)})
        b:settimeout(0)
        net.fails("EAGAIN", b:recv(10))
    end)

    it("refuses what no datagram can hold", function()
        local a <close> = net.udp()
        local b <close> = net.udp()
        net.fails("EMSGSIZE", a:sendto(("x"):rep(70000), b:getsockname()))
        assert.equal(65507, a:sendto(("x"):rep(65507), b:getsockname()))
        assert.equal(65507, #b:recv(100000))
    end)

    it("needs to know where to send", function()
        local a <close> = net.udp()
        net.fails("EDESTADDRREQ", a:send("x"))
        net.fails("EDESTADDRREQ", a:sendall("x"))
        net.fails("EACCES", a:sendto("x", "<broadcast>", 9))
        net.fails("EINVAL", a:sendto("x", "127.0.0.1", 0))
        net.fails("EAI_NONAME", a:sendto("x", "a..b", 9))
        assert.equal("sendto 127.0.0.1:0: Invalid argument",
            (net.fails("EINVAL", a:sendto("x", "127.0.0.1", 0))))
    end)

    it("takes names, but not without waiting", function()
        local a <close> = net.udp()
        local b <close> = net.udp()
        assert.equal(1, a:sendto("x", "localhost", b:getsockname().port))
        assert.equal("x", b:recv(1))
        a:settimeout(0)
        net.fails("EAGAIN", a:sendto("x", "localhost", b:getsockname().port))
    end)

    it("blames the argument that is wrong", function()
        local s <close> = net.udp()
        local addr <const> = s:getsockname()
        net.raises("data: string or buffer expected, got no value", s.sendto, s)
        net.raises("data: string or buffer expected, got 5", s.sendto, s, 5, addr)
        net.raises("data: string or buffer expected", s.sendto, s, nil, 0, addr)
        net.raises("address: host, table or address expected", s.sendto, s, "x")
        net.raises("address: host, table or address expected", s.sendto, s, "x", 0)
        net.raises("address: host, table or address expected", s.sendto, s, "x", nil)
        net.raises("flags: integer expected", s.sendto, s, "x", 1.5, addr)
    end)
end)

describe("a connected UDP socket", function()
    it("hears only its peer", function()
        local a <close> = net.udp()
        local b <close> = net.udp()
        local other <close> = net.udp()
        assert(a:connect(b:getsockname()))
        assert(other:sendto("from another", a:getsockname()))
        assert(b:sendto("from b", a:getsockname()))
        assert.same({"from b", b:getsockname()}, {a:recvfrom(100)})
        a:settimeout(0)
        net.fails("EAGAIN", a:recv(100))
    end)

    it("learns that nobody is there", function()
        local a <close> = net.udp()
        assert(a:connect("127.0.0.1", net.unused_port(DGRAM)))
        assert.equal(1, a:send("x"))
        net.fails("ECONNREFUSED", a:recv(1))
        a:settimeout(0)
        net.fails("EAGAIN", a:recv(1))
    end)

    it("can be connected elsewhere", function()
        local a <close> = net.udp()
        local b <close> = net.udp()
        local c <close> = net.udp()
        assert(a:connect(b:getsockname()))
        assert(a:connect(c:getsockname()))
        assert(a:send("x"))
        assert.same({"x", a:getsockname()}, {c:recvfrom(1)})
    end)
end)

describe("AF_UNIX datagrams", function()
    it("keep their boundaries, and name a sender that has a name", function()
        local path <const> = net.path()
        local a <close> = assert(socket.socket(UNIX, DGRAM))
        local b <close> = assert(socket.socket(UNIX, DGRAM))
        b:settimeout(net.LIMIT)
        assert(b:bind(path))
        assert.equal(5, a:sendto("hello", path))
        assert.equal(0, a:sendto("", b:getsockname()))
        assert.same({"hello", n = 2}, table.pack(b:recvfrom(100)))
        assert.same({"", n = 2}, table.pack(b:recvfrom(100)))
        assert(a:bind(""))
        assert.equal(3, a:sendto("bye", 0, {path}))
        os.remove(path)
        assert.same({"bye", a:getsockname()}, {b:recvfrom(100)})
        net.fails("ENOENT", a:sendto("x", path))
    end)
end)

describe("a SOCK_SEQPACKET pair", function()
    it("keeps boundaries, and tells an empty packet from the end", function()
        local a <close>, b <const> = net.pair(socket.SOCK_SEQPACKET)
        assert.equal(3, a:send("one"))
        assert.equal(0, a:send(""))
        assert.equal(5, a:sendall("three"))
        assert.equal(0, a:send(""))
        assert.equal("one", b:recv(100))
        assert.equal("", b:recv(100))
        assert.equal("th", b:recv(2))
        assert.equal("", b:recv(100))
        b:settimeout(0)
        net.fails("EAGAIN", b:recv(100))
        b:settimeout(net.LIMIT)
        a:close()
        net.fails("eof", b:recv(100))
        net.fails("eof", b:recvfrom(100))
        net.fails("eof", b:recv_into(socket.buffer(5)))
        b:close()
    end)

    it("gives an empty packet even when the end is right behind it", function()
        local a <close>, b <const> = net.pair(socket.SOCK_SEQPACKET)
        assert.equal(1, a:send("x"))
        a:close()
        assert.equal("x", b:recv(100))
        net.fails("eof", b:recv(100))
        b:close()
    end)
end)

describe("a datagram socket", function()
    it("that is made by hand is unbound, and of its family", function()
        local s <close> = assert(socket.socket(INET, DGRAM))
        assert.equal(socket.address("0.0.0.0", 0), s:getsockname())
        net.fails("ENOTCONN", s:getpeername())
    end)
end)

describe("a datagram from a peer heard before", function()
    -- Bytes of Lua's heap that each f() takes, with nothing collected.
    local function heap(f)
        for _ = 1, 10 do f() end
        collectgarbage()
        collectgarbage "stop"
        local before <const> = collectgarbage "count"
        for _ = 1, 100 do f() end
        local used <const> = (collectgarbage "count" - before) * 1024 / 100
        collectgarbage "restart"
        return used
    end

    local PAYLOAD <const> = ("p"):rep(64)
    local STRING <const> = heap(function() return PAYLOAD .. "" .. "q" end)

    local function costs(a, b)
        local to <const> = b:getsockname()
        local from
        assert.is_true(heap(function()
            assert(a:sendto(PAYLOAD, to))
            local _, addr = b:recvfrom(100)
            from = addr
        end) <= STRING)
        assert.equal(a:getsockname(), from)
    end

    it("costs the memory of its bytes and no more", function()
        for _, host in ipairs(net.hosts()) do
            local a <close> = net.udp(host)
            local b <close> = net.udp(host)
            costs(a, b)
        end
    end)

    it("costs no more either if that has a long path for a name", function()
        local ends <const> = {}
        for i = 1, 2 do
            ends[i] = assert(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
            ends[i]:settimeout(net.LIMIT)
            assert(ends[i]:bind("\0" .. net.path() .. ("/long"):rep(12)))
        end
        local a <close> = ends[1]
        local b <close> = ends[2]
        costs(a, b)
    end)
end)
