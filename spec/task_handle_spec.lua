-- What a task is from outside: its name and state, the block that ends it, the
-- list; and the clock: sleeping, taking turns, running to the end.

local net <const> = require "spec.support.net"
local socket <const> = require "tidewire.socket"
local task <const> = require "tidewire.task"
local tasks <const> = require "spec.support.tasks"
local turns <const> = require "spec.support.turns"

local it <const> = tasks.checked(it)

describe("a task that is to be closed", function()
    it("is cancelled and waited for at the end of the block", function()
        local ended <const> = {}
        do
            local t <close> = tasks.sleeper(task.spawn, ended)
            turns.settle()
            assert.equal("waiting", t:status())
        end
        assert.same({"sleeper"}, ended)
    end)

    it("may take time to end, which cancelling the one who waits does not cut", function()
        local go <const>, ended <const> = task.event(), {}
        local outer <const> = turns.start(function()
            local inner <close> = task.spawn(function()
                local _ <close> = tasks.tidy(ended, "inner")
                task.shield(net.LIMIT, go.wait, go)
            end)
            assert.equal("ready", inner:status())
            task.sleep(3600)
        end)
        for _ = 1, 3 do
            outer:cancel()
            turns.settle()
            assert.equal("waiting", outer:status())
        end
        go:set()
        tasks.gone(outer)
        assert.same({"inner"}, ended)
    end)

    it("may have ended before", function()
        do
            local t <close> = task.spawn(function() return "x" end)
            assert.equal("x", t:join())
        end
        do
            local t <close> = task.spawn(error, "oops")
            assert.is_false(pcall(t.join, t))
        end
    end)

    it("says what it fails with to the handler, if nobody joins", function()
        do
            local t <close> = turns.start(function()
                pcall(task.sleep, 3600)
                error({"in cleaning up"})
            end)
            assert.equal("waiting", t:status())
        end
        local failures <const> = tasks.take_failures()
        assert.same({{"in cleaning up"}}, {failures[1].err})
        assert.equal(1, #failures)
    end)

    it("may be the one that runs: then it is cancelled, and goes on", function()
        local t <const> = task.spawn(function()
            do
                local me <close> = task.current()
                assert.equal("running", me:status())
            end
            collectgarbage()
            tasks.cancelled(pcall(task.yield))
            collectgarbage()
            tasks.cancelled(pcall(task.yield))
            return "on"
        end)
        assert.equal("on", t:join())
    end)
end)

describe("a handle", function()
    it("tells the state, the name and where the task was spawned", function()
        local go <const> = task.event()
        local running
        local t <const> = task.spawn(function()
            running = {task.current():status(), tostring(task.current())}
            go:wait()
        end)
        local where <const> = tasks.line(-4)
        assert.equal(where, t:getname())
        assert.equal(("task (%s, ready)"):format(where), tostring(t))
        turns.settle()
        assert.same({"running", ("task (%s, running)"):format(where)}, running)
        assert.equal(("task (%s, waiting)"):format(where), tostring(t))
        assert.equal(t, t:setname("worker 1"))
        assert.equal("worker 1", t:getname())
        assert.equal("task (worker 1, waiting)", tostring(t))
        go:set()
        t:join()
        assert.equal("task (worker 1, done)", tostring(t))
        t:setname("")
        assert.equal("task (, done)", tostring(t))
        local failed <const> = task.spawn(error, nil)
        pcall(failed.join, failed)
        assert.is_truthy(tostring(failed):find("failed)", 1, true))
    end)

    it("is what current() returns in the task, however deep", function()
        assert.is_nil(task.current())
        coroutine.wrap(function() assert.is_nil(task.current()) end)()
        local t
        t = task.spawn(function()
            assert.equal(t, task.current())
            task.yield()
            coroutine.wrap(function()
                assert.equal(t, task.current())
                table.sort({1, 2}, function() assert.equal(t, task.current()) end)
            end)()
            task.timeout(1, function() assert.equal(t, task.current()) end)
            return task.current()
        end)
        assert.equal(t, (t:join()))
    end)

    it("can be had again when it has been collected", function()
        local again, first
        task.spawn(function()
            task.timeout(net.LIMIT, function()
                collectgarbage()
                first = task.current()
                assert.equal(first, task.current())
                again = setmetatable({first}, {__mode = "v"})
                task.sleep(0.005)
                return "inside"
            end)
            return "result"
        end)
        local where <const> = tasks.line(-11)
        turns.settle()
        assert.equal(where, first:getname())
        assert.equal("result", first:join(net.LIMIT))
        first = nil
        collectgarbage()
        assert.is_nil(again[1])
    end)

    it("can be had while the old one waits for its finalizer", function()
        local handle
        task.spawn(function()
            setmetatable({}, {__gc = function() handle = task.current() end})
            collectgarbage()
            task.sleep(0.005)
            return "result"
        end)
        turns.settle()
        collectgarbage()
        assert.equal("result", handle:join(net.LIMIT))
    end)
end)

describe("sleep", function()
    it("is never early, wherever it is", function()
        for _, place in ipairs(turns.places) do
            for _, seconds in ipairs{0.001, 0.0301} do
                place[2](function()
                    local start <const> = socket.monotonic()
                    assert.is_true(task.sleep(seconds))
                    assert.is_true(socket.monotonic() - start >= seconds)
                end)
            end
        end
        net.takes(0.0301, function() task.sleep(0.0301) end)
    end)

    it("wakes in the order of the times, not of the calls", function()
        local order <const> = {}
        for _, ms in ipairs{30, 10, 50, 20, 40} do
            task.spawn(function()
                task.sleep(ms / 1000)
                order[#order + 1] = ms
            end)
        end
        task.run()
        assert.same({10, 20, 30, 40, 50}, order)
    end)

    it("for ever ends by being cancelled", function()
        local t <const> = turns.start(task.sleep, math.huge)
        t:cancel()
        tasks.gone(t)
        net.raises("deadlock", task.sleep, math.huge)
    end)

    it("checks its argument", function()
        net.raises("number expected, got no value", task.sleep)
        net.raises("number expected, got nil", task.sleep, nil)
        net.raises("number of seconds", task.sleep, "1")
        net.raises("negative or NaN", task.sleep, -0.1)
        net.raises("negative or NaN", task.sleep, 0 / 0)
    end)
end)

describe("taking turns", function()
    it("goes round in the order of spawning", function()
        for _, wait in ipairs{task.yield, function() task.sleep(0) end, coroutine.yield} do
            local order <const> = {}
            for _, name in ipairs{"a", "b", "c"} do
                task.spawn(function()
                    for _ = 1, 4 do
                        order[#order + 1] = name
                        wait()
                    end
                end)
            end
            task.run()
            assert.equal("abcabcabcabc", table.concat(order))
        end
    end)

    it("is what yield does on the main thread too, and in coroutines", function()
        for _, place in ipairs(turns.places) do
            place[2](function()
                local n = 0
                task.spawn(function() n = n + 1 end)
                assert.equal(0, select("#", task.yield()))
                assert.equal(1, n)
                task.spawn(function() n = n + 1 end)
                assert.is_true(task.sleep(0))
                assert.equal(2, n)
            end)
        end
    end)

    it("ends for run when no task is left", function()
        assert.is_true(task.run())
        local n = 0
        local function count(depth)
            n = n + 1
            task.sleep(0.001)
            if depth > 0 then task.spawn(count, depth - 1) end
        end
        for _ = 1, 10 do task.spawn(count, 4) end
        assert.is_true(task.run())
        assert.equal(50, n)
    end)

    it("is for the main thread to run", function()
        local t <const> = task.spawn(task.run)
        net.raises("run: only the main thread may call it", t.join, t)
    end)

    it("raises when tasks are left that nothing can wake", function()
        local e <const> = task.event()
        local t <const> = turns.start(e.wait, e):setname "sleepy"
        local message <const> = net.raises("deadlock: everything waits", task.run)
        assert.is_truthy(message:find("sleepy (spawned at ", 1, true))
        assert.equal("waiting", t:status())
        e:set()
        assert.is_true(task.run())
        assert.is_true(t:join())
    end)
end)
