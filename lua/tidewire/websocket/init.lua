--- WebSocket (RFC 6455), both sides: messages instead of bytes, over a
-- connection that began with HTTP. Frames are wslay's, see csrc/mod/ws.

local connection <const> = require "tidewire.websocket.connection"
local handshake <const> = require "tidewire.websocket.handshake"
local options <const> = require "tidewire.options"
local output <const> = require "tidewire.websocket.output"

local websocket <const> = {}

-- What each WebSocket may be told, and what it does if it is not.
local DEFAULTS <const> = {
    max_message = 1 << 20, -- bytes of a message that is received
    max_fragments = 16384, -- and its frames
    max_pending = 1 << 20, -- bytes that broadcast may have queued
    ping_interval = 30,    -- seconds of silence until the peer is pinged; or false
    pong_timeout = 20,     -- seconds until one that does not answer is given up
    write_timeout = 30,    -- seconds in which some of the queue must be sent
    close_timeout = 5,     -- seconds for the peer's close
}

local function keys(...)
    local known <const> = {}
    for name in pairs(DEFAULTS) do
        known[name] = true
    end
    for _, name in ipairs { ... } do
        known[name] = true
    end
    return known
end

local ACCEPT <const> = keys("protocols", "origins")

local function with_defaults(given)
    local o <const> = {}
    for name, value in pairs(DEFAULTS) do
        local chosen <const> = given[name]
        if chosen == nil then
            o[name] = value
        elseif chosen ~= false and not math.type(chosen) or chosen and chosen < 0 then
            error(("%s: number >= 0 expected, got %s"):format(name, tostring(chosen)), 3)
        else
            o[name] = chosen
        end
    end
    return o
end

local CODES <const> = { [400] = "EBADMSG", [403] = "EACCES", [426] = "EPROTONOSUPPORT" }

-- Answers a request that is not to become a WebSocket. nil, message, code.
local function refuse(res, message, status)
    res.status = status
    if status == 426 then
        res:set("Upgrade", "websocket")
        res:set("Sec-WebSocket-Version", "13")
    end
    res:set("Content-Type", "text/plain; charset=utf-8")
    res:send(message .. "\n")
    return nil, "accept: " .. message, CODES[status]
end

--- Makes a WebSocket of a request, in a handler of an HTTP server; it is the
-- script's from then on, also after the handler has ended. One that will not do
-- has been answered (400, 403, 426) when this returns.
-- @param options `protocols` there are here, a list, or function(offered) that
-- chooses one; `origins` whose pages may connect: a list, function(origin,
-- request), or "*"; without it those whose host is the one of this request; and
-- all of DEFAULTS above
-- @return the WebSocket: fields protocol, request, state ("open", "closing",
-- "closed"), close_code, close_reason; or nil, message, code
function websocket.accept(req, res, given)
    given = options.check(given, ACCEPT, 2)
    local o <const> = with_defaults(given)
    local answer <const>, protocol, status <const> = handshake.check(req, given)
    if not answer then
        return refuse(res, protocol, status)
    end
    res:set("Sec-WebSocket-Accept", answer)
    if protocol then
        res:set("Sec-WebSocket-Protocol", protocol)
    end
    local stream <const>, message <const>, code <const> = res:upgrade "websocket"
    if not stream then
        return nil, message, code
    end
    return connection.new(stream, false, o, { protocol = protocol, request = req })
end

--- Sends a message to many WebSockets; see output.broadcast.
function websocket.broadcast(receivers, data, kind)
    return output.broadcast(connection.is, receivers, data, kind)
end

return websocket
