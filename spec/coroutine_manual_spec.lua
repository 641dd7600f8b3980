-- Loading tidewire.task replaces functions of Lua's coroutine library; what
-- the manual says about them must hold for code that uses no socket, wherever
-- it runs. The cases are in spec/support/coroutine_cases.lua.

local cases <const> = require "spec.support.coroutine_cases"
local process <const> = dofile("examples/lib/process.lua")
local task <const> = require "tidewire.task"
local tasks <const> = require "spec.support.tasks"

-- Runs a case inside a task; an error in it is raised by join.
local function in_task(case)
    local t <const> = task.spawn(function()
        case("task")
        return "done"
    end)
    assert.equal("done", (t:join()))
end

local function in_coroutine(case)
    coroutine.wrap(case)("coroutine")
end

local function on_main(case)
    local _, is_main <const> = coroutine.running()
    assert.is_true(is_main)
    case("main")
end

for _, place in ipairs{
    {"on the main thread", on_main}, {"in a coroutine", in_coroutine}, {"in a task", in_task},
} do
    local where <const>, run <const> = place[1], place[2]
    describe("coroutines " .. where .. ":", function()
        for _, case in ipairs(cases) do
            local name <const>, f <const> = case[1], case[2]
            -- Where every request collects, vast stacks take too long, and
            -- finalizers run before a case expects them.
            local apart <const> = case.part == "limits" or name:find "overflow"
                or name:find "finalizer"
            if not (tasks.stressed and apart) then
                it(name, function() run(f) end)
            end
        end
    end)
end

describe("the cases about coroutines", function()
    it("are what Lua does without tidewire", function()
        local child <close> = process.start("lua5.4 spec/support/coroutine_cases.lua")
        local output <const>, status <const> = child:finish()
        assert.same({#cases .. " cases hold without tidewire\n", 0}, {output, status})
    end)
end)
