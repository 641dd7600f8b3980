--- What the client returns: status, headers, and the body, to be read as a whole
-- or piece by piece.

local headers <const> = require "tidewire.http.headers"
local inflate <const> = require "tidewire.http.client.inflate"
local join <const> = require "tidewire.http.join"
local task <const> = require "tidewire.task"

local answer <const> = {}
local methods <const> = {}
local answer_mt <const> = { __name = "answer", __index = methods }

local PIECE <const> = 65536

-- Most bytes of a body as a whole, unless the caller says otherwise.
local WHOLE <const> = 64 << 20

-- How much of a body is read that nobody wants, so that its connection can be
-- used again.
local UNWANTED <const> = 65536

--- An answer from the head of one and the exchange that goes on with its body.
-- @param o options: timeout, of each read; max_body, decompress, max_ratio; pool,
-- where the connection goes afterwards, or nil
function answer.new(exchange, head, o)
    local h <const> = headers.new(head.fields)
    local self <const> = setmetatable({ status = head.status, reason = head.reason,
        version = "1." .. head.minor, headers = h, ok = head.status // 100 == 2,
        exchange = exchange, limits = o, total = 0, ready = "", at = 1 }, answer_mt)
    if o.decompress then
        self.inflater = inflate.new(h["content-encoding"], o.max_ratio)
    end
    return self
end

-- The end of the body, or of all that there will be of it.
local function finish(self, message, code)
    local exchange <const> = self.exchange
    self.ended = { message, code }
    if code == "eof" then
        local trailers <const> = exchange.body.trailers
        self.trailers = trailers and headers.new(trailers)
        if self.limits.pool and exchange:reusable() then
            self.limits.pool:give(exchange:give())
        end
    end
    exchange:close()
    return nil, message, code
end

-- More of the body as it is meant to be: "" if there is none yet.
local function more(self, n)
    local inflater <const> = self.inflater
    if inflater and inflater:pending() then
        return inflater:step()
    end
    local piece, message, code = self.exchange:read(n)
    if not inflater then
        return piece, message, code
    elseif piece then
        inflater:push(piece)
        return ""
    elseif code == "eof" then
        local ok <const>, wrong <const>, why <const> = inflater:finish()
        if not ok then
            message, code = wrong, why
        end
    end
    return nil, message, code
end

-- Has self.ready hold something that has not been handed out.
local function fill(self, n)
    while self.at > #self.ready do
        if self.ended then
            return nil, self.ended[1], self.ended[2]
        end
        local piece <const>, message <const>, code <const> = more(self, n)
        if not piece and code == "EBUSY" then -- somebody else reads, and goes on
            return nil, message, code
        elseif not piece then
            return finish(self, message, code)
        end
        self.ready, self.at = piece, 1
    end
    return true
end

local function read(self, n)
    local ok <const>, message <const>, code <const> = fill(self, n)
    if not ok then
        return nil, message, code
    end
    local piece <const> = self.ready:sub(self.at, self.at + n - 1)
    self.at, self.total = self.at + #piece, self.total + #piece
    if self.limits.max_body and self.total > self.limits.max_body then
        return finish(self, ("a body of more than %d bytes"):format(self.limits.max_body),
            "EMSGSIZE")
    end
    return piece
end

--- A piece of the body, as it comes, at most `n` bytes (64 KiB). Waits at most the
-- request's timeout.
-- @return the piece; nil, message, "eof" at the end of the body; or nil, message,
-- code: "ECONNRESET" if it ended too soon, "EBADMSG", "EMSGSIZE", "timeout",
-- "closed"
function methods:read(n)
    n = n or PIECE
    if math.type(n) ~= "integer" or n < 1 then
        error("n: integer >= 1 expected", 2)
    end
    return task.timeout(self.limits.timeout or nil, read, self, n)
end

--- An iterator over the pieces of the body; a failure raises.
function methods:pieces()
    return function()
        local piece <const>, message <const>, code <const> = self:read()
        if not piece and code ~= "eof" then
            error(message, 0)
        end
        return piece
    end
end

local function too_long(self)
    local length <const>, most <const> = self.exchange.body.total, self.limits.max_body
    return not self.inflater and length and most and length > most
end

--- The rest of the body; or nil, message, code, as read.
function methods:body()
    if self.limits.max_body == nil then
        self.limits.max_body = WHOLE
    end
    if too_long(self) then
        return finish(self, ("a body of %d bytes, at most %d wanted"):format(
            self.exchange.body.total, self.limits.max_body), "EMSGSIZE")
    end
    return join(self)
end

--- Reads the body that nobody wants, or closes the connection if it is long.
function methods:discard()
    local piece
    repeat
        piece = self:read()
    until not piece or self.total > UNWANTED
    self:close()
end

--- Gives the connection away, which has become one of another protocol: its
-- stream.
function methods:detach()
    self.ended = { "the connection is not the answer's any more", "closed" }
    return self.exchange:give().stream
end

--- Closes the connection, unless all of the body has been read.
function methods:close()
    self.ready, self.at = "", 1
    self.ended = self.ended or { "the answer has been closed", "closed" }
    self.exchange:close()
end

answer_mt.__close = methods.close

function answer_mt:__tostring()
    return ("answer (%d %s)"):format(self.status, self.reason)
end

return answer
