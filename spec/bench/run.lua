-- `make bench`: Tidewire beside the same loops in C, LuaSocket and Python.
--
-- Every row has the same C partner (harness.c) and varies only the program
-- measured, so a figure never mixes two implementations. The work of a run is
-- cut into slices, and the peers take turns slice by slice (A B C D, A B C D
-- ...). A ratio is the median of the ratios to the C slice of the same turn,
-- so a machine that slows down half way slows all alike. C runs twice a turn:
-- the distance of "C again" from 1 is the noise.
--
-- BENCH_RUNS, BENCH_ROUNDS, BENCH_BYTES, BENCH_PAIRS change the amounts,
-- BENCH_PYTHON the interpreter.

local BYTES_SLICE <const> = 1 << 28
local ROUNDS_SLICE <const> = 10000
local LEVEL <const> = 1.01 -- nearer than C comes to itself on a busy machine

package.path = (arg[0]:match("^(.*)/") or ".") .. "/?.lua;" .. package.path
local tools = require "tools"
local amount <const>, output <const>, quoted <const> = tools.amount, tools.output, tools.quoted
local quantile <const> = tools.quantile

local runs <const> = amount("RUNS", 5)
local rounds <const> = amount("ROUNDS", 60000)
local bytes <const> = amount("BYTES", 1 << 32)
local pairs_made <const> = amount("PAIRS", 4000)

local function lua_peer(name, module, file, pair)
    local peer <const> = tools.script(tools.lua, module, file)
    peer.name, peer.pair = name, pair
    return peer
end

local function python_peer()
    local python <const> = os.getenv("BENCH_PYTHON") or "python3"
    -- The real interpreter: a wrapper script would be measured with it.
    local real <const> = output(python .. " -c 'import sys; print(sys.executable)'")
    return {
        name = "python3",
        pair = "pair",
        missing = not real and "no " .. python,
        command = quoted(real or python) .. " " .. quoted(tools.here .. "/peer_python.py"),
    }
end

-- `pair`: what stands in for a socketpair where a peer cannot take one over.
local function find_peers()
    local peer <const> = quoted(tools.built .. "peer")
    return {
        { name = "C", pair = "pair", command = peer },
        { name = "C again", pair = "pair", command = peer },
        lua_peer("tidewire", "tidewire.socket", "peer_tidewire.lua", "pair"),
        lua_peer("lua-socket", "socket.unix", "peer_luasocket.lua", "unix"),
        python_peer(),
    }
end

-- One run; two numbers, or nil after a line on stderr.
local function measure(peer, case, transport, count)
    if transport == "pair" then transport = peer.pair end
    local command <const> = ("%s %s %s %d %s"):format(
        quoted(tools.built .. "harness"), case, transport, count, peer.command)
    local pipe <close> = assert(io.popen(command))
    local first, second = pipe:read("n", "n")
    if pipe:close() and second then return first, second end
    io.stderr:write(("%s failed in %s over %s\n"):format(peer.name, case, transport))
end

-- Appends one turn of every peer still in the race to samples[name].
local function take_turn(row, peers, samples)
    local wall_c, cpu_c
    for _, peer in ipairs(peers) do
        local list = samples[peer.name]
        if not peer.missing and list then
            local wall, cpu = measure(peer, row.case, row.transport, row.slice)
            wall_c, cpu_c = wall_c or wall, cpu_c or cpu
            if wall then
                list.wall[#list.wall + 1], list.cpu[#list.cpu + 1] = wall, cpu
                list.wall_ratio[#list.wall_ratio + 1] = wall / wall_c
                list.cpu_ratio[#list.cpu_ratio + 1] = cpu / cpu_c
            else
                samples[peer.name] = nil
            end
        end
    end
end

-- Fills row.results: by name, the medians of wall, cpu and their ratios to C.
local function run_row(row, peers)
    local samples <const> = {}
    for _, peer in ipairs(peers) do
        samples[peer.name] = { wall = {}, cpu = {}, wall_ratio = {}, cpu_ratio = {} }
    end
    for _ = 1, row.turns do take_turn(row, peers, samples) end
    row.results = {}
    for name, list in pairs(samples) do
        if #list.wall > 0 then
            local result = {}
            for key, values in pairs(list) do result[key] = quantile(values, 0.5) end
            result.low = quantile(list[row.judged], 0.25)
            result.high = quantile(list[row.judged], 0.75)
            row.results[name] = result
        end
    end
end

local trip_head <const> = ("  %-12s %8s %6s  %-15s %8s %6s"):format(
    "", "CPU us", "x C", "(half of them)", "wall us", "x C")
local bulk_head <const> = ("  %-12s %8s %6s  %-15s %8s %6s"):format(
    "", "GB/s", "of C", "(half of them)", "CPU s/GB", "x C")
local line <const> = "  %-12s %8.3f %6.3f  (%.3f - %.3f) %8.3f %6.3f"

local function print_trips(row, peers)
    print(("\n%s: %d x %d round trips of 64 bytes"):format(row.title, row.turns, row.slice))
    print(trip_head)
    for _, peer in ipairs(peers) do
        local r <const> = row.results[peer.name]
        if r then
            local mark <const> = row.transport == "pair" and peer.pair ~= "pair" and " *" or ""
            print(line:format(peer.name .. mark, r.cpu / row.slice / 1e3, r.cpu_ratio,
                r.low, r.high, r.wall / row.slice / 1e3, r.wall_ratio))
        end
    end
    if row.transport == "pair" then
        print("  * over a Unix socket it connects to: it cannot take over a descriptor")
    end
end

local function print_bulk(row, peers)
    print(("\n%s: %d x %.2f GB, writes of 64 KB"):format(row.title, row.turns, row.slice / 1e9))
    print(bulk_head)
    for _, peer in ipairs(peers) do
        local r <const> = row.results[peer.name]
        if r then
            print(line:format(peer.name, row.slice / r.wall, 1 / r.wall_ratio,
                1 / r.high, 1 / r.low, r.cpu / row.slice, r.cpu_ratio))
        end
    end
end

-- Returns tidewire's bytes per socket, or nil.
local function print_memory(peers)
    print(("\nmemory per connected socket, buffers idle: %d sockets"):format(2 * pairs_made))
    print(("  %-12s %14s %14s"):format("", "process grew", "own heap grew"))
    local ours
    for _, peer in ipairs(peers) do
        if not peer.missing and not peer.name:find("^C") then
            local seen, own = measure(peer, "memory", "pair", pairs_made)
            if seen then
                local heap <const> = own > 0 and ("%.0f"):format(own) or "-"
                print(("  %-12s %14.0f %14s"):format(peer.name, seen, heap))
                if peer.name == "tidewire" then ours = math.max(seen, own) end
            end
        end
    end
    return ours
end

local function verdict(met, text, ...)
    print(("  %-7s %s"):format(met and "met" or "MISSED", text:format(...)))
end

-- By CPU time in ping-pong, by wall time in bulk.
local function judge_against(rows, peer)
    local slower <const>, worst = {}, 0
    for _, row in ipairs(rows) do
        local ours <const>, theirs <const> = row.results.tidewire, row.results[peer.name]
        if not (ours and theirs) then return end
        local ratio <const> = ours[row.judged] / theirs[row.judged]
        if ratio >= 1 then
            slower[#slower + 1] = ("%s (%.3f of its time)"):format(row.title, ratio)
        end
        worst = math.max(worst, ratio)
    end
    local but <const> = #slower > 0 and ", but for " .. table.concat(slower, ", ") or ""
    if worst >= 1 and worst < LEVEL then
        print(("  level   within the noise: faster than %s%s"):format(peer.name, but))
    else
        verdict(worst < 1, "faster than %s everywhere%s", peer.name, but)
    end
end

local function judge(rows, peers, memory)
    print("\ngoals")
    if not rows[1].results.tidewire then print("  not judged without tidewire") end
    for _, row in ipairs(rows) do
        local r <const> = row.results.tidewire
        if r and row.transport == "pair" then
            verdict(r.cpu_ratio <= 1.25, "%s: %.3f of C's CPU time, at most 1.25",
                row.title, r.cpu_ratio)
        elseif r and row.print == print_bulk then
            verdict(1 / r.wall_ratio >= 0.97, "%s: %.3f of C's throughput, at least 0.97",
                row.title, 1 / r.wall_ratio)
        end
    end
    for _, peer in ipairs(peers) do
        if peer.name == "lua-socket" or peer.name == "python3" then judge_against(rows, peer) end
    end
    if memory then
        verdict(memory <= 400, "memory: %.0f bytes per connected socket, at most 400", memory)
    end
end

local function print_head(peers)
    print(("%s, %d runs"):format(tools.heading("Tidewire benchmark"), runs))
    for _, peer in ipairs(peers) do
        if peer.missing then print(("skipped: %s (%s)"):format(peer.name, peer.missing)) end
    end
end

local function row(title, case, transport, work, slice)
    local trips <const> = case == "echo"
    return {
        title = title, case = case, transport = transport,
        slice = slice, turns = math.max(1, runs * work // slice),
        judged = trips and "cpu_ratio" or "wall_ratio",
        print = trips and print_trips or print_bulk,
    }
end

local peers <const> = find_peers()
local rows <const> = {
    row("ping-pong, Unix socketpair", "echo", "pair", rounds, ROUNDS_SLICE),
    row("ping-pong, TCP", "echo", "tcp", rounds, ROUNDS_SLICE),
    row("bulk, sending to C", "send", "tcp", bytes, BYTES_SLICE),
    row("bulk, receiving from C", "recv", "tcp", bytes, BYTES_SLICE),
}
io.stdout:setvbuf("line")
print_head(peers)
for _, each in ipairs(rows) do
    run_row(each, peers)
    each:print(peers)
end
judge(rows, peers, print_memory(peers))
