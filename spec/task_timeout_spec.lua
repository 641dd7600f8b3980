-- task.timeout, deadlines of scopes, task.shield: what is cut off when.

local net <const> = require "spec.support.net"
local socket <const> = require "tidewire.socket"
local task <const> = require "tidewire.task"
local tasks <const> = require "spec.support.tasks"
local turns <const> = require "spec.support.turns"

local it <const> = tasks.checked(it)

local function everywhere(name, f)
    for _, place in ipairs(turns.places) do
        it(name .. " " .. place[1], function() place[2](f) end)
    end
end

describe("task.timeout", function()
    everywhere("passes arguments and results through", function()
        assert.same({n = 3, 1, nil, 3}, table.pack(task.timeout(1, function(...)
            task.yield()
            return ...
        end, 1, nil, 3)))
        assert.equal(0, select("#", task.timeout(1, function() end)))
        for _, never in ipairs{false, 1e10, math.huge} do
            assert.equal("x", task.timeout(never, function() task.sleep(0) return "x" end))
        end
        assert.equal("y", task.timeout(nil, function() return "y" end))
        local err <const> = {}
        local ok <const>, got = pcall(task.timeout, 1, error, err)
        assert.is_true(not ok and got == err)
    end)

    everywhere("cuts off a scope that only waits for its tasks", function()
        net.fails("timeout", task.timeout(0.01, function()
            task.scope(function(scope) scope:spawn(task.sleep, 10) end)
            return "finished"
        end))
    end)

    everywhere("cuts off, never early", function()
        local ended <const> = {}
        net.takes(0.01, function()
            net.fails("timeout", task.timeout(0.01, function()
                local _ <close> = tasks.tidy(ended, "tidied")
                task.sleep(3600)
            end))
        end)
        assert.equal("tidied", ended[1])
        assert.is_true(task.sleep(0))
    end)

    it("of 0 lets the function run to its first wait", function()
        local seen <const> = {}
        net.fails("timeout", task.timeout(0, function()
            seen[1] = "began"
            task.sleep(0.001)
            seen[2] = "not reached"
        end))
        assert.same({"began"}, seen)
        assert.equal("no wait", task.timeout(0, function() return "no wait" end))
    end)

    it("whose function catches the cancellation counts what that returns", function()
        assert.equal("caught", task.timeout(0.002, function()
            tasks.cancelled(pcall(task.sleep, 3600))
            tasks.cancelled(pcall(task.sleep, 3600))
            tasks.cancelled(pcall(task.yield))
            return "caught"
        end))
        net.raises("another error", task.timeout, 0.002, function()
            pcall(task.sleep, 3600)
            error "another error"
        end)
        assert.is_true(task.sleep(0))
    end)

    it("nested: the one that ends first is told from the other", function()
        net.fails("timeout", task.timeout(net.LIMIT, function()
            net.fails("timeout", task.timeout(0.002, task.sleep, 3600))
            assert.is_true(task.sleep(0.001))
            return task.timeout(0.002, task.sleep, 3600)
        end))
        local after = false
        net.takes(0.01, function()
            net.fails("timeout", task.timeout(0.01, function()
                task.timeout(net.LIMIT, task.sleep, 3600)
                after = true
            end))
        end)
        assert.is_false(after)
        local t <const> = turns.start(task.timeout, net.LIMIT, task.sleep, 3600)
        t:cancel()
        tasks.gone(t)
    end)

    it("leaves no timer behind", function()
        for _ = 1, 100 do
            task.timeout(3600, function() task.timeout(3600, task.yield) end)
            pcall(task.timeout, 3600, error, "x")
        end
        net.raises("deadlock", task.sleep, math.huge)
    end)

    it("checks its arguments", function()
        net.raises("seconds: number of seconds expected, got string", task.timeout, "1", print)
        net.raises("negative or NaN", task.timeout, -1, print)
        net.raises("f: function expected, got no value", task.timeout, 1)
        net.raises("f: function expected, got 42", task.shield, 1, 42)
    end)
end)

describe("a deadline of a scope", function()
    it("cuts off all tasks in it", function()
        for _, waits in ipairs{true, false} do
            local ended <const> = {}
            net.takes(0.01, function()
                net.fails("timeout", task.scope(function(scope)
                    for _ = 1, 3 do
                        tasks.sleeper(function(f) return scope:spawn(f) end, ended)
                    end
                    return waits and task.sleep(3600)
                end, {timeout = 0.01}))
            end)
            assert.equal(0, #ended % 3)
            assert.is_true(#ended > 0)
        end
    end)

    it("that nobody reaches changes nothing", function()
        assert.equal("in time", task.scope(function(scope)
            scope:spawn(task.sleep, 0.001)
            return "in time"
        end, {timeout = net.LIMIT}))
        assert.equal("x", task.scope(function() return "x" end, {timeout = false}))
        assert.equal("x", task.scope(function() return "x" end, {timeout = 0}))
    end)

    it("holds for what is nested, whatever its own is", function()
        net.patiently(function(seconds)
            net.takes(seconds, function()
                net.fails("timeout", task.scope(function(scope)
                    scope:spawn(function()
                        task.scope(function(inner)
                            inner:spawn(task.sleep, 3600)
                        end, {timeout = net.LIMIT})
                        error "not reached"
                    end)
                end, {timeout = seconds}))
            end)
        end)
        net.fails("timeout", task.scope(function()
            return task.scope(function(inner) inner:spawn(task.sleep, 3600) end,
                {timeout = 0.002})
        end, {timeout = net.LIMIT}))
    end)

    it("is less than an error in cleaning up", function()
        net.raises("tidying failed", task.scope, function(scope)
            scope:spawn(function()
                local _ <close> = setmetatable({}, {__close = function()
                    error("tidying failed")
                end})
                task.sleep(3600)
            end)
        end, {timeout = 0.002})
    end)
end)

describe("a shield", function()
    it("lets a cancelled task wait, within a limit of its own", function()
        local seen <const> = {}
        local t <const> = turns.start(function()
            local _ <close> = setmetatable({}, {__close = function(_, err)
                seen[#seen + 1] = err
                seen[#seen + 1] = task.shield(1, function()
                    task.sleep(0.002)
                    return "cleaned up"
                end)
                seen[#seen + 1] = select(3, task.shield(0.002, task.sleep, 3600))
                seen[#seen + 1] = select(2, pcall(task.sleep, 0))
            end})
            task.sleep(3600)
        end)
        t:cancel()
        tasks.gone(t)
        assert.same({task.cancelled, "cleaned up", "timeout", task.cancelled}, seen)
    end)

    it("keeps out what surrounds it, not what is inside or its own end", function()
        local go <const>, seen <const> = task.event(), {}
        local t <const> = turns.start(function()
            seen[1] = task.shield(nil, function()
                seen[2] = select(3, task.timeout(0.002, task.sleep, 3600))
                return go:wait()
            end)
            task.yield()
        end)
        t:cancel()
        while not seen[2] do task.yield() end
        assert.equal("waiting", t:status())
        go:set()
        tasks.gone(t)
        assert.same({true, "timeout"}, seen)
    end)

    it("can be a scope with tasks", function()
        local go <const>, ended <const> = task.event(), {}
        local t <const> = turns.start(function()
            task.scope(function(scope)
                scope:spawn(function()
                    go:wait()
                    ended[#ended + 1] = "waited"
                end)
            end, {shield = true, timeout = net.LIMIT})
            task.yield()
        end)
        t:cancel()
        turns.settle()
        assert.equal("waiting", t:status())
        go:set()
        tasks.gone(t)
        assert.same({"waited"}, ended)
    end)

    it("cuts off its tasks at its own deadline", function()
        local ended <const> = {}
        local t <const> = turns.start(function()
            task.scope(function(scope)
                tasks.sleeper(function(f) return scope:spawn(f) end, ended)
            end, {shield = true, timeout = 0.01})
            ended[#ended + 1] = "not cancelled before"
            task.yield()
        end)
        t:cancel()
        local start <const> = socket.monotonic()
        tasks.gone(t)
        assert.is_true(socket.monotonic() - start < net.LIMIT)
        assert.same({"sleeper", "not cancelled before"}, ended)
    end)
end)

describe("on the main thread, a timeout", function()
    it("cuts off whatever waits", function()
        local a <close> = net.pair()
        local server <close> = assert(socket.create_server{"127.0.0.1", 0})
        local hole <const>, held <const> = net.black_hole()
        local _ <close> = held
        local s <close> = assert(socket.socket())
        local f <close> = assert(a:makefile("r"))
        server:settimeout(nil)
        for name, wait in pairs{
            recv = function() return a:recv(1) end,
            accept = function() return server:accept() end,
            connect = function() return s:connect(hole) end,
            sleep = function() return task.sleep(3600) end,
            read = function() return f:read() end,
            nested = function() return coroutine.wrap(function() return f:read() end)() end,
            event = function() return task.event():wait() end,
            sort = function() table.sort({1, 2}, function() return a:recv(1) end) end,
        } do
            net.takes(0.01, function()
                assert.equal("timeout", select(3, task.timeout(0.01, wait)), name)
            end)
        end
    end)
end)
