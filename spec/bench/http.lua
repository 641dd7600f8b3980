-- `lua5.4 spec/bench/http.lua`, after `make bench` or what it builds: web servers
-- side by side under wrk, from a handler and from files; then 10,000 connections
-- that are kept.
--
-- What counts is the CPU time, user and system, that a server takes per request.
-- It has one processor to itself and wrk another; see turns.lua for the ratios.
-- The yardstick is echo_c.c, which receives, and sends an answer it had ready, of
-- as many bytes as Tidewire's, and has looked at nothing. "C again" shows the noise.
--
-- BENCH_TURNS and BENCH_SECONDS (whole ones) change the amounts, BENCH_PYTHON the
-- interpreter; BENCH_PEERS names those to be measured.

package.path = (arg[0]:match("^(.*)/") or ".") .. "/?.lua;" .. package.path
local tools = require "tools"
local turns = require "turns"
local servers = require "servers"
local nginx = require "nginx"

local count <const> = tools.amount("TURNS", 5)
local seconds <const> = tools.amount("SECONDS", 2)
local BRIEF <const> = 1 -- seconds for those that are far off, and for files
local REST <const> = 0.05 -- seconds for a server to see the ends of connections
local IDLE <const>, IDLE_SECONDS <const> = 10000, 1
local PAGE <const> = 4096

local ANSWER <const> = "HTTP/1.1 200 OK\r\nDate: Sat, 21 Nov 2026 12:00:00 GMT\r\n"
    .. "Content-Type: text/plain; charset=utf-8\r\nContent-Length: 5\r\n\r\nhello"

-- Connections of wrk; the goals, as multiples of C's and of nginx's CPU time.
local HELLO <const> = {
    { connections = 50, title = "hello", c = 1.25, nginx = 0.92 },
    { connections = 500, title = "hello", c = 1.25, nginx = 0.92 },
}
local FILES <const> = {
    { connections = 50, title = "a file of 1 KB", path = "small", size = 1 << 10, nginx = 1 },
    { connections = 4, title = "a file of 10 MB", path = "large", size = 10 << 20, nginx = 1 },
}

local EVERY <const> = { hello = true, idle = true }
local HELLO_ONLY <const> = { hello = true }
local FILES_ONLY <const> = { files = true }

-- A folder with the files to be served.
local function make_files()
    local folder <const> = tools.output("realpath " .. tools.quoted(tools.built)) .. "/files"
    assert(os.execute("mkdir -p " .. tools.quoted(folder)))
    for _, row in ipairs(FILES) do
        local file <close> = assert(io.open(folder .. "/" .. row.path, "w"))
        assert(file:write(("x"):rep(row.size)))
    end
    return folder
end

local function node(file)
    return {
        missing = not tools.output("command -v node") and "not installed",
        command = ("node %s/%s"):format(tools.quoted(tools.here), file),
    }
end

local function find_peers(folder)
    local c <const> = tools.quoted(tools.built .. "echo_c") .. " " .. tools.quoted(ANSWER)
    local tidewire <const> = tools.script(tools.lua, "tidewire.http.server", "http_tidewire.lua")
    local files <const> = {
        missing = tidewire.missing,
        command = tidewire.command .. " " .. tools.quoted(folder),
    }
    local root <const> = ("root %s;"):format(folder)
    local peers <const> = {
        turns.peer("C", HELLO_ONLY, { command = c }),
        turns.peer("C again", HELLO_ONLY, { command = c }),
        turns.peer("nginx", EVERY, nginx.peer("hello", 'return 200 "hello";')),
        turns.peer("tidewire", EVERY, tidewire),
        turns.peer("nginx lua", HELLO_ONLY, nginx.peer("lua", nginx.HELLO_IN_LUA, true)),
        turns.peer("Go", EVERY, tools.program("http_go", "golang-go")),
        turns.peer("node", EVERY, node("http_node.js")),
        turns.peer("asyncio", HELLO_ONLY, turns.python("http_asyncio.py")),
        turns.peer("gevent", HELLO_ONLY, turns.python("http_gevent.py", "gevent.pywsgi")),
        turns.peer("lua-http", HELLO_ONLY, tools.old_script("http.server", "http_luahttp.lua")),
        turns.peer("nginx files", FILES_ONLY, nginx.peer("files", root)),
        turns.peer("nginx again", FILES_ONLY, nginx.peer("again", root)),
        turns.peer("tidewire files", FILES_ONLY, files),
    }
    for i, each in ipairs(peers) do each.brief = i > 5 and BRIEF or nil end
    return peers
end

-- What wrk says about so many seconds: requests, and requests per second. None
-- after a line on stderr.
local function run_wrk(peer, server, row, duration)
    local pipe <close> = assert(io.popen(
        ("taskset -c %s wrk -t1 -c%d -d%g -H 'User-Agent: wrk/4.1' http://127.0.0.1:%s/%s 2>&1")
        :format(servers.load_cpu, row.connections, duration, server.port, row.path or "")))
    local text <const> = pipe:read("a")
    local requests <const> = tonumber(text:match("(%d+) requests in"))
    if requests and requests > 0 and not text:find("Non%-2xx")
        and not text:find("errors: connect [^0]") then
        return requests, tonumber(text:match("Requests/sec:%s*([%d.]+)"))
    end
    io.stderr:write(("%s failed with %d connections: %s\n"):format(peer.name, row.connections,
        text))
end

-- Nanoseconds per request, of the clock and of the server's processor. Each time
-- of a new server, that first gets to know what it will be asked: where in memory one
-- happens to lie makes it faster or slower for as long as it lives.
local function measure(peer, row)
    local server <const> = servers.start(peer.command)
    local before, requests, rate
    if run_wrk(peer, server, row, 1) then
        before = servers.time(server)
        requests, rate = run_wrk(peer, server, row, peer.brief or seconds)
        os.execute("sleep " .. REST)
    end
    local cpu <const> = requests and (servers.time(server) - before) / requests
    servers.stop(server)
    if requests then return 1e9 / rate, cpu end
end

local function print_row(row, peers, results)
    row.results = results
    if not next(results) then return end
    print(("\n%s, %d connections: %d turns"):format(row.title, row.connections, count))
    print(("  %-14s %9s %6s  %-15s %7s %9s"):format(
        "", "CPU ns", row.c and "x C" or "", "(half of them)", "x nginx", "req/s"))
    local base <const> = results.nginx or results["nginx files"]
    for _, each in ipairs(peers) do
        local r <const> = results[each.name]
        if r then
            print(("  %-14s %9.0f %6.3f  (%.3f - %.3f) %7s %9.0f"):format(each.name, r.cpu,
                r.cpu_ratio, r.low, r.high,
                base and ("%.3f"):format(turns.ratio(r, base)) or "-", 1e9 / r.wall))
        end
    end
end

local function run_rows(rows, case, peers)
    for _, row in ipairs(rows) do
        print_row(row, peers, turns.run(peers, case, count, "cpu_ratio", function(each)
            return measure(each, row)
        end))
    end
end

-- Resident memory, with the connections held while another client is served.
local function run_idle(peers)
    local connections <const> = math.min(IDLE, servers.most)
    print(("\n%d idle connections, with one client that is served"):format(connections))
    print(("  %-14s %9s %14s"):format("", "bytes", "CPU ns/request"))
    for _, each in ipairs(peers) do
        if each.cases.idle and not each.missing then
            local bytes <const>, cpu = servers.measure(each, "web_load", "idle", connections,
                IDLE_SECONDS)
            each.bytes = bytes
            if bytes then print(("  %-14s %9.0f %14.0f"):format(each.name, bytes, cpu)) end
        end
    end
end

local function judge_row(row, r, base)
    if not r then return end
    local what <const> = ("%s, %d connections: "):format(row.title, row.connections)
    if row.c then
        turns.verdict(r.cpu_ratio <= row.c, "%s%.3f of C's CPU time, at most %.2f", what,
            r.cpu_ratio, row.c)
    end
    local ratio <const> = turns.ratio(r, base)
    if ratio then
        turns.verdict(ratio <= row.nginx, "%s%.3f of nginx's CPU time, at most %.2f", what, ratio,
            row.nginx)
    end
end

local function judge(peers)
    print("\ngoals")
    for _, row in ipairs(HELLO) do
        judge_row(row, row.results.tidewire, row.results.nginx)
    end
    for _, row in ipairs(FILES) do
        judge_row(row, row.results["tidewire files"], row.results["nginx files"])
    end
    for _, each in ipairs(peers) do
        if each.name == "tidewire" and each.bytes then
            turns.verdict(each.bytes <= PAGE, "idle connection: %.0f bytes, at most %d",
                each.bytes, PAGE)
        end
    end
end

io.stdout:setvbuf("line")
if not tools.output("command -v wrk") then
    print("skipped: the web servers (wrk is not installed)")
    return
end
local peers <const> = find_peers(make_files())
turns.print_head("Web servers", peers)
run_rows(HELLO, "hello", peers)
run_rows(FILES, "files", peers)
run_idle(peers)
judge(peers)
