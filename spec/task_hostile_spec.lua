-- What breaks careless schedulers: very many connections, sockets closed under
-- those who wait, a fork in the middle, garbage at the wrong moment.

local net <const> = require "spec.support.net"
local peer <const> = require "spec.support.peer"
local process <const> = dofile("examples/lib/process.lua")
local socket <const> = require "tidewire.socket"
local task <const> = require "tidewire.task"
local tasks <const> = require "spec.support.tasks"

local it <const> = tasks.checked(it)
local TESTS <const> = (os.getenv "TIDEWIRE_BUILD" or "build") .. "/test/"

-- -- very many connections ----------------------------------------------------

local WANTED <const> = tasks.stressed and 100 or 19000

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
    for i = 1, n do list[i] = task.spawn(serve, (assert(server:accept()))) end
    task.sleep(0.1)
    say("idle", (task.counts()), ("%.2f"):format((memory() - before) / n))
    for i = 1, n do list[i]:join() end
    list = nil
    say("ended", ended, task.counts())
]]

local CLIENT <const> = [[
    local port, n = tonumber(arg[1]), tonumber(arg[2])
    local held = {}
    for i = 1, n do held[i] = assert(socket.create_connection({"127.0.0.1", port}, 10)) end
    say "connected"
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
    local path <const> = os.tmpname()
    local file <close> = assert(io.open(path, "w"))
    assert(file:write(script))
    file:flush()
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
        assert.equal("0\nEBUSY\tECHILD\ncancelled\ttrue\n0\nstill here\ttoo\ntrue\tnil\n0\t0\t0\t0\n",
            output)
        assert.equal(0, status)
    end)
end)

-- -- garbage ---------------------------------------------------------------------

describe("a task that is forgotten", function()
    it("is still cancelled", function()
        local ended <const> = {}
        tasks.sleeper(task.spawn, ended):cancel()
        collectgarbage()
        collectgarbage()
        net.quick(task.run)
        assert.same({"sleeper"}, ended)
    end)

    it("wakes the main thread when its failure is found", function()
        local event <const> = task.event()
        task.onerror(function() event:set() end)
        task.spawn(error, "nobody joins")
        local other <close> = task.spawn(task.sleep, 3600)
        net.quick(function() assert(event:wait(net.LIMIT)) end)
        assert.equal("waiting", other:status())
    end)
end)

describe("what select waits for", function()
    it("may be taken out of its table, and be garbage", function()
        local items <const> = {task.channel(1), task.event()}
        local t <const> = task.spawn(task.select, items)
        task.yield()
        items[1], items[2] = nil, nil
        collectgarbage()
        collectgarbage()
        t:cancel()
        tasks.gone(t)
    end)
end)

describe("what is left when the state is closed", function()
    it("may be used by finalizers that come later", function()
        local output <const>, status <const> = peer.run [[
            local e, ch, sem
            Last = setmetatable({}, {__gc = function()
                e:set()
                ch:close()
                sem:release()
                say "last"
            end})
            local task = require "tidewire.task"
            e, ch, sem = task.event(), task.channel(), task.semaphore(0)
            for _ = 1, 3 do
                task.spawn(e.wait, e)
                task.spawn(ch.send, ch, 1)
                task.spawn(sem.acquire, sem)
                task.spawn(task.select, {e, ch})
            end
            task.yield()
            task.yield()
        ]]
        -- Under `require` the module may come first.
        assert.equal("last\n", output)
        assert.equal(0, status)
    end)
end)

describe("a dead coroutine", function()
    it("may be closed when its scope is long forgotten", function()
        local t <const> = task.spawn(function()
            local co <const> = coroutine.create(task.timeout)
            coroutine.resume(co, net.LIMIT, error, "dies")
            local limited <const> = task.spawn(task.timeout, 0.01, task.sleep, 3600)
            task.yield()
            coroutine.close(co)
            return limited:join(net.LIMIT)
        end)
        net.fails("timeout", t:join(net.LIMIT))
    end)
end)

describe("a full channel", function()
    it("never holds more than it may, whoever comes in between", function()
        local ch <const> = task.channel(1)
        local list <const> = {}
        local function spawn(...) list[#list + 1] = task.spawn(...) end
        ch:send(1)
        spawn(ch.send, ch, 2)
        spawn(ch.send, ch, 3)
        task.yield()
        spawn(function()
            ch:receive()
            ch:receive()
        end)
        spawn(ch.send, ch, 4, 0)
        task.sleep(0.001)
        assert.equal(1, #ch)
        local n = 0
        while ch:receive(0) do
            n = n + 1
            task.sleep(0.001)
        end
        assert.is_true(n == 1 or n == 2)
        for _, t in ipairs(list) do t:join() end
    end)
end)
