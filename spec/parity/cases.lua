-- The numbered cases (cases.txt): their titles and groups, and what a run of the
-- specs says about them.

local cases <const> = {titles = {}, groups = {}, total = 0}

do
    local group
    for line in io.lines("spec/parity/cases.txt") do
        group = line:match("^(G%d+) ") or group
        local number <const>, title <const> = line:match("^(%d+) (.+)")
        if number then
            cases.total = cases.total + 1
            cases.titles[math.tointeger(number)] = title
            cases.groups[math.tointeger(number)] = group
        end
    end
end

--- Iterates over the cases that a text names: group ("G9"), number.
function cases.named(text)
    return coroutine.wrap(function()
        for group, number in text:gmatch("%f[%w](G%d+)/(%d+)%f[%D]") do
            coroutine.yield(group, math.tointeger(number))
        end
    end)
end

-- Why a spec was skipped: what it says, or what its name has behind the title.
local function reason_of(entry)
    if type(entry.message) == "string" then return (entry.message:gsub("^%S+:%d+: ", "")) end
    return entry.name:match("%]: (.+)") or entry.name:match("G%d+/%d+ .-: (.+)") or "?"
end

-- A tally of results by number: how many there are of each kind.
local function tally(results)
    local by_number <const>, runs = {}, 0
    for kind, entries in pairs(results) do
        for _, entry in ipairs(entries) do
            for _, number in cases.named(entry.name) do
                local case <const> = by_number[number] or {passed = 0, failed = 0, skipped = 0}
                by_number[number] = case
                case[kind] = case[kind] + 1
                case.reason = kind == "skipped" and reason_of(entry) or case.reason
                runs = runs + (kind == "skipped" and 0 or 1)
            end
        end
    end
    return by_number, runs
end

-- "reason: count, ..." in a fixed order.
local function list(reasons)
    local names <const> = {}
    for reason in pairs(reasons) do names[#names + 1] = reason end
    table.sort(names)
    for i, reason in ipairs(names) do
        names[i] = ("%s: %d"):format(reason:gsub("%s+", " "), reasons[reason])
    end
    return #names > 0 and (" (%s)"):format(table.concat(names, ", ")) or ""
end

--- One line on the numbered cases of a run; nil if there were none. A case counts
--- once, however often it ran: as failed if it failed at all, as passed if it
--- passed at all, else as skipped.
-- @param results {passed =, failed =, skipped =}: lists of {name =, message =}
function cases.summary(results)
    local by_number <const>, runs <const> = tally(results)
    local passed, failed, skipped, reasons = 0, 0, 0, {}
    for _, case in pairs(by_number) do
        if case.failed > 0 then
            failed = failed + 1
        elseif case.passed > 0 then
            passed = passed + 1
        else
            skipped = skipped + 1
            reasons[case.reason] = (reasons[case.reason] or 0) + 1
        end
    end
    if next(by_number) == nil then return nil end
    return ("numbered cases: %d listed, %d run, %d passed, %d failed, %d skipped%s; %d runs in all")
        :format(cases.total, passed + failed, passed, failed, skipped, list(reasons), runs)
end

return cases
