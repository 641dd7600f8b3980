-- What the tasks of spec/support/stress.lua have in common: channels, sockets
-- and so on to choose from, and what can be done with them.

local socket <const> = require "tidewire.socket"
local task <const> = require "tidewire.task"
local accounts <const> = dofile "spec/support/stress_accounts.lua"

local random <const> = math.random

local things <const> = {ending = false, accounts = accounts}
local count <const> = accounts.count

function things.chance(n) return random(n) == 1 end

local chance <const> = things.chance

--- A short time, now and then none; never long, so that everything ends.
function things.moment()
    return chance(6) and 0 or random() ^ 4 * 0.05
end

local moment <const> = things.moment

-- Keeps the optimist from optimising.
function things.note(text) things.last = text end

-- -- pools ------------------------------------------------------------------

-- Few of what is to be fought for.
local SIZE <const> = {tasks = 40, scopes = 40, generators = 40, channels = 6,
    semaphores = 5, events = 6, sockets = 20}

local pools <const> = {tasks = {}, scopes = {}, generators = {}, channels = {},
    semaphores = {}, events = {}, sockets = {}}

--- Puts something in a place of its pool, instead of what was there.
function things.keep(kind, thing)
    pools[kind][random(SIZE[kind])] = thing
end

--- One of them, or nil.
function things.pick(kind)
    return pools[kind][random(SIZE[kind])]
end

local pick <const>, keep <const> = things.pick, things.keep

-- Something of the pool, made if there is nothing.
local function get(kind, make)
    local thing = not chance(20) and pick(kind)
    if not thing then
        thing = make()
        keep(kind, thing)
    end
    return thing
end

-- -- channels: what is sent is received once -----------------------------------

local function new_channel()
    local n <const> = random(0, 3)
    return accounts.open {ch = task.channel(n), capacity = n, sent = 0, received = 0}
end

local function sent(c, ok)
    if not ok then return end
    c.sent = c.sent + 1
    count.sent = count.sent + 1
end

local function received(c, value)
    if not value then return end
    c.received = c.received + 1
    count.received = count.received + 1
end

function things.use_channel()
    local c <const> = get("channels", new_channel)
    local what <const> = random(9)
    if what <= 4 then
        sent(c, c.ch:send(true, moment()))
    elseif what <= 7 then
        received(c, c.ch:receive(moment()))
    elseif what == 8 then
        task.timeout(moment(), function()
            for value in c.ch do received(c, value) end
        end)
    elseif chance(10) then
        c.ch:close()
        c.closed = true
    end
end

-- -- semaphores: what is acquired is released ----------------------------------

local function new_semaphore()
    local n <const> = random(0, 2)
    return accounts.open {sem = task.semaphore(n), free = n}
end

function things.use_semaphore(f, ...)
    local s <const> = get("semaphores", new_semaphore)
    if chance(5) then
        s.free = s.free + 1
        return s.sem:release()
    end
    local turn <close> = s.sem:acquire(moment())
    if not turn then return end
    s.free = s.free - 1
    local _ <close> = setmetatable({}, {__close = function() s.free = s.free + 1 end})
    f(...)
end

function things.use_event()
    local e <const> = get("events", task.event)
    local what <const> = random(4)
    if what == 1 then
        e:set()
    elseif what == 2 then
        e:clear()
    else
        e:wait(moment())
    end
end

-- -- sockets --------------------------------------------------------------------

local function new_pair()
    local a <const>, b <const> = socket.socketpair()
    if not a then return {} end
    a:settimeout(moment())
    b:settimeout(moment())
    return {a, b}
end

local uses <const> = {
    function(s) s:send "data" end,
    function(s) s:send "line\n" end,
    function(s) s:recv(random(100)) end,
    function(s) s:settimeout(moment()) end,
    function(s) s:sendall(("x"):rep(300000)) end,
    function(s)
        local f <close> = s:makefile("rw")
        if not f then return end
        f:write("line\n")
        keep("sockets", {s, f})
        f:read()
    end,
    function(s) if chance(3) then s:close() end end,
    function(s)
        if chance(8) then
            local copy <const> = s:dup()
            if copy then copy:close() end
        end
    end,
}

function things.use_socket()
    local pair <const> = get("sockets", new_pair)
    local s <const> = pair[random(2)]
    if not s or not s.recv then return end
    uses[random(#uses)](s)
end

--- Over TCP: spawn(f) makes the other side, if it makes any.
function things.connect(spawn)
    if not chance(5) then return end
    local server <close> = socket.create_server({"127.0.0.1", 0})
    if not server then return end
    server:settimeout(moment())
    local addr <const> = server:getsockname()
    spawn(function()
        local s <close> = socket.create_connection(addr, 0.05)
        if s then s:sendall("hello") end
    end)
    local conn <close> = server:accept()
    if conn then
        conn:settimeout(moment())
        conn:recv(5)
    end
end

-- -- select ----------------------------------------------------------------------

function things.use_select()
    local items <const> = {timeout = moment()}
    local channel <const> = {}
    for i = 1, random(5) do
        local what <const> = random(4)
        local c <const> = what == 1 and get("channels", new_channel)
        channel[i] = c or nil
        items[i] = c and c.ch or what == 2 and get("events", task.event)
            or what == 3 and pick "tasks" or (pick "sockets" or new_pair())[1]
            or task.event()
    end
    local i <const>, value <const> = task.select(items)
    if i and channel[i] then received(channel[i], value) end
end

-- -- garbage -------------------------------------------------------------------

-- Things that are done when they are least expected.
local function finalizer()
    local what <const> = random(5)
    local t <const>, e <const>, pair <const> = pick "tasks", pick "events", pick "sockets"
    if what == 1 and t then t:cancel() end
    if what == 2 and e then e:set() end
    if what == 3 and pair and pair[1] and pair[1].close then pair[1]:close() end
    if what == 4 then accounts.take(pcall(task.yield)) end
    if what == 5 and e then accounts.take(pcall(e.wait, e, 0.001)) end
end

local dying <const> = {__gc = function()
    if not things.ending then pcall(finalizer) end
end}

function things.collect()
    setmetatable({}, dying)
    local what <const> = random(60)
    if what == 1 then
        collectgarbage(chance(2) and "generational" or "incremental")
    elseif what == 2 then
        collectgarbage()
    else
        collectgarbage("step", random(20))
    end
end

-- -- the end ----------------------------------------------------------------------

--- Runs all tasks to their end and checks that nothing is left or lost.
function things.finish(descriptors)
    things.ending = true
    accounts.finish(descriptors, function()
        for kind, pool in pairs(pools) do
            for i = 1, SIZE[kind] do pool[i] = nil end
        end
    end)
end

return things
