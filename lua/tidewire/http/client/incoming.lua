--- Answers on their way in: their heads, and their bodies as they were sent.

local codec <const> = require "tidewire.http_core"

local incoming <const> = {}
local body_methods <const> = {}
local body_mt <const> = { __name = "incoming body", __index = body_methods }

local PIECE <const> = 65536

-- The next line of a head; each is looked at when it comes, so that who speaks
-- something else is not waited for.
local function read_line(stream, first, room)
    local line <const>, message <const>, code <const> =
        stream:read_until("\n", math.max(room, 1))
    if not line and code == "EMSGSIZE" then
        return nil, "the head of the answer is too long", code
    elseif not line and code == "eof" then
        return nil, "the connection ended before the answer", "ECONNRESET"
    elseif not line then
        return nil, message, code
    elseif first and not line:find "^HTTP/" then
        return nil, ("not an HTTP answer: %q"):format(line:sub(1, 40)), "EBADMSG"
    elseif line:sub(-2) ~= "\r\n" then
        return nil, "a line of the answer's head that does not end with CR LF", "EBADMSG"
    end
    return line
end

--- Reads the head of an answer, at most `max` bytes of it.
-- @return as http_core's parse_response; after a failure also whether anything
-- had come
function incoming.head(stream, method, max)
    local lines <const>, size = {}, 0
    repeat
        local line <const>, message <const>, code <const> =
            read_line(stream, size == 0, max - size)
        if not line then
            local gone <const> = code == "ECONNRESET" or code == "EPIPE"
            return nil, message, code, size > 0 or not gone or stream:peek(1) ~= nil
        end
        lines[#lines + 1] = line
        size = size + #line
    until line == "\r\n"
    local head <const>, message <const>, code <const> =
        codec.parse_response(table.concat(lines), method)
    return head, message, code, true
end

-- What follows a failed read of a body that was to go on.
local function cut_off(self, message, code)
    if code == "eof" then
        message = self.total
            and ("short body (%d of %d)"):format(self.total - self.left, self.total)
            or ("short body (%d, the last chunk is missing)"):format(self.count)
        code = "ECONNRESET"
    end
    return nil, message, code
end

local function ended(self)
    self.done = true
    return nil, "the body has ended", "eof"
end

local readers <const> = {}

function readers.none(self)
    return ended(self)
end

function readers.length(self, n)
    if self.left == 0 then
        return ended(self)
    end
    local piece <const>, message <const>, code <const> =
        self.stream:read_some(math.min(n, self.left))
    if not piece then
        return cut_off(self, message, code)
    end
    self.left = self.left - #piece
    return piece
end

function readers.close(self, n)
    local piece <const>, message <const>, code <const> = self.stream:read_some(n)
    if not piece and code == "eof" then
        return ended(self)
    end
    return piece, message, code
end

-- What has come and is not yet read stays in self.rest.
function readers.chunked(self, n)
    while not self.last do
        local piece <const>, used, last, trailers = self.feed(self.rest)
        if not piece then
            return nil, used, last -- message and code
        end
        self.rest, self.last = self.rest:sub(used + 1), last
        self.trailers = trailers
        if piece ~= "" then
            self.count = self.count + #piece
            return piece
        elseif not last then
            local more <const>, message <const>, code <const> = self.stream:read_some(n)
            if not more then
                return cut_off(self, message, code)
            end
            self.rest = self.rest .. more
        end
    end
    return ended(self)
end

--- The body that comes after a head. `done` is set once it has ended, `trailers`
-- then is the list of them, if there are any.
function incoming.body(stream, head)
    return setmetatable({ stream = stream, more = readers[head.framing], rest = "", count = 0,
        left = head.length, total = head.length,
        feed = head.framing == "chunked" and codec.body "chunked" or nil }, body_mt)
end

--- A piece of the body, at most `n` bytes (64 KiB); nil, message, "eof" at its end;
-- or nil, message, code: "ECONNRESET" if the connection ended too soon.
function body_methods:read(n)
    return self:more(n or PIECE)
end

--- True if nothing of what has come is left over.
function body_methods:clean()
    return self.done and self.rest == ""
end

return incoming
