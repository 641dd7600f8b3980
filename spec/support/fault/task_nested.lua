-- Coroutines inside tasks: generators that wait, errors through them, and what
-- waits where Lua cannot suspend.

local task <const> = require "tidewire.task"
local socket <const> = require "tidewire.socket"
local check <const> = dofile "spec/support/fault/check.lua"
local task_check <const> = dofile "spec/support/fault/task_check.lua"

-- Each byte of n, as it arrives, through two levels of coroutines.
local function bytes(s, n)
    return coroutine.wrap(function()
        local inner <const> = coroutine.wrap(function()
            for _ = 1, n do
                coroutine.yield((check(s:recv(1))))
            end
        end)
        for byte in inner do
            task.yield()
            coroutine.yield(byte)
        end
    end)
end

local function generators(spawn, a, b)
    local reader <const> = spawn(function()
        local text = ""
        for byte in bytes(a, 5) do text = text .. byte end
        return text
    end)
    spawn(function()
        for byte in ("hello"):gmatch "." do
            task.yield()
            check(b:sendall(byte))
        end
    end):join()
    assert(check(reader:join()) == "hello")
end

-- The wait in the middle of a coroutine, with a limit of its own, suspended.
local function limits(spawn, a)
    local t <const> = spawn(function()
        local co <const> = coroutine.create(function()
            task.timeout(20, function()
                coroutine.yield "inside"
                check(a:recv(1))
            end)
        end)
        local ok, value = coroutine.resume(co)
        if not ok then error(value, 0) end
        assert(value == "inside" and coroutine.status(co) == "suspended")
        ok, value = coroutine.resume(co)
        if not ok then error(value, 0) end
    end)
    task.yield()
    task.yield()
    t:cancel()
    local ok, message <const>, code <const> = t:join()
    if code ~= "cancelled" then check(ok, message, code) end
end

local function unsuspendable(spawn, a, b)
    local t <const> = spawn(function()
        local list <const> = {3, 1, 2}
        table.sort(list, function(x, y)
            check(b:sendall("s"))
            check(a:recv(1))
            return x < y
        end)
        local function byte(c)
            check(b:sendall(c))
            return check(a:recv(1)) .. "-"
        end
        return table.concat(list) .. ("abc"):gsub(".", byte)
    end)
    assert(check(t:join()) == "123a-b-c-")
end

local function abandoned(spawn, a)
    local t <const> = spawn(function()
        local step <const> = bytes(a, 1)
        local ok <const> = pcall(task.timeout, 0.001, step)
        return ok
    end)
    local _, message <const>, code <const> = t:join()
    if message then check(nil, message, code) end
end

return task_check.scenario(function(spawn)
    local a <close>, second <const> = check(socket.socketpair())
    local b <close> = second
    generators(spawn, a, b)
    limits(spawn, a)
    unsuspendable(spawn, a, b)
    abandoned(spawn, a)
end)
