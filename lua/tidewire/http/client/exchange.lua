--- One request and the head of its answer over one connection. A body that may
-- be long is sent by a task of its own, so that an answer is heard that comes
-- before all of it has been sent.

local incoming <const> = require "tidewire.http.client.incoming"
local task <const> = require "tidewire.task"
local upload <const> = require "tidewire.http.client.upload"

local exchange <const> = {}
local methods <const> = {}
local exchange_mt <const> = { __name = "exchange", __index = methods }

-- Up to here a body goes out together with the head: it fits into what the
-- kernel holds.
local SHORT <const> = 32768

-- So many answers that are not the last one: a server that sends no other kind
-- is left.
local INTERIM <const> = 20

-- When a connection has failed while something was sent, what the server had to
-- say has come already; so many seconds are left for reading it.
local GRACE <const> = 0.1

--- An exchange over `conn` (a table with a stream and close()).
-- @param text the request's head
-- @param o options: max_head; upgrade, if 101 is an answer; expect, the seconds to
-- wait for a 100 before the body is sent, or nil
function exchange.new(conn, request, text, o)
    return setmetatable({ conn = conn, request = request, text = text, o = o,
        go = o.expect and task.event() }, exchange_mt)
end

-- Where nothing else can run meanwhile, a task would never get to send.
local function can_spawn()
    return not task.current() or coroutine.isyieldable()
end

-- Wakes whoever reads, when a task that sends has failed.
local sending_mt <const> = {
    __close = function(sending, err)
        if err and err ~= task.cancelled then
            sending.conn:close()
        end
    end,
}

-- What the task does.
local function send_body(self, sending)
    local _ <close> = sending
    if self.go then
        self.go:wait(self.o.expect)
    end
    local ok <const>, message <const>, code <const>, ours <const> =
        upload.send(self.request.body, self.conn.stream)
    self.sent = ok
    if ok then
        return
    end
    self.failure = { message, code }
    if not ours then
        task.sleep(GRACE)
    end
    if ours or not self.answered then
        self.conn:close()
    end
end

-- Writes texts and sends them: true; or false, and keeps why.
local function write(self, ...)
    local stream <const> = self.conn.stream
    local ok, message, code = stream:write(...)
    if ok then
        ok, message, code = stream:flush()
    end
    if not ok then
        self.failure = { message, code }
    end
    return ok ~= nil
end

-- Raises the error that the task has ended with, if it has.
local function join_failed(self)
    if self.sender and self.sender:status() == "failed" then
        self.sender:join()
    end
end

-- Sends the request, or has its body sent: true, or false.
local function send(self)
    local body <const> = self.request.body
    if not body then
        self.sent = write(self, self.text)
    elseif body.text and #body.text <= SHORT and not self.go then
        body.opened = true
        self.sent = write(self, self.text, body.text)
    elseif not write(self, self.text) then
        return false
    elseif can_spawn() then
        local sending <const> = setmetatable({ conn = self.conn }, sending_mt)
        self.sender = task.spawn(send_body, self, sending)
        self.sender:setname "http request body"
        task.yield() -- from its first line on it says so itself if it fails
        join_failed(self)
        return true
    else
        self.go = nil
        send_body(self)
    end
    return not self.failure
end

-- Has the body sent no further.
local function stop(self)
    local _ <close> = self.sender
end

-- What a failed read comes from: the request's body, perhaps.
local function reason(self, message, code)
    join_failed(self)
    if self.failure then
        message, code = self.failure[1], self.failure[2]
    end
    return nil, message, code
end

-- The head of the answer that is not an interim one (RFC 9110 15.2).
local function final_head(self)
    for _ = 1, INTERIM do
        local head <const>, message <const>, code <const>, came <const> =
            incoming.head(self.conn.stream, self.request.method, self.o.max_head)
        self.came = self.came or came
        if not head then
            return nil, message, code
        elseif head.status >= 200 or head.status == 101 and self.o.upgrade then
            return head
        elseif head.status == 101 then
            return nil, "the answer is another protocol, unasked", "EBADMSG"
        elseif head.status == 100 and self.go then
            self.go:set()
        end
    end
    return nil, ("more than %d answers with a status of 1xx"):format(INTERIM), "EBADMSG"
end

--- Sends the request and reads the head of its answer.
-- @return as incoming.head. self.came: anything has come
function methods:run()
    local limit <const> = not send(self) and GRACE or nil
    local head <const>, message <const>, code <const> = task.timeout(limit, final_head, self)
    if not head then
        return reason(self, message, code)
    end
    self.answered = true
    if self.sender and head.status >= 300 then
        self.sender:join(0)
        stop(self)
    end
    self.keep = head.keep
    self.body = incoming.body(self.conn.stream, head)
    return head
end

--- A piece of the answer's body, as incoming.body's read.
function methods:read(n)
    local piece <const>, message <const>, code <const> = self.body:read(n)
    if piece or code == "eof" then
        return piece, message, code
    end
    return reason(self, message, code)
end

--- True if the connection can be used for another request.
function methods:reusable()
    if self.sender then
        self.sender:join(0)
    end
    return self.sent and self.keep and self.body:clean() and not self.given
end

--- Gives the connection away, which is then not closed together with this.
function methods:give()
    self.given = true
    return self.conn
end

--- Ends it, wherever it stands.
function methods:close()
    if self.sender then
        stop(self)
    end
    if not self.given then
        self.given = true
        self.conn:close()
    end
end

exchange_mt.__close = methods.close

return exchange
