-- What the specs about waiting need: tasks brought to where they wait, and the
-- places where a script can wait.

local net <const> = require "spec.support.net"
local socket <const> = require "tidewire.socket"
local task <const> = require "tidewire.task"

local turns <const> = {}

--- Lets all that are ready run, a few times.
function turns.settle()
    for _ = 1, 5 do task.yield() end
end

--- Starts a task and lets it run until it waits, or has ended.
function turns.start(f, ...)
    local t <const> = task.spawn(f, ...)
    for _ = 1, 100 do
        if t:status() ~= "ready" then return t end
        task.yield()
    end
    error("the task does not come to wait: " .. tostring(t), 2)
end

--- Starts n tasks, f(i) each, one after the other.
function turns.starts(n, f)
    local out <const> = {}
    for i = 1, n do out[i] = turns.start(f, i) end
    return out
end

--- Checks that f() takes at least `seconds`, and not for ever.
function turns.takes(seconds, f)
    local start <const> = socket.monotonic()
    f()
    local took <const> = socket.monotonic() - start
    assert(took >= seconds, "early")
    assert(took < seconds + net.LIMIT / 2, "late")
end

--- Waits until f() is true; raises if it is not soon.
function turns.eventually(f)
    for _ = 1, 2000 do
        if f() then return end
        task.sleep(0.001)
    end
    error("it does not come true", 2)
end

--- Runs f in a task to its end; raises its error.
function turns.inside(f)
    local t <const> = task.spawn(function()
        f()
        return "done"
    end)
    local outcome <const>, message <const> = t:join(net.LIMIT)
    t:cancel()
    if outcome ~= "done" then error(message or "not done", 2) end
end

--- Joins all; returns the first result of each.
function turns.join(list)
    local out <const> = {}
    for i, t in ipairs(list) do
        out[i] = t:join(net.LIMIT)
    end
    return out
end

--- Where a script can wait for anything: {name, function that runs f there}.
turns.places = {
    {"on the main thread", function(f) f() end},
    {"in a coroutine", function(f) coroutine.wrap(f)() end},
    {"in a task", turns.inside},
    {"in a coroutine in a task", function(f)
        turns.inside(function() coroutine.wrap(f)() end)
    end},
    {"three coroutines deep in a task", function(f)
        turns.inside(function()
            local function deeper(n)
                local g <const> = n > 0 and function() deeper(n - 1) end or f
                local co <const> = coroutine.create(g)
                assert(coroutine.resume(co))
            end
            deeper(2)
        end)
    end},
}

return turns
