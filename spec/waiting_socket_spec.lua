-- Several tasks and one socket: who may wait, who is woken, by what.

local net <const> = require "spec.support.net"
local socket <const> = require "tidewire.socket"
local task <const> = require "tidewire.task"
local turns <const> = require "spec.support.turns"

-- Each `it` gets a connected pair, closed afterwards whatever happens.
local function case(name, f)
    it(name, function()
        local a <close>, kept <const> = net.pair()
        local b <close> = kept
        f(a, b)
    end)
end

-- Operations that wait to read from a socket on which nothing arrives.
local READS <const> = {
    recv = function(s) return s:recv(10) end,
    recvfrom = function(s) return s:recvfrom(10) end,
    recv_into = function(s) return s:recv_into(socket.buffer(10)) end,
    ["stream:read"] = function(s)
        local f <const> = s:makefile()
        return f:read(1)
    end,
    select = function(s) return select(2, task.select{s}) end,
}

describe("a second reader", function()
    for first_name, first in pairs(READS) do
        for second_name, second in pairs(READS) do
            case(("gets EBUSY: %s while %s waits"):format(second_name, first_name), function(a, b)
                local t <const> = turns.start(first, a)
                net.fails("EBUSY", second(a))
                turns.inside(function() net.fails("EBUSY", second(a)) end)
                assert.equal("waiting", t:status())
                b:send("v")
                assert.is_truthy(t:join(net.LIMIT))
            end)
        end
    end

    case("gets EBUSY while the first has been woken and has not gone on", function(a, b)
        local got <const> = {}
        local first <const> = turns.start(function() got.first = a:recv(10) end)
        -- This one is ready before the first is woken, and runs after it.
        local codes <const> = {}
        local t <const> = task.spawn(function()
            b:send("v")
            for _ = 1, 100000 do
                if got.first then break end
                codes[select(3, a:recv(10)) or "data"] = true
                task.yield()
            end
        end)
        turns.join{first, t}
        assert.equal("v", got.first)
        assert.same({EBUSY = true}, codes)
    end)

    case("gets EBUSY on the main thread as well, and a task gets it from there", function(a, b)
        local code
        local t <const> = task.spawn(function()
            code = select(3, a:recv(1))
            b:send("v")
        end)
        assert.equal("v", a:recv(10))
        t:join(net.LIMIT)
        assert.equal("EBUSY", code)
    end)

    case("may read once the first has timed out, or was cancelled", function(a, b)
        a:settimeout(0.002)
        local t = turns.start(function() return a:recv(10) end)
        net.fails("timeout", t:join(net.LIMIT))
        a:settimeout(net.LIMIT)
        b:send("one")
        assert.equal("one", a:recv(10))
        t = turns.start(function() return a:recv(10) end)
        t:cancel()
        net.fails("cancelled", t:join(net.LIMIT))
        b:send("two")
        assert.equal("two", a:recv(10))
    end)

    case("that comes after a timeout gets all there is: nothing stale steals it", function(a, b)
        a:settimeout(0.0005)
        for i = 1, 20 do
            local first <const> = task.spawn(function() return a:recv(10) end)
            net.fails("timeout", first:join(net.LIMIT))
            local second <const> = turns.start(function()
                a:settimeout(net.LIMIT)
                return a:recv(10)
            end)
            b:send(tostring(i))
            assert.equal(tostring(i), second:join(net.LIMIT))
            a:settimeout(0.0005)
        end
    end)

    case("is not a writer: both may wait on one socket", function(a, b)
        net.fill(a)
        a:settimeout(net.LIMIT)
        local reader <const> = turns.start(function() return a:recv(10) end)
        local writer <const> = turns.start(function() return a:sendall("tail") end)
        net.fails("EBUSY", a:recv(1))
        net.fails("EBUSY", a:send("x"))
        net.fails("EBUSY", a:sendall("x"))
        assert.same({"waiting", "waiting"}, {reader:status(), writer:status()})
        b:send("v")
        assert.equal("v", reader:join(net.LIMIT))
        assert.equal("waiting", writer:status())
        b:settimeout(0.02)
        task.spawn(net.drain, b)
        assert.equal(4, writer:join(net.LIMIT))
    end)

    it("gets EBUSY from accept", function()
        local server <close> = assert(socket.create_server{"127.0.0.1", 0})
        local t <const> = turns.start(function()
            local conn <close> = assert(server:accept())
            return conn:getpeername()
        end)
        net.fails("EBUSY", server:accept())
        local client <close> = assert(socket.create_connection(server:getsockname()))
        assert.equal(client:getsockname(), t:join(net.LIMIT))
    end)

    case("with settimeout(0) gets EBUSY too: it would steal", function(a, b)
        local t <const> = turns.start(function() return a:recv(10) end)
        b:send("v")
        a:settimeout(0)
        net.fails("EBUSY", a:recv(10))
        assert.equal("v", t:join(net.LIMIT))
    end)
end)

describe("closing a socket", function()
    for name, read in pairs(READS) do
        case("wakes who waits in " .. name, function(a)
            local t <const> = turns.start(function() return net.fails("closed", read(a)) end)
            local f <const> = name:find "stream" and a or nil
            a:close()
            if not f then
                assert.is_truthy(t:join(net.LIMIT):find("closed", 1, true))
            else -- the stream has the socket to itself from now on
                turns.settle()
                assert.equal("waiting", t:status())
                t:cancel()
                net.fails("cancelled", t:join(net.LIMIT))
            end
        end)
    end

    case("wakes a reader and a writer", function(a)
        net.fill(a)
        a:settimeout(net.LIMIT)
        local reader <const> = turns.start(function() return net.fails("closed", a:recv(1)) end)
        local writer <const> = turns.start(function()
            local _ <const>, n <const> = net.fails("closed", a:sendall("v"))
            return n
        end)
        a:close()
        assert.is_truthy(reader:join(net.LIMIT):find("closed", 1, true))
        assert.equal(0, writer:join(net.LIMIT))
    end)

    case("wakes the main thread", function(a)
        task.spawn(function()
            task.sleep(0.001)
            a:close()
        end)
        net.fails("closed", a:recv(1))
    end)

    case("wakes its own users while streams keep the descriptor", function(a, b)
        local f <const> = a:makefile()
        local t <const> = turns.start(function() return net.fails("closed", a:recv(1)) end)
        a:close()
        assert.is_truthy(t:join(net.LIMIT):find("closed", 1, true))
        b:send("line\n")
        assert.equal("line", f:read())
        local reader <const> = turns.start(function() return net.fails("closed", f:read()) end)
        f:close()
        assert.is_truthy(reader:join(net.LIMIT):find("closed", 1, true))
        net.fails("eof", b:recv(1))
    end)

    case("and its streams, one after the other, leaves nobody waiting", function(a, b)
        local before <const> = net.descriptors()
        local f <const>, w <const> = a:makefile("r"), a:makefile("w")
        local reader <const> = turns.start(function() return net.fails("closed", f:read("a")) end)
        a:close()
        w:write("bye")
        w:close()
        assert.equal("bye", b:recv(10))
        turns.settle()
        assert.equal("waiting", reader:status())
        f:close()
        assert.is_truthy(reader:join(net.LIMIT):find("closed", 1, true))
        net.fails("eof", b:recv(1))
        assert.equal(before - 1, net.descriptors())
    end)

    case("and opening another at once does not confuse who waited", function(a)
        local fd <const> = a:fileno()
        local t <const> = turns.start(function() return net.fails("closed", a:recv(10)) end)
        a:close()
        local c <close>, kept <const> = net.pair()
        local d <close> = kept
        assert.is_true(c:fileno() == fd or d:fileno() == fd)
        c:send("to d")
        d:send("to c")
        assert.same({"to c", "to d"}, {c:recv(10), (d:recv(10))})
        t:join(net.LIMIT)
    end)

    it("by the task that waits for it to be accepted or connected", function()
        local server <const> = assert(socket.create_server{"127.0.0.1", 0})
        local t <const> = turns.start(function() return net.fails("closed", server:accept()) end)
        server:close()
        assert.is_truthy(t:join(net.LIMIT):find("accept", 1, true))
        local address <const>, hole <close> = net.black_hole()
        local s <const> = assert(socket.socket())
        local c <const> = turns.start(function() return net.fails("closed", s:connect(address)) end)
        assert.equal("waiting", c:status())
        s:close()
        assert.is_truthy(c:join(net.LIMIT):find("connect", 1, true))
        assert.is_truthy(hole)
    end)
end)

describe("a socket that only a waiting task knows", function()
    it("is not collected", function()
        local known <const> = setmetatable({}, {__mode = "v"})
        local a, b <const> = net.pair()
        known[1] = a
        local t <const> = turns.start(function(s) return s:recv(10) end, a)
        a = nil
        for _ = 1, 3 do collectgarbage() end
        assert.is_nil(a)
        assert.is_truthy(known[1])
        b:send("v")
        assert.equal("v", t:join(net.LIMIT))
        if known[1] then known[1]:close() end
        b:close()
    end)

    it("is not collected when a temporary stream of it is read, three coroutines deep", function()
        local a <const>, b <const> = net.pair()
        local weak <const> = setmetatable({a}, {__mode = "v"})
        local t <const> = turns.start(function(s)
            return coroutine.wrap(function()
                return coroutine.wrap(function() return s:makefile():read() end)()
            end)()
        end, a)
        for _ = 1, 3 do collectgarbage() end
        b:send("line\n")
        assert.equal("line", t:join(net.LIMIT))
        if weak[1] then weak[1]:close() end
        b:close()
    end)

    it("neither is its task, though nobody has a handle", function()
        local a <const>, b <const> = net.pair()
        local got
        task.spawn(function() got = a:recv(10) end)
        task.yield()
        for _ = 1, 3 do collectgarbage() end
        b:send("v")
        task.run()
        assert.equal("v", got)
        a:close()
        b:close()
    end)
end)
