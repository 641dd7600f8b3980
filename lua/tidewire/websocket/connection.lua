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
        local text <const> = message:gsub("^%l+: ", "") -- of the call that failed
        ended(self, code, text, close_code or 1006)
    end
    self.wire:discard()
    self.stream:close()
end

-- Lets the peer read our last words: were the connection closed with input that
-- nobody has read, they would be lost with it (RFC 9112 9.6 tells how). `done`: the
-- peer has said its own, and waits for us.
local function linger(self, done)
    output.drain(self, self.options.close_timeout)
    if not done then
        self.wire:drain(self.options.close_timeout)
    end
    self.wire:discard()
    self.stream:close()
end

-- The peer has sent what it may not: tells it so.
local function refuse(self, close_code, message)
    if self.state == "open" then
        output.control(self, (">I2"):pack(close_code) .. message, "close")
    end
    task.spawn(linger, self)
    ended(self, CODES[close_code] or "EBADMSG", message, close_code)
    return result(self)
end

-- The peer's close has come: answers it unless it is the answer.
local function closed(self, code, reason)
    self.close_code, self.close_reason = code, reason
    if self.state == "open" then
        output.control(self, code ~= 1005 and (">I2"):pack(code) or "", "close")
    end
    if self.client or self.sending then
        task.spawn(linger, self, not self.client) -- the server is to close it first
    else
        self.wire:discard()
        self.stream:close()
    end
    ended(self, "closed", ("closed with %d%s%s"):format(code, reason ~= "" and ": " or "",
        reason))
    return result(self)
end

-- Nothing has come for so many seconds: asks the peer whether it is there, or
-- gives it up.
local function idle(self, seconds)
    local options <const> = self.options
    if self.wire:heard() then
        self.asked, self.patience = false, options.ping_interval
        return
    end
    self.patience = self.patience - seconds
    if self.patience <= 0 and self.asked then
        self:drop("timeout", ("no answer to a ping in %g s"):format(options.pong_timeout))
    elseif self.patience <= 0 then
        self.asked, self.patience = true, options.pong_timeout
        output.control(self, "", "ping")
    end
end

-- What else than a message has come of a wait of `limit` seconds. True to wait
-- on; or nil, message, code.
local function other(self, limit, data, kind, code)
    if kind == "pong" then
        self.asked, self.patience = false, self.options.ping_interval
    elseif kind == "close" then
        return closed(self, code, data)
    elseif kind == "queued" then
        output.start(self)
    elseif code == "timeout" then
        if self.patience then
            idle(self, limit)
        end
    elseif code == "EBUSY" then
        return nil, "receive: another task receives", code
    elseif math.type(code) then
        return refuse(self, code, kind)
    else
        self:drop(code, code == "eof" and "the connection ended without a close" or kind)
    end
    return true
end

--- Waits for the next message. Pings are answered, and a peer that is silent is
-- pinged and given up, while somebody waits here.
-- @param timeout seconds; nil: none
-- @return data, kind ("text" or "binary"); or nil, message, code: "closed" after
-- a close, of which close_code and close_reason tell more; "timeout" (if `state`
-- is "closed" then, the peer did not answer pings); "EBADMSG", "EMSGSIZE" for
-- what the peer may not send; "eof" or "ECONNRESET" for an end without a close;
-- "EBUSY" when another task receives
function methods:receive(timeout)
    if timeout and not (math.type(timeout) and timeout >= 0) then
        error("timeout: seconds expected, not negative, got " .. tostring(timeout), 2)
    end
    local deadline <const> = timeout and monotonic() + timeout
    while self.state ~= "closed" do
        local limit = self.patience
        if deadline then
            -- Not 0: then nothing would look whether something has come.
            limit = math.max(math.min(deadline - monotonic(), limit or math.huge), 1e-6)
        end
        local data <const>, kind <const>, code <const> = self.wire:receive(limit)
        if kind == "text" or kind == "binary" then
            return data, kind
        end
        local ok <const>, message <const>, name <const> =
            other(self, limit, data, kind, code)
        if not ok then
            return nil, message, name
        elseif code == "timeout" and deadline and monotonic() >= deadline
            and self.state ~= "closed" then
            return nil, "receive: timed out", code
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
        self.wire:busy(true)
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
        local away <const> = err == task.cancelled -- a server that is stopped, say
        output.control(self, (">I2"):pack(away and 1001 or 1011), "close")
        self:drop("closed", away and "its task was cancelled" or "an error was raised",
            away and 1001 or 1011)
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
    fields.state, fields.patience = "open", options.ping_interval or nil
    return setmetatable(fields, websocket_mt)
end

--- True if the value is a WebSocket.
function connection.is(value)
    return getmetatable(value) == websocket_mt
end

return connection
