--- Tasks: Lua coroutines run by a scheduler in C. Inside one, whatever waits
-- lets the others run; on the main thread, whatever waits runs the tasks.

local core <const> = require "tidewire.core".task
local task <const> = {}
for name, value in pairs(core) do
    task[name] = value
end

-- One line and the traceback, for a failure nobody has asked about.
local function report(err, failed)
    local name <const> = failed and failed:getname() or "?"
    io.stderr:write(("tidewire: error in task %s: %s\n"):format(name,
        tostring(err)))
end

core.onerror(report)

--- Calls handler(seconds, place) each time a task has run longer than `seconds`
-- before it waited; `place` is where it was spawned. Without a handler, prints
-- that; onhog() watches no more.
function task.onhog(seconds, handler)
    core.onhog(seconds, handler or seconds and function(took, place)
        io.stderr:write(("tidewire: a task spawned at %s ran for %.3f s without waiting\n")
            :format(place, took))
    end or nil)
end

--- Calls handler(err, task) instead of printing when a task fails that nobody
-- joins; nil: prints again, false: ignores it.
function task.onerror(handler)
    if handler == nil then
        handler = report
    end
    core.onerror(handler or nil)
end

return task
