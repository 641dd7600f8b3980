-- task.scope: tasks that end together.

local net <const> = require "spec.support.net"
local task <const> = require "tidewire.task"
local tasks <const> = require "spec.support.tasks"
local turns <const> = require "spec.support.turns"

local it <const> = tasks.checked(it)

local function fail(err)
    task.yield()
    error(err, 0)
end

-- Runs each case wherever a script can call task.scope.
local function everywhere(name, f)
    for _, place in ipairs(turns.places) do
        it(name .. " " .. place[1], function() place[2](f) end)
    end
end

describe("a scope", function()
    everywhere("waits for its tasks and returns what its function does", function()
        local order <const> = {}
        local after <const> = {[0] = task.event(), task.event(), task.event(), task.event()}
        after[0]:set()
        assert.same({n = 4, "a", nil, "c", nil}, table.pack(task.scope(function(scope)
            for i = 3, 1, -1 do
                scope:spawn(function()
                    after[i - 1]:wait()
                    task.sleep(0.002)
                    order[#order + 1] = i
                    after[i]:set()
                end)
            end
            assert.equal("scope (3 tasks)", tostring(scope))
            order[#order + 1] = "body"
            return "a", nil, "c", nil
        end)))
        assert.same({"body", 1, 2, 3}, order)
        assert.equal(0, select("#", task.scope(function() end)))
    end)

    everywhere("waits for tasks that its tasks spawn in it", function()
        local n = 0
        task.scope(function(scope)
            local function grow(depth)
                task.yield()
                n = n + 1
                if depth == 0 then return end
                scope:spawn(grow, depth - 1)
                scope:spawn(grow, depth - 1)
            end
            scope:spawn(grow, 5)
        end)
        assert.equal(63, n)
    end)

    it("hands out tasks like any other", function()
        task.scope(function(scope)
            local t <const> = scope:spawn(function(...) return ... end, 1, nil, 3)
            local where <const> = tasks.line(-1)
            assert.equal(where, t:getname())
            assert.same({n = 3, 1, nil, 3}, table.pack(t:join()))
            assert.equal("done", t:status())
            local s <const> = scope:spawn(task.sleep, 3600)
            assert.is_true(s:cancel())
            tasks.gone(s)
            local me <const> = scope:spawn(function() return task.current() end)
            assert.equal(me, (me:join()))
        end)
    end)

    everywhere("ends with the first error, and cancels the others", function()
        local ended <const> = {}
        local err <const> = {"first"}
        local ok <const>, got = pcall(task.scope, function(scope)
            local _ <close> = tasks.tidy(ended, "body")
            tasks.sleeper(function(f) return scope:spawn(f) end, ended, "one")
            scope:spawn(fail, err)
            tasks.sleeper(function(f) return scope:spawn(f) end, ended, "two")
            task.sleep(3600)
        end)
        assert.is_false(ok)
        assert.equal(err, got)
        table.sort(ended)
        assert.same({"body", "one", "two"}, ended)
    end)

    it("raises with the traceback of the task", function()
        local message <const> = net.raises("boom\nstack traceback:", task.scope, function(scope)
            scope:spawn(fail, "boom")
        end)
        local spawned <const> = tasks.line(-2)
        assert.is_truthy(message:find(("(task spawned at %s)"):format(spawned), 1, true))
    end)

    it("ends with the error of its function, after its tasks", function()
        local ended <const> = {}
        net.raises("the body", task.scope, function(scope)
            tasks.sleeper(function(f) return scope:spawn(f) end, ended)
            task.yield()
            error "the body"
        end)
        assert.same({"sleeper"}, ended)
        for _, err in ipairs{{}, 42, false} do
            local ok <const>, got = pcall(task.scope, function() error(err) end)
            assert.is_true(not ok and rawequal(err, got))
        end
    end)

    it("raises the first of several errors; the handler gets the others", function()
        local function second(_, _)
            error({"second"})
        end
        for _, first in ipairs{"task", "body"} do
            local ok <const>, err = pcall(task.scope, function(scope)
                local _ <close> = first == "task" and setmetatable({}, {__close = second}) or nil
                scope:spawn(function()
                    if first == "task" then fail{"first"} end
                    local _ <close> = setmetatable({}, {__close = second})
                    task.sleep(3600)
                end)
                task.yield()
                if first == "body" then error{"first"} end
                task.sleep(3600)
            end)
            assert.is_false(ok)
            assert.same({"first"}, err)
            local failures <const> = tasks.take_failures()
            assert.equal(1, #failures)
            assert.same({"second"}, failures[1].err)
        end
    end)

    it("gives the errors of several tasks to the caller and the handler", function()
        local ok <const>, err = pcall(task.scope, function(scope)
            for i = 1, 5 do scope:spawn(fail, {i}) end
        end)
        assert.is_false(ok)
        assert.same({1}, err)
        local failures <const> = tasks.take_failures()
        for i, f in ipairs(failures) do assert.same({i + 1}, f.err) end
        assert.equal(4, #failures)
    end)

    it("raises an error even if somebody has joined the task", function()
        local seen, t
        local ok <const>, err = pcall(task.scope, function(scope)
            t = scope:spawn(fail, {"x"})
            seen = select(2, pcall(t.join, t))
        end)
        assert.same({false, {"x"}}, {ok, err})
        assert.equal(err, seen)
        assert.same({false, err}, {pcall(t.join, t)})
    end)

    it("does not mind a task that is cancelled", function()
        assert.equal("fine", task.scope(function(scope)
            local t <const> = scope:spawn(task.sleep, 3600)
            task.yield()
            t:cancel()
            return "fine"
        end))
    end)

    everywhere("is cancelled with all that is in it", function()
        local ended <const> = {}
        local function nested(depth)
            task.scope(function(scope)
                local _ <close> = tasks.tidy(ended, depth)
                if depth > 0 then
                    scope:spawn(nested, depth - 1)
                    scope:spawn(nested, depth - 1)
                end
                task.sleep(3600)
            end)
        end
        net.fails("cancelled", task.scope(function(scope)
            scope:spawn(nested, 3)
            for _ = 1, 10 do task.yield() end
            scope:cancel()
            tasks.cancelled(pcall(task.yield))
            task.sleep(3600)
        end))
        table.sort(ended)
        assert.same({0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 3}, ended)
    end)

    it("that is cancelled returns what its function does, if that returns", function()
        local ended <const> = {}
        assert.equal("result", task.scope(function(scope)
            tasks.sleeper(function(f) return scope:spawn(f) end, ended)
            task.yield()
            scope:cancel()
            return "result"
        end))
        assert.same({"sleeper"}, ended)
    end)

    it("lets no task wait that is spawned after it is cancelled", function()
        local ran = 0
        net.fails("cancelled", task.scope(function(scope)
            scope:cancel()
            for _ = 1, 3 do
                scope:spawn(function()
                    ran = ran + 1
                    task.yield()
                    ran = ran + 100
                end)
            end
            task.sleep(1)
        end))
        assert.equal(3, ran)
    end)

    it("is cancelled from another task, and from a task of its own", function()
        local handle
        local outer <const> = turns.start(function()
            return task.scope(function(scope)
                handle = scope
                task.sleep(3600)
            end)
        end)
        handle:cancel()
        net.fails("cancelled", outer:join(net.LIMIT))
        assert.equal("done", outer:status())
        net.fails("cancelled", task.scope(function(scope)
            scope:spawn(scope.cancel, scope)
            task.sleep(3600)
        end))
    end)

    it("is cancelled with the task that opened it", function()
        local ended <const> = {}
        local t <const> = turns.start(function()
            task.scope(function(scope)
                tasks.sleeper(function(f) return scope:spawn(f) end, ended)
                task.sleep(3600)
            end)
        end)
        turns.settle()
        t:cancel()
        tasks.gone(t)
        assert.same({"sleeper"}, ended)
    end)

    it("takes no task when it has been left", function()
        local left
        task.scope(function(scope) left = scope end)
        assert.equal("scope (0 tasks, left)", tostring(left))
        net.raises("spawn: the scope has been left", left.spawn, left, print)
        left:cancel()
        pcall(task.scope, function(scope)
            left = scope
            error "x"
        end)
        net.raises("spawn: the scope has been left", left.spawn, left, print)
    end)

    it("is not left behind when its task ends with tasks spawned outside", function()
        local ended <const> = {}
        local outside
        task.scope(function(scope)
            outside = task.spawn(function()
                scope:spawn(function() ended[1] = "inside" end)
                task.sleep(0.005)
            end)
            task.yield()
        end)
        assert.same({"inside"}, ended)
        assert.is_true(outside:status() ~= "done")
        outside:join()
    end)

    it("checks its arguments", function()
        net.raises("f: function expected", task.scope)
        net.raises("f: function expected, got 42", task.scope, 42)
        net.raises("unknown option 'tiemout'", task.scope, print, {tiemout = 1})
        net.raises("timeout: number of seconds expected", task.scope, print, {timeout = "x"})
        net.raises("negative", task.scope, print, {timeout = -1})
        task.scope(function(scope)
            net.raises("f: function expected, got nil", scope.spawn, scope, nil)
            net.raises("tidewire.scope expected", scope.spawn, print)
            net.raises("tidewire.scope expected", scope.cancel, {})
        end)
    end)
end)
