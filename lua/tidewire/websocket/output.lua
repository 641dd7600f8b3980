--- What leaves a WebSocket: frames go at once as far as the socket takes them;
-- the rest is queued, and sent by a task that lives as long as there is any.

local core <const> = require "tidewire.ws_core"
local task <const> = require "tidewire.task"

local output <const> = {}

-- Bytes in the queue from which on send waits.
local HELD <const> = 65536

-- Wakes those who wait for the event under that name, if any.
local function happened(self, name)
    local event <const> = self[name]
    if event then
        self[name] = nil
        event:set()
    end
end

local function await(self, name, seconds)
    local event <const> = self[name] or task.event()
    self[name] = event
    return event:wait(seconds)
end

-- The end of a task that sends, whatever ended it.
local sending_mt <const> = { __close = function(guard, err)
    local self <const> = guard.websocket
    self.wire:hold(false)
    self.sending = false
    if err ~= nil then
        self:drop("ENOMEM", tostring(err))
    end
    happened(self, "drained")
end }

-- Sends all that is queued, as long as some of it goes in time.
local function send_queued(self)
    local wire <const> = self.wire
    local ok, message, code, sent, before
    do
        local _ <close> = setmetatable({ websocket = self }, sending_mt)
        repeat
            before = select(2, wire:pending())
            ok, message, code = wire:flush(self.options.write_timeout)
            sent = select(2, wire:pending())
        until ok or code ~= "timeout" or sent == before
        if not ok and self.state ~= "closed" then
            self:drop(code, message)
        end
    end
    if ok and wire:answer() > 0 then
        output.start(self)
    end
end

--- To be called when some is queued.
function output.start(self)
    if not self.sending then
        task.spawn(send_queued, self)
        self.sending = true
        self.wire:hold(true)
    end
end

--- Waits until nothing is queued any more, or for so many seconds.
function output.drain(self, seconds)
    if self.sending then
        await(self, "drained", seconds)
    end
end

--- Sends a control frame, without waiting.
function output.control(self, data, kind)
    if self.wire:send(data, kind) > 0 then
        output.start(self)
    end
end

-- Why nothing can be sent.
local function unsendable(self)
    if self.state == "closed" then
        return nil, "send: " .. self.message, self.code
    end
    return nil, "send: the WebSocket is being closed", "closed"
end

-- After a frame: waits for room if there is none. True; or nil, message, code.
local function room(self, pending)
    if pending > 0 then
        output.start(self)
    end
    while pending > HELD and self.state ~= "closed" do
        await(self, "drained")
        pending = self.wire:pending()
    end
    if self.state == "closed" then
        return unsendable(self)
    end
    return true
end

-- Waits until messages may be sent. True; or nil, message, code.
local function ready(self)
    while self.fragments and self.state == "open" do
        self.fragments:wait()
    end
    if self.state ~= "open" then
        return unsendable(self)
    end
    return true
end

local function check_kind(kind)
    if kind ~= nil and kind ~= "text" and kind ~= "binary" then
        error('kind: "text" or "binary" expected, got ' .. tostring(kind), 3)
    end
end

--- Sends a message, whole and after those of other tasks that came first. Waits
-- while too much is queued.
-- @param kind "text" (default; raises unless the data is UTF-8) or "binary"
-- @return true; or nil, message, code ("closed", "timeout", ...)
function output.send(self, data, kind)
    check_kind(kind)
    if self.fragments or self.state ~= "open" then
        local ok <const>, message <const>, code <const> = ready(self)
        if not ok then
            return nil, message, code
        end
    end
    local pending <const> = self.wire:send(data, kind)
    if pending == 0 then
        return true
    end
    return room(self, pending)
end

-- Ends a message that came to its end, or none: then the peer must not take what
-- it has for the whole.
local function end_fragments(self, whole)
    local event <const>, later <const> = self.fragments, self.later
    self.fragments, self.later = nil, nil
    self.wire:busy(self.state ~= "open")
    if not whole and self.state == "open" then
        self:drop("closed", "a message in fragments was not finished", 1011)
    end
    for _, message in ipairs(later) do
        room(self, self.wire:send(message[1], message[2]))
    end
    event:set()
end

--- Sends one message in as many fragments as there are pieces, each as soon as it
-- is there. Messages of other tasks wait until the end.
-- @param pieces a list of strings, or an iterator
-- @param kind as for send; whether the pieces make UTF-8 is not checked
-- @return as send
function output.send_fragments(self, pieces, kind)
    check_kind(kind)
    if type(pieces) ~= "table" and type(pieces) ~= "function" then
        error("pieces: a list or an iterator expected, got " .. type(pieces), 2)
    end
    local ok <const>, message <const>, code <const> = ready(self)
    if not ok then
        return nil, message, code
    end
    self.fragments, self.later = task.event(), { bytes = 0 }
    self.wire:busy(true)
    local whole = false
    local _ <close> = setmetatable({}, { __close = function()
        end_fragments(self, whole)
    end })
    local i = 0
    local next_piece <const> = type(pieces) == "function" and pieces or function()
        i = i + 1
        return pieces[i]
    end
    local opcode = kind
    for piece in next_piece do
        local sent <const>, why <const>, name <const> =
            room(self, self.wire:send(piece, opcode, true))
        if not sent then
            return nil, why, name
        end
        opcode = "more"
    end
    whole = true
    return room(self, self.wire:send("", opcode))
end

-- What a broadcast leaves to do for one receiver, to whom nothing has been sent
-- yet if `apart`. True if the message is queued.
local function pass(self, data, kind, size, apart)
    if self.state ~= "open" then
        return false
    end
    local pending = self.wire:pending()
    if apart and self.fragments then
        local later <const> = self.later
        later[#later + 1] = { data, kind }
        later.bytes = later.bytes + size
        pending = pending + later.bytes
    elseif apart then
        pending = self.wire:send(data, kind) -- a client's: with a mask of its own
    end
    if pending > self.options.max_pending and pending > size then
        self:drop("ENOBUFS", "too slow a receiver", 1013)
        return false
    elseif pending > 0 then
        output.start(self)
    end
    return true
end

--- Sends a message to many, encoded once, and waits for none of them: what one
-- does not take at once is queued, and one that has more than max_pending bytes
-- queued is dropped (close_code 1013).
-- @param receivers a list, a set, a table with the WebSockets as values, or an
-- iterator; those that are not open are passed over
-- @return how many it was sent to
function output.broadcast(receivers, data, kind)
    check_kind(kind)
    local frame <const>, list = core.frame(data, kind), receivers
    if type(receivers) == "function" then
        list = {}
        for one in receivers do
            list[#list + 1] = one
        end
    end
    local count, rest <const> = core.broadcast(list, frame)
    for _, self in ipairs(rest) do
        count = count + (pass(self, data, kind, #frame, rest[self]) and 1 or 0)
    end
    return count
end

--- Wakes whoever waits to send: the WebSocket is closed.
function output.ended(self)
    self.wire:busy(true)
    happened(self, "drained")
    if self.fragments then
        self.fragments:set()
    end
end

return output
