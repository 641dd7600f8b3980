-- `lua5.4 spec/bench/transfer.lua`, after `make bench` or what it builds: a file
-- sent, and a connection passed on to another, beside the kernel's own calls in C
-- (sendfile; splice), Python's socket.sendfile, and socat.
--
-- The program has one processor to itself and its load the other; see
-- transfer_load.c, and turns.lua for the ratios. "C again" shows the noise.
--
-- BENCH_RUNS and BENCH_BYTES change the amounts (bytes of a run, done in slices),
-- BENCH_PYTHON the interpreter.

package.path = (arg[0]:match("^(.*)/") or ".") .. "/?.lua;" .. package.path
local tools = require "tools"
local turns = require "turns"

local SLICE <const> = 1 << 29
local runs <const> = tools.amount("RUNS", 2)
local bytes <const> = tools.amount("BYTES", 1 << 32)
local count <const> = math.max(1, runs * bytes // SLICE)

-- The arguments of each case; %a and so on are the load's affair.
local ROWS <const> = {
    { "sendfile", "a file sent", "sendfile %a %f %n" },
    { "relay", "a connection relayed", "relay %a %b" },
}

local BOTH <const> = { sendfile = true, relay = true }

local function socat()
    return {
        missing = not tools.output("command -v socat") and "not installed",
        command = "socat",
        arguments = "TCP:127.0.0.1:%a TCP:127.0.0.1:%b",
    }
end

local function find_peers()
    return {
        turns.peer("C", BOTH, tools.program("transfer_c", "a C compiler")),
        turns.peer("C again", BOTH, tools.program("transfer_c", "a C compiler")),
        turns.peer("tidewire", BOTH,
            tools.script(tools.lua, "tidewire.socket", "transfer_tidewire.lua")),
        turns.peer("python3", { sendfile = true }, turns.python("transfer_python.py")),
        turns.peer("socat", { relay = true }, socat()),
    }
end

local function run_row(row, peers)
    return turns.run(peers, row[1], count, "wall_ratio", function(each)
        return turns.figures(each, row[1], ("%s %s %d %s %s"):format(
            tools.quoted(tools.built .. "transfer_load"), row[1], SLICE, each.command,
            each.arguments or row[3]))
    end)
end

local function print_row(row, peers, results)
    print(("\n%s: %d x %.2f GB over TCP"):format(row[2], count, SLICE / 1e9))
    print(("  %-12s %8s %6s  %-15s %8s %6s"):format(
        "", "GB/s", "of C", "(half of them)", "CPU s/GB", "x C"))
    for _, each in ipairs(peers) do
        local r <const> = results[each.name]
        if r then
            print(("  %-12s %8.3f %6.3f  (%.3f - %.3f) %8.3f %6.3f"):format(each.name,
                SLICE / r.wall, 1 / r.wall_ratio, 1 / r.high, 1 / r.low, r.cpu / SLICE,
                r.cpu_ratio))
        end
    end
end

local function judge(results)
    print("\ngoals")
    for i, row in ipairs(ROWS) do
        local r <const> = results[i].tidewire
        if r then
            turns.verdict(1 / r.wall_ratio >= 0.97,
                "%s: %.3f of C's throughput, at least 0.97", row[2], 1 / r.wall_ratio)
        end
    end
end

io.stdout:setvbuf("line")
local peers <const>, results <const> = find_peers(), {}
turns.print_head("Files and relays", peers)
for i, row in ipairs(ROWS) do
    results[i] = run_row(row, peers)
    print_row(row, peers, results[i])
end
judge(results)
