-- `make bench-tasks`: Tidewire's tasks beside Go's goroutines, all on one
-- processor. The figures are medians; the peers take turns. BENCH_TURNS changes
-- how many.

package.path = (arg[0]:match("^(.*)/") or ".") .. "/?.lua;" .. package.path
local tools = require "tools"

local turns <const> = tools.amount("TURNS", 3)
local _, processor <const> = tools.processors()

local ROWS <const> = {
    { "spawn", "spawn and finish, by 1,000" },
    { "switch", "switch of two tasks" },
    { "sleep", "sleep(0) of two tasks" },
    { "timer", "timer armed and cancelled" },
    { "channel1", "channel of 1: send, receive" },
    { "channel100", "channel of 100: send, receive" },
    { "resident", "sleeping task, resident bytes" },
    { "heap", "sleeping task, bytes of heap" },
}

local function find_peers()
    local tidewire <const> = tools.script(tools.lua, "tidewire.task", "tasks_tidewire.lua")
    local go <const> = tools.program("tasks_go", "golang-go")
    tidewire.name, go.name = "tidewire", "Go"
    return { tidewire, go }
end

-- Appends the figures of one run to the lists in samples.
local function run(peer, case, samples)
    local pipe <const> = assert(io.popen(("taskset -c %s %s %s"):format(
        processor, peer.command, case)))
    local figures <const> = {}
    for name, figure in pipe:read("a"):gmatch("(%w+) ([-%d.]+)\n") do
        figures[name] = tonumber(figure)
    end
    if not pipe:close() then
        io.stderr:write(("%s failed in %s\n"):format(peer.name, case))
    end
    if figures.timer and figures.call then
        figures.timer = figures.timer - figures.call
    end
    for name, figure in pairs(figures) do
        samples[name] = samples[name] or {}
        table.insert(samples[name], figure)
    end
end

local function print_table(peers)
    local line = { ("\n  %-30s"):format("CPU ns, or bytes") }
    for _, peer in ipairs(peers) do line[#line + 1] = ("%10s"):format(peer.name) end
    print(table.concat(line))
    for _, row in ipairs(ROWS) do
        line = { ("  %-30s"):format(row[2]) }
        for _, peer in ipairs(peers) do
            local list <const> = peer.samples[row[1]]
            line[#line + 1] = ("%10s"):format(
                list and ("%.0f"):format(tools.quantile(list, 0.5)) or "-")
        end
        print(table.concat(line))
    end
end

local peers <const> = find_peers()
print(tools.heading("Tasks"))
for _, peer in ipairs(peers) do
    peer.samples = {}
    if peer.missing then print(("skipped: %s (%s)"):format(peer.name, peer.missing)) end
end
for _ = 1, turns do
    for _, peer in ipairs(peers) do
        if not peer.missing then
            run(peer, "speed", peer.samples)
            run(peer, "memory", peer.samples)
        end
    end
end
print_table(peers)
