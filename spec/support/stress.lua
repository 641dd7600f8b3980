-- Hundreds of tasks that do everything to one another at random, then an end
-- at which nothing may be left and nothing may have been lost.
--
--     lua5.4 spec/support/stress.lua [seed [seconds [how]]]
--
-- How it ends: "drain" (to the end of all tasks, checked), or in the middle of
-- it all: "close" (the state is closed), "exit" (it is not), "fall" (the script
-- ends), "task" (a task closes the state). The seed it prints brings the same
-- decisions back; what time decides may differ.

local socket <const> = require "tidewire.socket"
local task <const> = require "tidewire.task"
local things <const> = dofile "spec/support/stress_things.lua"

local seed <const> = math.tointeger(arg[1]) or os.time() ~ math.floor(socket.monotonic() * 1e6)
local seconds <const> = tonumber(arg[2]) or 3
local how <const> = arg[3] or "drain"
math.randomseed(seed)
local random <const> = math.random

local LIMIT <const> = 300 -- tasks at a time
local DEPTH <const> = 6   -- of calls in one another
local DEADLINE <const> = socket.monotonic() + seconds

local accounts <const> = things.accounts
local count <const> = accounts.count
local pick <const>, keep <const> = things.pick, things.keep
local chance <const>, moment <const> = things.chance, things.moment

local body

local function counted(f, ...)
    local _ <close> = accounts.ended
    f(...)
end

-- A task, in the scope if there is one, unless there are enough.
local function spawn(scope, f, ...)
    if things.ending or task.counts() >= LIMIT then return nil end
    local t <const> = scope and scope:spawn(counted, f, ...) or task.spawn(counted, f, ...)
    count.spawned = count.spawned + 1
    return t
end

-- Does a few things, one level deeper.
local function some(depth)
    for _ = 1, random(3) do things.act(depth + 1) end
end

local actions <const> = {}

function actions.spawn_kept()
    local t <const> = spawn(nil, body, 0)
    if t then keep("tasks", t) end
end

function actions.spawn_dropped()
    spawn(nil, body, 0)
end

function actions.spawn_closed(depth)
    local t <close> = spawn(nil, body, 0)
    if t then t:setname "closed" end
    some(depth)
end

function actions.cancel()
    local t <const> = pick "tasks"
    if t then t:cancel() end
end

function actions.join()
    local t <const> = pick "tasks"
    if t and t ~= task.current() then accounts.take(pcall(t.join, t, moment())) end
end

function actions.inspect()
    local t <const> = pick "tasks"
    if t then things.note(tostring(t) .. t:status() .. t:getname()) end
    if chance(20) then task.list() end
    keep("tasks", task.current())
end

function actions.sleep() task.sleep(chance(3) and 0 or moment()) end

function actions.yield() task.yield() end

function actions.fail() accounts.fail() end

function actions.cancel_myself()
    local t <const> = task.current()
    if t and chance(4) then t:cancel() end
end

function actions.collect()
    things.collect()
end

-- What tasks do to one another comes more often than the rest.
function actions.channel() things.use_channel() end
for i = 1, 6 do actions["channel" .. i] = actions.channel end

function actions.semaphore(depth) things.use_semaphore(some, depth) end
actions.semaphore_again = actions.semaphore

function actions.event() things.use_event() end

function actions.select() things.use_select() end
actions.select_again = actions.select

function actions.socket() things.use_socket() end
actions.socket_again = actions.socket

function actions.connect() things.connect(function(f) return spawn(nil, f) end) end

function actions.lookup()
    if chance(5) then
        task.timeout(moment(), socket.getaddrinfo, "localhost", 80)
    end
end

function actions.signal()
    local s <close> = task.signal "USR2"
    if s and chance(2) then s:wait(moment()) end
end

function actions.timeout(depth)
    task.timeout(moment(), some, depth)
end

function actions.shield(depth)
    task.shield(moment(), some, depth)
end

function actions.scope(depth)
    local opts <const> = {shield = chance(4), timeout = chance(2) and moment() or nil}
    accounts.take(pcall(task.scope, function(scope)
        for _ = 1, random(4) do
            spawn(scope, chance(2) and body or some, depth + 1)
        end
        if chance(4) then scope:cancel() end
        some(depth)
        keep("scopes", scope)
    end, opts))
end

-- Into a scope that is somebody else's, or has been left.
function actions.join_scope()
    local scope <const> = pick "scopes"
    if not scope then return end
    accounts.take(pcall(spawn, scope, body, 0))
    if chance(8) then scope:cancel() end
end

-- Coroutines that wait between their yields, for whoever gets hold of them.
function actions.generate(depth)
    local co <const> = coroutine.create(function()
        for i = 1, random(4) do
            if chance(2) then
                task.timeout(moment(), function() coroutine.yield(i) some(depth) end)
            else
                some(depth)
                coroutine.yield(i)
            end
        end
    end)
    keep("generators", co)
end

function actions.resume()
    local co <const> = pick "generators"
    if not co then return end
    if chance(8) then return accounts.take(pcall(coroutine.close, co)) end
    if coroutine.status(co) == "suspended" then accounts.take(coroutine.resume(co)) end
end

-- Where Lua cannot suspend.
function actions.sort(depth)
    local list <const> = {3, 1, 2}
    local before <const> = accounts.stuck
    accounts.stuck = true
    local ok <const>, failure <const> = pcall(table.sort, list, function(x, y)
        if chance(3) then task.sleep(0.0005) end
        if chance(30) then things.act(depth + 1) end
        return x < y
    end)
    accounts.stuck = before
    accounts.take(ok, failure)
end

function actions.substitute()
    local a <const>, b <const> = socket.socketpair()
    a:settimeout(0.0005)
    local text <const> = ("abc"):gsub(".", function(c)
        b:send(c)
        return chance(2) and a:recv(1) or a:recv(9) or "-"
    end)
    things.note(text)
    a:close()
    b:close()
end

local names <const> = {}
for name in pairs(actions) do names[#names + 1] = name end
table.sort(names)

function things.act(depth)
    if depth > DEPTH or things.ending then return end
    local name <const> = names[random(#names)]
    count[name] = (count[name] or 0) + 1
    actions[name](depth)
end

function body(depth)
    for _ = 1, random(12) do things.act(depth) end
    if chance(10) then accounts.fail() end
end

-- -- the main thread ------------------------------------------------------

task.onerror(accounts.report)
local descriptors <const> = accounts.settle()
print(("seed %d, %s s, %s"):format(seed, seconds, how))
io.stdout:flush()

local function turn()
    while task.counts() < LIMIT // 2 do spawn(nil, body, 0) end
    count.most = math.max(count.most, (task.counts()))
    for _ = 1, random(20) do things.act(DEPTH - 1) end
end

while socket.monotonic() < DEADLINE do
    accounts.take(pcall(turn))
end
if how == "close" then os.exit(0, true) end
if how == "exit" then os.exit(0) end
if how == "task" then
    task.spawn(function() task.timeout(1, function() os.exit(0, true) end) end)
    task.run()
end
if how == "drain" then
    things.finish(descriptors)
    print(accounts.summary())
end
