-- Random tasks over random channels: senders, receivers, selects, with
-- timeouts, cancelled now and then. Every value whose send returned true must
-- be received exactly once, any other never.

local assert <const> = require "luassert"
local net <const> = require "spec.support.net"
local task <const> = require "tidewire.task"

local model <const> = {}

-- Short enough to meet what happens at the same time.
local TIMEOUTS <const> = {0, 0.0001, 0.0005, 0.002}

local function pause(w)
    local kind <const> = w.random(4)
    if kind == 1 then task.yield()
    elseif kind == 2 then task.sleep(TIMEOUTS[w.random(#TIMEOUTS)])
    end
end

local function timeout(w)
    return w.random(3) > 1 and TIMEOUTS[w.random(#TIMEOUTS)] or nil
end

local function sender(w)
    for _ = 1, w.random(30) do
        w.values = w.values + 1
        local value <const> = w.values
        w.accepted[value] = w.channels[w.random(#w.channels)]:send(value, timeout(w))
        pause(w)
    end
end

local function take(w, value)
    if value == nil then return end
    w.got[value] = (w.got[value] or 0) + 1
end

local function receiver(w)
    for _ = 1, w.random(30) do
        take(w, (w.channels[w.random(#w.channels)]:receive(timeout(w))))
        pause(w)
    end
end

local function selecter(w)
    for _ = 1, w.random(30) do
        local items <const> = {timeout = timeout(w)}
        for i = 1, w.random(#w.channels) do
            items[i] = w.channels[w.random(#w.channels)]
        end
        local index <const>, value <const> = task.select(items)
        if index then take(w, value) end
        pause(w)
    end
end

local KINDS <const> = {sender, sender, receiver, selecter}

local function world(seed)
    local state = seed
    local w <const> = {values = 0, accepted = {}, got = {}, channels = {}}
    function w.random(n)
        state = (state * 1103515245 + 12345) & 0x7fffffff
        return (state >> 8) % n + 1
    end
    for i = 1, w.random(4) do
        w.channels[i] = task.channel(({0, 0, 1, 5})[w.random(4)])
    end
    return w
end

-- Runs the tasks, cancels some, then closes the channels and takes what is left.
local function play(w)
    local tasks <const> = {}
    for i = 1, 5 + w.random(20) do
        tasks[i] = task.spawn(KINDS[w.random(#KINDS)], w)
    end
    for _ = 1, 60 do
        pause(w)
        if w.random(8) == 1 then tasks[w.random(#tasks)]:cancel() end
        if w.random(3) == 1 then take(w, (w.channels[1]:receive(timeout(w) or 0))) end
        if w.random(6) == 1 then selecter{random = function(n) return n == 30 and 1
            or n == 3 and 3 or w.random(n) end, channels = w.channels, got = w.got} end
    end
    for _, ch in ipairs(w.channels) do ch:close() end
    for _, t in ipairs(tasks) do
        local _ <const>, _ <const>, code <const> = t:join(net.LIMIT)
        assert.is_true(code == nil or code == "cancelled", code)
    end
    for _, ch in ipairs(w.channels) do
        for value in ch do take(w, value) end
        assert.equal(0, #ch)
    end
end

--- Raises, with the seed, if a value was lost or received twice.
function model.run(seed)
    local w <const> = world(seed)
    local ok <const>, message <const> = pcall(play, w)
    if not ok then error(("seed %d: %s"):format(seed, message), 0) end
    for value = 1, w.values do
        local times <const>, sent <const> = w.got[value] or 0, w.accepted[value]
        if times ~= (sent and 1 or 0) then
            error(("seed %d: value %d, accepted %s, was received %d times"):format(seed,
                value, tostring(sent), times), 0)
        end
    end
end

return model
