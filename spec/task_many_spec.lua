-- Many tasks, many turns, deep trees: nothing may cost more than its share.

local net <const> = require "spec.support.net"
local socket <const> = require "tidewire.socket"
local task <const> = require "tidewire.task"
local tasks <const> = require "spec.support.tasks"
local turns <const> = require "spec.support.turns"

local it <const> = tasks.checked(it)

-- Kilobytes that are not garbage.
local function kilobytes()
    collectgarbage()
    collectgarbage()
    return collectgarbage "count"
end

-- Checks that f takes less than `limit` seconds; a limit that a slow machine
-- and a sanitizer leave alone, and anything quadratic does not.
local function within(limit, f)
    local start <const> = socket.monotonic()
    f()
    local took <const> = socket.monotonic() - start
    assert.is_true(took < limit, ("took %.1f s"):format(took))
end

-- The cost of f(n) grows as n does: eight times as many take no more than
-- some thirty times as long.
local function linear(n, f)
    local few, many = math.huge, math.huge
    for _ = 1, 3 do
        local start = socket.monotonic()
        f(n // 8)
        few = math.min(few, socket.monotonic() - start)
        start = socket.monotonic()
        f(n)
        many = math.min(many, socket.monotonic() - start)
        if many < 30 * few then return end
    end
    error(("%d: %.3f s, but %d: %.3f s"):format(n // 8, few, n, many), 2)
end

describe("many turns", function()
    it("take neither long nor memory: a million", function()
        local n <const> = tasks.many(1000000)
        local before <const> = kilobytes()
        within(60, function()
            local list <const> = {}
            for i = 1, 10 do
                list[i] = task.spawn(function()
                    for _ = 1, n // 10 do task.sleep(0) end
                    return i
                end)
            end
            for i = 1, 10 do assert.equal(i, list[i]:join()) end
        end)
        assert.is_true(kilobytes() - before < 100, "memory grows")
    end)

    it("are had by all, whoever never has to wait", function()
        local a <const>, b <const> = net.pair()
        local turns_of <const> = {0, 0}
        local limit <const> = tasks.many(20000)
        local flood <const> = task.spawn(function()
            for _ = 1, limit do
                assert(a:send("x"))
                assert(b:recv(1))
            end
        end)
        for i = 1, 2 do
            task.spawn(function()
                while flood:status() ~= "done" do
                    turns_of[i] = turns_of[i] + 1
                    task.yield()
                end
            end)
        end
        local on_main = 0
        while flood:status() ~= "done" do
            on_main = on_main + 1
            task.yield()
        end
        task.run()
        flood:join()
        local least <const> = limit * 2 // 200
        assert.is_true(turns_of[1] >= least and turns_of[2] >= least and on_main >= least)
        a:close()
        b:close()
    end)

    it("do not keep timers and sockets from being looked at", function()
        local a <const>, b <const> = net.pair()
        local stop = false
        local hogs <const> = {}
        for i = 1, 3 do
            hogs[i] = task.spawn(function()
                while not stop do task.yield() end
            end)
        end
        local reader <const> = task.spawn(function()
            local got <const> = a:recv(10)
            task.sleep(0.001)
            return got
        end)
        local flooder <const> = task.spawn(function()
            local c <const>, d <const> = net.pair()
            while not stop do
                c:send("y")
                d:recv(1)
            end
            c:close()
            d:close()
        end)
        assert.is_true(task.sleep(0.005))
        b:send("x")
        assert.equal("x", reader:join(net.LIMIT))
        net.fails("timeout", task.timeout(0.005, task.sleep, 3600))
        stop = true
        flooder:join()
        for _, t in ipairs(hogs) do t:join() end
        a:close()
        b:close()
    end)
end)

describe("many tasks", function()
    it("that sleep all wake, and give their memory back: 100,000", function()
        local n <const> = tasks.many(100000)
        for round = 1, 2 do
            local woken = 0
            local before <const> = kilobytes()
            local function doze()
                task.sleep(0.01)
                woken = woken + 1
            end
            for _ = 1, n do task.spawn(doze) end
            task.yield()
            local each <const> = (kilobytes() - before) * 1024 / n
            task.run()
            assert.equal(n, woken)
            assert.is_true(each < 2000 or n < 1000, ("%.0f bytes each"):format(each))
            local left <const> = (kilobytes() - before) * 1024 / n
            if round == 2 then
                assert.is_true(left < 300 or n < 1000, ("%.0f bytes each left"):format(left))
                print(("%d sleeping tasks: %.0f bytes of Lua each"):format(n, each))
            end
        end
    end)

    it("spawned, joined, cancelled, listed: each costs the same", function()
        linear(tasks.many(20000), function(n)
            local list <const> = {}
            for i = 1, n do list[i] = task.spawn(task.sleep, 3600) end
            task.yield()
            assert.is_true(#task.list() >= n)
            for i = 1, n do list[i]:cancel() end
            for i = 1, n do list[i]:join() end
        end)
    end)

    it("in one scope cost the same", function()
        linear(tasks.many(20000), function(n)
            local sum = 0
            task.scope(function(scope)
                for i = 1, n do
                    scope:spawn(function()
                        task.yield()
                        sum = sum + i
                    end)
                end
            end)
            assert.equal(n * (n + 1) // 2, sum)
            net.fails("timeout", task.scope(function(scope)
                for _ = 1, n do scope:spawn(task.sleep, 3600) end
            end, {timeout = 0.001}))
        end)
    end)

    it("that fail together are reported once each", function()
        local n <const> = tasks.many(10000)
        for _ = 1, n do task.spawn(error, false) end
        turns.settle()
        assert.equal(n, #tasks.take_failures())
    end)
end)

describe("a deep tree of tasks", function()
    -- A task in a scope in a task ..., `last` at the bottom.
    local function tree(depth, last)
        if depth == 0 then return last() end
        return task.scope(function(scope)
            scope:spawn(tree, depth - 1, last)
        end)
    end

    it("ends: 100,000", function()
        local n <const> = tasks.many(100000)
        local bottom = false
        within(60, function() tree(n, function() bottom = true end) end)
        assert.is_true(bottom)
    end)

    it("ends when it is cancelled at the top, or times out", function()
        local n <const> = tasks.many(100000)
        local bottom <const> = task.event()
        local t <const> = task.spawn(tree, n, function()
            bottom:set()
            task.sleep(3600)
        end)
        bottom:wait()
        t:cancel()
        within(60, function() tasks.gone(t) end)
        within(60, function()
            net.fails("timeout", task.timeout(0.01, tree, n, function() task.sleep(3600) end))
        end)
    end)

    it("passes an error from the bottom up, whatever it is", function()
        linear(tasks.many(20000), function(n)
            local err <const> = {}
            local ok <const>, got = pcall(tree, n, function() error(err) end)
            assert.is_true(not ok and got == err)
        end)
        linear(tasks.many(20000), function(n)
            local message <const> = net.raises("bottom", tree, n, function()
                task.yield()
                error "the bottom"
            end)
            assert.is_truthy(message:find("task spawned at spec/task_many_spec.lua:", 1, true))
        end)
    end)

    it("of joins ends, too", function()
        local function chain(n)
            if n == 0 then return "bottom" end
            local t <const> = task.spawn(chain, n - 1)
            return (t:join())
        end
        assert.equal("bottom", chain(tasks.many(50000)))
    end)

    it("of nested scopes in one task is limited by Lua alone", function()
        local function nest(n)
            if n == 0 then return "bottom" end
            return task.timeout(3600, nest, n - 1)
        end
        assert.equal("bottom", nest(150))
        local ok <const>, err = pcall(nest, 1000000)
        assert.is_true(ok or tostring(err):find "overflow" ~= nil, err)
        local t <const> = task.spawn(nest, 1000000)
        local fine <const>, message = pcall(t.join, t)
        assert.is_true(fine or tostring(message):find "overflow" ~= nil, message)
        assert.is_true(task.sleep(0))
        assert.equal("bottom", task.spawn(nest, 150):join())
    end)
end)
