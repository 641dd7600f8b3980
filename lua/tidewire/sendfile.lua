--- The slower part of s:sendfile: what has no positions is read here, piece by
-- piece: pipes, terminals, objects with a read method.

local core <const> = require "tidewire.core"

local BLOCK <const> = 64 * 1024

-- A function that reads at most n bytes, and what must be closed afterwards. A
-- descriptor is read without a buffer, so that nothing is taken but not sent.
local function reader(source, offset)
    if math.type(source) then
        local stream <const> = core.stdio(source, "r", 0)
        return function(n) return stream:read_some(n) end, stream
    end
    if source.seek then
        local ok <const>, message <const>, code <const> = source:seek("set", offset)
        if not ok then
            return function() return nil, message, code end
        end
    end
    local read <const> = source.read_some or source.read
    return function(n) return read(source, n) end
end

-- The error of a read as ours: nil, message, code. io files say a number.
local function failure(message, code)
    if math.type(code) then
        code = core.errno[code]
    end
    return nil, "sendfile: " .. tostring(message), type(code) == "string" and code or "EIO"
end

-- Sends the first n bytes, counting what has gone out.
local function send(s, data, n, done)
    local from = 1
    while from <= n do
        local sent <const>, message <const>, code <const> = s:send(data, 0, from, n)
        if not sent then
            return nil, message, code
        end
        done.sent = done.sent + sent
        from = from + sent
    end
    return true
end

local function pump(s, read, count, done)
    while done.sent < count do
        local data <const>, why <const>, what <const> =
            read(math.min(count - done.sent, BLOCK))
        if not data and why and what ~= "eof" then
            return failure(why, what)
        elseif not data or data == "" then
            return true
        elseif type(data) ~= "string" then
            error("sendfile: the file's read returned a " .. type(data), 0)
        end
        local n <const> = math.min(#data, count - done.sent)
        local ok <const>, message <const>, code <const> = send(s, data, n, done)
        if not ok then
            return nil, message, code
        end
    end
    return true
end

-- What has been read already goes first.
local function run(s, ahead, read, count, done)
    local ok <const>, message <const>, code <const> = send(s, ahead, #ahead, done)
    if not ok then
        return nil, message, code
    end
    return pump(s, read, count, done)
end

--- Sends what `source`, a descriptor or an object, holds.
-- @return how many bytes; or nil, message, code, how many were sent before
return function(s, source, offset, count, ahead)
    local done <const> = { sent = 0 }
    local read <const>, _ <close> = reader(source, offset)
    local ok <const>, message <const>, code <const> =
        core.task.timeout(s:gettimeout(), run, s, ahead, read, count, done)
    if not ok then
        local text <const> = code == "timeout" and "sendfile: timed out" or message
        return nil, text, code, done.sent
    end
    return done.sent
end
