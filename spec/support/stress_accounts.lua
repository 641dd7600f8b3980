-- The accounts of spec/support/stress.lua: failures, of which each must be seen by
-- somebody; what went through channels and semaphores; what is left at the end.

local socket <const> = require "tidewire.socket"
local task <const> = require "tidewire.task"

-- `stuck`: Lua cannot suspend what runs, which no other task does then.
local accounts <const> = {stuck = false}

accounts.count = {spawned = 0, ended = 0, failed = 0, taken = 0, reported = 0,
    sent = 0, received = 0, most = 0}
local count <const> = accounts.count

-- -- failures ---------------------------------------------------------------

accounts.ended = setmetatable({}, {__close = function() count.ended = count.ended + 1 end})

local on_purpose <const> = {__tostring = function() return "on purpose" end}
local unexpected <const> = {}

-- Those not yet seen by anybody.
local failures <const> = {}

--- Raises an error of its own. Where a scope cannot wait for its tasks it says
--- that instead, so who is stuck need not be heard.
function accounts.fail()
    local failure <const> = setmetatable({}, on_purpose)
    failures[failure] = not accounts.stuck or nil
    count.failed = count.failed + 1
    error(failure)
end

local EXPECTED <const> = {
    "cannot wait for another task here", "a task cannot join itself",
    "spawn: the scope has been left", "cannot close a ", "cannot resume ",
    "deadlock: ", -- of the main thread, whose tasks wait for nobody
}

local function seen(failure)
    if getmetatable(failure) == on_purpose then
        failures[failure] = nil
        return
    end
    if rawequal(failure, task.cancelled) then return end
    for _, text in ipairs(EXPECTED) do
        if tostring(failure):find(text, 1, true) then return end
    end
    unexpected[#unexpected + 1] = tostring(failure)
end

--- The results of a pcall: an error is seen by this, cancelling goes on.
function accounts.take(ok, failure)
    if ok then return end
    count.taken = count.taken + 1
    seen(failure)
    if rawequal(failure, task.cancelled) and task.current() then error(failure, 0) end
end

--- The handler of failures.
function accounts.report(failure)
    count.reported = count.reported + 1
    if rawequal(failure, task.cancelled) then
        unexpected[#unexpected + 1] = "a cancelled task was reported"
    end
    seen(failure)
end

-- -- what goes through ---------------------------------------------------------

local ledgers <const> = {}

--- Adds an account of a channel `ch` or a semaphore `sem`.
function accounts.open(ledger)
    ledgers[#ledgers + 1] = ledger
    return ledger
end

-- -- the end ----------------------------------------------------------------------

local function open_descriptors()
    local n = 0
    for fd = 0, 1023 do
        local file <close> = io.open("/proc/self/fdinfo/" .. fd)
        n = n + (file and 1 or 0)
    end
    return n
end

-- A failed task keeps what its coroutine has on the stack, other tasks too: each
-- collection finds one of a chain.
local function collected()
    local before
    repeat
        before = count.reported
        for _ = 1, 4 do collectgarbage() end
    until count.reported == before
end

--- What is open when nothing goes on, with what is made on first use.
function accounts.settle()
    assert(socket.getaddrinfo("localhost", 80))
    collected()
    return open_descriptors()
end

-- Lookups that nobody waits for end in their own time.
local function quiet(limit)
    while socket.monotonic() < limit do
        local tasks <const>, waiters <const>, timers <const> = task.counts()
        if tasks + waiters + timers == 0 then return end
        task.sleep(0.01)
        collected()
    end
    error(("left: %d tasks, %d waiters, %d timers"):format(task.counts()))
end

-- f(...) does without waiting what it should, n times and no more.
local function exactly(n, what, f, ...)
    for i = 1, n do
        if not f(...) then error(("%s: number %d of %d fails"):format(what, i, n)) end
    end
    if f(...) then error(("%s: more than %d"):format(what, n)) end
end

local function balance(ledger)
    local ch <const>, sem <const> = ledger.ch, ledger.sem
    if sem then return exactly(ledger.free, sem, sem.acquire, sem, 0) end
    local held <const> = ledger.sent - ledger.received
    local room <const> = ledger.closed and 0 or ledger.capacity - held
    exactly(room, ch, ch.send, ch, true, 0)
    exactly(room + held, ch, ch.receive, ch, 0)
end

local function listed()
    local lines <const> = {}
    for i, t in ipairs(task.list()) do
        lines[i] = ("%s %s fd=%s %s at %s"):format(t.state, t.what, t.fd, t.mode, t.where)
    end
    return table.concat(lines, "\n")
end

--- Runs all tasks to their end, lets go of them with forget(), and checks that
--- nothing is left or lost.
function accounts.finish(descriptors, forget)
    local limit <const> = socket.monotonic() + 10
    if not task.timeout(10, task.run) then error("still there:\n" .. listed()) end
    forget()
    collected()
    quiet(limit)
    for _, ledger in ipairs(ledgers) do balance(ledger) end
    assert(#task.list() == 0, "a task is listed")
    assert(count.ended == count.spawned, "a task has not ended")
    assert(#unexpected == 0, table.concat(unexpected, "\n"))
    assert(next(failures) == nil, "nobody has seen a failure")
    assert(open_descriptors() == descriptors, "descriptors are left")
end

function accounts.summary()
    return ("%d tasks, %d at a time, %d failures (%d taken, %d reported), "
        .. "%d values sent, ok"):format(count.spawned, count.most, count.failed,
            count.taken, count.reported, count.sent)
end

return accounts
