-- Output of the specs: each file's name as it begins, what went wrong in full, a
-- line on the numbered cases, and one closing line that machines read.

local base <const> = require "busted.outputHandlers.base"
local cases <const> = require "spec.parity.cases"

local function place(element)
    local trace <const> = element.trace or {}
    return ("%s:%s"):format(trace.short_src or "?", trace.currentline or "?")
end

local function explain(kind, entry)
    local message = entry.message
    if type(message) ~= "string" then
        message = require("pl.pretty").write(message)
    end
    print(("%s: %s\n  %s\n  %s\n"):format(kind, entry.name,
        place(entry.element), (message or ""):gsub("\n", "\n  ")))
end

-- What the cases of a file hold is garbage once it has ended: else each collection
-- until the end of the suite had to go through it.
local function forget(element)
    element.env = nil
    for _, list in pairs(element) do
        for _, child in ipairs(type(list) == "table" and list or {}) do
            forget(child)
            child.run = nil
        end
    end
end

return function()
    local busted <const> = require "busted"
    local handler <const> = base()

    handler.fileStart = function(file)
        io.write("# ", file.name, "\n")
        io.flush()
        return nil, true
    end

    handler.fileEnd = function(file)
        forget(file)
        collectgarbage()
        collectgarbage()
        return nil, true
    end

    handler.suiteEnd = function()
        for _, entry in ipairs(handler.pendings) do
            local reason <const> = entry.message and (" (%s)"):format(entry.message)
            print(("skipped: %s%s"):format(entry.name, reason or ""))
        end
        for _, entry in ipairs(handler.failures) do
            explain("failure", entry)
        end
        for _, entry in ipairs(handler.errors) do
            explain("error", entry)
        end
        local numbered <const> = cases.summary{passed = handler.successes,
            failed = table.move(handler.errors, 1, #handler.errors, #handler.failures + 1,
                table.move(handler.failures, 1, #handler.failures, 1, {})),
            skipped = handler.pendings}
        if numbered then print(numbered) end
        print(("%d passed, %d failed, %d skipped"):format(
            handler.successesCount,
            handler.failuresCount + handler.errorsCount,
            handler.pendingsCount))
        io.flush()
        return nil, true
    end

    busted.subscribe({ "file", "start" }, handler.fileStart)
    busted.subscribe({ "file", "end" }, handler.fileEnd)
    busted.subscribe({ "suite", "end" }, handler.suiteEnd)
    return handler
end
