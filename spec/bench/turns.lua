-- Peers beside each other: they take turns, and a ratio is the median of the
-- ratios to the first of them, C, in the same turn, so that a machine that slows
-- down half way slows all alike.

local tools = require "tools"

local turns = {}

-- A program (see tools.lua) as a peer of that name in those cases. BENCH_PEERS, names
-- with commas between them, leaves out the others.
function turns.peer(name, cases, program)
    local wanted <const> = os.getenv("BENCH_PEERS")
    if wanted and not ("," .. wanted .. ","):find("," .. name .. ",", 1, true) then
        program.missing = "not asked for"
    end
    program.name, program.cases = name, cases
    return program
end

-- Adds a peer's figures (wall and CPU nanoseconds) to its samples.
local function add(list, figures, first)
    local at <const> = #list.wall + 1
    for kind, figure in pairs(figures) do
        list[kind][at] = figure
        list[kind .. "_ratio"][at] = figure / first[kind]
    end
end

-- Each turn begins with another peer: none always comes after the same one.
local function take_turn(peers, measure, samples, turn)
    local taken <const>, first = {}
    for i = turn, turn + #peers - 1 do
        local peer <const> = peers[i % #peers + 1]
        if samples[peer.name] then
            local wall <const>, cpu <const> = measure(peer)
            taken[peer.name] = wall and { wall = wall, cpu = cpu }
        end
    end
    for _, peer in ipairs(peers) do
        local figures <const> = taken[peer.name]
        if figures then
            first = first or figures
            add(samples[peer.name], figures, first)
        elseif samples[peer.name] then
            assert(first, "nothing to compare with")
            samples[peer.name] = nil -- not again
        end
    end
end

-- The medians of what `measure` says of each peer that has `case` and is there;
-- of the ratio named `judged` also the quartiles, `low` and `high`. By name.
function turns.run(peers, case, count, judged, measure)
    local samples <const>, results <const> = {}, {}
    for _, peer in ipairs(peers) do
        if peer.cases[case] and not peer.missing then
            samples[peer.name] = { wall = {}, cpu = {}, wall_ratio = {}, cpu_ratio = {} }
        end
    end
    for turn = 0, count - 1 do take_turn(peers, measure, samples, turn) end
    for name, list in pairs(samples) do
        local result <const> = {}
        for key, values in pairs(list) do result[key] = tools.quantile(values, 0.5) end
        result.low = tools.quantile(list[judged], 0.25)
        result.high = tools.quantile(list[judged], 0.75)
        result.list = list
        results[name] = result
    end
    return results
end

-- The median of the ratios of one peer's CPU time to another's in the same turn;
-- nil when one of them has none.
function turns.ratio(one, other)
    if not one or not other then return end
    local ratios <const> = {}
    for i, cpu in ipairs(one.list.cpu) do ratios[i] = cpu / other.list.cpu[i] end
    return tools.quantile(ratios, 0.5)
end

-- The two numbers that a command prints; nil after a line on stderr.
function turns.figures(peer, case, command)
    local pipe <close> = assert(io.popen(command))
    local first <const>, second <const> = pipe:read("n", "n")
    if pipe:close() and second then return first, second end
    io.stderr:write(("%s failed in %s\n"):format(peer.name, case))
end

-- The interpreter itself: a wrapper script would be measured with it. Debian's
-- modules are for Debian's python3, which need not be the first in the path.
function turns.python(file, module)
    local probe <const> = (" -c 'import sys, %s; print(sys.executable)'"):format(module or "os")
    for _, name in ipairs { os.getenv("BENCH_PYTHON") or "python3", "/usr/bin/python3" } do
        local real <const> = tools.output(tools.quoted(name) .. probe)
        if real then
            local path <const> = tools.quoted(tools.here .. "/" .. file)
            return { command = tools.quoted(real) .. " " .. path }
        end
    end
    return { missing = "no python3" .. (module and " with " .. module or "") }
end

function turns.print_head(title, peers)
    print(tools.heading(title))
    for _, peer in ipairs(peers) do
        if peer.missing then print(("skipped: %s (%s)"):format(peer.name, peer.missing)) end
    end
end

function turns.verdict(met, text, ...)
    print(("  %-7s %s"):format(met and "met" or "MISSED", text:format(...)))
end

return turns
