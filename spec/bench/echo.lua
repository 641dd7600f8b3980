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

local turns <const> = tools.amount("TURNS", 7)
local seconds <const> = tools.amount("SECONDS", 0.5)
local COUNTS <const> = { 1, 50, 500, 5000 }
local IDLE <const>, IDLE_SECONDS <const> = 10000, 0.3
local SPARE_FILES <const> = 100 -- what a process has open besides connections

local load_cpu <const>, server_cpu <const> = tools.processors()
local files <const> = tonumber(tools.output("ulimit -Hn")) or math.maxinteger

-- Debian has Copas for Lua 5.1 only.
local function copas()
    local peer <const> = tools.script(tools.lua, "copas", "echo_copas.lua")
    return peer.missing and tools.script("lua5.1", "copas", "echo_copas.lua") or peer
end

-- Debian's gevent is for Debian's python3, which need not be the first in the
-- path. Taken is the interpreter itself: a wrapper would be measured with it.
local function gevent()
    local file <const> = tools.quoted(tools.here .. "/echo_gevent.py")
    for _, name in ipairs { os.getenv("BENCH_PYTHON") or "python3", "/usr/bin/python3" } do
        local real <const> = tools.output(tools.quoted(name)
            .. " -c 'import gevent, sys; print(sys.executable)'")
        if real then return { command = tools.quoted(real) .. " " .. file } end
    end
    return { missing = "no python3 with gevent" }
end

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
        { "gevent", gevent() },
        { "copas", copas() },
    }
    for i, pair in ipairs(peers) do
        peers[i] = pair[2]
        peers[i].name, peers[i].most = pair[1], files - SPARE_FILES
    end
    -- LuaSocket's select takes no descriptor above 1023.
    peers[#peers].most = math.min(peers[#peers].most, 1024 - SPARE_FILES)
    return peers
end

-- Starts a peer; returns the pipe to close, its process id and its port. The
-- server ends with us, and may have as many files as the system allows.
local function start(peer)
    local run <const> = "echo $$; ulimit -Sn $(ulimit -Hn); "
        .. "exec setpriv --pdeathsig KILL taskset -c %s %s"
    local pipe <const> = assert(io.popen(run:format(server_cpu, peer.command)))
    local pid <const> = pipe:read("n")
    pipe:read("l")
    return pipe, pid, (pipe:read("l") or ""):match("^port (%d+)$")
end

-- The numbers of one run of the load against a fresh server; none after a line
-- on stderr. The load waits for the server's end, so that is brought about as
-- soon as there are numbers.
local function measure(peer, case, count, duration)
    local server <const>, pid, port = start(peer)
    local load <close> = assert(io.popen(("taskset -c %s %s %s %s %d %s %d"):format(load_cpu,
        tools.quoted(tools.built .. "echo_load"), case, port or 0, count, duration, pid)))
    local line <const> = load:read("l")
    os.execute("kill -9 " .. pid)
    server:close()
    if line then return line end
    io.stderr:write(("%s failed with %d connections\n"):format(peer.name, count))
end

-- Takes a peer's turn: cpu us per request, requests per second; or nil.
local function sample(peer, count)
    local line <const> = measure(peer, "echo", count, seconds)
    if not line then return end
    local requests, wall, cpu = line:match("^(%d+) (%d+) (%d+)")
    return cpu / requests / 1e3, requests / wall * 1e9
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
    for _ = 1, turns do
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
    local count <const> = math.min(IDLE, files - SPARE_FILES)
    print(("\nmemory per idle connection, of %d: growth of the server, bytes"):format(count))
    for _, peer in ipairs(peers) do
        if not peer.missing and peer.name ~= "C again" and not peer.failed then
            local line <const> = count <= peer.most
                and measure(peer, "idle", count, IDLE_SECONDS)
            print(("  %-10s %8s"):format(peer.name, line and ("%.0f"):format(line) or "-"))
        end
    end
end

local function print_head(peers)
    print(tools.heading("Echo servers"))
    print(("64 bytes there and back over TCP, server on processor %s, load on %s; %d x %g s")
        :format(server_cpu, load_cpu, turns, seconds))
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
