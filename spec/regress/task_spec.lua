-- What once went wrong with tasks.

local net <const> = require "spec.support.net"
local peer <const> = require "spec.support.peer"
local socket <const> = require "tidewire.socket"
local task <const> = require "tidewire.task"
local tasks <const> = require "spec.support.tasks"

local it <const> = tasks.checked(it)

describe("once wrong:", function()
    it("a finalizer that lua_close runs last sets an event somebody waits for", function()
        local output <const>, status <const> = peer.run([[
            local event
            local last = setmetatable({}, {__gc = function() event:set() print "set" end})
            local task = require "tidewire.task"
            event = task.event()
            task.spawn(function() task.sleep(0.01) os.exit(true, true) end)
            event:wait(10)
        ]])
        assert.same({"set\n", 0}, {output, status})
    end)

    it("resuming oneself or an outer coroutine lost the timeout around it", function()
        for _, outer in ipairs{false, true} do
            net.fails("timeout", task.timeout(0.01, function()
                local me <const> = coroutine.running()
                local resume <const> = outer and coroutine.wrap(coroutine.resume) or
                    coroutine.resume
                assert.is_false((resume(me)))
                return task.sleep(net.LIMIT)
            end))
        end
    end)

    it("a message handler that waits freed the scope of a timeout too early", function()
        local other <const> = task.spawn(function()
            task.sleep(0.002)
            return task.timeout(0.02, task.sleep, net.LIMIT)
        end)
        xpcall(task.timeout, function(err)
            task.sleep(0.01)
            return err
        end, 5, error, "x")
        net.fails("timeout", other:join())
    end)

    it("the handler of hogs woke a task that was about to wait", function()
        local event <const> = task.event()
        task.onhog(0.001, function() event:set() end)
        local t <const> = task.spawn(function()
            local till <const> = socket.monotonic() + 0.01
            repeat until socket.monotonic() > till
            return event:wait(net.LIMIT / 2)
        end)
        assert.is_true(net.quick(function() return t:join() end))
        task.onhog()
    end)

    it("a hook brought about what was waited for, and was not heard", function()
        for call = 1, 6 do
            local event <const> = task.event()
            local calls, waiting, meanwhile = 0, true, false
            debug.sethook(function()
                calls = calls + 1
                if calls == call then
                    event:set()
                    meanwhile = waiting
                end
            end, "c")
            local set = event:wait(0.05)
            waiting = false
            debug.sethook()
            set = set or not meanwhile
            assert.is_true(set)
        end
    end)

    it("two tasks wrote one buffered stream, one in the middle of the other", function()
        local a <const>, b <close> = net.pair()
        local f <close> = a:makefile("rw")
        local first <const> = task.spawn(f.write, f, ("A"):rep(1000000))
        task.yield()
        net.fails("EBUSY", f:write("B"))
        local data <const> = task.spawn(net.drain, b)
        assert.equal(f, first:join())
        assert(f:write("B"))
        f:close()
        a:close()
        assert.equal(("A"):rep(1000000) .. "B", (data:join()))
    end)

    it("a wakened reader, before it ran, lost its turn to another", function()
        local a <const>, b <close> = net.pair()
        local reader <const> = task.spawn(function() return b:recv(10) end)
        task.yield()
        assert(a:sendall("mine"))
        local thief <const> = task.spawn(function()
            while reader:status() ~= "done" do
                local data <const>, _, code = b:recv(10)
                if code ~= "EBUSY" then return data or code end
                task.yield()
            end
            return "nothing"
        end)
        assert.equal("mine", (reader:join()))
        assert.equal("nothing", (thief:join()))
        a:close()
    end)

    it("a scope could be given a task while its end was decided", function()
        local refused
        local scope
        task.onerror(function() refused = not pcall(scope.spawn, scope, print) end)
        pcall(task.scope, function(s)
            scope = s
            for _ = 1, 2 do s:spawn(error, "x") end
        end)
        task.onerror()
        assert.is_not_nil(refused)
        net.raises("has been left", scope.spawn, scope, print)
    end)

    it("what never has to wait starved the others", function()
        local set <const>, ch <const> = task.event(), task.channel(1)
        set:set()
        local a <close> = net.pair()
        for _, f in ipairs{
            function() set:wait() end,
            function() ch:send(1) ch:receive() end,
            function() task.select{set} end,
            function() task.scope(function() end) end,
            function() a:settimeout(0) a:recv(1) end,
        } do
            local stop = false
            task.spawn(function() stop = true end)
            local rounds = 0
            repeat
                f()
                rounds = rounds + 1
            until stop or rounds > 1000
            assert.is_true(stop)
        end
    end)

    it("a cancelled task that goes on regardless stopped the others", function()
        local t <const> = task.spawn(function()
            for _ = 1, 5000 do pcall(task.sleep, net.LIMIT) end
        end)
        task.yield()
        t:cancel()
        net.fails("timeout", t:join(0.0001))
        assert.same({}, {t:join()})
    end)

    it("a signal that had come and was not taken ended the process", function()
        assert.same({"alive\n", 0}, {peer.run([[
            local task = require "tidewire.task"
            local s = task.signal "TERM"
            os.execute "kill -TERM $PPID"
            s:close()
            print "alive"
        ]])})
    end)
end)
