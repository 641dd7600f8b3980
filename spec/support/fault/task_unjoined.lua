-- Failures that nobody takes: the handler gets each of them once.

local task <const> = require "tidewire.task"
local check <const> = dofile "spec/support/fault/check.lua"
local task_check <const> = dofile "spec/support/fault/task_check.lua"

local function fail(purpose, wait)
    if wait then task.sleep(0.001) end
    error(purpose)
end

return task_check.scenario(function()
    local purpose <const> = {}
    local seen = 0
    task.onerror(function(failure)
        if rawequal(failure, purpose) then seen = seen + 1 end
    end)
    for i = 1, 4 do task.spawn(fail, purpose, i % 2 == 0) end
    local scoped <const> = task.spawn(pcall, task.scope, function(scope)
        for _ = 1, 3 do scope:spawn(fail, purpose, true) end
    end)
    check(task.run())
    scoped:join()
    collectgarbage()
    collectgarbage()
    task.onerror(false)
    -- The first failure of the scope is raised there.
    if seen ~= 6 then
        error(("%d reports: not enough memory?"):format(seen), 0)
    end
end)
