-- Scopes, limits in time, shields: inside tasks and on the main thread.

local task <const> = require "tidewire.task"
local socket <const> = require "tidewire.socket"
local check <const> = dofile "spec/support/fault/check.lua"
local task_check <const> = dofile "spec/support/fault/task_check.lua"

local function fails(wanted, ...)
    local ok <const>, message <const>, code <const> = ...
    if code ~= wanted then check(ok, message or "no failure", code or "?") end
end

local function all_return()
    local sum = 0
    assert(check(task.scope(function(scope)
        for i = 1, 3 do
            scope:spawn(function()
                task.yield()
                sum = sum + i
            end)
        end
        return "body"
    end)) == "body")
    assert(sum == 6)
end

local function one_fails(a)
    local ok <const>, failure <const> = pcall(task.scope, function(scope)
        scope:spawn(function() a:recv(1) end)
        scope:spawn(task.sleep, 20)
        task.yield()
        scope:spawn(function() error("on purpose", 0) end)
        check(task.sleep(20))
    end)
    if ok or not failure:find("on purpose", 1, true) then error(failure, 0) end
end

local function limits(a)
    fails("timeout", task.timeout(0.001, a.recv, a, 1))
    fails("timeout", task.scope(function(scope)
        scope:spawn(function() task.timeout(20, a.recv, a, 1) end)
        check(task.sleep(20))
    end, {timeout = 0.001}))
    fails("cancelled", task.scope(function(scope)
        scope:spawn(task.sleep, 20)
        scope:cancel()
        check(task.sleep(20))
    end))
    assert(check(task.timeout(20, task.timeout, 20, function() return 1 end)) == 1)
end

local function shielded(spawn, b)
    local done = false
    local t <const> = spawn(function()
        task.shield(20, function()
            check(b:sendall("x"))
            task.sleep(0.001)
            done = true
        end)
        check(task.sleep(20))
    end)
    task.yield()
    t:cancel()
    fails("cancelled", t:join())
    assert(done)
end

local function everything(spawn)
    local a <close>, second <const> = check(socket.socketpair())
    local b <close> = second
    all_return()
    one_fails(a)
    limits(a)
    shielded(spawn, b)
    assert(check(a:recv(1)) == "x")
end

return task_check.scenario(function(spawn)
    everything(spawn)
    spawn(everything, spawn):join()
end)
