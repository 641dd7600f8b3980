--- WebSocket (RFC 6455), both sides: messages instead of bytes, over a
-- connection that began with HTTP. Frames are wslay's, see csrc/mod/ws.

local http <const> = require "tidewire.http"
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
    pong_timeout = 20,     -- seconds until one that does not answer is given up; ditto
    write_timeout = 30,    -- seconds in which some of the queue must be sent; ditto
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
local CONNECT <const> = keys("protocols", "origin", "headers", "timeout", "stream", "socket",
    "proxy", "connect")

local rules <const> = options.rules
local RULES <const> = {
    max_message = rules.most, max_fragments = rules.most, max_pending = rules.most,
    ping_interval = rules.time_or_false, pong_timeout = rules.time_or_false,
    write_timeout = rules.time_or_false, close_timeout = rules.time,
}

local ACCEPT_RULES <const> = setmetatable({
    protocols = { "a list or a function", function(value)
        return type(value) == "table" or type(value) == "function"
    end },
    origins = { "a list, a function or \"*\"", function(value)
        return type(value) == "table" or type(value) == "function" or value == "*"
    end },
}, { __index = RULES })
local CONNECT_RULES <const> = setmetatable({
    protocols = rules.tbl, origin = rules.text, headers = rules.tbl,
}, { __index = RULES })

local function with_defaults(given, known)
    if not next(given) then
        return DEFAULTS
    end
    options.values(given, known, 3)
    local o <const> = {}
    for name, default in pairs(DEFAULTS) do
        local value <const> = given[name]
        if value == nil then
            o[name] = default
        else
            o[name] = value
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
-- script's from then on, also after the handler has ended: `local ws <close>` for
-- one that is to end with its block. A request that will not do has been answered
-- (400, 403, 426) when this returns.
-- @param options `protocols` there are here, a list, or function(offered) that
-- chooses one; `origins` whose pages may connect: a list, function(origin,
-- request), or "*"; without it those whose host is the one of this request; and
-- all of DEFAULTS above
-- @return the WebSocket: fields protocol, request, state ("open", "closing",
-- "closed"), close_code, close_reason; or nil, message, code
function websocket.accept(req, res, given)
    given = options.check(given, ACCEPT, 2)
    local o <const> = with_defaults(given, ACCEPT_RULES)
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

-- The options of the HTTP request that is to become a WebSocket; nil if the URL is
-- none of one.
local function request_options(url, given, headers)
    local secure <const>, rest <const> = url:match "^[wW][sS]([sS]?)(://.*)$"
    if not secure then
        return nil
    end
    local stream <const> = given.stream
    return { url = "http" .. secure:lower() .. rest, headers = headers,
        upgrade = "websocket", redirects = false, stream = true,
        timeout = given.timeout, socket = given.socket, proxy = given.proxy,
        connect = stream and function() return stream end or given.connect }
end

local function checked(url, given)
    if type(url) ~= "string" then
        error("url: string expected, got " .. type(url), 0)
    end
    local headers <const>, answer <const> = handshake.request(given)
    return request_options(url, given, headers), answer
end

--- Connects to a server: `ws://host[:port]/path`, or wss:// by way of `stream` or
-- `connect`. Redirects are not followed.
-- @param options `protocols`: a list of sub-protocols to offer; `origin`;
-- `headers` of the request; `timeout` (30) seconds for all of it; `stream`, one
-- to use; `socket`, `proxy`, `connect` as of http.request; and all of DEFAULTS
-- @return the WebSocket: fields protocol, response, state, close_code,
-- close_reason; or nil, message, code ("EINVAL" for what is no such URL,
-- "EBADMSG" when the server answered something else; then also the response)
function websocket.connect(url, given)
    given = options.check(given, CONNECT, 2)
    local o <const> = with_defaults(given, CONNECT_RULES)
    local request <const>, answer <const> = options.blame(pcall(checked, url, given))
    if not request then
        return nil, ("URL %q: neither ws nor wss"):format(url), "EINVAL"
    end
    local response <const>, message <const>, code <const> =
        options.blame(pcall(http.request, request))
    if not response then
        return nil, message, code
    end
    local ok <const>, protocol <const> =
        handshake.verify(response, answer, given.protocols)
    if not ok then
        local stream <const> = response.stream or response
        stream:close()
        return nil, ("connect %s: %s"):format(url, protocol), "EBADMSG", response
    end
    return connection.new(response.stream, true, o,
        { protocol = protocol, response = response })
end

websocket.broadcast = output.broadcast

return websocket
