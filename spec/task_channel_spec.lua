-- Channels: values from task to task.

local model <const> = require "spec.support.channel_model"
local net <const> = require "spec.support.net"
local socket <const> = require "tidewire.socket"
local task <const> = require "tidewire.task"
local tasks <const> = require "spec.support.tasks"
local turns <const> = require "spec.support.turns"

local CAPACITIES <const> = {0, 1, 2, 7, 100}

local function fill(ch, n)
    for i = 1, n do assert.is_true(ch:send(i, 0)) end
end

describe("a channel", function()
    for _, place in ipairs(turns.places) do
        for _, capacity in ipairs(CAPACITIES) do
            it(("of %d passes values in order, %s"):format(capacity, place[1]), function()
                place[2](function()
                    local ch <const> = task.channel(capacity)
                    local sender <const> = task.spawn(function()
                        for i = 1, 50 do assert(ch:send(i)) end
                        ch:close()
                        return "sent"
                    end)
                    for i = 1, 50 do assert.equal(i, ch:receive()) end
                    net.fails("closed", ch:receive())
                    assert.equal("sent", sender:join(net.LIMIT))
                end)
            end)
        end
    end

    it("without a buffer holds a sender until its value is taken", function()
        local ch <const> = task.channel()
        local sender <const> = turns.start(function() return ch:send("v") end)
        turns.settle()
        assert.equal("waiting", sender:status())
        assert.equal(0, #ch)
        assert.equal("v", ch:receive())
        assert.is_true(sender:join(net.LIMIT))
    end)

    it("with a buffer takes as many as it holds", function()
        for _, capacity in ipairs{1, 2, 3, 4, 5, 8, 9, 1000} do
            local ch <const> = task.channel(capacity)
            fill(ch, capacity)
            assert.equal(capacity, #ch)
            net.fails("timeout", ch:send("too much", 0))
            for i = 1, capacity do assert.equal(i, ch:receive(0)) end
            net.fails("timeout", ch:receive(0))
            assert.equal(0, #ch)
        end
    end)

    it("keeps the order when its ring grows around its end", function()
        local ch <const> = task.channel(200)
        local next_in, next_out = 1, 1
        for size = 1, 150 do
            while next_in - next_out < size do
                assert(ch:send(next_in, 0))
                next_in = next_in + 1
            end
            for _ = 1, size // 2 do
                assert.equal(next_out, ch:receive(0))
                next_out = next_out + 1
            end
        end
        while next_out < next_in do
            assert.equal(next_out, ch:receive(0))
            next_out = next_out + 1
        end
        assert.equal(0, #ch)
    end)

    for _, capacity in ipairs{0, 1, 3} do
        it(("of %d serves receivers in the order they came"):format(capacity), function()
            local ch <const>, got <const> = task.channel(capacity), {}
            local list <const> = turns.starts(10, function(i)
                got[i] = ch:receive()
                return true
            end)
            for i = 1, 10 do assert(ch:send(i * 10, net.LIMIT)) end
            turns.join(list)
            assert.same({10, 20, 30, 40, 50, 60, 70, 80, 90, 100}, got)
        end)

        it(("of %d serves senders in the order they came"):format(capacity), function()
            local ch <const> = task.channel(capacity)
            local list <const> = turns.starts(10, function(i) return ch:send(i) end)
            for i = 1, 10 do assert.equal(i, ch:receive(net.LIMIT)) end
            turns.join(list)
        end)
    end

    it("passes any value but nil, and the very same", function()
        local ch <const> = task.channel(20)
        local t <const>, f <const> = {}, function() end
        local values <const> = {false, true, 0, -1.5, "", "a\0b", t, f, ch,
            coroutine.create(f), io.stdout}
        for _, v in ipairs(values) do assert.is_true(ch:send(v, 0)) end
        for _, v in ipairs(values) do assert.is_true(rawequal(v, (ch:receive(0)))) end
        net.raises("value: nil cannot be sent", ch.send, ch)
        net.raises("value: nil cannot be sent", ch.send, ch, nil, 1)
    end)

    it("passes false to who waits for it", function()
        local ch <const> = task.channel()
        local t <const> = turns.start(function() return ch:receive() end)
        ch:send(false)
        assert.is_false(t:join(net.LIMIT))
        ch:close()
    end)

    it("says what it is", function()
        local ch <const> = task.channel(3)
        ch:send("x")
        assert.equal("channel (1 of 3)", tostring(ch))
        ch:close()
        assert.equal("channel (1 of 3, closed)", tostring(ch))
        assert.equal("channel (0 of 0)", tostring(task.channel()))
        assert.equal("locked", getmetatable(ch))
    end)

    it("wants the right arguments", function()
        for _, bad in ipairs{-1, 1.5, "x", {}, math.huge, 1 << 40} do
            net.raises("n:", task.channel, bad)
        end
        local ch <const> = task.channel(1)
        net.raises("timeout", ch.send, ch, 1, -1)
        net.raises("timeout", ch.receive, ch, "soon")
        net.raises("timeout", ch.receive, ch, 0 / 0)
        net.raises("tidewire.channel expected", ch.receive, task.event())
        assert.equal(0, #ch)
    end)
end)

describe("a channel's timeout", function()
    for _, place in ipairs(turns.places) do
        it("ends a wait to receive and to send " .. place[1], function()
            place[2](function()
                for capacity = 0, 2 do
                    local ch <const> = task.channel(capacity)
                    net.quick(function() net.fails("timeout", ch:receive(0)) end)
                    turns.takes(0.01, function() net.fails("timeout", ch:receive(0.01)) end)
                    fill(ch, capacity)
                    net.quick(function() net.fails("timeout", ch:send("x", 0)) end)
                    turns.takes(0.01, function() net.fails("timeout", ch:send("x", 0.01)) end)
                    assert.equal(capacity, #ch)
                end
            end)
        end)

        it("of 0 suffices for a sender that waits " .. place[1], function()
            place[2](function()
                local ch <const> = task.channel()
                local senders <const> = turns.starts(20, function(i) return ch:send(i) end)
                for i = 1, 20 do
                    -- Longer than the scheduler lets pass without looking at the time.
                    local later <const> = socket.monotonic() + 0.002
                    repeat until socket.monotonic() > later
                    assert.equal(i, ch:receive(0))
                end
                net.fails("timeout", ch:receive(0))
                turns.join(senders)
            end)
        end)

        it("loses no value that comes in the same moment " .. place[1], function()
            place[2](function()
                for capacity = 0, 2 do
                    local ch <const>, sent = task.channel(capacity), 0
                    local got = 0
                    for _ = 1, 40 do
                        local t <const> = task.spawn(function()
                            task.sleep(0.0005)
                            if ch:send("v", 0) then sent = sent + 1 end
                        end)
                        if ch:receive(0.0005) then got = got + 1 end
                        t:join(net.LIMIT)
                        if ch:receive(0) then got = got + 1 end
                    end
                    assert.equal(sent, got)
                    assert.equal(0, #ch)
                end
            end)
        end)
    end

    it("takes a sender off that gives up, and its value", function()
        local ch <const> = task.channel()
        local first <const> = turns.start(function() return ch:send("first", 0.005) end)
        local second <const> = turns.start(function() return ch:send("second") end)
        net.fails("timeout", first:join(net.LIMIT))
        assert.equal("second", ch:receive(net.LIMIT))
        assert.is_true(second:join(net.LIMIT))
        net.fails("timeout", ch:receive(0))
    end)
end)

describe("cancelling", function()
    it("a receiver to whom a value was promised gives it to him", function()
        for capacity = 0, 2 do
            local ch <const>, got = task.channel(capacity), nil
            local t <const> = turns.start(function()
                got = ch:receive()
                task.sleep(0)
            end)
            assert.is_true(ch:send("v"))
            t:cancel()
            net.fails("cancelled", t:join(net.LIMIT))
            assert.equal("v", got)
        end
    end)

    it("a receiver that waits leaves the value to the next", function()
        for capacity = 0, 2 do
            local ch <const> = task.channel(capacity)
            local list <const> = turns.starts(3, function() return (ch:receive()) end)
            list[1]:cancel()
            assert(ch:send("v"))
            net.fails("cancelled", list[1]:join(net.LIMIT))
            assert.equal("v", list[2]:join(net.LIMIT))
            list[3]:cancel()
            net.fails("cancelled", list[3]:join(net.LIMIT))
        end
    end)

    it("a sender takes its value with it, unless there is room by now", function()
        local ch <const> = task.channel(1)
        ch:send(1)
        local list <const> = turns.starts(3, function(i) return ch:send(i + 1) end)
        list[1]:cancel()
        assert.equal(1, ch:receive()) -- and makes room for the second
        list[2]:cancel()
        net.fails("cancelled", list[1]:join(net.LIMIT))
        assert.is_true(list[2]:join(net.LIMIT))
        assert.equal(3, ch:receive())
        assert.equal(4, ch:receive())
        assert.is_true(list[3]:join(net.LIMIT))
    end)

    it("by <close> as the value arrives loses nothing", function()
        for capacity = 0, 2 do
            local ch <const>, got = task.channel(capacity), nil
            do
                local _ <close> = turns.start(function() got = ch:receive() end)
                assert(ch:send("v"))
            end
            assert.equal("v", got)
            assert.equal(0, #ch)
        end
    end)
end)

describe("many tasks over channels", function()
    for run = 1, tasks.stressed and 2 or 6 do
        it("lose and invent nothing, run " .. run, function()
            model.run((os.time() * 7919 + run * 104729) & 0x7fffffff)
        end)
    end
end)
