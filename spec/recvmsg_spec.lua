-- Messages of several buffers with control messages: receiving. What Python's
-- recvmsg does is in spec/parity; here is what is ours, and how it waits.

local net <const> = require "spec.support.net"
local socket <const> = require "tidewire.socket"
local task <const> = require "tidewire.task"
local tasks <const> = require "spec.support.tasks"

local checked <const> = tasks.checked(it)
local CTRUNC <const> = socket.MSG_CTRUNC

-- The numbers of SO_PASSPIDFD and PACKET_AUXDATA, for older headers.
local PASSPIDFD <const>, AUXDATA <const> = 76, 8

local function values(ancdata)
    local found <const> = {}
    for _, item in ipairs(ancdata) do
        if item.name then found[item.name] = item.value end
    end
    return found
end

describe("recvmsg", function()
    checked("uses as much memory as may arrive, not as was asked for", function()
        local a <const>, second <const> = net.pair()
        local b <close> = second
        local before <const> = net.status("VmHWM")
        for _, size in ipairs{2^31 - 1 | 0, 2^62 | 0} do
            assert(a:sendall("x"))
            assert.equal("x", (b:recvmsg(size, 2^31 - 1 | 0)))
            assert(a:sendall("y"))
            assert.equal(1, (b:recvmsg_into({socket.buffer(1)}, 2^31 - 1 | 0)))
        end
        assert.is_true(net.status("VmHWM") - before < 20000)
        a:close()
    end)

    checked("lets other tasks run while it waits", function()
        local a <close>, second <const> = net.pair()
        local b <close> = second
        local buffers <const> = {socket.buffer(2), socket.buffer(2)}
        local first <const> = task.spawn(function() return b:recvmsg(10, 100) end)
        task.yield()
        assert.equal("waiting", first:status())
        net.fails("EBUSY", b:recvmsg(1))
        net.fails("EBUSY", b:recvmsg_into{})
        net.fails("EBUSY", socket.recv_fds(b, 1, 1))
        a:sendall("one")
        assert.equal("one", (first:join()))
        local into <const> = task.spawn(function() return b:recvmsg_into(buffers, 100) end)
        task.yield()
        a:sendall("two")
        assert.equal(3, (into:join()))
        assert.equal("two\0", buffers[1]:string() .. buffers[2]:string())
        local last <const> = task.spawn(function() return socket.recv_fds(b, 1, 1) end)
        task.yield()
        b:close()
        net.fails("closed", last:join())
    end)

    checked("is cancelled while it waits, and takes nothing", function()
        local a <close>, second <const> = net.pair()
        local b <close> = second
        local reader <const> = task.spawn(function() return b:recvmsg(10, 100) end)
        task.yield()
        reader:cancel()
        assert.equal(1, socket.send_fds(a, {"x"}, {0}))
        tasks.gone(reader)
        local data <const>, fds <const> = socket.recv_fds(b, 10, 1)
        assert.equal("x", data)
        assert(socket.close(fds[1]))
    end)

    checked("tells an empty packet from the end", function()
        local a <const>, second <const> = net.pair(socket.SOCK_SEQPACKET)
        local b <close> = second
        assert(b:setoption("passcred", true))
        assert.equal(0, a:sendmsg({}))
        assert.equal(0, socket.send_fds(a, {}, {0}))
        a:close()
        local data <const>, ancdata <const> = b:recvmsg(10, 100)
        assert.equal("", data)
        assert.is_truthy(values(ancdata).credentials)
        local none <const>, fds <const> = socket.recv_fds(b, 10, 1)
        assert.same({"", 1}, {none, #fds})
        assert(socket.close(fds[1]))
        net.fails("eof", b:recvmsg(10, 100))
        net.fails("eof", b:recvmsg(10))
    end)

    checked("finds the end of a stream that has credentials", function()
        local a <const>, second <const> = net.pair()
        local b <close> = second
        assert(b:setoption("passcred", true))
        a:sendall("x")
        a:close()
        local data <const>, ancdata <const> = b:recvmsg(10, 100)
        assert.same({"x", "credentials"}, {data, ancdata[1].name})
        net.fails("eof", b:recvmsg(10, 100))
        net.fails("eof", socket.recv_fds(b, 10, 100))
        assert.equal("", (b:recvmsg(0)))
    end)

    checked("says with MSG_TRUNC how long a datagram was", function()
        local s <close> = net.udp()
        local at <const> = s:getsockname()
        for _ = 1, 2 do s:sendto("0123456789", at) end
        assert.same({"0123", {}, socket.MSG_TRUNC, at},
            {s:recvmsg(4, 0, socket.MSG_TRUNC)})
        local buffer <const> = socket.buffer(4)
        assert.same({10, {}, socket.MSG_TRUNC, at},
            {s:recvmsg_into({buffer}, 0, socket.MSG_TRUNC)})
        assert.equal("0123", buffer:string())
    end)

    checked("takes 1024 buffers", function()
        local s <close> = net.udp()
        local at <const> = s:getsockname()
        local buffers <const> = {}
        for i = 1, 1024 do buffers[i] = socket.buffer(1) end
        s:sendto(("0123456789"):rep(200), at)
        assert.same({1024, {}, socket.MSG_TRUNC, at}, {s:recvmsg_into(buffers)})
        assert.equal("0123", buffers[1]:string() .. buffers[2]:string() ..
            buffers[3]:string() .. buffers[1024]:string())
        buffers[1025] = socket.buffer(1)
        net.fails("EMSGSIZE", s:recvmsg_into(buffers))
        s:sendto("", at)
        assert.same({0, {}, 0, at}, {s:recvmsg_into({})})
    end)

    checked("is left alone by what a hook receives meanwhile", function()
        local a <close>, second <const> = net.pair()
        local b <close> = second
        local c <close>, fourth <const> = net.pair()
        local d <close> = fourth
        local text <const> = ("right"):rep(1000)
        assert.equal(#text, socket.send_fds(a, {text}, {0}))
        assert(c:sendall(("WRONG"):rep(1000)))
        debug.sethook(function()
            if debug.getinfo(3, "S").what == "C" then
                debug.sethook()
                d:recv(1 << 20)
            end
        end, "c")
        local data <const>, fds <const> = socket.recv_fds(b, 1 << 20, 1)
        debug.sethook()
        assert.equal(text, data)
        assert(socket.close(fds[1]))
        d:settimeout(0)
        net.fails("EAGAIN", d:recv(1))
    end)
end)

describe("descriptors that nobody asked for", function()
    checked("are not taken by recv and recvfrom", function()
        local a <close>, second <const> = net.pair()
        local b <close> = second
        local before <const> = net.descriptors()
        for _, name in ipairs{"recv", "recvfrom", "recvmsg"} do
            socket.send_fds(a, {"x"}, {0, 1, 2})
            assert.equal("x", (b[name](b, 10)))
        end
        socket.send_fds(a, {"left behind"}, {0, 1, 2})
        assert.equal(before, net.descriptors())
    end)

    checked("are closed beside those that were, and said to be missing", function()
        local a <close>, second <const> = net.pair()
        local b <close> = second
        if not b:setsockopt(socket.SOL_SOCKET, PASSPIDFD, 1) then
            return pending("no SO_PASSPIDFD here")
        end
        assert(b:setoption("passcred", true))
        local before <const> = net.descriptors()
        assert.equal(1, socket.send_fds(a, {"x"}, {0, 1, 2}))
        local data, fds, flags = socket.recv_fds(b, 10, 2)
        assert.same({"x", 2, CTRUNC}, {data, #fds, flags})
        for _, fd in ipairs(fds) do socket.close(fd) end
        assert.equal(before, net.descriptors())
        a:sendall("y")
        data, fds, flags = socket.recv_fds(b, 10, 2)
        assert.same({"y", {}, 0}, {data, fds, flags})
        assert.equal(before, net.descriptors())
        a:sendall("z")
        local _, ancdata <const> = b:recvmsg(10, 200)
        assert(socket.close(values(ancdata).pidfd))
        assert.equal(before, net.descriptors())
    end)
end)

describe("control messages received", function()
    checked("have names and values where they are known", function()
        local s <close> = net.udp()
        local at <const> = s:getsockname()
        for _, option in ipairs{"recvttl", "recvtos", "pktinfo", "timestampns",
                "recvorigdstaddr", "rxq_ovfl"} do
            assert(s:setoption(option, true))
        end
        s:sendto("x", at)
        local _, ancdata <const>, flags <const> = s:recvmsg(10, 1000)
        local found <const> = values(ancdata)
        assert.equal(0, flags)
        assert.same({64, 0, at}, {found.ttl, found.tos, found.origdstaddr})
        assert.equal("127.0.0.1", found.pktinfo.addr)
        assert.is_true(found.timestampns.sec > 1e9 and found.timestampns.nsec < 1e9)
        for _, item in ipairs(ancdata) do
            assert.same({item.level, item.type, item.data}, {table.unpack(item)})
            assert.equal(3, #item)
        end
    end)

    checked("tell how many datagrams were lost", function()
        local s <close> = net.udp()
        assert(s:setoption("rxq_ovfl", true))
        assert(s:setoption("rcvbuf", 4096))
        for _ = 1, 100 do s:sendto(("x"):rep(1000), s:getsockname()) end
        s:settimeout(0)
        while s:recvmsg(10, 100) do end
        s:sendto("y", s:getsockname())
        local _, ancdata <const> = s:recvmsg(10, 100)
        assert.is_true(values(ancdata).rxq_ovfl > 50)
    end)

    checked("come from the kernel's own families too", function()
        local s <close> = assert(socket.socket(socket.AF_NETLINK, socket.SOCK_RAW))
        s:settimeout(net.LIMIT)
        assert(s:setsockopt(socket.SOL_NETLINK, 3, 1))
        -- RTM_GETLINK for all interfaces.
        assert(s:sendmsg({string.pack("=I4I2I2I4I4", 20, 18, 0x301, 1, 0), ("\0"):rep(4)}))
        local data <const>, ancdata <const>, _, from <const> = s:recvmsg(65536, 100)
        assert.equal(16, string.unpack("=I2", data, 5))
        assert.same({0, 0}, {values(ancdata).group, from.pid})
    end)

    checked("come with packets", function()
        local ip <const> = socket.ETHERTYPE_IP
        local s <close>, _, code =
            socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ip))
        if not s then return pending("no AF_PACKET: " .. code) end
        assert(s:setsockopt(socket.SOL_PACKET, AUXDATA, 1))
        assert(s:bind{"lo", ip})
        s:settimeout(net.LIMIT)
        local u <close> = net.udp()
        local mark <const> = "a packet of " .. tostring(u:getsockname())
        u:sendto(mark, u:getsockname())
        local data, ancdata, flags
        repeat
            data, ancdata, flags = s:recvmsg(65536, 1000)
        until data:find(mark, 1, true)
        assert.equal(0, flags)
        assert.equal(#data, values(ancdata).auxdata.len)
    end)
end)
