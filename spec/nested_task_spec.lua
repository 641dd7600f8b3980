-- Coroutines and tasks to one another: what a coroutine that waits in one task
-- looks like from another, and what a task's own coroutine is.

local net <const> = require "spec.support.net"
local task <const> = require "tidewire.task"
local turns <const> = require "spec.support.turns"

-- A coroutine that waits for the channel inside a task of its own.
local function waiting_coroutine(ch)
    local co <const> = coroutine.create(function() return ch:receive() end)
    local t <const> = turns.start(function() return coroutine.resume(co) end)
    return co, t
end

describe("a coroutine that waits inside one task", function()
    for _, place in ipairs(turns.places) do
        it("is normal to others, who cannot resume or close it, " .. place[1], function()
            place[2](function()
                local ch <const> = task.channel()
                local co <const>, t <const> = waiting_coroutine(ch)
                for _ = 1, 2 do
                    assert.equal("normal", coroutine.status(co))
                    assert.same({false, "cannot resume non-suspended coroutine"},
                        {coroutine.resume(co, 1, 2, 3)})
                    net.raises("cannot close a normal coroutine", coroutine.close, co)
                end
                assert.equal("waiting", t:status())
                ch:send("v")
                assert.same({true, "v"}, {t:join(net.LIMIT)})
                assert.equal("dead", coroutine.status(co))
                assert.is_true(coroutine.close(co))
            end)
        end)

        it("and its wrap function raises, " .. place[1], function()
            place[2](function()
                local ch <const> = task.channel()
                local f <const> = coroutine.wrap(function() return ch:receive() end)
                local t <const> = turns.start(f)
                net.raises("cannot resume non-suspended coroutine", f)
                ch:send("v")
                assert.equal("v", t:join(net.LIMIT))
                net.raises("cannot resume dead coroutine", f)
            end)
        end)
    end

    it("shows where it waits in a traceback", function()
        local ch <const> = task.channel()
        local co <const>, t <const> = waiting_coroutine(ch)
        local text <const> = debug.traceback(co)
        assert.is_truthy(text:find("in method 'receive'", 1, true)
            or text:find("receive", 1, true), text)
        assert.is_truthy(text:find("nested_task_spec.lua:%d+:"), text)
        ch:send(1)
        t:join(net.LIMIT)
    end)

    it("is itself inside, and may ask about itself", function()
        local seen
        local co
        co = coroutine.create(function()
            task.sleep(0)
            local me <const>, is_main <const> = coroutine.running()
            seen = {me == co, is_main, coroutine.status(me), coroutine.isyieldable()}
        end)
        turns.inside(function() assert(coroutine.resume(co)) end)
        assert.same({true, false, "running", true}, seen)
    end)
end)

describe("a coroutine that has yielded", function()
    it("in one task goes on in another, and waits there", function()
        local ch <const> = task.channel()
        local tasks <const> = {}
        local co <const> = coroutine.create(function()
            for i = 1, 4 do
                tasks[i] = task.current()
                coroutine.yield(ch:receive())
            end
        end)
        for i = 1, 4 do
            local t <const> = turns.start(function() return select(2, coroutine.resume(co)) end)
            assert.equal(i, #tasks)
            assert.equal(t, tasks[i])
            ch:send(i)
            assert.equal(i, t:join(net.LIMIT))
            assert.equal("suspended", coroutine.status(co))
        end
    end)

    it("on the main thread goes on in a task, and back", function()
        local ch <const> = task.channel(3)
        local where <const> = {}
        local f <const> = coroutine.wrap(function()
            for _ = 1, 3 do
                where[#where + 1] = task.current() and "task" or "main"
                coroutine.yield(ch:receive())
            end
        end)
        for i = 1, 3 do ch:send(i) end
        assert.equal(1, f())
        assert.equal(2, task.spawn(f):join(net.LIMIT))
        assert.equal(3, f())
        assert.same({"main", "task", "main"}, where)
    end)

    it("may be closed by another task, which waits in its <close>", function()
        local a <close>, kept <const> = net.pair()
        local b <close> = kept
        local got
        local co <const> = coroutine.create(function()
            local _ <close> = setmetatable({}, {__close = function() got = a:recv(1) end})
            coroutine.yield()
        end)
        turns.inside(function() coroutine.resume(co) end)
        b:send("v")
        turns.inside(function() assert(coroutine.close(co)) end)
        assert.equal("v", got)
    end)

    it("takes its cancel scopes along", function()
        local never <const> = task.event()
        local co <const> = coroutine.create(function()
            return task.timeout(0.002, function()
                coroutine.yield("inside")
                never:wait()
            end)
        end)
        turns.inside(function() assert.equal("inside", select(2, coroutine.resume(co))) end)
        turns.inside(function()
            local _ <const>, _ <const>, _ <const>, code <const> = coroutine.resume(co)
            assert.equal("timeout", code)
            task.sleep(0.003) -- nothing is cut off any more
        end)
    end)
end)

describe("a task's own coroutine", function()
    it("is what running says, and yieldable", function()
        turns.inside(function()
            local co <const>, is_main <const> = coroutine.running()
            assert.same({false, "running", true},
                {is_main, coroutine.status(co), coroutine.isyieldable()})
            assert.equal(co, (coroutine.running()))
            coroutine.wrap(function()
                assert.equal("normal", coroutine.status(co))
                net.raises("cannot close a normal coroutine", coroutine.close, co)
                assert.same({false, "cannot resume non-suspended coroutine"},
                    {coroutine.resume(co)})
            end)()
        end)
    end)

    it("is nobody else's to resume or close, whatever it waits for", function()
        local a <close>, kept <const> = net.pair()
        local b <close> = kept
        local e <const> = task.event()
        for name, wait in pairs{
            recv = function() assert.equal("v", a:recv(1)) end,
            yield = function() for _ = 1, 200 do coroutine.yield("ignored", 1, 2) end end,
            task_yield = function() for _ = 1, 200 do task.yield() end end,
            wait = function() e:wait() end,
        } do
            local co
            local t <const> = task.spawn(function()
                co = coroutine.running()
                wait()
                return name
            end)
            task.yield()
            for _ = 1, 3 do
                assert.equal("normal", coroutine.status(co))
                assert.same({false, "cannot resume non-suspended coroutine"},
                    {coroutine.resume(co, "x")})
                net.raises("cannot close a normal coroutine", coroutine.close, co)
                task.yield()
            end
            b:send("v")
            e:set()
            assert.equal(name, t:join(net.LIMIT))
            e:clear()
            if name ~= "recv" then assert.equal("v", a:recv(1)) end
        end
    end)

    it("that yields as a plain coroutine lets others run, and gets nothing back", function()
        local order <const> = {}
        local function work(name)
            return function()
                for i = 1, 3 do
                    order[#order + 1] = name .. i
                    assert.equal(0, select("#", coroutine.yield(name, i)))
                end
                return name
            end
        end
        local x <const>, y <const> = task.spawn(work "x"), task.spawn(work "y")
        assert.same({"x", "y"}, turns.join{x, y})
        assert.equal("x1 y1 x2 y2 x3 y3", table.concat(order, " "))
    end)

    it("in a traceback shows where it waits", function()
        local ch <const> = task.channel()
        local co
        local t <const> = turns.start(function()
            co = coroutine.running()
            local function waits_here() ch:receive() return 1 end
            waits_here()
        end)
        local text <const> = debug.traceback(co)
        assert.is_truthy(text:find("waits_here", 1, true), text)
        assert.is_truthy(text:find("'receive'", 1, true), text)
        ch:send("v")
        t:join(net.LIMIT)
    end)
end)

describe("a coroutine inside a sort function inside a task", function()
    it("may wait for a socket, and yield to its resumer", function()
        turns.inside(function()
            local a <close>, kept <const> = net.pair()
            local b <close> = kept
            local list <const>, bytes = {5, 3, 1, 4, 2}, ""
            b:send(("x"):rep(100))
            table.sort(list, function(x, y)
                local co <const> = coroutine.wrap(function()
                    bytes = bytes .. a:recv(1)
                    coroutine.yield("between")
                    a:settimeout(0.0001)
                    bytes = bytes .. a:recv(1)
                    return "end"
                end)
                assert.same({"between", "end"}, {co(), co()})
                return x < y
            end)
            assert.same({1, 2, 3, 4, 5}, list)
            assert.is_true(#bytes >= 8)
        end)
    end)

    it("that may not wait gets an error it can catch, and goes on", function()
        turns.inside(function()
            local ch <const>, closed = task.channel(), 0
            local co
            table.sort({1, 2}, function(x, y)
                co = coroutine.create(function()
                    local _ <close> = setmetatable({}, {__close = function()
                        closed = closed + 1
                    end})
                    net.raises("cannot wait for another task here", ch.receive, ch)
                    coroutine.yield("went on")
                    ch:receive()
                end)
                assert.same({true, "went on"}, {coroutine.resume(co)})
                local ok <const>, message <const> = coroutine.resume(co)
                assert.is_false(ok)
                assert.is_truthy(message:find("cannot wait for another task", 1, true))
                assert.equal("dead", coroutine.status(co))
                assert.is_false((coroutine.close(co)))
                return x < y
            end)
            assert.equal(1, closed)
            -- Nobody is left waiting in the channel.
            net.fails("timeout", ch:send("v", 0))
        end)
    end)
end)
