-- Cancelling each kind of wait, in each place where it can be.

local net <const> = require "spec.support.net"
local resolver <const> = require "spec.support.resolver"
local socket <const> = require "tidewire.socket"
local task <const> = require "tidewire.task"
local tasks <const> = require "spec.support.tasks"
local turns <const> = require "spec.support.turns"
local waits <const> = require "spec.support.waits"

local it <const> = tasks.checked(it)

-- Calls f(wait) with each kind of wait, then checks what was waited for and
-- closes it. f sees to it that the wait ends.
local function each(name, f)
    for _, kind in ipairs(waits) do
        it(("%s: %s"):format(kind[1], name), function()
            local made <const> = table.pack(kind[2]())
            f(made[1], kind[3])
            if made[2] then
                made[2]()
                turns.settle()
            end
            for i = 3, made.n do
                local close <const> = made[i].close or getmetatable(made[i]).__close
                close(made[i])
            end
        end)
    end
end

-- Starts f in a task, cancels it where it waits, and joins it.
local function cancel_in_task(f)
    local t <const> = turns.start(f)
    assert.equal("waiting", t:status())
    t:cancel()
    tasks.gone(t)
end

describe("cancelling", function()
    each("closes what is to be closed", function(wait)
        local seen <const> = {}
        cancel_in_task(function()
            local outer <close> = assert(socket.socket())
            local _ <close> = setmetatable({}, {__close = function(_, err)
                seen[#seen + 1] = err
                seen[#seen + 1] = outer:fileno() >= 0
            end})
            wait()
            seen[#seen + 1] = "not reached"
        end)
        assert.same({task.cancelled, true}, seen)
    end)

    each("is an error that pcall sees, at each attempt", function(wait)
        local t <const> = turns.start(function()
            for _ = 1, 3 do
                -- Closing has been done the first time, whatever became of it.
                local ok <const>, err = pcall(wait)
                assert.is_true(ok or err == task.cancelled)
                tasks.cancelled(pcall(task.yield))
            end
            return "caught"
        end)
        t:cancel()
        assert.equal("caught", t:join(net.LIMIT))
    end)

    each("reaches into nested coroutines", function(wait)
        local seen <const> = {}
        cancel_in_task(function()
            coroutine.wrap(function()
                local co <const> = coroutine.create(function()
                    local _ <close> = tasks.tidy(seen, "inner")
                    wait()
                end)
                local ok <const>, err = coroutine.resume(co)
                assert.is_false(ok)
                coroutine.close(co)
                seen[#seen + 1] = coroutine.status(co)
                error(err)
            end)()
        end)
        assert.same({"inner", "dead"}, seen)
    end)

    each("by a timeout in a task", function(wait)
        local seen
        local t <const> = task.spawn(function()
            seen = select(3, task.timeout(0.002, wait))
            return task.sleep(0)
        end)
        assert.is_true(t:join(net.LIMIT))
        assert.equal("timeout", seen)
    end)

    each("by a timeout on the main thread", function(wait, once)
        net.fails("timeout", task.timeout(0.002, wait))
        if once then return end
        net.fails("timeout", task.timeout(0.002, coroutine.wrap(function() return wait() end)))
    end)

    each("with its scope, in several tasks", function(wait)
        local ended <const> = {}
        net.fails("cancelled", task.scope(function(scope)
            for i = 1, 3 do
                scope:spawn(function()
                    local _ <close> = tasks.tidy(ended, i)
                    pcall(wait) -- a second reader is refused
                    task.sleep(3600)
                end)
            end
            task.yield()
            scope:cancel()
            task.yield()
        end))
        table.sort(ended)
        assert.same({1, 2, 3}, ended)
    end)
end)

describe("what is cancelled", function()
    it("was about to succeed: data that has come is not lost", function()
        local a <close>, b = net.pair()
        local got <const> = {}
        local t <const> = turns.start(function()
            got[1] = a:recv(10)
            task.yield()
        end)
        b:sendall("data")
        t:cancel()
        tasks.gone(t)
        assert.equal("data", got[1] or a:recv(10))
        b:close()
    end)

    it("keeps the bytes a stream has read, to be read again", function()
        local a <const>, b <const> = net.pair()
        local s <close> = assert(a:makefile())
        for i = 1, 20 do
            b:sendall(("%d,"):format(i))
            local t <const> = turns.start(s.read, s)
            t:cancel()
            tasks.gone(t)
        end
        b:sendall("end\n")
        assert.equal("1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,end", s:read())
        a:close()
        b:close()
    end)

    it("leaves its place to the next in the queue", function()
        local sem <const>, ch <const> = task.semaphore(0), task.channel(1)
        local order <const> = {}
        local list <const> = turns.starts(6, function(i)
            if i % 2 == 0 then sem:acquire() else ch:receive() end
            order[#order + 1] = i
        end)
        list[1]:cancel()
        list[2]:cancel()
        for _ = 1, 2 do
            sem:release()
            ch:send(1)
        end
        tasks.gone(list[1])
        tasks.gone(list[2])
        for i = 3, 6 do list[i]:join(net.LIMIT) end
        table.sort(order)
        assert.same({3, 4, 5, 6}, order)
        assert.same({0, "semaphore (0)"}, {#ch, tostring(sem)})
    end)

    it("cuts off a lookup that takes for ever", function()
        local slow <close> = resolver.slow()
        local reason <const> = slow:missing()
        if reason then return pending(reason) end
        local child <close> = slow:start [[
            local task = require "tidewire.task"
            local s = assert(socket.socket())
            for _, wait in ipairs{
                function() return socket.getaddrinfo("slow", 80) end,
                function() return s:connect("slow", 80) end,
                function() return socket.create_connection({"slow", 80}) end,
            } do
                local t = task.spawn(wait)
                task.yield()
                say(t:status(), t:cancel(), select(3, t:join()))
                say(select(3, task.timeout(0.01, wait)))
            end
            say "end"
        ]]
        local output <const>, status <const> = child:finish()
        assert.equal(("waiting\ttrue\tcancelled\ntimeout\n"):rep(3) .. "end\n", output)
        assert.equal(0, status)
    end)

    it("may be a lookup that ends later", function()
        for _ = 1, 20 do
            local t <const> = turns.start(socket.getaddrinfo, "localhost", 80)
            t:cancel()
            local _, _, code = t:join(net.LIMIT)
            assert.is_true(code == "cancelled" or code == nil)
        end
        assert(socket.getaddrinfo("localhost", 80))
    end)

    it("takes no longer however many wait", function()
        local e <const>, n = task.event(), tasks.many(20000)
        local list <const> = {}
        for i = 1, n do list[i] = task.spawn(e.wait, e) end
        task.yield()
        for i = n, 1, -1 do list[i]:cancel() end
        task.run()
        for i = 1, n do assert.equal("cancelled", list[i]:status()) end
    end)
end)
