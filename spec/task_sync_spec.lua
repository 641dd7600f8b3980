-- Events and semaphores.

local net <const> = require "spec.support.net"
local task <const> = require "tidewire.task"
local turns <const> = require "spec.support.turns"

describe("an event", function()
    for _, place in ipairs(turns.places) do
        it("ends the wait of who waits for it " .. place[1], function()
            place[2](function()
                local e <const> = task.event()
                assert.is_false(e:is_set())
                task.spawn(function() e:set() end)
                assert.is_true(e:wait())
                assert.is_true(e:wait())
                assert.is_true(e:wait(0))
                assert.is_true(e:is_set())
                e:clear()
                net.quick(function() net.fails("timeout", e:wait(0)) end)
                turns.takes(0.01, function() net.fails("timeout", e:wait(0.01)) end)
            end)
        end)
    end

    it("wakes all, in the order they came", function()
        local e <const>, order <const> = task.event(), {}
        local list <const> = turns.starts(10, function(i)
            assert(e:wait(i % 2 == 0 and net.LIMIT or nil))
            order[#order + 1] = i
        end)
        e:set()
        turns.join(list)
        assert.same({1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, order)
    end)

    it("that is cleared at once has been set all the same", function()
        local e <const> = task.event()
        local list <const> = turns.starts(3, function() return e:wait() end)
        e:set()
        e:clear()
        assert.same({true, true, true}, turns.join(list))
        net.fails("timeout", e:wait(0))
    end)

    it("set or cleared twice is the same", function()
        local e <const> = task.event()
        e:set()
        e:set()
        assert.is_true(e:wait(0))
        e:clear()
        e:clear()
        assert.is_false(e:is_set())
    end)

    it("is true to who is woken and cancelled at once", function()
        local e <const>, got = task.event(), nil
        local t <const> = turns.start(function()
            got = e:wait()
            e:clear()
            e:wait()
        end)
        e:set()
        t:cancel()
        net.fails("cancelled", t:join(net.LIMIT))
        assert.is_true(got)
    end)

    it("forgets who was cancelled or gave up", function()
        local e <const>, woken = task.event(), 0
        local list <const> = turns.starts(4, function(i)
            if e:wait(i < 3 and 0.001 or nil) then woken = woken + 1 end
        end)
        list[4]:cancel()
        turns.join{list[1], list[2], list[4]}
        e:set()
        turns.join(list)
        assert.equal(1, woken)
    end)

    it("meets a timeout of the same moment: either, and no harm", function()
        for _ = 1, 100 do
            local e <const> = task.event()
            task.spawn(function()
                task.sleep(0.0003)
                e:set()
            end)
            local ok <const>, _, code <const> = e:wait(0.0003)
            assert.is_true(ok or code == "timeout")
            assert.is_true(e:wait(net.LIMIT))
        end
    end)

    it("says what it is, and wants the right arguments", function()
        local e <const> = task.event()
        assert.equal("event (not set)", tostring(e))
        e:set()
        assert.equal("event (set)", tostring(e))
        net.raises("timeout", e.wait, e, -1)
        net.raises("tidewire.event expected", e.set, task.channel())
    end)
end)

describe("a semaphore", function()
    for _, place in ipairs(turns.places) do
        it("lets n through at a time " .. place[1], function()
            place[2](function()
                for n = 1, 3 do
                    local s <const> = task.semaphore(n)
                    local inside, most, done = 0, 0, 0
                    local list <const> = {}
                    for i = 1, 12 do
                        list[i] = task.spawn(function()
                            assert(rawequal(s, s:acquire()))
                            inside = inside + 1
                            most = math.max(most, inside)
                            task.yield()
                            inside = inside - 1
                            done = done + 1
                            s:release()
                        end)
                    end
                    turns.join(list)
                    assert.same({n, 12, 0}, {most, done, inside})
                    assert.equal(("semaphore (%d)"):format(n), tostring(s))
                end
            end)
        end)

        it("has timeouts " .. place[1], function()
            place[2](function()
                local s <const> = task.semaphore(0)
                net.quick(function() net.fails("timeout", s:acquire(0)) end)
                turns.takes(0.01, function() net.fails("timeout", s:acquire(0.01)) end)
                s:release()
                assert.equal(s, s:acquire(0))
            end)
        end)

        it("loses no permit to a timeout of the same moment " .. place[1], function()
            place[2](function()
                local s <const> = task.semaphore(0)
                for _ = 1, 40 do
                    local t <const> = task.spawn(function()
                        task.sleep(0.0004)
                        s:release()
                    end)
                    local got <const> = s:acquire(0.0004)
                    t:join(net.LIMIT)
                    if not got then assert.equal(s, s:acquire(0)) end
                    net.fails("timeout", s:acquire(0))
                end
            end)
        end)
    end

    it("is fair: a permit goes to who waits longest, and to nobody who comes after", function()
        local s <const>, order <const> = task.semaphore(), {}
        s:acquire()
        local list <const> = turns.starts(5, function(i)
            s:acquire()
            order[#order + 1] = i
            s:release()
        end)
        s:release()
        net.fails("timeout", s:acquire(0))
        order[#order + 1] = "main"
        s:acquire()
        s:release()
        turns.join(list)
        assert.same({"main", 1, 2, 3, 4, 5}, order)
    end)

    it("alternates between two that want it all the time", function()
        local s <const>, order <const> = task.semaphore(), {}
        local function work(i)
            for _ = 1, 5 do
                local _ <close> = s:acquire()
                order[#order + 1] = i
                task.yield()
            end
        end
        turns.join{task.spawn(work, 1), task.spawn(work, 2)}
        assert.equal("1212121212", table.concat(order))
    end)

    it("is released by <close>, also by an error or when cancelled", function()
        local s <const> = task.semaphore()
        do
            local _ <close> = s:acquire()
            net.fails("timeout", s:acquire(0))
        end
        local t <const> = turns.start(function()
            local _ <close> = s:acquire()
            task.sleep(net.LIMIT)
        end)
        net.fails("timeout", s:acquire(0))
        t:cancel()
        assert.equal(s, s:acquire(net.LIMIT))
        s:release()
        net.raises("boom", function()
            local _ <close> = s:acquire()
            error "boom"
        end)
        assert.equal(s, s:acquire(0))
    end)

    it("passes by who was cancelled or gave up", function()
        local s <const>, got <const> = task.semaphore(0), {}
        local list <const> = turns.starts(4, function(i)
            got[i] = s:acquire(i == 1 and 0.001 or nil) ~= nil
        end)
        list[2]:cancel()
        turns.join{list[1], list[2]}
        s:release()
        turns.join{list[3]}
        assert.same({false, nil, true}, got)
        s:release()
        turns.join(list)
        assert.same({false, nil, true, true}, got)
    end)

    it("is with who was given it and cancelled at once, and <close> hands it on", function()
        local s <const>, got = task.semaphore(0), {}
        local list <const> = turns.starts(2, function(i)
            local _ <close> = s:acquire()
            got[#got + 1] = i
            task.sleep(0)
        end)
        s:release()
        list[1]:cancel()
        turns.join(list)
        assert.same({1, 2}, got)
        assert.equal(s, s:acquire(0))
    end)

    it("that a task was closed with goes on to the next", function()
        local s <const> = task.semaphore()
        local second
        do
            local _ <close> = turns.start(function()
                local _ <close> = s:acquire()
                task.sleep(net.LIMIT)
            end)
            second = turns.start(function() return s:acquire() ~= nil end)
        end
        assert.is_true(second:join(net.LIMIT))
    end)

    it("may be released more often than it was acquired", function()
        local s <const> = task.semaphore(0)
        for _ = 1, 3 do s:release() end
        for _ = 1, 3 do assert.equal(s, s:acquire(0)) end
        net.fails("timeout", s:acquire(0))
    end)

    it("wants the right arguments", function()
        for _, bad in ipairs{-1, 0.5, "x", {}} do net.raises("n:", task.semaphore, bad) end
        net.raises("timeout", function() task.semaphore():acquire(-1) end)
        net.raises("tidewire.semaphore expected", task.semaphore().acquire, task.event())
    end)

    it("lets no more through than it may, however its users end", function()
        local s <const>, inside, most = task.semaphore(3), 0, 0
        local list <const> = {}
        for i = 1, 60 do
            list[i] = task.spawn(function()
                local permit <close> = s:acquire(i % 4 == 0 and 0.0005 or nil)
                if not permit then return end
                inside = inside + 1
                most = math.max(most, inside)
                local _ <close> = setmetatable({}, {__close = function()
                    inside = inside - 1
                end})
                if i % 5 == 0 then error("boom", 0) end
                task.sleep(i % 3 * 0.0003)
            end)
            if i % 7 == 0 then task.yield() end
            if i % 6 == 0 then list[i // 2]:cancel() end
        end
        for _, t in ipairs(list) do pcall(t.join, t, net.LIMIT) end
        assert.same({0, 3, "semaphore (3)"}, {inside, most, tostring(s)})
    end)
end)
