-- task.select over channels, events and tasks; sockets are in select_socket_spec.

local net <const> = require "spec.support.net"
local socket <const> = require "tidewire.socket"
local task <const> = require "tidewire.task"
local turns <const> = require "spec.support.turns"

local function value_of(ch, v, delay)
    return task.spawn(function()
        if delay then task.sleep(delay) end
        assert(ch:send(v, net.LIMIT))
    end)
end

for _, place in ipairs(turns.places) do
    local where <const>, run <const> = " " .. place[1], place[2]
    describe("select", function()
        it("receives from the channel that has a value" .. where, function()
            run(function()
                for capacity = 0, 2 do
                    local a <const>, b <const> = task.channel(capacity), task.channel(capacity)
                    value_of(b, "vb")
                    assert.same({2, "vb"}, {task.select{a, b}})
                    value_of(a, false, 0.001)
                    assert.same({1, false}, {task.select{a, b, timeout = net.LIMIT}})
                end
            end)
        end)

        it("takes the first of several that are ready" .. where, function()
            run(function()
                local a <const>, b <const> = task.channel(1), task.channel(1)
                local e <const> = task.event()
                b:send("vb")
                a:send("va")
                e:set()
                assert.same({1, "va"}, {task.select{a, b, e}})
                assert.same({2, "vb"}, {task.select{a, b, e}})
                assert.same({3, true}, {task.select{a, b, e}})
                assert.same({1, true}, {task.select{e, a, b}})
            end)
        end)

        it("waits for one of many senders, and loses no other" .. where, function()
            run(function()
                for capacity = 0, 2 do
                    local channels <const>, seen = {timeout = net.LIMIT}, {}
                    for i = 1, 8 do channels[i] = task.channel(capacity) end
                    for i = 1, 8 do value_of(channels[i], i) end
                    for _ = 1, 8 do
                        local index <const>, value <const> = task.select(channels)
                        assert.equal(index, value)
                        assert.is_nil(seen[index])
                        seen[index] = true
                    end
                    assert.equal(8, #seen)
                end
            end)
        end)

        it("says that a channel is closed and empty" .. where, function()
            run(function()
                local a <const>, b <const> = task.channel(1), task.channel()
                a:send("last")
                a:close()
                assert.same({2, "last"}, {task.select{b, a}})
                local got <const> = table.pack(task.select{b, a})
                assert.same({2, nil, "select: closed", "closed", n = 4}, got)
                task.spawn(function() b:close() end)
                assert.same({1, nil, "select: closed", "closed"}, {task.select{b}})
            end)
        end)

        it("waits for an event, and for a task to end" .. where, function()
            run(function()
                local e <const>, ch <const> = task.event(), task.channel()
                task.spawn(function() e:set() end)
                assert.same({2, true}, {task.select{ch, e}})
                local t <const> = task.spawn(function() task.sleep(0.001) end)
                assert.same({2, true}, {task.select{ch, t}})
                assert.same({1, true}, {task.select{t, ch}})
                local failed <const> = task.spawn(error, "boom", 0)
                assert.same({1, true}, {task.select{failed}})
                net.raises("boom", failed.join, failed)
            end)
        end)

        it("has a timeout, and loses nothing by it" .. where, function()
            run(function()
                local ch <const>, e <const> = task.channel(1), task.event()
                net.quick(function() net.fails("timeout", task.select{ch, e, timeout = 0}) end)
                turns.takes(0.01, function()
                    net.fails("timeout", task.select{ch, e, timeout = 0.01})
                end)
                ch:send("v")
                assert.same({1, "v"}, {task.select{ch, timeout = 0}})
                for i = 1, 40 do
                    value_of(ch, i, 0.0004)
                    local _, value = task.select{e, ch, timeout = 0.0004}
                    if type(value) ~= "number" then _, value = task.select{e, ch} end
                    assert.equal(i, value)
                end
                assert.equal(0, #ch)
            end)
        end)

        it("takes the same thing twice" .. where, function()
            run(function()
                local ch <const>, e <const> = task.channel(), task.event()
                net.fails("timeout", task.select{ch, ch, e, e, timeout = 0.001})
                value_of(ch, "v")
                assert.same({1, "v"}, {task.select{ch, ch, ch, timeout = net.LIMIT}})
                task.spawn(function() e:set() end)
                assert.same({2, true}, {task.select{ch, e, e}})
                net.fails("timeout", ch:receive(0))
            end)
        end)

        it("polls regularly" .. where, function()
            run(function()
                local ch <const>, rounds, sum = task.channel(), 0, 0
                local t <const> = task.spawn(function()
                    for i = 1, 5 do
                        ch:send(i)
                        task.sleep(0.002)
                    end
                    return true
                end)
                local deadline <const> = socket.monotonic() + net.LIMIT
                while sum < 15 and socket.monotonic() < deadline do
                    local index <const>, v <const> = task.select{ch, timeout = 0}
                    rounds = rounds + 1
                    sum = sum + (index and v or 0)
                    task.sleep(0.001)
                end
                assert.equal(15, sum)
                assert.is_true(rounds > 5)
                assert.is_true(t:join(net.LIMIT))
            end)
        end)
    end)
end

describe("select", function()
    it("steals nothing from receivers who came first", function()
        for capacity = 0, 2 do
            local ch <const>, other <const> = task.channel(capacity), task.event()
            local first <const> = turns.start(function() return ch:receive() end)
            local second <const> = turns.start(function()
                return select(2, task.select{other, ch})
            end)
            local third <const> = turns.start(function() return ch:receive() end)
            for i = 1, 3 do ch:send(i) end
            assert.same({1, 2, 3}, turns.join{first, second, third})
        end
    end)

    it("leaves a value that a receiver was promised, whenever it comes", function()
        local ch <const> = task.channel(1)
        local first <const> = turns.start(function() return ch:receive() end)
        ch:send("promised") -- the receiver has not run yet
        net.fails("timeout", task.select{ch, timeout = 0})
        net.fails("timeout", ch:receive(0))
        assert.equal("promised", first:join(net.LIMIT))
    end)

    it("takes no place from others in the queue when it goes elsewhere", function()
        local a <const>, e <const> = task.channel(1), task.event()
        local chooser <const> = turns.start(function() return (task.select{a, e}) end)
        local receiver <const> = turns.start(function() return a:receive() end)
        e:set()
        a:send("v")
        assert.equal(2, chooser:join(net.LIMIT))
        assert.equal("v", receiver:join(net.LIMIT))
    end)

    it("keeps what it was promised when it is cancelled at once", function()
        local ch <const>, got = task.channel(1), nil
        local t <const> = turns.start(function()
            local _ <const>, v <const> = task.select{task.event(), ch}
            got = v
            task.sleep(0)
        end)
        ch:send("v")
        t:cancel()
        net.fails("cancelled", t:join(net.LIMIT))
        assert.equal("v", got)
    end)

    it("leaves everything alone when it is cancelled while it waits", function()
        local ch <const>, e <const> = task.channel(), task.event()
        local ended <const> = task.spawn(task.sleep, 0.002)
        local t <const> = turns.start(task.select, {ch, e, ended})
        t:cancel()
        net.fails("cancelled", t:join(net.LIMIT))
        net.fails("timeout", ch:send("v", 0))
        e:set()
        assert.is_true(ended:join(net.LIMIT))
    end)

    it("without anything to wait for is an error on the main thread", function()
        net.raises("deadlock", task.select, {})
        local t <const> = turns.start(task.select, {})
        assert.equal("waiting", t:status())
        t:cancel()
        net.fails("cancelled", t:join(net.LIMIT))
    end)

    it("acquires a semaphore, once", function()
        local s <const>, other <const> = task.semaphore(1), task.event()
        assert.same({2, true}, {task.select{other, s}})
        net.fails("timeout", task.select{other, s, timeout = 0.001})
        local waiter <const> = task.spawn(task.select, {other, s})
        task.yield()
        s:release()
        assert.same({2, true}, {waiter:join()})
        net.fails("timeout", s:acquire(0))
        other:set()
        assert.same({1, true}, {task.select{other, s}})
        s:release()
        assert.equal(s, s:acquire(0))
    end)

    it("waits for a signal", function()
        local usr1 <close> = assert(task.signal "USR1")
        net.fails("timeout", task.select{usr1, timeout = 0.001})
        local waiter <const> = task.spawn(task.select, {task.event(), usr1})
        task.yield()
        assert(os.execute "kill -USR1 $PPID")
        assert.same({2, true}, {waiter:join(net.LIMIT)})
        net.fails("timeout", usr1:wait(0.001))
    end)

    it("holds hundreds of things", function()
        local items <const> = {timeout = net.LIMIT}
        for i = 1, 300 do items[i] = task.channel(i % 3) end
        value_of(items[300], "last")
        assert.same({300, "last"}, {task.select(items)})
        value_of(items[150], "middle", 0.001)
        assert.same({150, "middle"}, {task.select(items)})
    end)

    it("wants a table of the right things", function()
        for _, bad in ipairs{1, "x", {}, io.stdout, print, false, coroutine.create(print)} do
            net.raises("item 2: channel, socket, stream, event, task, signal or semaphore",
                task.select, {task.event(), bad})
        end
        -- Whose line the error names.
        net.raises("task_select_spec.lua:", function() return (task.select{1}) end)
        net.raises("unknown option 'tiemout'", task.select, {tiemout = 1})
        net.raises("unknown option", task.select, {[1.5] = task.event()})
        net.raises("unknown option", task.select, {task.event(), [task.event()] = 1})
        net.raises("timeout", task.select, {task.event(), timeout = -1})
        net.raises("timeout", task.select, {task.event(), timeout = "soon"})
        for _, bad in ipairs{1, "x", true} do
            net.raises("table expected", task.select, bad)
        end
        net.raises("table expected", task.select)
    end)

    it("refuses numbered items that it would not see", function()
        local e <const> = task.event()
        e:set()
        net.raises("select", task.select, {[0] = e, timeout = 0})
        net.raises("select", task.select, {e, [3] = e, timeout = 0})
        net.raises("select", task.select, {[2] = e, timeout = 0})
    end)
end)
