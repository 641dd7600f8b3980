-- Channels, semaphores, events. Whoever runs out of memory in the middle tries
-- again, and then nobody may wait in vain: no value, place or turn is lost.

local task <const> = require "tidewire.task"
local check <const> = dofile "spec/support/fault/check.lua"
local task_check <const> = dofile "spec/support/fault/task_check.lua"
local twice <const> = task_check.twice

local PRODUCERS <const>, EACH <const> = 3, 5

local function produce(ch)
    for i = 1, EACH do check(twice(ch.send, ch, i)) end
    return true
end

local function consume(ch)
    local sum = 0
    local value, message, code = twice(ch.receive, ch)
    while value do
        sum = sum + value
        value, message, code = twice(ch.receive, ch)
    end
    if code ~= "closed" then check(value, message, code) end
    return sum
end

-- Every value arrives, whatever the capacity.
local function channel(spawn, capacity)
    local ch <const> = task.channel(capacity)
    local producers <const> = {false, false, false}
    local one <const>, two <const> = spawn(consume, ch), spawn(consume, ch)
    for i = 1, PRODUCERS do producers[i] = spawn(produce, ch) end
    local failure
    for _, t in ipairs(producers) do
        local ok <const>, message <const> = pcall(function() check(t:join()) end)
        failure = failure or not ok and message
    end
    ch:close()
    -- A consumer that has failed is why the others wait in vain.
    local sum <const> = check(one:join()) + check(two:join())
    if failure then error(failure, 0) end
    assert(sum == PRODUCERS * EACH * (EACH + 1) // 2 and #ch == 0)
end

-- What waits with too little time gives up, and takes nothing with it.
local function too_late(spawn)
    local ch <const>, sem <const> = task.channel(1), task.semaphore(0)
    local value, message, code = ch:receive(0.001)
    if code ~= "timeout" then check(value, message, code) end
    value, message, code = sem:acquire(0.001)
    if code ~= "timeout" then check(value, message, code) end
    spawn(function()
        twice(ch.send, ch, "late")
        sem:release()
    end):join()
    assert(check(twice(ch.receive, ch)) == "late")
    check(twice(sem.acquire, sem))
end

local function semaphore(spawn)
    local sem <const>, ready <const> = task.semaphore(1), task.event()
    local inside, most, turns = 0, 0, 0
    local function work()
        check(twice(ready.wait, ready))
        local turn <close> = check(twice(sem.acquire, sem))
        inside = inside + 1
        most = math.max(most, inside)
        task.yield()
        inside = inside - 1
        turns = turns + (turn and 1 or 0)
    end
    local tasks <const> = {spawn(work), spawn(work), spawn(work)}
    task.yield()
    ready:set()
    for _, t in ipairs(tasks) do t:join() end
    assert(most == 1 and turns == 3)
end

return task_check.scenario(function(spawn)
    channel(spawn, 0)
    channel(spawn, 1)
    channel(spawn, 7)
    too_late(spawn)
    semaphore(spawn)
end)
