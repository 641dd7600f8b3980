-- Messages of several buffers with control messages: sending. What Python's
-- sendmsg does is in spec/parity; here is what is ours, and how it waits.

local net <const> = require "spec.support.net"
local socket <const> = require "tidewire.socket"
local task <const> = require "tidewire.task"
local tasks <const> = require "spec.support.tasks"

local checked <const> = tasks.checked(it)

local function rights(...)
    return {name = "rights", value = {...}}
end

describe("sendmsg", function()
    checked("looks a name up, and takes addresses in every form", function()
        local a <close> = net.udp()
        local b <close> = net.udp()
        local address <const> = b:getsockname()
        assert.equal(3, a:sendmsg({"one"}, nil, 0, address))
        assert.equal(3, a:sendmsg({"two"}, nil, 0, "127.0.0.1", address.port))
        assert.equal(5, a:sendmsg({"three"}, nil, nil, {"127.0.0.1", address.port}))
        assert.equal(4, a:sendmsg({"fo", "ur"}, {}, nil, {"localhost", address.port}))
        for _, text in ipairs{"one", "two", "three", "four"} do
            assert.equal(text, b:recv(10))
        end
        a:settimeout(0)
        net.fails("EAGAIN", a:sendmsg({"x"}, nil, 0, "localhost", address.port))
        local message <const> = net.fails("EINVAL", a:sendmsg({"x"}, {{socket.IPPROTO_IP, 99, ""}},
            0, address))
        assert.is_truthy(message:find("sendmsg 127.0.0.1:" .. address.port, 1, true))
    end)

    checked("looks nothing up for what cannot be sent", function()
        local s <close> = net.udp()
        net.raises("buffers[1]", s.sendmsg, s, {1}, nil, 0, "no.such.name", 1)
        net.raises("ancdata[1]", s.sendmsg, s, {}, {1}, 0, "no.such.name", 1)
    end)

    checked("waits for room in a stream, and says how much it has sent", function()
        local a <close>, second <const> = net.pair()
        local b <close> = second
        local filled <const> = net.fill(a)
        a:settimeout(net.LIMIT)
        local piece <const> = ("p"):rep(1 << 20)
        local sender <const> = task.spawn(function() return a:sendmsg({"head", piece}) end)
        task.yield()
        assert.equal("waiting", sender:status())
        local got = 0
        while sender:status() == "waiting" do got = got + #b:recv(1 << 20) end
        local sent <const> = assert(sender:join())
        assert.is_true(sent > 0 and sent <= #piece + 4)
        while got < filled + sent do got = got + #b:recv(1 << 20) end
        assert.equal(filled + sent, got)
    end)

    checked("waits for a datagram's receiver that is full", function()
        local a <close> = assert(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
        local b <close> = assert(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
        assert(b:bind(""))
        local address <const> = b:getsockname()
        a:settimeout(0)
        local n = 0
        while a:sendmsg({"x"}, nil, 0, address) do n = n + 1 end
        net.fails("EAGAIN", a:sendmsg({"x"}, nil, 0, address))
        a:settimeout(0.01)
        net.fails("timeout", a:sendmsg({"x"}, nil, 0, address))
        a:settimeout(net.LIMIT)
        b:settimeout(net.LIMIT)
        local sender <const> = task.spawn(function()
            return a:sendmsg({"last"}, nil, 0, address)
        end)
        task.yield()
        for _ = 1, n do assert.equal("x", b:recv(10)) end
        assert.equal("last", b:recv(10))
        assert.equal(4, sender:join())
    end)

    checked("is refused while another task sends, and ends with the socket", function()
        local a <close>, second <const> = net.pair()
        local b <close> = second
        net.fill(a)
        a:settimeout(net.LIMIT)
        local sender <const> = task.spawn(function() return a:sendmsg({"x"}) end)
        task.yield()
        net.fails("EBUSY", a:sendmsg({"y"}))
        net.fails("EBUSY", socket.send_fds(a, {"y"}, {0}))
        a:close()
        net.fails("closed", sender:join())
        net.fails("closed", a:sendmsg({"x"}, {rights(0)}))
        assert.equal("x", b:recv(1) and "x")
    end)

    checked("is cancelled while it waits", function()
        local a <close>, second <const> = net.pair()
        local _ <close> = second
        net.fill(a)
        a:settimeout(nil)
        local sender <const> = task.spawn(function() return a:sendmsg({"x"}, {rights(0)}) end)
        task.yield()
        sender:cancel()
        tasks.gone(sender)
    end)
end)

describe("descriptors to be sent", function()
    checked("are those of the moment when they are sent", function()
        local a <close>, second <const> = net.pair()
        local b <close> = second
        local passed <const> = net.udp()
        local fd <const> = passed:fileno()
        net.fill(a)
        a:settimeout(net.LIMIT)
        local sender <const> = task.spawn(function()
            return socket.send_fds(a, {"x"}, {passed})
        end)
        task.yield()
        passed:close()
        -- Its number is another's now, which nobody wants to give away.
        local other <close> = net.udp()
        assert.equal(fd, other:fileno())
        b:settimeout(0)
        while b:recv(1 << 20) do end
        net.fails("EBADF", sender:join())
    end)

    checked("must be open", function()
        local a <close>, second <const> = net.pair()
        local b <close> = second
        local closed <const>, file <const> = net.udp(), assert(io.tmpfile())
        local stream <const> = assert(b:makefile("r"))
        closed:close()
        file:close()
        stream:close()
        for _, bad in ipairs{closed, file, stream, 900} do
            net.fails("EBADF", socket.send_fds(a, {"x"}, {b, bad}))
            net.fails("EBADF", a:sendmsg({"x"}, {rights(bad)}))
        end
        for _, bad in ipairs{-1, 2^31, 1.5, "0", {}, true, socket.buffer(1)} do
            net.raises("fds[2]: ", socket.send_fds, a, {"x"}, {0, bad})
            net.raises("ancdata[1].value[1]: ", a.sendmsg, a, {"x"}, {rights(bad)})
        end
        a:sendall("nothing has come before")
        assert.equal("nothing has come before", b:recv(100))
    end)

    checked("do not pass through other families, nor wait when told not to", function()
        local a <close>, second <const> = net.pair()
        local _ <close> = second
        local tcp <close>, conn = net.tcp()
        local _ <close> = conn
        local message <const> = net.fails("EOPNOTSUPP", socket.send_fds(tcp, {"x"}, {0}))
        assert.is_truthy(message:find("AF_UNIX", 1, true))
        net.fill(a)
        a:settimeout(net.LIMIT)
        net.fails("EAGAIN", socket.send_fds(a, {"x"}, {0}, socket.MSG_DONTWAIT))
    end)

    checked("are at most 253 at once", function()
        local a <close>, second <const> = net.pair()
        local b <close> = second
        local before <const> = net.descriptors()
        local fds <const> = {}
        for i = 1, 253 do fds[i] = i % 3 end
        assert.equal(1, socket.send_fds(a, {"x"}, fds))
        fds[254] = 0
        net.fails("EINVAL", socket.send_fds(a, {"x"}, fds))
        local data <const>, received <const>, flags <const> = socket.recv_fds(b, 10, 1000)
        assert.same({"x", 253, 0}, {data, #received, flags})
        for _, fd in ipairs(received) do socket.close(fd) end
        assert.equal(before, net.descriptors())
    end)
end)
