-- `lua5.4 spec/bench/udp.lua`, after `make bench` or what it builds: datagrams of
-- 64 bytes, beside the same loops in C, Python and LuaSocket.
--
-- Programs echo bursts of 64, or swallow them; one at a time, or as many with one
-- call as there are. What counts is the processor time, user and system, that the
-- program takes per datagram; see udp_load.c, and turns.lua for the ratios. "C
-- again" shows the noise.
--
-- BENCH_TURNS and BENCH_BURSTS change the amounts, BENCH_PYTHON the interpreter.

package.path = (arg[0]:match("^(.*)/") or ".") .. "/?.lua;" .. package.path
local tools = require "tools"
local turns = require "turns"

local BURST <const> = 64
local count <const> = tools.amount("TURNS", 15)
local bursts <const> = tools.amount("BURSTS", 2000)

local ROWS <const> = {
    { "echo", "echo, one at a time", 1.15 },
    { "sink", "sink, one at a time", 1.15 },
    { "echo64", "echo, in batches of 64", 1.05 },
    { "sink64", "sink, in batches of 64", 1.05 },
}

local ONE <const> = { echo = true, sink = true }
local ALL <const> = { echo = true, sink = true, echo64 = true, sink64 = true }

local function find_peers()
    local lua <const> = tools.lua
    return {
        turns.peer("C", ALL, tools.program("udp_c", "a C compiler")),
        turns.peer("C again", ALL, tools.program("udp_c", "a C compiler")),
        turns.peer("tidewire", ALL, tools.script(lua, "tidewire.socket", "udp_tidewire.lua")),
        turns.peer("lua-socket", ONE, tools.script(lua, "socket", "udp_luasocket.lua")),
        turns.peer("python3", ONE, turns.python("udp_python.py")),
    }
end

local function run_row(row, peers)
    return turns.run(peers, row[1], count, "cpu_ratio", function(each)
        return turns.figures(each, row[1], ("%s %s %d %s"):format(
            tools.quoted(tools.built .. "udp_load"), row[1], bursts, each.command))
    end)
end

local function print_row(row, peers, results)
    local per <const> = bursts * BURST
    print(("\n%s: %d x %d datagrams of 64 bytes"):format(row[2], count, per))
    print(("  %-12s %8s %6s  %-15s %10s %6s"):format(
        "", "CPU ns", "x C", "(half of them)", "per second", "of C"))
    for _, each in ipairs(peers) do
        local r <const> = results[each.name]
        if r then
            print(("  %-12s %8.0f %6.3f  (%.3f - %.3f) %10.0f %6.3f"):format(each.name,
                r.cpu / per, r.cpu_ratio, r.low, r.high, per / r.wall * 1e9, 1 / r.wall_ratio))
        end
    end
end

local function judge(results)
    print("\ngoals")
    for i, row in ipairs(ROWS) do
        local r <const> = results[i].tidewire
        if r then
            turns.verdict(r.cpu_ratio <= row[3], "%s: %.3f of C's CPU time, at most %.2f",
                row[2], r.cpu_ratio, row[3])
        end
    end
end

io.stdout:setvbuf("line")
local peers <const>, results <const> = find_peers(), {}
turns.print_head("Datagrams", peers)
for i, row in ipairs(ROWS) do
    results[i] = run_row(row, peers)
    print_row(row, peers, results[i])
end
judge(results)
