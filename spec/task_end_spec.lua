-- The end of a program with tasks in it: what becomes of them.

local net <const> = require "spec.support.net"
local peer <const> = require "spec.support.peer"
local process <const> = dofile("examples/lib/process.lua")
local tasks <const> = require "spec.support.tasks"

local it <const> = tasks.checked(it)

local PRELUDE <const> = [[local task = require "tidewire.task" ]]

-- Runs a script to its end; its output and status are to be these.
local function ends(expected, status, script)
    local output <const>, got <const> = peer.run(PRELUDE .. script)
    assert.equal(expected, output)
    assert.equal(status, got)
end

-- Tasks that wait in every way, and what they wait for.
local EVERYTHING <const> = [[
    local function pair() local a, b = socket.socketpair() KEEP[b] = true return a, b end
    KEEP = {}
    local function full()
        local a = pair()
        a:settimeout(0)
        repeat until not a:send(("x"):rep(65536))
        a:settimeout(nil)
        return a
    end
    local server = assert(socket.create_server({"127.0.0.1", 0}, {backlog = 0}))
    local ch, e, sem = task.channel(), task.event(), task.semaphore(0)
    local function flush(method)
        local f = full():makefile("w", 1 << 20)
        f:write "x"
        f[method](f)
    end
    local waits = {
        function() pair():recv(1) end,
        function() pair():makefile():read() end,
        function() for line in pair():makefile():lines() do print(line) end end,
        function() full():send "x" end,
        function() full():sendall(("x"):rep(1 << 20)) end,
        function() flush "flush" end,
        function() flush "close" end,
        function()
            local listener = assert(socket.create_server{"127.0.0.1", 0})
            listener:accept()
        end,
        function()
            for i = 1, 5 do
                local s = assert(socket.socket())
                KEEP[s] = true
                assert(s:connect(server:getsockname()))
            end
        end,
        function() socket.getaddrinfo("localhost", 80) task.sleep(3600) end,
        function() task.sleep(3600) end,
        function() task.spawn(task.sleep, 3600):join() end,
        function() local t <close> = task.spawn(task.sleep, 3600) task.sleep(3600) end,
        function() ch:receive() end,
        function() e:wait() end,
        function() sem:acquire() end,
        function() task.select{ch, e, pair(), task.spawn(e.wait, e)} end,
        function() task.signal "USR1":wait() end,
        function() task.timeout(3600, task.shield, 3600, e.wait, e) end,
        function()
            task.scope(function(s)
                for i = 1, 3 do s:spawn(e.wait, e) end
                s:spawn(task.scope, function(inner) inner:spawn(sem.acquire, sem) end)
            end, {timeout = 3600})
        end,
        function()
            coroutine.wrap(function()
                coroutine.wrap(function() e:wait() end)()
            end)()
        end,
        function()
            GEN = coroutine.wrap(function()
                task.scope(function(s) s:spawn(e.wait, e) coroutine.yield() end)
            end)
            GEN()
            task.sleep(3600)
        end,
        function() task.spawn(error, "lost") while true do task.yield() end end,
    }
    task.onerror(false)
    for i, wait in ipairs(waits) do task.spawn(wait):setname("wait " .. i) end
    for i = 1, 5 do task.sleep(0.001) end
    task.spawn(function() end) -- is never run
    local names = {}
    for _, t in ipairs(task.list()) do names[t.name or ""] = true end
    for i = 1, #waits do assert(names["wait " .. i], i) end
]]

describe("a script that ends", function()
    it("with live tasks does not wait for them", function()
        ends("end\n", 0, [[
            task.spawn(function()
                local _ <close> = setmetatable({}, {__close = function() say "closed" end})
                task.sleep(3600)
            end)
            task.sleep(0.001)
            task.spawn(say, "not run")
            say "end"
        ]])
    end)

    it("with tasks that wait in every way", function()
        ends("end\n", 0, EVERYTHING .. "say 'end'")
    end)

    it("with an error while tasks wait in every way", function()
        local output <const>, status <const> = peer.run(PRELUDE .. EVERYTHING .. "error 'the end'")
        assert.is_truthy(output:find("the end", 1, true), output)
        assert.equal(1, status)
    end)

    it("by os.exit with and without closing, on the main thread and in a task", function()
        for _, close in ipairs{"true", "false"} do
            ends("end\n", 3, EVERYTHING .. ("say 'end' os.exit(3, %s)"):format(close))
            ends("end\n", 3, EVERYTHING .. ([[
                task.spawn(function() say "end" os.exit(3, %s) end)
                task.run()
            ]]):format(close))
            ends("end\n", 3, EVERYTHING .. ([[
                task.spawn(function()
                    task.scope(function(s)
                        s:spawn(task.sleep, 3600)
                        coroutine.wrap(function()
                            task.sleep(0.001)
                            say "end"
                            os.exit(3, %s)
                        end)()
                    end)
                end)
                local t <close> = task.spawn(task.sleep, 3600)
                task.run()
            ]]):format(close))
        end
    end)

    it("closes what the main thread has to be closed", function()
        ends("cleaning\ncancelled\nend\n", 0, [[
            local last <close> = setmetatable({}, {__close = function() say "end" end})
            local t <close> = task.spawn(function()
                local _ <close> = setmetatable({}, {__close = function(_, err)
                    say "cleaning"
                    task.shield(1, task.sleep, 0.001)
                    say(err)
                end})
                task.sleep(3600)
            end)
            task.sleep(0.001)
        ]])
    end)

    it("whose finalizers find everything closed", function()
        local path <const> = net.path()
        local file <const> = assert(io.open(path, "w"))
        file:write[[
            os.remove(arg[0])
            local things, say = {}, print
            -- Made before the library is loaded: it runs when that has gone.
            local late = setmetatable({}, {__gc = function()
                local refused = 0
                for name, f in pairs(things) do
                    local ok, err = pcall(f)
                    if not ok and tostring(err):find "tidewire is closed in this Lua state" then
                        refused = refused + 1
                    elseif not ok then
                        say(name, err)
                    end
                end
                say("refused", refused)
            end})
            KEEP = late
            local task = require "tidewire.task"
            local t = task.spawn(task.sleep, 3600)
            local done = task.spawn(math.abs, -1)
            local ch, e, sem = task.channel(1), task.event(), task.semaphore(0)
            local scope, left
            task.spawn(task.scope, function(s) scope = s task.sleep(3600) end)
            task.scope(function(s) left = s end)
            local gen = coroutine.wrap(function()
                task.timeout(3600, function() coroutine.yield() task.yield() end)
            end)
            gen()
            task.sleep(0.001)
            things = {
                spawn = function() task.spawn(print) end,
                sleep = function() task.sleep(0) end,
                yield = function() task.yield() end,
                run = function() task.run() end,
                list = function() task.list() end,
                timeout = function() task.timeout(1, print) end,
                scope = function() task.scope(print) end,
                current = function() task.current() end,
                event_wait = function() e:wait(0.1) end,
                send = function() ch:send(1) ch:send(2) end,
                acquire = function() sem:acquire() end,
                join = function() t:join() end,
                scope_spawn = function() scope:spawn(print) end,
                gen = function() gen() end,
                joined = function() done:join() end,
                -- These find nothing to do:
                cancel = function() t:cancel() done:cancel() scope:cancel() left:cancel() end,
                names = function() t:setname "x" tostring(t) tostring(done) t:status() end,
                text = function() tostring(ch) tostring(e) tostring(sem) tostring(scope) end,
                close = function() ch:close() e:set() sem:release() getmetatable(t) end,
                onerror = function() task.onerror(nil) task.onhog() end,
            }
        ]]
        file:close()
        local child <close> = process.start(process.lua("lua5.4", path))
        local output <const>, status <const> = child:finish()
        assert.equal("refused\t15\n", output)
        assert.equal(0, status)
    end)

    it("whose finalizers spawn and wait while tasks are live", function()
        local output <const>, status <const> = peer.run(PRELUDE .. EVERYTHING .. [[
            for i = 1, 5 do
                setmetatable({}, {__gc = function()
                    local t = task.spawn(task.sleep, 0.001)
                    task.sleep(0.001)
                    say(i, pcall(t.join, t, 1))
                end})
            end
            say "end"
        ]])
        assert.is_truthy(output:find "^end\n", output)
        assert.equal(0, status, output)
    end)
end)

describe("a state without tasks left", function()
    it("leaks nothing, however often it is made", function()
        local output <const>, status <const> = peer.run(PRELUDE .. [[
            local function round()
                for i = 1, 50 do
                    task.spawn(function()
                        task.scope(function(s)
                            for j = 1, 5 do s:spawn(task.sleep, 0.0001) end
                        end)
                    end)
                end
                task.run()
                collectgarbage()
                collectgarbage()
                return collectgarbage "count"
            end
            for i = 1, 5 do round() end
            local before = round()
            for i = 1, 10 do round() end
            say(round() - before < 10)
        ]])
        assert.same({"true\n", 0}, {output, status})
        assert.is_true(net.descriptors() > 0)
    end)
end)
