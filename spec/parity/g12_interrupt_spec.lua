-- Interrupted system calls (cases 208 to 219 of the parity list): signals whose
-- handler raises an error end a wait with it, others change nothing. Ctrl-C (case
-- 220) is in interrupt_spec; what the kernel may say when it is interrupted, also
-- in strace_spec.
-- luacheck: std lua54+busted

local alarm <const> = require "spec.support.alarm"
local net <const> = require "spec.support.net"
local parity <const> = require "spec.support.parity"
local socket <const> = require "tidewire.socket"
local task <const> = require "tidewire.task"

-- Between two signals that must not matter.
local OFTEN <const> = 0.003

local RECEIVES <const> = {
    recv = function(s) return s:recv(100) end,
    recv_into = function(s) return s:recv_into(socket.buffer(100)) end,
    recvfrom = function(s) return s:recvfrom(100) end,
    recvfrom_into = function(s) return s:recvfrom_into(socket.buffer(100)) end,
    recvmsg = function(s) return s:recvmsg(100) end,
    recvmsg_into = function(s) return s:recvmsg_into({socket.buffer(100)}) end,
}

local SENDS <const> = {
    send = function(s) return s:send("x") end,
    sendto = function(s) return s:sendto("x", s:getpeername()) end,
    sendmsg = function(s) return s:sendmsg({"x"}) end,
    sendall = function(s) return s:sendall("x") end,
}

-- A socket that has nothing to receive, and what to close with it.
local IDLE <const> = {
    ["of a stream"] = function() return net.tcp() end,
    ["of a datagram"] = function() return net.udp(), net.udp() end,
}

describe("a handler that raises an error ends", function()
    for name, receive in pairs(RECEIVES) do
        for kind, idle in pairs(IDLE) do
            it(("G12/208 %s %s"):format(name, kind), function()
                local s <close>, other = idle()
                for _, timeout in ipairs{net.LIMIT, false} do
                    s:settimeout(timeout)
                    net.quick(function() alarm.abort(function() receive(s) end) end)
                end
                s:settimeout(0)
                net.fails("EAGAIN", receive(s))
                other:close()
            end)
        end
    end

    for name, send in pairs(SENDS) do
        it(("G12/209 %s, in a loop, where nothing more fits"):format(name), function()
            local a <close>, b <const> = net.tcp()
            for _, timeout in ipairs{net.LIMIT, false} do
                a:settimeout(timeout)
                net.quick(function()
                    alarm.abort(function() while true do assert(send(a)) end end)
                end)
            end
            b:close()
        end)
    end

    it("G12/210 sendall of a lot", function()
        local a <close>, b <const> = net.pair()
        local data <const> = ("x"):rep(16 << 20)
        a:settimeout(nil)
        net.quick(function() alarm.abort(function() a:sendall(data) end) end)
        b:close()
    end)

    it("G12/211 sendall with a timeout", function()
        local a <close>, b <const> = net.pair()
        local data <const> = ("x"):rep(16 << 20)
        net.quick(function() alarm.abort(function() a:sendall(data) end) end)
        b:close()
    end)

    it("G12/212 accept, before its timeout", function()
        local server <close> = assert(socket.create_server{"127.0.0.1", 0})
        server:settimeout(net.LIMIT)
        net.quick(function() alarm.abort(function() server:accept() end) end)
        local client <close> = assert(socket.create_connection(server:getsockname()))
        local conn <close>, from <const> = assert(server:accept())
        assert.equal(client:getsockname(), from)
        assert.is_not_nil(conn)
    end)

    it("G12/212 a wait while tasks run, which go on", function()
        local a <close>, b <const> = net.pair()
        local reader <close> = task.spawn(a.recv, a, 100)
        net.quick(function() alarm.abort(function() task.sleep(net.LIMIT) end) end)
        b:sendall("still here")
        assert.equal("still here", reader:join(net.LIMIT))
        b:close()
    end)
end)

-- Checks that f() fails with "timeout", neither early nor late.
local function on_time(f)
    local _ <close> = alarm.every(OFTEN)
    net.takes(0.1, function() net.fails("timeout", f()) end)
    assert.is_true(alarm.count() > 0)
end

describe("signals", function()
    it("G12/211 do not move the timeout of sendall", function()
        local a <close>, b <const> = net.tcp()
        local data <const> = ("x"):rep(64 << 20)
        a:settimeout(0.1)
        on_time(function() return a:sendall(data) end)
        b:close()
    end)

    it("G12/216 do not shorten a wait", function()
        local a <close>, b <const> = net.pair()
        local server <close> = assert(socket.create_server{"127.0.0.1", 0})
        a:settimeout(0.1)
        server:settimeout(0.1)
        on_time(function() return a:recv(1) end)
        on_time(function() return server:accept() end)
        on_time(function() return task.select{a, timeout = 0.1} end)
        on_time(function() return task.spawn(a.recv, a, 1):join() end)
        local _ <close> = alarm.every(OFTEN)
        net.takes(0.1, function() task.sleep(0.1) end)
        b:close()
    end)

    it("G12/218 leave a connect that does not wait under way", function()
        local server <close> = assert(socket.create_server{"127.0.0.1", 0})
        local _ <close> = alarm.every(OFTEN)
        for _ = 1, 20 do
            local s <close> = assert(socket.socket())
            s:settimeout(0)
            net.fails("EINPROGRESS", s:connect(server:getsockname()))
            s:settimeout(net.LIMIT)
            local ok <const>, _, code = s:connect(server:getsockname())
            assert.is_true(ok or code == "EISCONN", code)
            local conn <close>, from <const> = server:accept()
            assert.equal(s:getsockname(), from)
            assert.is_not_nil(conn)
        end
    end)

    it("G12/219 do not make close do anything twice", function()
        local before <const> = net.descriptors()
        for _ = 1, 3 do
            local a <const>, b <const> = net.tcp()
            local lower <close> = assert(socket.socket()) -- what else is free
            local fd <const> = a:fileno()
            assert.is_true(lower:fileno() < fd)
            net.fill(a)
            a:settimeout(nil)
            assert(a:setoption("linger", 1)) -- so that closing takes its time
            do
                local _ <close> = alarm.every(OFTEN)
                assert.is_true(a:close())
                assert.is_true(alarm.count() > 0, "it took no time")
            end
            local c <close> = assert(socket.socket())
            assert.equal(fd, c:fileno())
            assert.is_true(a:close())
            assert.equal(socket.SOCK_STREAM, c:getsockopt(socket.SOL_SOCKET, socket.SO_TYPE))
            b:close()
        end
        assert.equal(before, net.descriptors())
    end)
end)

-- Waits a little, as a slow peer does.
local function pause()
    task.sleep(4 * OFTEN)
end

parity.describe("signals", function()
    for name, receive in pairs(RECEIVES) do
        parity.case(("G12/213 lose nothing that %s waits for"):format(name),
            {transports = parity.ALL}, function(s, t)
                local _ <close> = alarm.every(OFTEN)
                for i = 1, 3 do
                    local got <const> = assert(receive(s))
                    assert.equal(math.type(got) and 9 or "message " .. i, got)
                    t:sync(i)
                end
                assert.is_true(alarm.count() > 0)
            end, function(s, t)
                for i = 1, 3 do
                    pause()
                    t:send(s, "message " .. i)
                    t:sync(i)
                end
            end)
    end

    parity.case("G12/214 lose nothing that is sent to a slow reader",
        {transports = parity.BYTES}, function(s, t)
            local data <const> = ("0123456789abcdef"):rep(1 << 16)
            local sent = 0
            local _ <close> = alarm.every(OFTEN)
            for _, send in ipairs{s.send, s.sendall,
                function(_, rest) return s:sendmsg{rest} end} do
                local n = 0
                while n < #data do n = n + assert(send(s, data:sub(n + 1))) end
                sent = sent + n
            end
            assert(s:shutdown(socket.SHUT_WR))
            t:sync("sent", sent)
            assert.is_true(alarm.count() > 0)
        end, function(s, t)
            local got <const> = {}
            for i = 1, 5 do
                pause()
                got[i] = assert(s:recv(65536))
            end
            got[6] = net.drain(s)
            local text <const> = table.concat(got)
            assert.equal(t:sync("sent"), #text)
            assert.equal(("0123456789abcdef"):rep(#text // 16), text)
        end)

    parity.case("G12/215 do not disturb accept", {transports = parity.STREAMS, raw = true},
        function(s, t)
            local _ <close> = alarm.every(OFTEN)
            local conn <close>, from <const> = assert(s:accept())
            assert.is_true(alarm.count() > 0)
            assert(conn:sendall(tostring(from)))
            t:sync("accepted")
        end, function(s, t)
            pause()
            assert(s:connect(t.address))
            assert.equal(tostring(s:getsockname()), s:recv(100))
            t:sync("accepted")
        end)

    parity.case("G12/217 do not disturb a connect that waits",
        {transports = {"tcp", "unix"}, raw = true}, function(_, t)
            local where <const> = t:sync("full")
            local s <close> = t:new()
            s:settimeout(nil)
            local _ <close> = alarm.every(OFTEN)
            assert(s:connect(t.transport == "tcp" and {"127.0.0.1", where} or where))
            assert.is_true(alarm.count() > 0)
            assert.equal(where, s:getpeername()[t.transport == "tcp" and 2 or 1])
            t:sync("connected")
        end, function(_, t)
            local server <const> = t:bound()
            local waiting <const> = {}
            assert(server:listen(0))
            repeat -- until its queue is full
                local one <const> = t:new()
                waiting[#waiting + 1] = one
                one:settimeout(0.05)
            until not one:connect(server:getsockname())
            t:sync("full", server:getsockname()[t.transport == "tcp" and 2 or 1])
            pause()
            for i = 1, #waiting do
                waiting[i]:close()
                local conn <close> = assert(server:accept())
                assert.is_not_nil(conn)
            end
            t:sync("connected")
            t.kind:close(server)
        end)
end)
