-- What the scenarios with tasks share: however one ends, its tasks are cancelled
-- and run to their end, and then nothing of them may be left.

local socket <const> = require "tidewire.socket"
local task <const> = require "tidewire.task"

-- What a scenario does not join is none of its business.
task.onerror(false)

-- Seconds; more than any wait of a cancelled task.
local PATIENCE <const> = 5

local function drain(handles, n)
    for i = 1, n do handles[i]:cancel() end
    local deadline <const> = socket.monotonic() + PATIENCE
    while task.counts() > 0 and socket.monotonic() < deadline do
        pcall(task.run)
    end
    local tasks <const>, waiters <const>, timers <const> = task.counts()
    if tasks + waiters + timers > 0 then
        error(("left over: %d tasks, %d waiters, %d timers"):format(tasks, waiters, timers))
    end
end

-- Without the traceback that a task's error has; and with a code, which a scope
-- that cannot wait for its tasks does not say.
local function plain(failure)
    if type(failure) ~= "string" then return failure end
    local message <const> = failure:match "^(.-)\nstack traceback:" or failure
    return message:find "scope: Cannot allocate memory$" and message .. " [ENOMEM]" or message
end

local task_check <const> = {}

--- A scenario: body(spawn) is called with a function like task.spawn.
function task_check.scenario(body)
    return function()
        -- There is room beforehand: no task may go unnoticed for want of it.
        local handles <const> = {("x"):rep(32):byte(1, 32)}
        local n = 0
        local function spawn(...)
            local t <const> = task.spawn(...)
            n = n + 1
            handles[n] = t
            return t
        end
        local ok <const>, failure <const> = pcall(body, spawn)
        drain(handles, n)
        if not ok then error(plain(failure), 0) end
    end
end

local function unless(f, a, b, ok, ...)
    if ok then return ... end
    if rawequal((...), task.cancelled) then error(task.cancelled, 0) end
    return f(a, b)
end

--- Calls f(a, b) again if it raises for want of memory, once: what has failed
--- must not have spoilt anything. Itself it takes no memory.
function task_check.twice(f, a, b)
    return unless(f, a, b, pcall(f, a, b))
end

--- Calls each function; raises the first failure. One that is not for waiting in
--- vain comes first: it is why.
function task_check.each(...)
    local failure
    for _, f in ipairs {...} do
        local ok <const>, message <const> = pcall(f)
        local vain <const> = failure and tostring(failure):find("deadlock", 1, true)
        if not ok and (not failure or vain) then failure = message end
    end
    if failure then error(failure, 0) end
end

return task_check
