-- `make bench-echo`: echo servers side by side, from one connection to 5,000.
--
-- The server has one processor to itself and the load (echo_load.c) another.
-- What counts is the CPU time, user and system, that the server takes per
-- request. As in run.lua the peers take turns, each in a fresh process, a ratio
-- is the median of the ratios to the C server of the same turn, and "C again"
-- shows the noise.
--
-- BENCH_TURNS and BENCH_SECONDS change the amounts, BENCH_PYTHON names the
-- interpreter that has gevent.

package.path = (arg[0]:match("^(.*)/") or ".") .. "/?.lua;" .. package.path
local tools = require "tools"
local servers = require "servers"
local turns = require "turns"

local rounds <const> = tools.amount("TURNS", 7)
local seconds <const> = tools.amount("SECONDS", 0.5)
local COUNTS <const> = { 1, 50, 500, 5000 }
local IDLE <const>, IDLE_SECONDS <const> = 10000, 0.3

local function find_peers()
    local lua <const> = tools.lua
    local peers <const> = {
        { "C", { command = tools.quoted(tools.built .. "echo_c") } },
        { "C again", { command = tools.quoted(tools.built .. "echo_c") } },
        { "libuv try", tools.program("echo_uv", "libuv1-dev") },
        { "libuv write", tools.program("echo_uv", "libuv1-dev", "queue") },
        { "Go", tools.program("echo_go", "golang-go") },
        { "tidewire", tools.script(lua, "tidewire.task", "echo_tidewire.lua") },
        { "luv", tools.script(lua, "luv", "echo_luv.lua") },
        { "cqueues", tools.script(lua, "cqueues", "echo_cqueues.lua") },
        { "gevent", turns.python("echo_gevent.py", "gevent") },
        { "copas", tools.old_script("copas", "echo_copas.lua") },
    }
    for i, pair in ipairs(peers) do
        peers[i] = pair[2]
        peers[i].name, peers[i].most = pair[1], servers.most
    end
    -- LuaSocket's select takes no descriptor above 1023.
    peers[#peers].most = math.min(peers[#peers].most, 900)
    return peers
end

-- Takes a peer's turn: cpu us per request, requests per second; or nil.
local function sample(peer, count)
    local requests <const>, wall, cpu = servers.measure(peer, "echo_load", "echo", count, seconds)
    if requests then return cpu / requests / 1e3, requests / wall * 1e9 end
end

local function append(lists, cpu, rate, ratio)
    local at <const> = #lists.cpu + 1
    lists.cpu[at], lists.rate[at], lists.ratio[at] = cpu, rate, ratio
end

-- By peer, the samples at one number of connections.
local function run_column(peers, count)
    local column <const> = {}
    for _, peer in ipairs(peers) do
        column[peer.name] = { cpu = {}, rate = {}, ratio = {} }
    end
    for _ = 1, rounds do
        local cpu_c
        for _, peer in ipairs(peers) do
            if not peer.missing and count <= peer.most and not peer.failed then
                local cpu <const>, rate <const> = sample(peer, count)
                peer.failed = not cpu
                cpu_c = cpu_c or assert(cpu, "nothing to compare with")
                if cpu then append(column[peer.name], cpu, rate, cpu / cpu_c) end
            end
        end
    end
    return column
end

local function cell(list)
    if #list.cpu == 0 then return ("%22s"):format("-") end
    return ("%6.2f %6.2f %8.0f"):format(tools.quantile(list.cpu, 0.5),
        tools.quantile(list.ratio, 0.5), tools.quantile(list.rate, 0.5))
end

local function print_table(peers, columns)
    local counts <const>, titles <const> = { ("%-10s"):format("") }, { ("%-10s"):format("") }
    for _, count in ipairs(COUNTS) do
        counts[#counts + 1] = ("%10d connection%s"):format(count, count == 1 and " " or "s")
        titles[#titles + 1] = ("%6s %6s %8s"):format("CPU us", "x C", "req/s")
    end
    print("\n" .. table.concat(counts, " |") .. "\n" .. table.concat(titles, " |"))
    for _, peer in ipairs(peers) do
        local cells <const> = { ("%-10s"):format(peer.name) }
        for i in ipairs(COUNTS) do cells[#cells + 1] = cell(columns[i][peer.name]) end
        if not peer.missing then print(table.concat(cells, " |")) end
    end
end

local function print_memory(peers)
    local count <const> = math.min(IDLE, servers.most)
    print(("\nmemory per idle connection, of %d: growth of the server, bytes"):format(count))
    for _, peer in ipairs(peers) do
        if not peer.missing and peer.name ~= "C again" and not peer.failed then
            local bytes <const> = count <= peer.most
                and servers.measure(peer, "echo_load", "idle", count, IDLE_SECONDS)
            print(("  %-10s %8s"):format(peer.name, bytes and ("%.0f"):format(bytes) or "-"))
        end
    end
end

local function print_head(peers)
    print(tools.heading("Echo servers"))
    print(("64 bytes there and back over TCP, server on processor %s, load on %s; %d x %g s")
        :format(servers.cpu, servers.load_cpu, rounds, seconds))
    for _, peer in ipairs(peers) do
        if peer.missing then
            print(("skipped: %s (%s)"):format(peer.name, peer.missing))
        elseif peer.most < IDLE then
            print(("%s: %d connections at most"):format(peer.name, peer.most))
        end
    end
end

io.stdout:setvbuf("line")
local peers <const> = find_peers()
local columns <const> = {}
print_head(peers)
for i, count in ipairs(COUNTS) do columns[i] = run_column(peers, count) end
print_table(peers, columns)
print_memory(peers)
