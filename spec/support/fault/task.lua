-- Tasks: spawned, joined, cancelled, closed, named, failing.

local task <const> = require "tidewire.task"
local socket <const> = require "tidewire.socket"
local check <const> = dofile "spec/support/fault/check.lua"
local task_check <const> = dofile "spec/support/fault/task_check.lua"

local function joined(spawn)
    local t <const> = spawn(function(...)
        task.yield()
        task.sleep(0)
        return select("#", ...), ...
    end, 1, nil, "three", nil)
    local n <const>, a <const>, _, c <const> = check(t:join())
    assert(n == 4 and a == 1 and c == "three")
    assert(t:join() == 4 and t:status() == "done")
end

local function failing(spawn)
    local t <const> = spawn(function() error("on purpose", 0) end)
    local ok <const>, failure <const> = pcall(t.join, t)
    if ok or not failure:find("on purpose", 1, true) then error(failure, 0) end
    assert(t:status() == "failed")
end

local function cancelled(spawn)
    local a <close>, second <const> = check(socket.socketpair())
    local b <close> = second
    local cleaned = 0
    local t <const> = spawn(function()
        local _ <close> = setmetatable({}, {__close = function() cleaned = cleaned + 1 end})
        check(a:recv(1))
    end)
    task.yield()
    t:cancel()
    local ok, message <const>, code <const> = t:join(5)
    if ok or code ~= "cancelled" then check(ok, message, code) end
    assert(cleaned == 1)
    check(b:sendall("x"))
end

local function closed(spawn)
    local other <const> = task.event()
    local t <const> = spawn(function()
        local inner <close> = spawn(other.wait, other)
        local another <close> = spawn(task.sleep, 20):setname "sleeper"
        assert(another:getname() == "sleeper" and task.current() and inner)
        task.sleep(0.001)
        return #task.list() > 0
    end)
    check(t:join(20))
end

return task_check.scenario(function(spawn)
    joined(spawn)
    failing(spawn)
    cancelled(spawn)
    closed(spawn)
end)
