-- What Lua's manual says about coroutines, as a list of {name, function}. Each
-- function is given where it runs: "main" for the main thread, else the name
-- of some coroutine. The cases need nothing but the standard library. As a
-- script, this file runs them without tidewire, on the main thread and inside
-- a coroutine: what passes there must pass when tidewire is loaded.

local cases <const> = {}

for _, part in ipairs{"values", "state", "errors", "close", "yields", "use", "limits", "debug"} do
    for _, case in ipairs(require("spec.support.coroutine." .. part)) do
        cases[#cases + 1] = case
        case.part = part
    end
end

local function run_stock()
    for _, case in ipairs(cases) do
        local name <const>, f <const> = case[1], case[2]
        for _, where in ipairs{"main", "coroutine"} do
            local run <const> = where == "main" and xpcall or coroutine.wrap(xpcall)
            local ok <const>, message <const> = run(f, debug.traceback, where)
            if not ok then error(("%s (%s): %s"):format(name, where, message), 0) end
        end
    end
    for name in pairs(package.loaded) do
        assert(not name:find "^tidewire", name)
    end
    print(#cases .. " cases hold without tidewire")
end

if arg and arg[0]:find "coroutine_cases%.lua$" then
    run_stock()
end

return cases
