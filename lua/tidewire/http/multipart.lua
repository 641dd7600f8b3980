--- Forms with files: multipart/form-data (RFC 7578), read and written without ever
-- holding a file in memory.
--
--     for part in req:multipart { total = 64 << 20 } do
--         if part.filename then
--             print(part.name, part:save "/srv/uploads/")
--         else
--             print(part.name, part:body())
--         end
--     end

local encoder <const> = require "tidewire.http.multipart.encoder"
local failure <const> = require "tidewire.http.failure"
local options <const> = require "tidewire.options"
local parameters <const> = require "tidewire.http.parameters"
local parser <const> = require "tidewire.http.multipart.parser"
local part <const> = require "tidewire.http.multipart.part"

local multipart <const> = {}
local methods <const> = {}
local reader_mt <const> = { __name = "multipart.reader", __index = methods }

local PIECE <const> = 65536
local DEFAULTS <const> = {
    parts = 1000, head = 8192, field = 1 << 20, part = math.huge, disk = math.huge,
}

local function limits_of(given, level)
    local limits <const> = {}
    given = options.check(given, DEFAULTS, level + 1)
    for name, default in pairs(DEFAULTS) do
        limits[name] = given[name] or default
        if not math.type(limits[name]) then
            error(("option '%s': number expected"):format(name), level + 1)
        end
    end
    return limits
end

-- The boundary in a Content-Type (RFC 2046 5.1.1); nil if there is none.
local function boundary_of(kind)
    local at <const> = kind and kind:lower():match "^multipart/form%-data()"
    if at then
        local params <const>, stop <const> = parameters.read(kind, at)
        local boundary <const> = params.boundary or ""
        return stop > #kind and #boundary <= 70
            and boundary:match "^[%w'()+_,./:=? -]*[%w'()+_,./:=?-]$" or nil
    end
end

--- Reads a form.
-- @param source what gives the body: source:read(n), as requests have it
-- @param kind its Content-Type
-- @param limits parts = 1000, how many; head = 8192, bytes of the lines before a
-- part's content, with their ends; field = 1 MiB, bytes of what part:body() returns;
-- and with no limit unless given: part, bytes of a part; disk, bytes of all that is
-- saved
-- @return what a `for` gets the parts from, one by one: it raises when the form is
-- malformed or too long, with a table {status, message, code} that is answered with
-- that status unless it is caught. Its method next() returns nil, message, code
-- instead, with the code "eof" after the last part. nil, message, "ENOTSUP" if the
-- Content-Type is another one
function multipart.read(source, kind, limits)
    local checked <const> = limits_of(limits, 2)
    local boundary <const> = boundary_of(kind)
    if not boundary then
        return nil, ("multipart: the type is %q"):format(kind or ""), "ENOTSUP"
    end
    return setmetatable({
        source = source, parser = parser.new(boundary, checked), limits = checked,
        of_part = 0, of_disk = 0,
    }, reader_mt)
end

-- nil, message, code, from now on.
function methods:fail(message, code)
    self.message, self.code = self.message or message, self.code or code
    return nil, self.message, self.code
end

-- The next event of the parser; or nil, message, code.
local function event(self)
    if self.code then
        return nil, self.message, self.code
    end
    while true do
        local what <const>, value <const>, code <const> = self.parser:next()
        if not what then
            return self:fail(value, code)
        elseif what ~= "more" then
            return what, value
        end
        local data <const>, message <const>, name <const> = self.source:read(PIECE)
        if data then
            self.parser:feed(data)
        elseif name == "eof" then
            self.parser:finish()
        else
            return self:fail(message, name)
        end
    end
end

-- The next piece of the current part; false at its end; or nil, message, code.
local function next_piece(self)
    local what <const>, piece <const>, code <const> = event(self)
    if what == "over" then
        self.current = nil
        return false
    elseif what then
        self.of_part = self.of_part + #piece
        if self.of_part > self.limits.part then
            return self:fail("multipart: a part is too long", "EMSGSIZE")
        end
        return piece
    end
    return nil, piece, code
end

-- What part:read(n) returns: of a piece that is longer the rest is kept.
function methods:read(of, n)
    if of ~= self.current then
        return nil, of.over and "end of part" or "part: another one has been asked for",
            of.over and "eof" or "closed"
    elseif n and n < 1 then
        error("part: less than one byte asked for", 3)
    end
    local piece, at, message, code = self.rest, self.rest_at, nil, nil
    if not piece then
        piece, message, code = next_piece(self)
        at = 1
    end
    if not piece then
        of.over = piece == false
        return nil, message or "end of part", code or "eof"
    end
    local stop <const> = n and math.min(at + n - 1, #piece) or #piece
    self.rest, self.rest_at = stop < #piece and piece or nil, stop + 1
    return stop - at + 1 == #piece and piece or piece:sub(at, stop)
end

-- Counts what a part is about to write to disk: true; or nil, message, code.
function methods:count_saved(n)
    self.of_disk = self.of_disk + n
    if self.of_disk > self.limits.disk then
        return self:fail("multipart: too much to save", "EMSGSIZE")
    end
    return true
end

--- The next part; what has not been read of the one before is skipped.
-- @return a part: name, filename (as it was sent: never use it as a path), type,
-- headers; read, body, save, basename. Or nil, message, code
function methods:next()
    self.rest = nil
    while self.current do
        local piece <const>, message <const>, code <const> = next_piece(self)
        if piece == nil then
            return nil, message, code
        end
    end
    local what <const>, head <const>, code <const> = event(self)
    if what ~= "part" then
        return nil, head or "end of form", code or "eof"
    end
    local new <const>, why <const> = part.new(self, head)
    if not new then
        return self:fail("multipart: " .. why, "EBADMSG")
    end
    self.current, self.of_part = new, 0
    return new
end

function reader_mt:__call()
    local new <const>, message <const>, code <const> = self:next()
    if not new and code ~= "eof" then
        failure.raise(message, code)
    end
    return new
end

multipart.encode = encoder.encode

return multipart
