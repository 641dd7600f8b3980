-- task.select over sockets and streams.

local net <const> = require "spec.support.net"
local socket <const> = require "tidewire.socket"
local task <const> = require "tidewire.task"
local turns <const> = require "spec.support.turns"

-- Calls f with a connected pair, closed afterwards whatever happens.
local function with_pair(f)
    local a <close>, kept <const> = net.pair()
    local b <close> = kept
    f(a, b)
end

for _, place in ipairs(turns.places) do
    local where <const>, run <const> = " " .. place[1], place[2]
    local function case(name, f)
        it(name .. where, function()
            run(function() with_pair(f) end)
        end)
    end

    describe("select over sockets", function()
        case("finds the one that can be read, and leaves it as it is", function(a, b)
            with_pair(function(c, d)
                d:send("to c")
                assert.same({2, true}, {task.select{a, c}})
                assert.same({1, true}, {task.select{c, a, timeout = 0}})
                assert.equal("to c", c:recv(10))
                net.fails("timeout", task.select{a, c, timeout = 0})
                task.spawn(function()
                    task.sleep(0.001)
                    b:send("to a")
                end)
                assert.same({2, true}, {task.select{c, a}})
                assert.equal("to a", a:recv(10))
            end)
        end)

        case("knows better than what was so at the last receive", function(a, b)
            for i = 1, 20 do
                b:send("x")
                assert.same({1, true}, {task.select{a, timeout = net.LIMIT}})
                assert.equal("x", a:recv(i % 2 == 0 and 1 or 100))
                net.fails("timeout", task.select{a, timeout = i % 3 == 0 and 0.0002 or 0})
            end
            b:send("two")
            assert.equal("t", a:recv(1))
            assert.same({1, true}, {task.select{a, timeout = 0}})
            assert.equal("wo", a:recv(10))
        end)

        case("does not care for the socket's own timeout", function(a, b)
            a:settimeout(0)
            net.fails("timeout", task.select{a, timeout = 0.001})
            task.spawn(function() b:send("v") end)
            assert.same({1, true}, {task.select{a}})
            assert.equal("v", a:recv(10))
        end)

        case("finds one whose peer has gone", function(a, b)
            task.spawn(function() b:close() end)
            assert.same({1, true}, {task.select{a, timeout = net.LIMIT}})
            net.fails("eof", a:recv(1))
            assert.same({1, true}, {task.select{a, timeout = net.LIMIT}})
        end)

        case("finds a listening socket with somebody to accept", function()
            local server <close> = assert(socket.create_server{"127.0.0.1", 0})
            net.fails("timeout", task.select{server, timeout = 0.001})
            local client <close> = assert(socket.create_connection(server:getsockname()))
            assert.same({1, true}, {task.select{server}})
            local conn <close> = assert(server:accept())
            assert.equal(client:getsockname(), conn:getpeername())
            net.fails("timeout", task.select{server, timeout = 0})
        end)

        case("takes datagram sockets", function()
            local a <close>, b <const> = net.udp(), net.udp()
            local other <close> = b
            task.spawn(function() other:sendto("", a:getsockname()) end)
            assert.same({2, true}, {task.select{other, a}})
            assert.equal("", (a:recvfrom(10)))
            net.fails("timeout", task.select{other, a, timeout = 0})
        end)

        case("finds what a stream has in its buffer", function(a, b)
            local f <close> = a:makefile()
            b:send("one\ntwo\n")
            assert.same({1, true}, {task.select{f}})
            assert.equal("one", f:read())
            assert.same({2, true}, {task.select{task.event(), f, timeout = 0}})
            assert.equal("two", f:read())
            net.fails("timeout", task.select{f, timeout = 0})
            task.spawn(function() b:send("three\n") end)
            assert.same({1, true}, {task.select{f}})
            assert.equal("three", f:read())
        end)

        case("takes the same socket twice", function(a, b)
            net.fails("timeout", task.select{a, a, timeout = 0.001})
            task.spawn(function() b:send("v") end)
            assert.same({1, true}, {task.select{a, a, a}})
            local f <close> = a:makefile()
            assert.equal("v", f:read(1))
            net.fails("timeout", task.select{a, f, timeout = 0.001})
            task.spawn(function() b:send("v") end)
            assert.same({2, true}, {task.select{task.event(), f, a}})
            assert.equal("v", f:read(1))
        end)

        case("does not disturb who writes on it", function(a, b)
            net.fill(a)
            a:settimeout(net.LIMIT)
            local writer <const> = task.spawn(function() return a:sendall("the end") end)
            task.yield()
            net.fails("timeout", task.select{a, timeout = 0.001})
            local reader <const> = task.spawn(function()
                b:settimeout(0.02)
                return #net.drain(b) > 7
            end)
            assert.equal(7, writer:join(net.LIMIT))
            assert.is_true(reader:join(net.LIMIT))
        end)

        case("is told when another task reads", function(a, b)
            local reader <const> = turns.start(function() return a:recv(10) end)
            local got <const> = table.pack(task.select{task.event(), a})
            assert.equal("EBUSY", got[got.n])
            b:send("v")
            assert.equal("v", reader:join(net.LIMIT))
            b:send("w")
            assert.same({2, true}, {task.select{task.event(), a}})
        end)

        case("keeps other readers off while it waits, not longer", function(a, b)
            local chooser <const> = turns.start(task.select, {a, timeout = 0.005})
            net.fails("EBUSY", a:recv(1))
            net.fails("timeout", chooser:join(net.LIMIT))
            b:send("v")
            assert.equal("v", a:recv(1))
        end)

        case("of everything at once", function(a, b)
            local ch <const>, e <const>, t <const> = task.channel(), task.event(),
                task.spawn(task.sleep, 0.004)
            local function all() return (task.select{t, e, ch, a, timeout = net.LIMIT}) end
            task.spawn(function() b:send("v") end)
            assert.equal(4, all())
            a:recv(1)
            task.spawn(function() ch:send("v") end)
            assert.equal(3, all())
            assert.equal(1, all())
            task.spawn(function() e:set() end)
            assert.equal(1, all())
        end)
    end)
end

describe("select over sockets", function()
    it("polls regularly, and runs tasks meanwhile", function()
        with_pair(function(a, b)
            local sender <const> = task.spawn(function()
                for _ = 1, 20 do
                    b:send("x")
                    task.sleep(0.0005)
                end
                b:shutdown(socket.SHUT_WR)
                return true
            end)
            local got, polls = 0, 0
            for _ = 1, 1000000 do
                polls = polls + 1
                if task.select{a, timeout = 0} then
                    local data <const> = a:recv(100)
                    if not data then break end
                    got = got + #data
                end
            end
            assert.equal(20, got)
            assert.is_true(polls > 20)
            assert.is_true(sender:join(net.LIMIT))
        end)
    end)

    it("cancelled, leaves the socket to others", function()
        with_pair(function(a, b)
            local t <const> = turns.start(task.select, {a, task.event()})
            t:cancel()
            net.fails("cancelled", t:join(net.LIMIT))
            b:send("v")
            assert.equal("v", a:recv(1))
        end)
    end)

    it("keeps a socket and a channel that nobody else refers to", function()
        local known <const> = setmetatable({}, {__mode = "v"})
        local a <close>, b = net.pair()
        local t <const> = turns.start(function(s)
            local ch <const> = task.channel()
            known.ch, known.s = ch, s
            return (task.select{ch, s})
        end, b)
        b = nil
        collectgarbage()
        collectgarbage()
        assert.is_truthy(known.ch and known.s)
        a:send("v")
        assert.equal(2, t:join(net.LIMIT))
        assert.is_nil(b)
        if known.s then known.s:close() end
    end)
end)
