--- The WebSocket object: what both sides have once the handshake is over.
--
--            close, or the peer's            both, or anything that fails
--     open ----------------------> closing -----------------------------> closed

local core <const> = require "tidewire.ws_core"
local monotonic <const> = require "tidewire.core".monotonic
local output <const> = require "tidewire.websocket.output"
local task <const> = require "tidewire.task"

local methods <const> = { send = output.send, send_fragments = output.send_fragments }
local websocket_mt <const> = { __name = "websocket", __index = methods }

local connection <const> = {}

-- What a failure of the peer's is called here.
local CODES <const> = { [1008] = "EMSGSIZE", [1009] = "EMSGSIZE", [1011] = "ENOMEM" }

--- Sets how long the next wait of the stream may last.
function methods:limit(seconds)
    self.wire:timeout(seconds or math.huge)
end

-- -- ending ------------------------------------------------------------------

-- From now on every call says why it has ended.
local function ended(self, code, message, close_code)
    self.state, self.code, self.message = "closed", code, message
    self.close_code = self.close_code or close_code
    output.ended(self)
    if self.over then
        self.over:set()
    end
end

local function result(self)
    return nil, "receive: " .. self.message, self.code
end

--- Ends it at once: what is queued is lost, whoever waits is woken.
-- @param code, message what calls fail with from now on
-- @param close_code what `close_code` is to say, 1006 by default
function methods:drop(code, message, close_code)
    if self.state ~= "closed" then
        ended(self, code, message, close_code or 1006)
    end
    self.wire:discard()
    self.stream:close()
end

-- Lets the peer read our last words: were the connection closed with input that
-- nobody has read, they would be lost with it (RFC 9112 9.6 tells how).
local function linger(self)
    local deadline <const> = monotonic() + self.options.close_timeout
    local data = true
    output.drain(self, self.options.close_timeout)
    while data and monotonic() < deadline do
        self:limit(math.max(deadline - monotonic(), 0.001))
        data = self.stream:read_some(65536)
    end
    self.wire:discard()
    self.stream:close()
end

-- The peer has sent what it may not: tells it so.
local function refuse(self, close_code, message)
    if self.state == "open" then
        output.control(self, (">I2"):pack(close_code) .. message, "close")
    end
    ended(self, CODES[close_code] or "EBADMSG", message, close_code)
    task.spawn(linger, self)
    return result(self)
end

-- The peer's close has come: answers it unless it is the answer.
local function closed(self, code, reason)
    self.close_code, self.close_reason = code, reason
    if self.state == "open" then
        output.control(self, code ~= 1005 and (">I2"):pack(code) or "", "close")
    end
    ended(self, "closed", ("closed with %d%s%s"):format(code, reason ~= "" and ": " or "",
        reason))
    if self.client or self.sending then
        task.spawn(linger, self) -- the server is to close the connection first
    else
        self.wire:discard()
        self.stream:close()
    end
    return result(self)
end

-- -- receiving ---------------------------------------------------------------

-- A wait for input has lasted so long: true to go on.
local function idle(self, seconds)
    local options <const> = self.options
    self.quiet = self.quiet + seconds
    if self.asked and self.quiet >= options.pong_timeout then
        self:drop("timeout", ("no answer to a ping in %g s"):format(options.pong_timeout))
        return
    elseif not self.asked and self.quiet >= (options.ping_interval or math.huge) then
        self.asked, self.quiet = true, 0
        output.control(self, "", "ping")
    end
    return true
end

-- Waits for input, at most until the deadline if there is one. True to look
-- again; or nil, message, code.
local function wait(self, deadline)
    local options <const> = self.options
    local limit = (self.asked and options.pong_timeout or options.ping_interval or math.huge)
        - self.quiet
    local left <const> = deadline and deadline - monotonic()
    if left and left <= 0 then
        return nil, "receive: timed out", "timeout"
    end
    limit = math.max(left and math.min(limit, left) or limit, 1e-3)
    self:limit(limit)
    local ok <const>, message <const>, code <const> = self.stream:peek(1)
    if ok then
        self.asked, self.quiet = false, 0
        return true
    elseif code == "timeout" and idle(self, limit) then
        return true
    elseif code == "EBUSY" then
        return nil, "receive: another task receives", code
    elseif self.state ~= "closed" then
        self:drop(code, code == "eof" and "the connection ended without a close" or message)
    end
    return result(self)
end

--- Waits for the next message. Pings are answered, and a peer that is silent is
-- pinged and given up, while somebody waits here.
-- @param timeout seconds; nil: none
-- @return data, kind ("text" or "binary"); or nil, message, code: "closed" after
-- a close, of which close_code and close_reason tell more; "timeout" (if `state`
-- is "closed" then, the peer did not answer pings); "EBADMSG", "EMSGSIZE" for
-- what the peer may not send; "EBUSY" when another task receives
function methods:receive(timeout)
    local wire <const> = self.wire
    local deadline <const> = timeout and monotonic() + timeout
    while self.state ~= "closed" do
        local data <const>, kind <const>, code <const> = wire:read()
        if kind == "text" or kind == "binary" then
            if self.pong then
                output.answer(self)
            end
            return data, kind
        elseif kind == "ping" then
            self.pong = data
        elseif kind == "close" then
            return closed(self, code, data)
        elseif code then
            return refuse(self, code, kind)
        elseif not kind then
            output.answer(self)
            local ok <const>, message <const>, name <const> = wait(self, deadline)
            if not ok then
                return nil, message, name
            end
        end
    end
    return result(self)
end

--- For loops: `for data, kind in ws:messages() do`. Ends when no more will come;
-- close_code tells why.
function methods:messages()
    return function()
        return self:receive()
    end
end

-- -- the rest ----------------------------------------------------------------

--- Asks the peer for a sign of life; does not wait for it.
-- @param data at most 125 bytes
-- @return true; or nil, message, code
function methods:ping(data)
    if self.state ~= "open" then
        return nil, "ping: " .. (self.message or "the WebSocket is being closed"),
            self.code or "closed"
    end
    output.control(self, data or "", "ping")
    return true
end

--- How many bytes are queued: sent, but not yet taken by the socket.
function methods:buffered()
    return (self.wire:pending())
end

-- Waits for the peer's close; messages that still come are dropped.
local function await_close(self)
    local deadline <const> = monotonic() + self.options.close_timeout
    while self.state ~= "closed" do
        local left <const> = deadline - monotonic()
        local data <const>, _, code = self:receive(math.max(left, 0))
        if code == "EBUSY" then
            self.over = self.over or task.event()
            code = select(3, self.over:wait(math.max(left, 0)))
        end
        if not data and code == "timeout" then
            self:drop("timeout", "no answer to a close")
        end
    end
end

--- Closes it, and waits for the peer to do the same (close_timeout seconds at
-- most). Harmless to repeat.
-- @param code 1000 by default; 3000 to 4999 are the applications' own
-- @param reason UTF-8 text of at most 123 bytes
-- @return true
function methods:close(code, reason)
    code, reason = code or 1000, reason or ""
    if not core.is_code(code) then
        error("code: must be one that may be sent, got " .. tostring(code), 2)
    elseif #reason > 123 or not utf8.len(reason) then
        error("reason: at most 123 bytes of UTF-8 expected", 2)
    end
    if self.state == "open" then
        output.control(self, (">I2"):pack(code) .. reason, "close")
        self.state = "closing"
    end
    if self.state == "closing" then
        task.shield(nil, await_close, self)
    end
    return true
end

function websocket_mt:__close(err)
    if err == nil then
        self:close()
    elseif self.state ~= "closed" then
        output.control(self, (">I2"):pack(1011), "close")
        self:drop("closed", "an error was raised", 1011)
    end
end

function websocket_mt:__tostring()
    return ("websocket (%s, %s)"):format(self.client and "client" or "server", self.state)
end

--- A new WebSocket on a stream that the handshake has left.
-- @param options all there are, see init.lua
-- @param fields what else it is to have: protocol, request, ...
function connection.new(stream, client, options, fields)
    fields.stream, fields.client, fields.options = stream, client, options
    fields.wire = core.wire(stream, client, options.max_message, options.max_fragments)
    fields.state, fields.quiet = "open", 0
    return setmetatable(fields, websocket_mt)
end

--- True if the value is a WebSocket.
function connection.is(value)
    return getmetatable(value) == websocket_mt
end

return connection
