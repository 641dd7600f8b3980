-- The first of several things: channels, sockets, streams, events, tasks.

local task <const> = require "tidewire.task"
local socket <const> = require "tidewire.socket"
local check <const> = dofile "spec/support/fault/check.lua"
local task_check <const> = dofile "spec/support/fault/task_check.lua"
local twice <const> = task_check.twice

-- The number and value of the first of the items or of `partner`, whose failure
-- nobody need wait for; raises what failed as a whole or for that item.
local function pick(partner, items)
    items[#items + 1] = partner
    local i <const>, value <const>, message <const>, code <const> = twice(task.select, items)
    if not i then check(i, value, message) end
    if value == nil then check(value, message, code) end
    if i == #items then partner:join() end
    return i, value
end

local function several(spawn)
    local a <close>, second <const> = check(socket.socketpair())
    local b <close> = second
    local file <close> = check(b:makefile())
    local ch <const>, event <const> = task.channel(), task.event()
    local t <const> = spawn(function()
        check(twice(ch.send, ch, "value"))
        task.yield()
        check(a:sendall("line\n"))
        check(task.sleep(0.001))
        event:set()
        task.yield()
        return true
    end)
    local i, value = pick(t, {ch, file, event})
    assert(i == 1 and value == "value")
    assert(pick(t, {ch, b, event}) == 2)
    assert(check(file:read()) == "line")
    i, value = pick(t, {ch, event})
    assert(i == 2 and value == true)
    event:clear()
    assert(pick(t, {ch, event}) == 3)
    check(t:join())
    local ok, message <const>, code <const> = task.select {ch, b, event, timeout = 0.001}
    if code ~= "timeout" then check(ok, message, code) end
end

-- Two that select among the same channels, and two that fill both: each value
-- is somebody's.
local function crossed(spawn)
    local one <const>, two <const> = task.channel(0), task.channel(1)
    local sum = 0
    local function fill()
        for i = 1, 4 do
            check(twice(one.send, one, i))
            check(twice(two.send, two, i))
        end
        return true
    end
    local function take()
        for _ = 1, 8 do
            local _, value <const>, message <const>, code <const> =
                twice(task.select, {two, one})
            sum = sum + check(value, message, code)
        end
        return true
    end
    local function joined(f)
        local t <const> = spawn(f)
        return function() check(t:join()) end
    end
    task_check.each(take, joined(fill), joined(fill), joined(take))
    assert(sum == 40 and #one + #two == 0)
end

return task_check.scenario(function(spawn)
    several(spawn)
    spawn(several, spawn):join()
    crossed(spawn)
end)
