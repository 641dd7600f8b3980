--- What connects two sockets with each other: socket.relay. The bytes are moved
-- in C, see csrc/bind/pump.c.

local core <const> = require "tidewire.core"

-- One direction, until its source ends: then the other side is told.
-- True; or nil, message, code.
local function forward(pump, to)
    local ok <const>, message <const>, code <const> = pump:run()
    if not ok then
        return nil, message, code
    end
    return to:shutdown(core.SHUT_WR)
end

local function check(s, name)
    if core.type(s) == nil then
        error(("%s: socket expected, got %s"):format(name, type(s)), 3)
    elseif s.type ~= core.SOCK_STREAM then
        error(name .. ": must be a stream socket", 3)
    end
end

--- Passes everything on between two connected stream sockets, both ways at
-- once, until both have ended; an end is passed on too (shutdown), so that the
-- other direction can go on. Each socket's timeout is the limit of each receive
-- and send. The sockets stay open.
-- @return the bytes passed from a to b and from b to a; or, when a direction
-- fails (that cancels the other one): nil, message, code and both counts so far
return function(a, b)
    check(a, "a")
    check(b, "b")
    if a == b then
        error("b: must be another socket than a", 2)
    end
    local pumps <const> = { core.pump(a, b), core.pump(b, a) }
    local tasks <const> = {}
    local raised, message, code
    -- Whatever goes wrong ends the other direction too; there may be no memory
    -- to say it with.
    local function run(to, way)
        local called <const>, ok <const>, why <const>, name <const> =
            pcall(forward, pumps[way], to)
        if called and ok then
            return
        elseif message == nil then
            raised, message, code = not called, called and why or ok, name
        end
        tasks[3 - way]:cancel()
    end
    local there <close> = core.task.spawn(run, b, 1)
    local back <close> = core.task.spawn(run, a, 2)
    tasks[1], tasks[2] = there, back
    there:join()
    back:join()
    if raised then
        error(message, 0)
    elseif message then
        return nil, message, code, pumps[1]:count(), pumps[2]:count()
    end
    return pumps[1]:count(), pumps[2]:count()
end
