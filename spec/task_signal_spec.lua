-- Signals as something to wait for, and what else becomes of them.

local net <const> = require "spec.support.net"
local peer <const> = require "spec.support.peer"
local process <const> = dofile("examples/lib/process.lua")
local socket <const> = require "tidewire.socket"
local task <const> = require "tidewire.task"
local turns <const> = require "spec.support.turns"

-- For scripts in child processes: which signals are blocked, as a hex number.
local MASK <const> = [[
    local task = require "tidewire.task"
    local function mask()
        local file <close> = assert(io.open "/proc/self/status")
        return file:read("a"):match "SigBlk:%s*0*(%x+)"
    end
    local function kill(name)
        local file <close> = assert(io.open "/proc/self/stat")
        os.execute(("kill -%s %d"):format(name, file:read "n"))
    end
]]

-- Runs a script that prints its results; they must be these lines.
local function says(lines, script)
    local child <close> = peer.start_plain(MASK .. script)
    local output <const>, status <const> = child:finish()
    assert.equal(table.concat(lines, "\n") .. "\n", output)
    assert.equal(0, status)
end

local NUMBERS <const> = {HUP = 1, INT = 2, USR1 = 10, USR2 = 12, TERM = 15, WINCH = 28}

describe("a signal", function()
    for name, number in pairs(NUMBERS) do
        it(name .. " is awaited on the main thread, in a task, in a coroutine", function()
            local child <close> = peer.start_plain(MASK .. ([[
                local s <close> = assert(task.signal "%s")
                say "ready"
                say("main", s:wait())
                local t = task.spawn(function() return s:wait() end)
                task.yield()
                say "ready"
                say("task", t:join())
                coroutine.wrap(function()
                    say "ready"
                    say("coroutine", s:wait(15))
                end)()
            ]]):format(name))
            for _, where in ipairs{"main", "task", "coroutine"} do
                child:expect("ready")
                peer.signal(child, name)
                child:expect(where .. "\ttrue")
            end
            local _ <const>, status <const> = child:finish()
            assert.equal(0, status)
        end)

        it(name .. " has that number, and its other name", function()
            for _, known in ipairs{name, "SIG" .. name, number} do
                local s <close> = assert(task.signal(known))
                assert.equal(("signal (%d)"):format(number), tostring(s))
                net.fails("timeout", s:wait(0))
            end
        end)
    end

    it("that came before it is awaited is not lost", function()
        says({"true", "nil\twait: timed out\ttimeout"}, [[
            local s = task.signal "USR1"
            kill "USR1"
            say(s:wait(5))
            say(s:wait(0))
        ]])
    end)

    it("has timeouts", function()
        local s <close> = assert(task.signal "USR2")
        net.quick(function() net.fails("timeout", s:wait(0)) end)
        turns.takes(0.01, function() net.fails("timeout", s:wait(0.01)) end)
        turns.inside(function()
            turns.takes(0.01, function() net.fails("timeout", s:wait(0.01)) end)
        end)
        net.raises("timeout", s.wait, s, -1)
    end)

    it("is blocked from the first object to the last", function()
        says({"0", "200", "200", "4200", "200", "0"}, [[
            say(mask())
            local a = task.signal "USR1"
            say(mask())
            local b = task.signal "USR1"
            say(mask())
            local c = task.signal "TERM"
            say(mask())
            a:close() a:close() c:close()
            say(mask())
            b = nil
            collectgarbage() collectgarbage()
            say(mask())
        ]])
    end)

    it("stays blocked if it was so before", function()
        local child <close> = process.start([[--block-signal=USR1 ]]
            .. process.lua("lua5.4", "spec/support/blocked_signal.lua"))
        assert.same({"200\n200\n200\n", 0}, {child:finish()})
    end)

    it("of two objects for one kind goes to one at a time, and neither hangs", function()
        says({"1", "1", "nil\twait: timed out\ttimeout"}, [[
            local a, b = task.signal "USR1", task.signal "USR1"
            for _ = 1, 2 do
                local got = 0
                local function wait(s)
                    return function() if s:wait(0.2) then got = got + 1 end end
                end
                local x, y = task.spawn(wait(a)), task.spawn(wait(b))
                task.yield()
                kill "USR1"
                x:join() y:join()
                say(got)
            end
            say(a:wait(0))
        ]])
    end)

    it("does what it did by default once the object is closed", function()
        local child <close> = peer.start_plain(MASK .. [[
            local s = task.signal "TERM"
            kill "TERM"
            say(s:wait(5))
            s:close()
            say(mask())
            say(s:wait(5))
            say(s:wait(0))
            say(tostring(s))
            kill "TERM"
            say "not reached"
        ]])
        local output <const>, status <const> = child:finish()
        local closed <const> = "nil\twait: closed\tclosed\n"
        assert.equal("true\n0\n" .. closed .. closed .. "signal (15, closed)\n", output)
        assert.equal(143, status)
    end)

    it("object that is closed wakes who waits for it", function()
        local s <const> = assert(task.signal "USR2")
        local t <const> = turns.start(function() return s:wait() end)
        net.fails("EBUSY", s:wait())
        s:close()
        net.fails("closed", t:join(net.LIMIT))
    end)

    it("may be cancelled, and then awaited by another", function()
        local s <close> = assert(task.signal "USR2")
        local t <const> = turns.start(function() return s:wait() end)
        t:cancel()
        net.fails("cancelled", t:join(net.LIMIT))
        net.fails("timeout", s:wait(0.001))
    end)

    it("needs a name or number that exists and can be awaited", function()
        for _, bad in ipairs{"NONE", "", "int", "SIG", "SIGSIGINT", 0, -1, 65, 9, 19, 1 << 20} do
            net.fails("EINVAL", task.signal(bad))
        end
        assert.is_truthy(net.fails("EINVAL", task.signal "KILL"):find("signal KILL", 1, true))
        for _, bad in ipairs{{}, true, 1.5, "INT\0"} do net.raises("n", task.signal, bad) end
        net.raises("", task.signal)
    end)

    it("leaves no descriptor behind", function()
        local before <const> = net.descriptors()
        for _ = 1, 20 do
            local s <close> = assert(task.signal "USR1")
            s:wait(0)
            task.signal "NONE"
        end
        assert.equal(before, net.descriptors())
    end)
end)

describe("loading tidewire", function()
    it("blocks and catches nothing", function()
        says({"0", "0", "same"}, [[
            local function caught()
                local file <close> = assert(io.open "/proc/self/status")
                return file:read("a"):match "SigCgt:%s*(%x+)"
            end
            say(mask())
            local before = caught()
            local a, b = socket.socketpair()
            task.spawn(function() a:recv(1) end)
            b:send "x"
            task.run()
            say(mask())
            say(before == caught() and "same" or "changed")
        ]])
    end)
end)

-- Each says "ready" once a hundred tasks wait, and then waits for ever.
local BUSY <const> = {
    ["task.run"] = "task.run()",
    ["join"] = "first:join()",
    ["a channel"] = "task.channel():receive()",
    ["a select"] = "local a, b = socket.socketpair() task.select{task.channel(), a} b:close()",
    ["a socket"] = "local a, b = socket.socketpair() a:recv(1) b:close()",
    ["a sleep"] = "task.sleep(15)",
    ["yield in a loop"] = "while true do task.yield() end",
    ["join, with tasks that never wait"] = [[
        for _ = 1, 3 do task.spawn(function() while true do task.yield() end end) end
        first:join()]],
    ["a coroutine that joins"] = "coroutine.wrap(function() first:join() end)()",
}

describe("Ctrl-C with a hundred tasks stops a script in", function()
    for name, wait in pairs(BUSY) do
        it(name, function()
            local child <close> = peer.start_plain(MASK .. [[
                local first
                for i = 1, 100 do
                    local a, b = socket.socketpair()
                    local ch = task.channel()
                    local t = task.spawn(function()
                        if i % 3 == 0 then b:recv(1) return a end
                        if i % 3 == 1 then return ch:receive() end
                        while true do task.sleep(0.05) end
                    end)
                    first = first or t
                end
                task.spawn(function() say "ready" end)
                local tidy <close> = setmetatable({}, {__close = function() say "tidied up" end})
            ]] .. wait)
            child:expect("ready")
            local began <const> = socket.monotonic()
            peer.signal(child, "INT")
            local output <const>, status <const> = child:finish()
            assert.is_true(socket.monotonic() - began < 3, "not at once")
            assert.is_truthy(output:find("interrupted!", 1, true), output)
            assert.is_truthy(output:find("tidied up", 1, true), output)
            assert.equal(1, status)
        end)
    end

    it("a way that pcall sees, and the tasks go on", function()
        local child <close> = peer.start_plain(MASK .. [[
            local ch = task.channel()
            local t = task.spawn(function() return ch:receive() end)
            task.spawn(task.sleep, 15)
            task.spawn(function() say "ready" end)
            say(not pcall(t.join, t))
            ch:send "v"
            say(t:join())
        ]])
        child:expect("ready")
        peer.await_sleep(child)
        peer.signal(child, "INT")
        assert.equal("ready\ntrue\nv\n", (child:finish()))
    end)

    it("no way when the script awaits it itself", function()
        local child <close> = peer.start_plain(MASK .. [[
            local s = assert(task.signal "INT")
            local ch = task.channel()
            task.spawn(function() s:wait() ch:send "asked to stop" end)
            task.spawn(function() say "ready" end)
            say(ch:receive())
        ]])
        child:expect("ready")
        peer.signal(child, "INT")
        local output <const>, status <const> = child:finish()
        assert.same({"ready\nasked to stop\n", 0}, {output, status})
    end)
end)
