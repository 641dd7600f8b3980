-- Channels that are closed, forgotten, or wait for nothing.

local net <const> = require "spec.support.net"
local socket <const> = require "tidewire.socket"
local task <const> = require "tidewire.task"
local turns <const> = require "spec.support.turns"

describe("closing a channel", function()
    for _, place in ipairs(turns.places) do
        it("leaves what it holds to be received " .. place[1], function()
            place[2](function()
                local ch <const>, got <const> = task.channel(5), {}
                for i = 1, 5 do ch:send(i) end
                ch:close()
                net.fails("closed", ch:send(6))
                net.fails("closed", ch:send(6, 0))
                assert.equal(1, ch:receive())
                assert.equal(2, ch:receive(0))
                for v in ch do got[#got + 1] = v end
                assert.same({3, 4, 5}, got)
                net.fails("closed", ch:receive())
                net.fails("closed", ch:receive(0))
                net.fails("closed", ch:receive(1))
                for _ in ch do error "nothing is left" end
            end)
        end)
    end

    it("wakes senders and receivers that wait", function()
        for capacity = 0, 2 do
            local empty <const>, full <const> = task.channel(capacity), task.channel(capacity)
            for i = 1, capacity do full:send(i) end
            local receivers <const> = turns.starts(3, function(i)
                return net.fails("closed", empty:receive(i > 1 and net.LIMIT or nil))
            end)
            local senders <const> = turns.starts(3, function(i)
                return net.fails("closed", full:send("v", i > 1 and net.LIMIT or nil))
            end)
            empty:close()
            full:close()
            assert.equal("receive: closed", turns.join(receivers)[3])
            assert.equal("send: closed", turns.join(senders)[3])
            for i = 1, capacity do assert.equal(i, full:receive()) end
            net.fails("closed", full:receive())
        end
    end)

    it("ends the loop of a task that iterates", function()
        local ch <const> = task.channel()
        local t <const> = turns.start(function()
            local n = 0
            for v in ch do n = n + v end
            return n
        end)
        for i = 1, 10 do ch:send(i) end
        ch:close()
        assert.equal(55, t:join(net.LIMIT))
    end)

    it("takes nothing from who was promised a value, or a place", function()
        local ch <const> = task.channel(1)
        local receiver <const> = turns.start(function() return ch:receive() end)
        ch:send("v")
        ch:close()
        assert.equal("v", receiver:join(net.LIMIT))
        local other <const> = task.channel(1)
        other:send(1)
        local sender <const> = turns.start(function() return other:send(2) end)
        assert.equal(1, other:receive())
        other:close()
        assert.is_true(sender:join(net.LIMIT))
        assert.equal(2, other:receive())
    end)

    it("twice is harmless, and so is <close>", function()
        local kept
        do
            local ch <close> = task.channel(1)
            ch:send "v"
            kept = ch
        end
        kept:close()
        kept:close()
        assert.equal("v", kept:receive())
        net.fails("closed", kept:receive())
    end)

    it("does not end a loop at false", function()
        local ch <const> = task.channel(3)
        ch:send(false)
        ch:send(1)
        ch:close()
        local got <const> = {}
        for v in ch do got[#got + 1] = v end
        assert.same({false, 1}, got)
    end)
end)

describe("garbage", function()
    it("is a value that was received, or whose channel nobody knows", function()
        local seen <const> = setmetatable({}, {__mode = "k"})
        local function value()
            local v <const> = {}
            seen[v] = true
            return v
        end
        local ch <const> = task.channel(8)
        for _ = 1, 20 do
            for _ = 1, 7 do ch:send(value()) end
            for _ = 1, 7 do ch:receive() end
        end
        collectgarbage()
        collectgarbage()
        assert.is_nil((next(seen)))
        local held = value()
        ch:send(held)
        held = nil
        collectgarbage()
        assert.is_truthy(next(seen))
        assert.is_nil(held)
        ch:receive()
        do
            local other <const> = task.channel(4)
            other:send(value())
            other:send(other)
        end
        collectgarbage()
        collectgarbage()
        assert.is_nil((next(seen)))
    end)

    it("is the value of a sender that gave up, or was cancelled", function()
        local seen <const> = setmetatable({}, {__mode = "k"})
        local ch <const> = task.channel()
        local list <const> = turns.starts(2, function(i)
            local v <const> = {}
            seen[v] = true
            return ch:send(v, i == 1 and 0.001 or nil)
        end)
        list[2]:cancel()
        turns.join(list)
        collectgarbage()
        collectgarbage()
        assert.is_nil((next(seen)))
    end)

    it("is not a channel that a task waits for", function()
        local known <const> = setmetatable({}, {__mode = "v"})
        local t <const> = turns.start(function()
            local ch <const> = task.channel()
            known.ch = ch
            return (ch:receive())
        end)
        collectgarbage()
        collectgarbage()
        known.ch:send("found")
        assert.equal("found", t:join(net.LIMIT))
    end)
end)

describe("a pipeline three deep", function()
    local function stage(input, output, f)
        return task.spawn(function()
            for v in input do assert(output:send(f(v))) end
            output:close()
        end)
    end

    for _, capacity in ipairs{0, 1, 16} do
        it("over channels of " .. capacity, function()
            local c <const> = {}
            for i = 1, 4 do c[i] = task.channel(capacity) end
            stage(c[1], c[2], function(v) return v * 2 end)
            stage(c[2], c[3], function(v) task.yield() return v + 1 end)
            stage(c[3], c[4], function(v) return ("%d"):format(v) end)
            task.spawn(function()
                for i = 1, 100 do assert(c[1]:send(i)) end
                c[1]:close()
            end)
            local n = 0
            for v in c[4] do
                n = n + 1
                assert.equal(tostring(2 * n + 1), v)
            end
            assert.equal(100, n)
        end)
    end

    it("with many workers at each stage", function()
        local jobs <const>, results <const> = task.channel(3), task.channel()
        local sum = 0
        task.scope(function(scope)
            scope:spawn(function()
                task.scope(function(workers)
                    for _ = 1, 10 do
                        workers:spawn(function()
                            for job in jobs do results:send(job * job) end
                        end)
                    end
                end)
                results:close()
            end)
            scope:spawn(function()
                for i = 1, 200 do jobs:send(i) end
                jobs:close()
            end)
            for v in results do sum = sum + v end
        end)
        assert.equal(200 * 201 * 401 // 6, sum)
    end)
end)

describe("when nothing is left that could wake it, the main thread", function()
    it("gets an error that lists who waits for what", function()
        local ch <const> = task.channel()
        local a <const> = turns.start(function() ch:send("v") end)
        local b <const> = turns.start(function() task.channel():receive() end):setname("lonely")
        local message <const> = net.raises("deadlock", function() task.event():wait() end)
        assert.is_truthy(message:find("\ttask %(spawned at %S+:%d+%): waiting in send at %S+:%d+"))
        assert.is_truthy(message:find("lonely (spawned at", 1, true))
        assert.is_truthy(message:find("waiting in receive at spec/task_channel_end", 1, true))
        -- Nothing is broken by it.
        assert.equal("v", ch:receive())
        assert.equal("done", a:status())
        b:cancel()
        net.fails("cancelled", b:join())
    end)

    it("gets it from a channel, with no tasks at all, at once", function()
        for _, f in ipairs{
            function() task.channel():receive() end,
            function() task.channel():send(1) end,
            function() task.channel(1)() end,
            function() task.semaphore(0):acquire() end,
            function() task.select{task.channel(), task.event()} end,
        } do
            net.raises("deadlock", net.quick, f)
        end
    end)

    it("does not get it while a socket or a timer may still wake somebody", function()
        local ch <const> = task.channel()
        task.spawn(function()
            task.sleep(0.01)
            ch:send("late")
        end)
        assert.equal("late", ch:receive())
        local a <const>, b <const> = net.pair(socket.SOCK_STREAM)
        task.spawn(function() ch:send((a:recv(10))) end)
        task.spawn(function()
            task.sleep(0.01)
            b:send("from b")
        end)
        assert.equal("from b", ch:receive())
        a:close()
        b:close()
    end)
end)
