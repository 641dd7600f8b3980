-- Scopes that a coroutine has opened when it yields to its resumer: they leave
-- the task, and enter the one that resumes it.

local net <const> = require "spec.support.net"
local socket <const> = require "tidewire.socket"
local task <const> = require "tidewire.task"
local tasks <const> = require "spec.support.tasks"
local turns <const> = require "spec.support.turns"

local it <const> = tasks.checked(it)

-- A coroutine that has yielded inside a scope with a task in it; both are told
-- of in `ended`. Returns also the scope and the task.
local function suspended(ended, opts)
    local scope, member
    local co <const> = coroutine.create(function()
        return task.scope(function(s)
            local _ <close> = tasks.tidy(ended, "body")
            scope = s
            member = tasks.sleeper(function(f) return s:spawn(f) end, ended, "task")
            coroutine.yield "first"
            task.sleep(3600)
        end, opts)
    end)
    assert.same({true, "first"}, {coroutine.resume(co)})
    turns.settle()
    assert.equal("waiting", member:status())
    return co, scope, member
end

describe("a scope of a suspended coroutine", function()
    it("does not reach what its resumer waits for", function()
        local ended <const> = {}
        local co <const> = suspended(ended, {timeout = 0.1})
        assert.is_true(task.sleep(0.11))
        assert.is_true(task.scope(function() return task.sleep(0.001) end))
        assert.same({"task"}, ended)
        assert.same({true, nil, "scope: timed out", "timeout", n = 4},
            table.pack(coroutine.resume(co)))
        assert.same({"task", "body"}, ended)
    end)

    it("is not reached by what cancels its former resumer", function()
        local gen
        local first <const> = turns.start(function()
            gen = coroutine.wrap(function()
                return task.timeout(net.LIMIT, function()
                    coroutine.yield(1)
                    task.sleep(0.001)
                    coroutine.yield(2)
                    return 3
                end)
            end)
            assert.equal(1, gen())
            task.sleep(3600)
        end)
        first:cancel()
        tasks.gone(first)
        assert.equal(2, gen())
        assert.equal(3, task.spawn(gen):join())
    end)

    it("is cancelled with its tasks, from outside", function()
        local ended <const> = {}
        local co <const>, scope <const>, member <const> = suspended(ended)
        scope:cancel()
        tasks.gone(member)
        assert.same({"task"}, ended)
        local ok <const>, _, _, code = coroutine.resume(co)
        assert.same({true, "cancelled"}, {ok, code})
    end)

    it("is cancelled with its tasks when it goes on in a task that is", function()
        local ended <const> = {}
        local co <const>, _, member <const> = suspended(ended)
        local t <const> = task.spawn(function()
            tasks.cancelled(pcall(task.yield))
            tasks.cancelled(coroutine.resume(co))
            assert.equal("cancelled", member:status())
        end)
        t:cancel()
        t:join()
        table.sort(ended)
        assert.same({"body", "task"}, ended)
    end)

    it("goes with the coroutine that is closed", function()
        local ended <const> = {}
        local co <const>, scope <const>, member <const> = suspended(ended)
        assert.is_true(coroutine.close(co))
        assert.same({"body"}, ended)
        net.raises("the scope has been left", scope.spawn, scope, print)
        tasks.gone(member)
        assert.same({"body", "task"}, ended)
    end)

    it("goes with the coroutine that is collected", function()
        local ended <const> = {}
        local member <const> = select(3, suspended(ended))
        collectgarbage()
        collectgarbage()
        tasks.gone(member)
        assert.same({"task"}, ended)
    end)

    it("waits for its tasks if the coroutine goes on to its end", function()
        local go <const>, order <const> = task.event(), {}
        local gen <const> = coroutine.wrap(function()
            return task.scope(function(scope)
                scope:spawn(function()
                    go:wait()
                    order[#order + 1] = "task"
                end)
                coroutine.yield(1)
                return "end"
            end)
        end)
        assert.equal(1, gen())
        turns.settle()
        go:set()
        assert.equal("end", gen())
        assert.same({"task"}, order)
    end)

    it("remembers an error of its task", function()
        local gen <const> = coroutine.wrap(function()
            return task.scope(function(scope)
                scope:spawn(error, {"x"})
                coroutine.yield(1)
                task.sleep(3600)
            end)
        end)
        assert.equal(1, gen())
        turns.settle()
        local ok <const>, err = pcall(gen)
        assert.same({false, {"x"}}, {ok, err})
    end)

    it("hands an error that nobody will take to the handler", function()
        for _, ending in ipairs{"close", "collect"} do
            local co = coroutine.create(function()
                return task.scope(function(scope)
                    scope:spawn(error, {ending})
                    coroutine.yield()
                end)
            end)
            coroutine.resume(co)
            turns.settle()
            if ending == "close" then coroutine.close(co) end
            co = nil -- luacheck: ignore
            local failures <const> = tasks.take_failures()
            assert.equal(1, #failures)
            assert.same({ending}, failures[1].err)
        end
    end)

    it("leaves in the order that suits it, several at once", function()
        local function nest(name)
            return coroutine.wrap(function()
                local seconds <const> = name == "late" and net.LIMIT or 0.002
                return select(3, task.timeout(seconds, function()
                    return task.shield(nil, function()
                        return task.timeout(false, function()
                            coroutine.yield "ready"
                            return task.timeout(0.02, task.sleep, 3600)
                        end)
                    end)
                end))
            end)
        end
        local late <const>, early <const> = nest "late", nest "early"
        assert.equal("ready", late())
        assert.equal("ready", early())
        task.sleep(0.005)
        assert.equal("timeout", early())
        assert.equal("timeout", late())
    end)
end)

describe("generators", function()
    it("work under a timeout that ends between their values", function()
        local a <const>, b <const> = net.pair()
        local f <close> = assert(a:makefile())
        b:sendall("one\ntwo\n")
        local got <const> = {}
        local start <const> = socket.monotonic()
        net.fails("timeout", task.timeout(0.01, function()
            local lines <const> = coroutine.wrap(function()
                for line in f:lines() do coroutine.yield(line) end
            end)
            for line in lines do got[#got + 1] = line end
        end))
        assert.is_true(socket.monotonic() - start >= 0.01)
        assert.same({"one", "two"}, got)
        b:sendall("three\n")
        a:settimeout(net.LIMIT)
        assert.equal("three", f:read())
        a:close()
        b:close()
    end)

    it("can be passed from task to task with a timeout open", function()
        local gen <const> = coroutine.wrap(function()
            task.timeout(net.LIMIT, function()
                for i = 1, 100 do
                    if i % 10 == 0 then task.sleep(0.0001) end
                    coroutine.yield(i)
                end
            end)
        end)
        local got <const> = {}
        for i = 1, 100 do
            task.spawn(function() got[i] = task.timeout(net.LIMIT, gen) end):join()
            assert.equal(i, got[i])
        end
        assert.is_nil(gen())
    end)

    it("come and go by the thousand with scopes open", function()
        local n <const> = tasks.many(10000)
        local live <const> = {}
        for i = 1, n do
            local co <const> = coroutine.wrap(function()
                return task.timeout(3600, function() coroutine.yield(i) return -i end)
            end)
            assert.equal(i, co())
            live[i % 100] = co
            if i % 10 == 0 then assert.equal(-i, co()) live[i % 100] = nil end
        end
        for k, co in pairs(live) do
            assert.is_true(co() < 0)
            live[k] = nil
        end
    end)
end)
