-- `lua5.4 spec/bench/websocket.lua`, after `make bench` or what it builds: WebSocket
-- servers side by side: messages of 64 bytes echoed, and passed on to 10,000.
--
-- What counts is the CPU time, user and system, that a server takes per message
-- that it sends. It has one processor to itself and the load (web_load.c) another.
-- The peers take turns, each in a fresh process; see turns.lua for the ratios, here
-- to the first of the peers.
--
-- BENCH_TURNS and BENCH_SECONDS change the amounts.

package.path = (arg[0]:match("^(.*)/") or ".") .. "/?.lua;" .. package.path
local tools = require "tools"
local turns = require "turns"
local servers = require "servers"

local count <const> = tools.amount("TURNS", 5)
local seconds <const> = tools.amount("SECONDS", 1)

local ROWS <const> = {
    { case = "echo", title = "echo of 64 bytes", connections = 50 },
    { case = "broadcast", title = "one message to all", connections = 10000 },
}

local BOTH <const> = { echo = true, broadcast = true }

local function node()
    local probe <const> = "NODE_PATH=/usr/share/nodejs node -e 'require(\"ws\")'"
    return {
        missing = not tools.output(probe) and "no node-ws",
        command = ("env NODE_PATH=/usr/share/nodejs node %s/websocket_node.js"):format(
            tools.quoted(tools.here)),
    }
end

local function find_peers()
    return {
        turns.peer("tidewire", BOTH,
            tools.script(tools.lua, "tidewire.websocket", "websocket_tidewire.lua")),
        turns.peer("Go", BOTH,
            tools.program("websocket_go", "golang-go, golang-github-gorilla-websocket-dev")),
        turns.peer("node", BOTH, node()),
    }
end

local function measure(peer, row)
    local messages <const>, wall, cpu = servers.measure(
        { name = peer.name, command = peer.command .. " " .. row.case }, "web_load", row.case,
        math.min(row.connections, servers.most), seconds)
    if messages then return wall / messages, cpu / messages end
end

local function print_row(row, peers, results)
    print(("\n%s, %d connections: %d x %g s"):format(row.title, row.connections, count, seconds))
    print(("  %-12s %8s %10s  %-15s %10s"):format(
        "", "CPU ns", "x first", "(half of them)", "messages/s"))
    for _, each in ipairs(peers) do
        local r <const> = results[each.name]
        if r then
            print(("  %-12s %8.0f %10.3f  (%.3f - %.3f) %10.0f"):format(each.name, r.cpu,
                r.cpu_ratio, r.low, r.high, 1e9 / r.wall))
        end
    end
end

local function judge(row, peers, results)
    for _, each in ipairs(peers) do
        local ratio <const> = turns.ratio(results.tidewire, results[each.name])
        if ratio and each.name ~= "tidewire" then
            turns.verdict(ratio < 1, "%s: %.3f of %s's CPU time, less than 1", row.title, ratio,
                each.name)
        end
    end
end

io.stdout:setvbuf("line")
local peers <const>, results <const> = find_peers(), {}
turns.print_head("WebSocket servers", peers)
for i, row in ipairs(ROWS) do
    results[i] = turns.run(peers, row.case, count, "cpu_ratio", function(each)
        return measure(each, row)
    end)
    print_row(row, peers, results[i])
end
print("\ngoals")
for i, row in ipairs(ROWS) do judge(row, peers, results[i]) end
