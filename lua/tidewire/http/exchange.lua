--- One request and the head of its answer over one connection. A body that may
-- be long is sent by a task of its own, so that an answer is heard that comes
-- before all of it has been sent.

local incoming <const> = require "tidewire.http.incoming"
local task <const> = require "tidewire.task"
local upload <const> = require "tidewire.http.upload"

local exchange <const> = {}
local methods <const> = {}
local exchange_mt <const> = { __name = "exchange", __index = methods }

-- Up to here a body goes out together with the head: it fits into what the
-- kernel holds.
local SHORT <const> = 32768

-- So many answers that are not the last one: a server that sends no other kind
-- is left.
local INTERIM <const> = 20

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

-- What the task does. Whoever reads is woken if there is nothing to answer to.
local function send_body(self)
    local body <const>, conn <const> = self.request.body, self.conn
    local _ <close> = setmetatable({}, { __close = function(_, err)
        if err and err ~= task.cancelled then
            conn:close()
        end
    end })
    if self.go then
        self.go:wait(self.o.expect)
    end
    local ok <const>, message <const>, code <const>, ours <const> =
        upload.send(body, conn.stream)
    self.sent = ok
    if ours then
        self.failure = { message, code }
        conn:close()
    end
end

-- Sends the request. A failure is not yet the end: the answer may be there.
local function send(self)
    local body <const>, stream <const> = self.request.body, self.conn.stream
    if body and body.text and #body.text <= SHORT and not self.go then
        body.opened = true
        self.sent = stream:write(self.text, body.text) and stream:flush()
        return
    end
    local ok <const> = stream:write(self.text) and stream:flush()
    if not body then
        self.sent = ok
    elseif ok and can_spawn() then
        self.sender = task.spawn(send_body, self)
        self.sender:setname "http request body"
    elseif ok then
        self.go = nil
        send_body(self)
    end
end

-- Has the body sent no further.
local function stop(self)
    local _ <close> = self.sender
end

-- What a failed read comes from: the request's body, perhaps.
local function reason(self, message, code)
    if self.sender and self.sender:status() == "failed" then
        self.sender:join()
    elseif self.failure then
        return nil, table.unpack(self.failure, 1, 2)
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
            return reason(self, message, code)
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
    send(self)
    local head <const>, message <const>, code <const> = final_head(self)
    if not head then
        return nil, message, code
    end
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
