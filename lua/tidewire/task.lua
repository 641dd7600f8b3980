--- Tasks: Lua coroutines run by a scheduler in C. Inside one, whatever waits
-- lets the others run; on the main thread, whatever waits runs the tasks.

local core <const> = require "tidewire.core".task
local options <const> = require "tidewire.options"

local task <const> = {}
for name, value in pairs(core) do
    task[name] = value
end

local SCOPE_OPTIONS <const> = { timeout = true, shield = true }

--- Calls f(scope), and returns when all tasks spawned with scope:spawn(f, ...)
-- have ended too: `scope(f)` or `scope(f, {timeout =, shield =})`. The first
-- error, of f or of a task, cancels the others and is raised. scope:cancel()
-- cancels all; so does the timeout (seconds). shield = true: cancelling what
-- surrounds the scope does not reach inside.
-- @return what f returned; or nil, message, code ("timeout", "cancelled")
function task.scope(f, opts)
    local o <const> = options.check(opts, SCOPE_OPTIONS, 2)
    return core.scope(o.timeout, o.shield, f)
end

--- Waits for the first of several things: `select{item, ..., timeout =}`. An
-- item is a channel, a socket or stream with something to read, an event, or a
-- task that ends.
-- @return the number of the item and, of a channel, the value received (nil,
-- message, "closed" if it is closed and empty), else true; or nil, message,
-- code ("timeout")
function task.select(items)
    for key in pairs(items) do
        local item <const> = math.type(key) == "integer" and key >= 1
            and key <= #items
        if not item and key ~= "timeout" then
            error(("select: unknown option '%s'"):format(key), 2)
        end
    end
    return core.select(items, items.timeout)
end

-- One line and the traceback, for a failure nobody has asked about.
local function report(err, failed)
    local name <const> = failed and failed:getname() or "?"
    io.stderr:write(("tidewire: error in task %s: %s\n"):format(name,
        tostring(err)))
end

core.onerror(report)

--- Calls handler(err, task) instead of printing when a task fails that nobody
-- joins; nil: prints again, false: ignores it.
function task.onerror(handler)
    if handler == nil then
        handler = report
    end
    core.onerror(handler or nil)
end

return task
