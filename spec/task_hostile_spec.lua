-- What breaks careless schedulers: very many connections, sockets closed under
-- those who wait, a fork in the middle.

local net <const> = require "spec.support.net"
local peer <const> = require "spec.support.peer"
local process <const> = dofile("examples/lib/process.lua")
local socket <const> = require "tidewire.socket"
local task <const> = require "tidewire.task"
local tasks <const> = require "spec.support.tasks"

local it <const> = tasks.checked(it)
local TESTS <const> = (os.getenv "TIDEWIRE_BUILD" or "build") .. "/test/"

-- -- very many connections ----------------------------------------------------

-- Sanitizers and a collection at every request take their time.
local slow <const> = (os.getenv "TIDEWIRE_BUILD" or ""):find "/san$"
local WANTED <const> = tasks.stressed and 100 or slow and 2000 or 19000

-- As many as the limits of this system allow.
local function connections()
    local pipe <close> = assert(io.popen "ulimit -Hn")
    local limit <const> = tonumber((pipe:read "l")) or math.huge
    local file <close> = assert(io.open "/proc/sys/net/ipv4/ip_local_port_range")
    local first <const>, last <const> = file:read("n", "n")
    return math.min(WANTED, limit - 100, (last - first) * 7 // 10), limit
end

local SERVER <const> = [[
    local task = require "tidewire.task"
    local n = tonumber(arg[1])
    local function memory()
        collectgarbage()
        collectgarbage()
        local text = io.open("/proc/self/status"):read("a")
        return tonumber(text:match("VmRSS:%s*(%d+)"))
    end
    local server = assert(socket.create_server({"127.0.0.1", 0}, {backlog = 4096}))
    local ended, before = 0, memory()
    local function serve(conn)
        local _ <close> = conn
        local data, message, code = conn:recv(100)
        if not data then error(code) end
        conn:sendall(data)
        assert(select(3, conn:recv(1)) == "eof")
        ended = ended + 1
    end
    say(server:getsockname().port)
    local list = {}
    local last
    for i = 1, n do
        last = assert(server:accept())
        list[i] = task.spawn(serve, last)
    end
    task.sleep(0.1)
    say("idle", (task.counts()), ("%.2f"):format((memory() - before) / n))
    last:sendall("go")
    for i = 1, n do list[i]:join() end
    list = nil
    say("ended", ended, task.counts())
]]

local CLIENT <const> = [[
    local port, n = tonumber(arg[1]), tonumber(arg[2])
    local held = {}
    for i = 1, n do held[i] = assert(socket.create_connection({"127.0.0.1", port}, 10)) end
    say "connected"
    held[n]:settimeout(20)
    assert(held[n]:recv(2) == "go") -- accepted in the order of connecting
    for i = 1, n do assert(held[i]:sendall("x")) end
    for i = 1, n do assert(held[i]:recv(1) == "x") end
    for i = 1, n do held[i]:close() end
    say "done"
]]

describe("very many connections", function()
    it("wait each in a task, and are all served", function()
        local n <const>, limit <const> = connections()
        if n < WANTED then
            print(("# only %d connections: the limit of descriptors is %s"):format(n, limit))
        end
        local raise <const> = "ulimit -n " .. ("%d"):format(n + 60)
        local server <close> = peer.start_with(raise, SERVER, n)
        local port <const> = server:expect "^(%d+)\n"
        local client <close> = peer.start_with(raise, CLIENT, port, n)
        client:expect "connected"
        local idle <const>, memory <const> = server:expect "^idle%s(%d+)%s([%d.]+)"
        print(("# %d idle connections, %s KiB each"):format(n, memory))
        assert.equal(tostring(n), idle)
        client:expect "done"
        assert.equal(("%d\t0\t0\t0"):format(n), server:expect "^ended%s(.*)\n")
        local _, status <const> = server:finish()
        assert.equal(0, status)
    end)
end)

-- -- closing ---------------------------------------------------------------------

local BIG <const> = ("x"):rep(1 << 22)

-- Each waits for good on what it is given: a socket, or what `open` makes.
local WAITS <const> = {
    recv = {wait = function(s) return s:recv(1) end},
    recvfrom = {wait = function(s) return s:recvfrom(1) end},
    sendall = {wait = function(s) return s:sendall(BIG) end},
    accept = {
        open = function()
            local s <const> = assert(socket.socket(socket.AF_UNIX))
            assert(s:bind "")
            assert(s:listen())
            return s
        end,
        wait = function(s) return s:accept() end,
    },
    read = {
        open = function(s)
            local f <const> = assert(s:makefile())
            s:close()
            return f
        end,
        wait = function(f) return f:read() end,
    },
    select = {wait = function(s)
        local i <const>, ok <const>, message <const>, code <const> = task.select {s}
        assert.equal(1, i)
        return ok, message, code
    end},
    ["a generator"] = {wait = function(s)
        return coroutine.wrap(function() return s:recv(1) end)()
    end},
    ["a limit"] = {wait = function(s) return task.timeout(net.LIMIT, s.recv, s, 1) end},
}

-- When the socket is taken away, and what else is done at that moment.
local CLOSES <const> = {
    ["before it begins"] = function(s) s:close() end,
    ["while it waits"] = function(s)
        task.yield()
        task.sleep(0.001)
        s:close()
    end,
    ["when it has just been woken"] = function(s, _, peer_end)
        task.yield()
        peer_end:send("x")
        peer_end:recv(1 << 20)
        s:close()
    end,
    ["and cancelled"] = function(s, t)
        task.yield()
        s:close()
        t:cancel()
    end,
    ["after being cancelled"] = function(s, t)
        task.yield()
        t:cancel()
        s:close()
    end,
    ["by another task, at its limit"] = function(s)
        task.timeout(0.001, task.sleep, net.LIMIT)
        task.spawn(s.close, s):join()
    end,
}

local function closed_under(case, close)
    local a <close>, second <const> = net.pair()
    local b <close> = second
    b:settimeout(0)
    local s <const> = case.open and case.open(a) or a
    local t <const> = task.spawn(case.wait, s)
    close(s, t, b)
    local ok <const>, message <const>, code <const> = t:join(net.LIMIT)
    return ok and "done" or code or message
end

local ENDS <const> = {closed = true, cancelled = true, done = true}

describe("a socket closed", function()
    for when, close in pairs(CLOSES) do
        it(when .. " ends every wait", function()
            for what, case in pairs(WAITS) do
                local ending <const> = closed_under(case, close)
                assert.is_true(ENDS[ending], what .. ": " .. tostring(ending))
            end
        end)
    end
end)

-- -- forking ---------------------------------------------------------------------

local function forking(script)
    local path <const> = net.file(script)
    local child <close> = process.start(TESTS .. "fork_host " .. path)
    local output <const>, status <const> = child:finish()
    os.remove(path)
    return output, status
end

describe("a child made by fork", function()
    it("may close its copy; the parent's tasks notice nothing", function()
        local output <const>, status <const> = forking [[
            local task = require "tidewire.task"
            local socket = require "tidewire.socket"
            local a, b = socket.socketpair()
            local ch = task.channel()
            local got = task.spawn(function() return a:recv(10), ch:receive() end)
            local slept = task.spawn(task.sleep, 0.05)
            local scoped = task.spawn(task.scope, function(scope)
                scope:spawn(b.recv, b, 1)
            end, {timeout = 0.05})
            task.yield()
            task.yield()
            print(fork(function() end))
            print(fork(function()
                a:close()
                got:cancel()
                print(select(3, b:recv(1)), select(3, task.sleep(0.01)))
                print(select(3, got:join()), (pcall(task.spawn, print)))
            end))
            b:sendall("still here")
            task.spawn(ch.send, ch, "too")
            print(got:join(5))
            print(slept:join(5), (scoped:join(5)))
            print(#task.list(), task.counts())
        ]]
        assert.equal("0\nEBUSY\tECHILD\ncancelled\ttrue\n0\n"
            .. "still here\ttoo\ntrue\tnil\n0\t0\t0\t0\n", output)
        assert.equal(0, status)
    end)
end)
