-- Tidewire's side of tasks.lua: lines of a row's name and its figure.
--
--     tasks_tidewire.lua speed     CPU nanoseconds per operation
--     tasks_tidewire.lua memory    bytes per sleeping task

local task = require "tidewire.task"

local MANY <const> = 1000000
local BATCH <const> = 1000
local SLEEPERS <const> = 100000

local function nothing() end

-- The figure of a row: how long `body` takes, by how many operations.
local function row(name, operations, body)
    collectgarbage()
    local start <const> = os.clock()
    body()
    io.write(("%s %.1f\n"):format(name, (os.clock() - start) / operations * 1e9))
end

local function spawn_and_finish()
    for _ = 1, MANY // BATCH do
        for _ = 1, BATCH do task.spawn(nothing) end
        task.run()
    end
end

-- Two tasks in turns, so that each pass goes to the other one.
local function alternate(pass)
    local function half()
        for _ = 1, MANY // 2 do pass() end
    end
    return function()
        task.spawn(half)
        task.spawn(half)
        task.run()
    end
end

local function sleep_none()
    task.sleep(0)
end

local function in_task(body)
    return function()
        task.spawn(body)
        task.run()
    end
end

local function arm_and_cancel()
    for _ = 1, MANY do task.timeout(10, nothing) end
end

local function calls()
    for _ = 1, MANY do nothing() end
end

local function pass_values(capacity)
    return function()
        local channel <const> = task.channel(capacity)
        task.spawn(function()
            for i = 1, MANY do channel:send(i) end
        end)
        task.spawn(function()
            for _ = 1, MANY do channel:receive() end
        end)
        task.run()
    end
end

local function speed()
    row("spawn", MANY, spawn_and_finish)
    row("switch", MANY, alternate(task.yield))
    row("sleep", MANY, alternate(sleep_none))
    row("timer", MANY, in_task(arm_and_cancel))
    row("call", MANY, in_task(calls))
    row("channel1", MANY, pass_values(1))
    row("channel100", MANY, pass_values(100))
end

-- Resident bytes of this process; unlike `statm` this file is exact.
local function resident()
    for line in io.lines("/proc/self/smaps_rollup") do
        local kib = line:match("^Rss:%s*(%d+)")
        if kib then return kib * 1024 end
    end
end

local function heap()
    collectgarbage()
    collectgarbage()
    return collectgarbage("count") * 1024
end

local function sleeper()
    task.sleep(1000)
end

-- Ends the process: the sleepers are not waited for.
local function memory()
    local own <const>, seen <const> = heap(), resident()
    for _ = 1, SLEEPERS do task.spawn(sleeper) end
    task.sleep(0.1) -- until all of them sleep
    io.write(("resident %.0f\n"):format((resident() - seen) / SLEEPERS))
    io.write(("heap %.0f\n"):format((heap() - own) / SLEEPERS))
    os.exit(true)
end

if arg[1] == "speed" then
    speed()
else
    task.spawn(memory)
    task.run()
end
