-- Tasks: spawning, joining, cancelling, who they are.

local net <const> = require "spec.support.net"
local task <const> = require "tidewire.task"
local tasks <const> = require "spec.support.tasks"
local turns <const> = require "spec.support.turns"

local it <const> = tasks.checked(it)

describe("task.spawn", function()
    it("only queues: the task runs when somebody waits", function()
        local ran = false
        local t <const> = task.spawn(function() ran = true end)
        assert.is_false(ran)
        assert.equal("ready", t:status())
        task.yield()
        assert.is_true(ran)
        assert.equal("done", t:status())
    end)

    it("passes arguments, as many as there are", function()
        for _, n in ipairs{0, 1, 2, 50, 5000} do
            local args <const> = {}
            for i = 1, n do args[i] = i end
            local t <const> = task.spawn(function(...)
                task.yield()
                return select("#", ...), ...
            end, table.unpack(args))
            local results <const> = table.pack(t:join())
            assert.equal(n, results[1])
            assert.equal(n + 1, results.n)
            assert.equal(args[n], results[n > 0 and n + 1 or 2])
        end
        local t <const> = task.spawn(function(...) return select("#", ...) end, nil, nil, nil)
        assert.equal(3, (t:join()))
    end)

    it("raises for more arguments than a stack holds, with nothing left behind", function()
        local function spawn_many(n)
            return task.spawn(print, table.unpack({}, 1, n))
        end
        net.raises("too many", spawn_many, 999900)
    end)

    it("takes whatever can be called", function()
        local callable <const> = setmetatable({}, {__call = function(_, x) return x + 1 end})
        assert.equal(4, (task.spawn(callable, 3):join()))
        assert.equal("number", (task.spawn(type, 1):join()))
        assert.is_true(task.spawn(task.sleep, 0):join())
        assert.equal("x", task.spawn(coroutine.wrap(function() return "x" end)):join())
    end)

    it("raises for what cannot be called", function()
        net.raises("(f: function expected, got no value)", task.spawn)
        net.raises("f: function expected, got nil", task.spawn, nil)
        net.raises("f: function expected, got 42", task.spawn, 42)
        net.raises("f: function expected, got string", task.spawn, "print")
        net.raises("f: function expected, got table", task.spawn, {})
    end)

    it("works in tasks, in coroutines and in finalizers", function()
        local order <const> = {}
        local function note(x) order[#order + 1] = x end
        task.spawn(function()
            note "outer"
            task.spawn(function()
                note "inner"
                coroutine.wrap(function() task.spawn(note, "innermost") end)()
            end)
        end)
        setmetatable({}, {__gc = function() task.spawn(note, "finalizer") end})
        collectgarbage()
        task.run()
        table.sort(order)
        assert.same({"finalizer", "inner", "innermost", "outer"}, order)
    end)
end)

describe("join", function()
    it("returns what the function returned", function()
        assert.equal(0, select("#", task.spawn(function() end):join()))
        assert.equal(1, select("#", task.spawn(function() return nil end):join()))
        assert.same({1, nil, 3, nil, n = 4},
            table.pack(task.spawn(function() return 1, nil, 3, nil end):join()))
        local many <const> = table.pack(task.spawn(table.unpack, {}, 1, 20000):join())
        assert.equal(20000, many.n)
    end)

    it("can be repeated, before and after the end", function()
        local t <const> = task.spawn(function() task.yield() return "a", "b" end)
        for _ = 1, 3 do assert.same({"a", "b"}, {t:join()}) end
        assert.same({"a", "b"}, {t:join(0)})
        local f <const> = task.spawn(error, {})
        local _, first <const> = pcall(f.join, f)
        local _, second <const> = pcall(f.join, f)
        assert.equal(first, second)
        assert.equal("table", type(first))
    end)

    it("gives up after its timeout, never early, and can be tried again", function()
        local go <const> = task.event()
        local t <const> = task.spawn(function() go:wait() return "end" end)
        net.takes(0.02, function() net.fails("timeout", t:join(0.02)) end)
        net.fails("timeout", t:join(0))
        assert.equal("waiting", t:status())
        go:set()
        assert.equal("end", t:join(net.LIMIT))
        assert.equal("end", t:join(0))
    end)

    it("wakes everybody who has joined", function()
        for _, outcome in ipairs{"done", "failed", "cancelled"} do
            local go <const> = task.event()
            local t <const> = task.spawn(function()
                go:wait()
                if outcome == "failed" then error({outcome}) end
                return outcome
            end)
            local joiners <const> = turns.starts(5, function()
                local ok, first, _, code = pcall(t.join, t)
                return ok and (code or first) or first[1]
            end)
            if outcome == "cancelled" then t:cancel() else go:set() end
            assert.same({outcome, outcome, outcome, outcome, outcome}, turns.join(joiners))
            assert.equal(outcome, t:status())
        end
    end)

    it("of oneself raises", function()
        local t <const> = task.spawn(function() task.current():join() end)
        net.raises("a task cannot join itself", t.join, t)
    end)

    it("in a circle is a deadlock, which the main thread is told", function()
        local a, b
        a = task.spawn(function() b:join() end)
        b = task.spawn(function() a:join() end)
        local message <const> = net.raises("deadlock", a.join, a)
        local _, lines <const> = message:gsub("waiting in join at spec/task_spec%.lua:%d+", "")
        assert.equal(2, lines)
        a:cancel()
        tasks.gone(a)
        assert.equal(0, select("#", b:join()))
    end)

    it("checks its arguments", function()
        local t <const> = task.spawn(task.sleep, 0)
        net.raises("tidewire.task expected, got table", t.join, {})
        net.raises("tidewire.task expected, got no value", t.join)
        net.raises("tidewire.task expected, got tidewire.event", t.join, task.event())
        net.raises("timeout: number of seconds expected, got string", t.join, t, "1")
        net.raises("timeout: must be a number of seconds, not negative or NaN", t.join, t, -1)
        net.raises("not negative or NaN", t.join, t, 0 / 0)
        for _, method in ipairs{"cancel", "setname", "getname", "status"} do
            net.raises("tidewire.task expected, got nil", t[method], nil)
        end
        net.raises("name: string expected, got nil", t.setname, t, nil)
        net.raises("name: string expected, got 1", t.setname, t, 1)
        assert.equal("locked", getmetatable(t))
        assert.is_true(t:join())
    end)
end)

describe("cancel", function()
    it("before the start lets the task run to its first wait", function()
        local seen <const> = {}
        local t <const> = task.spawn(function()
            local _ <close> = tasks.tidy(seen, "tidied")
            seen[#seen + 1] = "began"
            task.sleep(0)
            seen[#seen + 1] = "not reached"
        end)
        assert.is_true(t:cancel())
        tasks.gone(t)
        assert.same({"began", "tidied"}, seen)
        local quick <const> = task.spawn(function() return "no wait" end)
        quick:cancel()
        assert.equal("no wait", quick:join())
        assert.equal("done", quick:status())
    end)

    it("ends a wait, and is true until the task has ended", function()
        local t <const> = turns.start(task.sleep, 3600)
        assert.equal("waiting", t:status())
        assert.is_true(t:cancel())
        assert.is_true(t:cancel())
        assert.equal("ready", t:status())
        tasks.gone(t)
        assert.is_false(t:cancel())
        tasks.gone(t)
    end)

    it("of one that has just been woken lets it have what woke it", function()
        local e <const>, ch <const> = task.event(), task.channel(1)
        local seen <const> = {}
        local t <const> = turns.start(function()
            seen[1] = e:wait()
            seen[2] = select(2, pcall(ch.receive, ch))
        end)
        e:set()
        t:cancel()
        assert.is_nil(t:join(net.LIMIT))
        assert.same({true, task.cancelled}, seen)
        assert.equal("done", t:status())
    end)

    it("of oneself takes effect at the next wait", function()
        local seen <const> = {}
        local t <const> = task.spawn(function()
            assert(task.current():cancel())
            seen[#seen + 1] = "goes on"
            tasks.cancelled(pcall(task.yield))
            tasks.cancelled(pcall(task.sleep, 0))
            tasks.cancelled(pcall(task.sleep, 1))
            task.yield()
        end)
        tasks.gone(t)
        assert.same({"goes on"}, seen)
    end)

    it("lasts, whether somebody holds the handle or not", function()
        local seen <const> = {}
        task.spawn(function()
            for i = 1, 5 do
                seen[i] = select(2, pcall(task.sleep, 0.001))
                collectgarbage()
            end
        end):cancel()
        task.run()
        assert.same({task.cancelled, task.cancelled, task.cancelled, task.cancelled,
            task.cancelled}, seen)
    end)

    it("can be caught: what the function then returns counts", function()
        local t <const> = turns.start(function()
            tasks.cancelled(pcall(task.sleep, 3600))
            return "anyway"
        end)
        t:cancel()
        assert.equal("anyway", t:join())
        assert.equal("done", t:status())
        local failed <const> = turns.start(function()
            pcall(task.sleep, 3600)
            error("in cleaning up", 0)
        end)
        failed:cancel()
        net.raises("in cleaning up", failed.join, failed)
        assert.equal("failed", failed:status())
    end)

    it("raises an object that says so", function()
        assert.equal("cancelled", tostring(task.cancelled))
        assert.equal("cancelled", task.cancelled.code)
    end)

    it("reaches a wait that Lua cannot suspend", function()
        local t <const> = task.spawn(function()
            task.timeout(0.01, table.sort, {1, 2}, function() return task.sleep(3600) end)
            return "on"
        end)
        assert.equal("on", t:join())
    end)
end)
