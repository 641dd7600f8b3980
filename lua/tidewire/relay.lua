--- What connects two sockets with each other: socket.relay.

local core <const> = require "tidewire.core"

-- A buffer begins small, so that many quiet relays cost little, and grows while
-- what arrives fills it.
local SMALLEST <const> = 4096
local LARGEST <const> = 256 * 1024

-- Sends the first n bytes of the buffer, counting what has gone out: also what
-- went before a failure or a cancellation. True; or nil, message, code.
local function send(to, buffer, n, counts, way)
    local from = 1
    while from <= n do
        local sent <const>, message <const>, code <const> = to:send(buffer, 0, from, n)
        if not sent then
            return nil, message, code
        end
        counts[way] = counts[way] + sent
        from = from + sent
    end
    return true
end

-- One direction, until its source ends: then the other side is told.
-- True; or nil, message, code.
local function forward(from, to, counts, way)
    local buffer = core.buffer(SMALLEST)
    while true do
        local n <const>, message, code = from:recv_into(buffer)
        if not n then
            if code ~= "eof" then
                return nil, message, code
            end
            return to:shutdown(core.SHUT_WR)
        end
        local ok
        ok, message, code = send(to, buffer, n, counts, way)
        if not ok then
            return nil, message, code
        end
        if n == #buffer and n < LARGEST then
            buffer = core.buffer(4 * n)
        end
    end
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
    local counts <const> = { 0, 0 }
    local tasks <const> = {}
    local failure
    local function run(from, to, way)
        local ok <const>, message <const>, code <const> = forward(from, to, counts, way)
        if not ok then
            failure = failure or { message, code }
            tasks[3 - way]:cancel()
        end
    end
    local there <close> = core.task.spawn(run, a, b, 1)
    local back <close> = core.task.spawn(run, b, a, 2)
    tasks[1], tasks[2] = there, back
    there:join()
    back:join()
    if failure then
        return nil, failure[1], failure[2], counts[1], counts[2]
    end
    return counts[1], counts[2]
end
