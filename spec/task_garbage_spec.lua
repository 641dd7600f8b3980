-- What is garbage, dead or closed at the wrong moment.

local net <const> = require "spec.support.net"
local peer <const> = require "spec.support.peer"
local task <const> = require "tidewire.task"
local tasks <const> = require "spec.support.tasks"

local it <const> = tasks.checked(it)

describe("a task that is forgotten", function()
    it("is still cancelled", function()
        local ended <const> = {}
        tasks.sleeper(task.spawn, ended):cancel()
        collectgarbage()
        collectgarbage()
        net.quick(task.run)
        assert.same({"sleeper"}, ended)
    end)

    it("wakes the main thread when its failure is found", function()
        local event <const> = task.event()
        task.onerror(function() event:set() end)
        task.spawn(error, "nobody joins")
        local other <close> = task.spawn(task.sleep, 3600)
        net.quick(function() assert(event:wait(net.LIMIT)) end)
        assert.equal("waiting", other:status())
    end)
end)

describe("what select waits for", function()
    it("may be taken out of its table, and be garbage", function()
        local items <const> = {task.channel(1), task.event()}
        local t <const> = task.spawn(task.select, items)
        task.yield()
        items[1], items[2] = nil, nil
        collectgarbage()
        collectgarbage()
        t:cancel()
        tasks.gone(t)
    end)
end)

describe("what is left when the state is closed", function()
    it("may be used by finalizers that come later", function()
        local output <const>, status <const> = peer.run [[
            local e, ch, sem
            Last = setmetatable({}, {__gc = function()
                e:set()
                ch:close()
                sem:release()
                say "last"
            end})
            local task = require "tidewire.task"
            e, ch, sem = task.event(), task.channel(), task.semaphore(0)
            for _ = 1, 3 do
                task.spawn(e.wait, e)
                task.spawn(ch.send, ch, 1)
                task.spawn(sem.acquire, sem)
                task.spawn(task.select, {e, ch})
            end
            task.yield()
            task.yield()
        ]]
        -- Under `require` the module may come first.
        assert.equal("last\n", output)
        assert.equal(0, status)
    end)
end)

describe("a dead coroutine", function()
    it("may be closed when its scope is long forgotten", function()
        local t <const> = task.spawn(function()
            local co <const> = coroutine.create(task.timeout)
            coroutine.resume(co, net.LIMIT, error, "dies")
            local limited <const> = task.spawn(task.timeout, 0.01, task.sleep, 3600)
            task.yield()
            coroutine.close(co)
            return limited:join(net.LIMIT)
        end)
        net.fails("timeout", t:join(net.LIMIT))
    end)
end)

describe("a full channel", function()
    it("never holds more than it may, whoever comes in between", function()
        local ch <const> = task.channel(1)
        local list <const> = {}
        local function spawn(...) list[#list + 1] = task.spawn(...) end
        ch:send(1)
        spawn(ch.send, ch, 2)
        spawn(ch.send, ch, 3)
        task.yield()
        spawn(function()
            ch:receive()
            ch:receive()
        end)
        spawn(ch.send, ch, 4, 0)
        for _ = 1, 20 do task.yield() end
        assert.equal(1, #ch)
        local n = 0
        while ch:receive(0) do
            n = n + 1
            for _ = 1, 20 do task.yield() end
        end
        assert.is_true(n == 1 or n == 2)
        for _, t in ipairs(list) do t:join() end
    end)
end)
