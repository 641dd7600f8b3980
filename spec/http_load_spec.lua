-- What clients can do to a server all together: it goes on serving others, and what
-- it costs has bounds. Figures are printed.

local load <const> = require "spec.support.http_load"
local net <const> = require "spec.support.net"
local peer <const> = require "spec.support.peer"
local socket <const> = require "tidewire.socket"
local task <const> = require "tidewire.task"
local tasks <const> = require "spec.support.tasks"

-- What takes memory for each request for it says nothing here.
-- Which looks at every descriptor each time: nothing is fast with many of them.
local polling <const> = os.getenv "TIDEWIRE_BACKEND" == "poll"
local sanitized <const> = (os.getenv "TIDEWIRE_BUILD" or ""):find "/san$" ~= nil
local checked <const> = tasks.checked(it)
local function it(name, f)
    if tasks.stressed then return pending(name .. ": not under the collector's stress") end
    checked(name, f)
end

local HEAD <const> = " HTTP/1.1\r\nHost: x\r\n"
local MB <const> = 1024 -- kB

local function say(...)
    print("# " .. string.format(...))
end

-- Memory, in kB, that the server has taken since; checked against a limit.
local function grown(before, after, limit)
    local kb <const> = after.memory - before.memory
    if not sanitized then assert.is_true(kb < limit, kb) end
    return kb / 1024
end

describe("a server under load", function()
    it("1: 1,000 connections of a byte a second slow nobody, and are cut off", function()
        net.patiently(function(seconds)
            local server <close> = load.server(("{header_timeout = %f}"):format(seconds))
            local idle <close> = load.server "{}"
            local cut, since = 0, socket.monotonic()
            local crowd <close> = task.spawn(load.all, 1000, function()
                local s <close> = server:connect()
                local text = "GET / HTTP/1.1\r\nA: "
                while s:sendall(text) do
                    task.sleep(1)
                    text = "x"
                    local answer <const> = s:recv(100, socket.MSG_DONTWAIT)
                    if answer then
                        assert.truthy(answer:find "^HTTP/1.1 408 ")
                        cut = cut + 1
                        return
                    end
                end
            end)
            server:settled(1000)
            local crowded <const>, alone <const>, longest <const> = server:compare(idle)
            assert.equal(0, cut)
            crowd:join()
            local took <const> = socket.monotonic() - since
            say("slowloris: %.0f requests/s alone, %.0f with 1,000 of them (%.2f), %.1f ms at " ..
                "most; cut off within %.1f s", alone, crowded, crowded / alone, longest, took)
            assert.is_true(polling or crowded > alone / 5)
            assert.is_true(cut > 900 and took < seconds + 10)
            server:settled()
        end, 2.5)
    end)

    it("4: heads without end take no more memory than heads may", function()
        local server <close> = load.server "{}"
        local before <const> = server:state()
        local refused, sent = 0, 0
        local most = before
        load.all(100, function(i)
            local s <close> = server:connect()
            local piece <const> = i % 2 == 0 and "A: b\r\n" or "x"
            s:sendall("GET /" .. HEAD .. "A: ")
            sent = sent + load.pour(s, piece:rep(65536 // #piece), 4 << 20)
            if i == 50 then most = server:state() end
            if load.rest(s):find "^HTTP/1.1 431 " then refused = refused + 1 end
        end)
        local after <const> = server:settled()
        say("100 endless heads: %.1f MB sent, %.1f MB more in the server at work, %.1f MB after",
            sent / 2 ^ 20, grown(before, most, 20 * MB), grown(before, after, 8 * MB))
        assert.is_true(refused > 50)
    end)

    it("10 GB announced are neither waited for nor kept", function()
        local server <close> = load.server "{max_body = 1 << 20, linger_timeout = 0.3}"
        local before <const> = server:state()
        local function announce(path, most)
            local s <close> = server:connect()
            local since <const> = socket.monotonic()
            s:sendall("POST " .. path .. HEAD .. "Content-Length: 10737418240\r\n\r\n")
            local sent <const> = load.pour(s, ("x"):rep(1 << 20), most)
            if sent == most then return sent >> 20 end
            local status <const> = load.rest(s):match "^HTTP/1.1 (%d+) "
            return sent >> 20, status or "none", socket.monotonic() - since
        end
        local ignored <const>, status <const>, took <const> = announce("/ignore", 10 << 30)
        local refused <const>, refusal <const>, refusing <const> = announce("/body", 10 << 30)
        local read <const> = announce("/pieces", 64 << 20)
        say("10 GB announced: %s after %.1f s and %d MB when ignored, %s after %.1f s and %d MB " ..
            "when refused; %.1f MB more", status, took, ignored, refusal, refusing, refused,
            grown(before, server:settled(), 8 * MB))
        assert.is_true(took < net.LIMIT and refusing < net.LIMIT and read == 64)
    end)

    it("chunks without end are counted", function()
        local server <close> = load.server "{max_body = 1 << 20, linger_timeout = 0.3}"
        local before <const> = server:state()
        local sent = 0
        for _, chunk in ipairs{"1\r\nx\r\n", "10000\r\n" .. ("x"):rep(65536) .. "\r\n",
            "1;" .. ("x"):rep(2000) .. "\r\nx\r\n"} do
            local s <close> = server:connect()
            s:sendall("POST /body" .. HEAD .. "Transfer-Encoding: chunked\r\n\r\n")
            sent = sent + load.pour(s, chunk:rep(200000 // #chunk + 1), 10 << 30)
        end
        say("endless chunks: %.0f MB sent, %.1f MB more", sent / 2 ^ 20,
            grown(before, server:settled(), 8 * MB))
    end)

    it("19: 100,000 requests in one go leave others their turns", function()
        local N <const> = 100000
        local server <close> = load.server "{}"
        server:pace(0.1)
        local alone <const> = server:pace(0.3)
        local before <const> = server:state()
        local s <close> = server:connect()
        local request <const> = "GET /" .. HEAD .. "\r\n"
        local sender <const> = task.spawn(function()
            for _ = 1, N / 1000 do assert(s:sendall(request:rep(1000))) end
        end)
        local start <const>, took = socket.monotonic(), nil
        local reader <const> = task.spawn(function()
            local n, rest = 0, ""
            while n < N do
                rest = rest .. assert(s:recv(1 << 16))
                local whole <const>, times <const> = rest:gsub("HTTP/1.1 200 OK\r\n.-hello /", "")
                n, rest = n + times, whole
            end
            took = socket.monotonic() - start
        end)
        local pace, longest, rounds = 0, 0, 0
        while not took do
            local p <const>, l <const> = server:pace(0.05)
            pace, longest, rounds = pace + p, math.max(longest, l), rounds + 1
        end
        sender:join()
        reader:join()
        say("100,000 pipelined: %.2f s; another meanwhile: %.0f requests/s (%.0f alone), " ..
            "%.1f ms at most; %.1f MB more", took, pace / rounds, alone, longest,
            grown(before, server:state(), 8 * MB))
        assert.is_true(longest < math.max(took * 500, 500))
    end)

    it("clients that vanish at any stage leave nothing", function()
        local N <const> = 200
        local server <close> = load.server "{}"
        local post <const> = "POST /body" .. HEAD .. "Content-Length: 1000\r\n\r\n"
        local stages <const> = {"", "GET / HT", "GET /" .. HEAD .. "\r\n", "GET /stream" .. HEAD ..
            "\r\n", post, post .. "part", "GET /long" .. HEAD .. "\r\n"}
        local function vanish(text, reset, reads)
            local s <close> = server:connect()
            if reset then s:setoption("linger", 0) end
            if text ~= "" then s:sendall(text) end
            if reads then s:recv(1000) end
        end
        local function round(n)
            for _, text in ipairs(stages) do
                local answered <const> = text:find "^GET /[sl]"
                load.all(n // 10, function(i)
                    for k = 1, 10 do vanish(text, i % 2 == 0, answered and k % 2 == 0) end
                end)
            end
            return server:settled()
        end
        local before <const> = round(N)
        local after <const> = round(N)
        say("%d clients vanished: %d descriptors, %d tasks, %.1f MB more", 2 * N * #stages,
            after.descriptors - before.descriptors, after.tasks - before.tasks,
            grown(before, after, 8 * MB))
        assert.equal(before.descriptors, after.descriptors)
        assert.is_true(after.tasks <= 40)
    end)

    it("31: without descriptors it serves who is there, says so once, and goes on", function()
        local server <close> = load.server("{idle_timeout = 60}", "ulimit -n 64")
        server:get "/"
        local held <const> = {}
        for i = 1, 120 do held[i] = server:connect() end
        local s <close> = server:connect()
        server:pace(0.2)
        local cpu <const> = server:cpu()
        task.sleep(0.5)
        local spent <const> = server:cpu() - cpu
        local pace <const> = server:pace(0.2)
        for i = 1, 120 do held[i]:close() end
        s:sendall("GET /again" .. HEAD .. "Connection: close\r\n\r\n")
        assert.truthy(load.rest(s):find "hello /again$")
        server:settled()
        local output <const> = server.child:kill()
        local _, warnings <const> = output:gsub("Too many open files", "")
        say("no descriptors: %.2f s of processor time in 0.5 s, %.0f requests/s, %d warning",
            spent, pace, warnings)
        assert.equal(1, warnings)
        assert.is_true(spent < 0.2)
    end)

    it("3: slow readers are cut off, and little is kept for them", function()
        local N <const> = 40 -- the kernel keeps megabytes for each
        net.patiently(function(seconds)
            local server <close> = load.server(("{write_timeout = %f}"):format(seconds))
            local before <const> = server:state()
            local held <const> = {}
            for i = 1, N do
                held[i] = server:connect()
                held[i]:sendall((i % 2 == 0 and "GET /long" or "GET /stream") .. HEAD .. "\r\n")
            end
            local during <const> = server:settled(N)
            local pace <const> = server:pace(0.2)
            local mb <const> = grown(before, during, 50 * MB)
            server:settled()
            for i = 1, N do held[i]:close() end
            say("%d slow readers of 20 MB: %.1f MB more, others %.0f requests/s", N, mb, pace)
        end, 2)
    end)
end)

-- -- idle connections ------------------------------------------------------------

local HOLDER <const> = [[
    local port, n = tonumber(arg[1]), tonumber(arg[2])
    local held = {}
    for i = 1, n do
        held[i] = assert(socket.create_connection({"127.0.0.1", port}, 10))
        assert(held[i]:sendall "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert(held[i]:recv(1000))
    end
    say "held"
    assert(socket.create_connection{"127.0.0.1", tonumber(arg[3])}):recv(1)
    for i = 1, n do
        assert(held[i]:sendall "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert(held[i]:recv(1000):find "^HTTP/1.1 200 ")
    end
    say "served"
]]

describe("idle connections", function()
    it("are cheap, and there may be 10,000 of them", function()
        local pipe <close> = assert(io.popen "ulimit -Hn")
        local limit <const> = tonumber((pipe:read "l")) or math.huge
        local n <const> = math.min((sanitized or polling) and 1000 or 10000, limit - 100)
        local raise <const> = ("ulimit -n %d"):format(n + 60)
        local server <close> = load.server("{}", raise)
        local idle <close> = load.server "{}"
        local before <const> = server:state()
        local gate <close> = assert(socket.create_server{"127.0.0.1", 0})
        local holder <close> = peer.start_with(raise, HOLDER, server.port, n,
            gate:getsockname().port)
        holder:expect "held"
        local after <const> = server:state()
        assert.equal(n, after.connections)
        local pace <const>, alone <const> = server:compare(idle)
        say("%d idle connections: %.2f KB each; others %.0f requests/s, %.0f without them", n,
            (after.memory - before.memory) / n, pace, alone)
        assert.is_true(sanitized or after.memory - before.memory < 4 * n)
        assert.is_true(polling or pace > alone / 5)
        local waiting <const> = assert(gate:accept())
        waiting:close()
        holder:expect "served"
    end)
end)
