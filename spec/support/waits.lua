-- Every kind of wait, for what must hold for all of them. Each entry is {name,
-- function}; the function makes what is needed and returns: `wait`, which waits
-- for ever; `after`, which checks that what was waited for can be used by
-- somebody else; and what to close in the end. "once": it waits only once, for
-- when that has been cancelled it is closed, or under way.

local assert <const> = require "luassert"
local net <const> = require "spec.support.net"
local socket <const> = require "tidewire.socket"
local task <const> = require "tidewire.task"

-- Two connected sockets without a limit, and a check of the first.
local function pair()
    local a <const>, b <const> = net.pair()
    a:settimeout(nil)
    return a, b, function()
        a:settimeout(net.LIMIT)
        assert(b:sendall("to a\n"))
        assert.equal("to a\n", a:recv(100))
        assert(a:sendall("to b"))
        assert.is_truthy((b:recv(1 << 20)):find("^f*to b$"))
    end
end

local function reading(f)
    return function()
        local a <const>, b <const>, after <const> = pair()
        return function() return f(a) end, after, a, b
    end
end

-- Waits of a socket whose peer takes nothing; afterwards the peer takes all.
local function writing(f)
    return function()
        local a <const>, b <const> = pair()
        net.fill(a)
        a:settimeout(nil)
        return function() return f(a) end, function()
            b:settimeout(0)
            repeat until not b:recv(1 << 20)
            b:settimeout(net.LIMIT)
            a:settimeout(net.LIMIT)
            assert(a:send("through"))
            assert.is_truthy((b:recv(1 << 20)):find("through$"))
        end, a, b
    end
end

local function stream_reading(f)
    return function()
        local a <const>, b <const> = pair()
        local s <const> = assert(a:makefile("rw"))
        b:sendall("part")
        return function() return f(s) end, function()
            a:settimeout(net.LIMIT)
            b:sendall(" two\nx")
            assert.equal("part two", s:read())
        end, s, a, b
    end
end

local function stream_writing(f)
    return function()
        local a <const>, b <const> = pair()
        local s <const> = assert(a:makefile("w", 1 << 20))
        net.fill(a)
        a:settimeout(nil)
        s:write("held back")
        return function() return f(s) end, function()
            local reader <close> = task.spawn(net.drain, b)
            a:settimeout(net.LIMIT)
            local open <const> = s:fileno() ~= -1
            if open then assert(s:close()) end
            a:close()
            assert.equal(open, reader:join(net.LIMIT):find("held back", 1, true) ~= nil)
        end, b
    end
end

local function on_channel(capacity, f, check)
    return function()
        local ch <const> = task.channel(capacity)
        for i = 1, check == "full" and capacity or 0 do ch:send(i) end
        return function() return f(ch) end, function()
            if check == "full" then
                for i = 1, capacity do assert.equal(i, ch:receive(0)) end
            end
            net.fails("timeout", ch:receive(0))
            local t <const> = task.spawn(ch.send, ch, "v", net.LIMIT)
            assert.equal("v", ch:receive(net.LIMIT))
            assert.is_true(t:join(net.LIMIT))
            assert.equal(0, #ch)
        end
    end
end

local function listening()
    local server <const> = assert(socket.create_server{"127.0.0.1", 0})
    return function() return server:accept() end, function()
        server:settimeout(net.LIMIT)
        local c <close> = assert(socket.create_connection(server:getsockname(), net.LIMIT))
        local conn <close> = assert(server:accept())
        assert.equal(c:getsockname(), conn:getpeername())
    end, server
end

local function connecting()
    local hole <const>, held <const> = net.black_hole()
    local s <const> = assert(socket.socket())
    return function() return s:connect(hole) end, function()
        s:settimeout(0.01)
        local _, _, code = s:connect(hole)
        assert.is_true(code == "timeout" or code == "EALREADY", code)
    end, s, held
end

local function on_event()
    local e <const> = task.event()
    return function() return e:wait() end, function()
        local t <const> = task.spawn(e.wait, e, net.LIMIT)
        e:set()
        assert.is_true(t:join(net.LIMIT))
    end
end

local function on_semaphore()
    local s <const> = task.semaphore(0)
    return function() return s:acquire() end, function()
        s:release()
        assert.equal(s, s:acquire(0))
        net.fails("timeout", s:acquire(0))
        assert.equal("semaphore (0)", tostring(s))
    end
end

local function on_join()
    local go <const> = task.event()
    local t <const> = task.spawn(function() go:wait() return "end" end)
    return function() return t:join() end, function()
        go:set()
        assert.equal("end", t:join(net.LIMIT))
    end
end

local function on_select()
    local a <const>, b <const>, after <const> = pair()
    local ch <const>, e <const> = task.channel(1), task.event()
    local t <const> = task.spawn(e.wait, e)
    return function() return task.select{ch, a, e, t} end, function()
        after()
        ch:send("v")
        assert.same({1, "v"}, {task.select{ch, a, e, t}})
        e:set()
        assert.is_true(t:join(net.LIMIT))
    end, a, b
end

local function on_signal()
    local s <const> = assert(task.signal "USR1")
    return function() return s:wait() end, function()
        net.fails("timeout", s:wait(0))
        net.fails("timeout", s:wait(0.001))
    end, s
end

local function on_datagram()
    local u <const> = net.udp()
    u:settimeout(nil)
    return function() return u:recvfrom(100) end, function()
        u:settimeout(net.LIMIT)
        u:sendto("x", u:getsockname())
        assert.equal("x", (u:recvfrom(100)))
    end, u
end

local MORE <const> = ("m"):rep(4 << 20)

return {
    {"recv", reading(function(a) return a:recv(10) end)},
    {"recv_into", reading(function(a) return a:recv_into(socket.buffer(10)) end)},
    {"recvfrom", on_datagram},
    {"send", writing(function(a) return a:send("more") end)},
    {"sendall", writing(function(a) return a:sendall(MORE) end)},
    {"accept", listening},
    {"connect", connecting, "once"},
    {"read a line", stream_reading(function(s) return s:read() end)},
    {"read n", stream_reading(function(s) return s:read(5000) end)},
    {"read all", stream_reading(function(s) return s:read "a" end)},
    {"read_exact", stream_reading(function(s) return s:read_exact(100) end)},
    {"read_until", stream_reading(function(s) return s:read_until "END" end)},
    {"lines", stream_reading(function(s) return s:lines()() end)},
    {"write", stream_writing(function(s) return s:write(MORE) end)},
    {"flush", stream_writing(function(s) return s:flush() end)},
    {"close", stream_writing(function(s) return s:close() end), "once"},
    {"sleep", function() return function() return task.sleep(3600) end end},
    {"join", on_join},
    {"send to a channel without a buffer", on_channel(0, function(ch) return ch:send("s") end)},
    {"send to a full channel", on_channel(3, function(ch) return ch:send("s") end, "full")},
    {"receive without a buffer", on_channel(0, function(ch) return ch:receive() end)},
    {"receive", on_channel(2, function(ch) return ch:receive() end)},
    {"iterate over a channel", on_channel(1, function(ch) return ch() end)},
    {"wait for an event", on_event},
    {"acquire", on_semaphore},
    {"select", on_select},
    {"wait for a signal", on_signal},
}
