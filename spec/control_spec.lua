-- Control messages to be sent, as level, type and data or as name and value: see
-- csrc/bind/control.h.

local net <const> = require "spec.support.net"
local socket <const> = require "tidewire.socket"
local tasks <const> = require "spec.support.tasks"

local checked <const> = tasks.checked(it)

local function rights(...)
    return {name = "rights", value = {...}}
end

describe("a control message with a name and a value", function()
    checked("is one number", function()
        for _, host in ipairs(net.hosts()) do
            local level <const> = host == "::1" and socket.IPPROTO_IPV6 or 0
            local s <close> = net.udp(host)
            assert(s:setoption("recvttl", true))
            assert(s:setoption("recvtos", true))
            local items <const> = {{name = "ttl", value = 9}, {name = "tos", value = 8}}
            assert.equal(1, s:sendmsg({"x"}, items, 0, s:getsockname()))
            local _, ancdata <const> = s:recvmsg(10, 100)
            local values <const> = {}
            for _, item in ipairs(ancdata) do
                assert.equal(level, item.level)
                values[item.name] = item.value
            end
            assert.same({ttl = 9, tos = 8}, values)
        end
    end)

    checked("is a table of several, each of which may be left out", function()
        local a <close> = assert(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        local b <close> = net.udp()
        a:settimeout(net.LIMIT)
        local function send(value)
            return a:sendmsg({"x"}, {{name = "pktinfo", value = value}}, 0, b:getsockname())
        end
        assert.equal(1, send{spec_dst = "127.0.0.9"})
        assert.equal("127.0.0.9", select(2, b:recvfrom(10)).host)
        assert.equal(1, send{})
        assert.equal("127.0.0.1", select(2, b:recvfrom(10)).host)
        net.fails("ENODEV", send{ifindex = 12345678})
        net.raises("ancdata[1].value: unknown field 'host'", send, {host = "127.0.0.1"})
        net.raises("ancdata[1].value: unknown field '1'", send, {"127.0.0.1"})
        net.raises("ancdata[1].value.spec_dst: numeric address expected, got 'localhost'",
            send, {spec_dst = "localhost"})
        net.raises("ancdata[1].value.spec_dst: numeric address expected", send, {spec_dst = "::1"})
        net.raises("ancdata[1].value.spec_dst: numeric address expected", send, {spec_dst = 1})
        net.raises("ancdata[1].value.ifindex: must be -2147483648 to 2147483647", send,
            {ifindex = 2^31 | 0})
        net.raises("ancdata[1].value: table expected", send, 1)
    end)

    checked("is all of the credentials", function()
        local a <close>, second <const> = net.pair()
        local b <close> = second
        assert(b:setoption("passcred", true))
        local own <const> = assert(a:getoption("peercred"))
        assert.equal(1, a:sendmsg({"x"}, {{name = "credentials", value = own}}))
        local _, ancdata <const> = b:recvmsg(1, 100)
        assert.same({"credentials", own}, {ancdata[1].name, ancdata[1].value})
        net.raises("ancdata[1].value.gid: integer expected, got nil", a.sendmsg, a, {"x"},
            {{name = "credentials", value = {pid = own.pid, uid = own.uid}}})
    end)

    checked("cuts a large message into datagrams", function()
        local a <close> = net.udp()
        local b <close> = net.udp()
        local sent <const>, _, code <const> = a:sendmsg({("a"):rep(100), ("b"):rep(100), "c"},
            {{name = "segment", value = 100}}, 0, b:getsockname())
        if code then return pending("no UDP_SEGMENT here: " .. code) end
        assert.equal(201, sent)
        for _, text in ipairs{("a"):rep(100), ("b"):rep(100), "c"} do
            assert.equal(text, b:recv(1000))
        end
    end)

    it("must be known, and one that can be sent", function()
        local s <close> = net.udp()
        for _, name in ipairs{"", "no such", "ttl\0", "recverr", "timestamp", "TTL"} do
            net.raises("cannot be sent", s.sendmsg, s, {"x"}, {{name = name, value = 1}})
        end
        net.raises("ancdata[2].name: string expected, got 1", s.sendmsg, s, {"x"},
            {{name = "ttl", value = 1}, {name = 1, value = 1}})
        net.raises("ancdata[1].value: integer expected, got nil", s.sendmsg, s, {"x"},
            {{name = "ttl"}})
        net.raises("ancdata[1].value: must be 0 to 255, got 256", s.sendmsg, s, {"x"},
            {{name = "tos", value = 256}})
        net.raises("ancdata[1].value: table expected", s.sendmsg, s, {"x"},
            {{name = "rights", value = 0}})
    end)
end)

describe("control messages to be sent", function()
    it("may be more than fit into a little memory", function()
        local a <close>, second <const> = net.pair()
        local b <close> = second
        local before <const> = net.descriptors()
        local items <const> = {}
        for i = 1, 200 do items[i] = rights(0) end
        assert.equal(1, a:sendmsg({"x"}, items))
        local data <const>, ancdata <const>, flags <const> = b:recvmsg(10, 10000)
        assert.same({"x", 0}, {data, flags})
        local n = 0
        for _, item in ipairs(ancdata) do
            for _, fd in ipairs(item.value) do
                socket.close(fd)
                n = n + 1
            end
        end
        assert.equal(200, n)
        assert.equal(before, net.descriptors())
    end)

    it("are refused when there are far too many", function()
        local s <close>, other <const> = net.pair()
        other:close()
        local big <const> = {socket.SOL_SOCKET, 99, ("x"):rep(1 << 20)}
        local before <const> = net.status("VmRSS")
        net.fails("ENOBUFS", s:sendmsg({"x"}, {big}))
        local items <const> = {}
        for i = 1, 3000 do items[i] = big end
        net.fails("ENOBUFS", s:sendmsg({"x"}, items))
        assert.is_true(net.status("VmRSS") - before < 20000)
    end)

    it("may be what was received, and buffers", function()
        local a <close>, second <const> = net.pair()
        local b <close> = second
        local fd <const> = socket.buffer(string.pack("i", 0))
        assert.equal(1, a:sendmsg({"x"}, {{socket.SOL_SOCKET, socket.SCM_RIGHTS, fd}}))
        local _, ancdata <const> = b:recvmsg(10, 100)
        assert.equal(1, b:sendmsg({"y"}, ancdata))
        local _, again <const> = a:recvmsg(10, 100)
        assert.equal(1, #again)
        for _, item in ipairs{ancdata[1], again[1]} do
            assert.equal(1, #item.value)
            assert(socket.close(item.value[1]))
        end
        local named <const> = {level = socket.SOL_SOCKET, type = socket.SCM_RIGHTS, data = fd}
        assert.equal(1, a:sendmsg({"z"}, {named}))
        assert.equal("z", b:recv(1))
    end)
end)
