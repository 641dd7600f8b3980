--- Finds the parts of a multipart body (RFC 2046 5.1) in bytes that come in any
-- pieces. Without I/O, and strict: lines end with CR LF; a delimiter is a line of
-- its own, with nothing but the boundary and perhaps white space behind it.

local parser <const> = {}
local methods <const> = {}
local parser_mt <const> = { __name = "multipart.parser", __index = methods }

local PADDING <const> = 64 -- most white space behind a boundary

--- A new parser.
-- @param boundary as Content-Type has it
-- @param limits parts = how many there may be, head = most bytes of the lines
-- before a part's content
function parser.new(boundary, limits)
    return setmetatable({
        -- The line end before the first delimiter belongs to it, as before the
        -- others, but may be missing when nothing comes before.
        buffer = "\r\n", at = 1, skip = 0, state = "preamble", parts = 0,
        delimiter = "\r\n--" .. boundary, limits = limits,
    }, parser_mt)
end

--- Takes the next bytes of the body.
function methods:feed(data)
    self.buffer, self.at = self.buffer:sub(self.at) .. data, 1
end

--- Takes the end of the body.
function methods:finish()
    self.ended = true
end

-- The body is malformed, or too much: the parser stays there.
local function fail(self, message, code)
    self.state, self.message, self.code = "failed", "multipart: " .. message, code
end

-- Takes the bytes before `stop`: "data" and them, if they are a part's.
local function content(self, stop)
    local from <const> = self.at + self.skip
    self.at, self.skip = stop, 0
    if self.state == "content" and stop > from then
        return "data", self.buffer:sub(from, stop - 1)
    end
end

-- What a boundary that ends before `at` is: "next" or "last", and where its line
-- ends; or "text" if something follows it; or "more" if that has not come yet.
local function kind_of(self, at)
    local buffer <const> = self.buffer
    local last <const> = buffer:sub(at, at + 1) == "--"
    local padding <const> = last and at + 2 or at
    local stop <const> = buffer:match("^[ \t]*()", padding)
    local line_end <const> = buffer:sub(stop, stop + 1)
    if stop - padding > PADDING then
        return "text"
    elseif line_end == "\r\n" or last and self.ended and line_end == "" then
        return last and "last" or "next", stop
    end
    return (#line_end == 2 or self.ended) and "text" or "more"
end

-- Where the next delimiter begins, its kind, and where its line ends; what looks
-- like one is passed over. Without a kind: where it begins if it has not come yet.
local function find_delimiter(self)
    local at = self.at
    while true do
        local found <const> = self.buffer:find(self.delimiter, at, true)
        if not found then
            return math.max(at, #self.buffer - #self.delimiter + 2)
        end
        at = found + #self.delimiter
        local kind <const>, stop <const> = kind_of(self, at)
        if kind ~= "text" then
            return found, kind, stop
        end
    end
end

-- What to do in each state: the event and its value, or nothing to go on.
local steps <const> = {}

function steps.content(self)
    local found <const>, kind <const>, stop <const> = find_delimiter(self)
    if not kind and self.ended then
        return fail(self, "the body ends before the last boundary", "EBADMSG")
    elseif found > (kind and self.at or self.at + self.skip) then
        return content(self, found)
    elseif not kind or kind == "more" then
        return "more"
    end
    local within <const> = self.state == "content"
    self.at, self.state = stop, kind == "last" and "epilogue" or "head"
    return within and "over" or nil
end

steps.preamble = steps.content

-- From the line end behind a boundary to the empty line. That one's own end stays:
-- it belongs to the delimiter of a part without content.
function steps.head(self)
    local buffer <const>, at <const>, limits <const> = self.buffer, self.at, self.limits
    local stop <const> = buffer:find("\r\n\r\n", at, true)
    if (stop or #buffer - 2) - at > limits.head then
        return fail(self, ("a part's head of more than %d bytes"):format(limits.head), "EMSGSIZE")
    elseif not stop then
        return not self.ended and "more" or fail(self, "the body ends in a part's head", "EBADMSG")
    elseif self.parts >= limits.parts then
        return fail(self, ("more than %d parts"):format(limits.parts), "EMSGSIZE")
    end
    self.parts = self.parts + 1
    self.at, self.skip, self.state = stop + 2, 2, "content"
    return "part", buffer:sub(at + 2, stop + 1)
end

function steps.epilogue()
    return "end"
end

--- What comes next: "part" and the lines of its head, each with its end; "data" and
-- a piece of the part's content; "over" after all of it; "end" after the last part,
-- again and again; "more" if that takes more bytes, or their end; or nil, message,
-- code, again and again: "EBADMSG", or "EMSGSIZE" past a limit.
function methods:next()
    while self.state ~= "failed" do
        local event <const>, value <const> = steps[self.state](self)
        if event then
            return event, value
        end
    end
    return nil, self.message, self.code
end

return parser
