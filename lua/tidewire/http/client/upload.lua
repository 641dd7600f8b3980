--- The bodies of requests: strings, files, functions, values to be written as a
-- form or as JSON; each as something that gives its bytes piece by piece.

local json <const> = require "tidewire.http.json"
local query <const> = require "tidewire.http.query"

local upload <const> = {}

local PIECE <const> = 65536

local function from_string(text, kind)
    return {
        text = text,
        length = #text,
        repeatable = true,
        kind = kind,
        open = function()
            local rest = text
            return function()
                local piece <const> = rest
                rest = nil
                return piece
            end
        end,
    }
end

-- What reads the next piece of a file or a stream; nil at its end.
local function reading(source)
    local read <const> = source.read_some or source.read
    return function()
        local piece <const>, message <const>, code <const> = read(source, PIECE)
        if not piece and code ~= "eof" then
            return nil, message, type(code) == "string" and code or message and "EIO"
        end
        return piece
    end
end

-- A file that knows how long it is announces it, and can be read again.
local function from_file(file)
    local first <const> = file.seek and file:seek()
    local last <const> = first and file:seek "end"
    if not last or not file:seek("set", first) then
        return { open = function() return reading(file) end }
    end
    return {
        length = math.max(last - first, 0),
        repeatable = true,
        open = function()
            file:seek("set", first)
            return reading(file)
        end,
    }
end

local WRITERS <const> = {
    json = function(value) return from_string(json.encode(value), "application/json") end,
    form = function(value)
        return from_string(query.encode(value), "application/x-www-form-urlencoded")
    end,
}

local function from_table(given)
    local name <const>, value <const> = next(given)
    if not WRITERS[name] or next(given, name) ~= nil then
        error("body: a table must be {json = value} or {form = fields}", 0)
    end
    return WRITERS[name](value)
end

--- Makes a body of what the caller gave: a string; a file or anything else with
-- a read method; a function that returns a piece each time and nil at the end, or
-- nil, message, code; {json = value}; {form = fields}; a table as this returns, which
-- multipart.encode makes. nil gives nil.
-- @return a table: open() gives a function that returns the pieces; `length` in
-- bytes, nil if it is not known; `repeatable`, if it can be opened again; `opened`,
-- once it has been; `text`, if it is all there; `kind`, its media type, if known
function upload.new(given)
    local type_of <const> = type(given)
    if given == nil then
        return nil
    elseif type_of == "string" then
        return from_string(given)
    elseif type_of == "function" then
        return { open = function() return given end }
    elseif type_of ~= "boolean" and type_of ~= "number" and (given.read_some or given.read) then
        return from_file(given)
    elseif type_of == "table" and given.open then
        return { open = given.open, length = given.length, repeatable = given.repeatable,
            kind = given.kind }
    elseif type_of == "table" then
        return from_table(given)
    end
    error("body: string, file, function or table expected, got " .. type_of, 0)
end

-- Writes one piece; chunked (RFC 9112 7.1) unless the length is known.
local function write_piece(stream, piece, chunked)
    if not chunked then
        return stream:write(piece)
    end
    return stream:write(("%x\r\n"):format(#piece), piece, "\r\n")
end

local function wrong_length(sent, length)
    return nil, ("body of %d bytes announced, %s there"):format(length,
        sent > length and "more were" or ("only %d were"):format(sent)), "EINVAL", true
end

-- The next piece that is not empty; nil, message, code, true if there is none.
local function next_piece(pieces)
    local piece, message, code
    repeat
        piece, message, code = pieces()
    until piece ~= ""
    if piece ~= nil and type(piece) ~= "string" then
        error("body: the function returned a " .. type(piece), 0)
    end
    return piece, message, code, true
end

--- Writes a body to a stream.
-- @return true; or nil, message, code, and true if it was the body that failed,
-- not the stream
function upload.send(body, stream)
    body.opened = true
    local pieces <const>, length <const>, sent = body.open(), body.length, 0
    local piece, why, what = next_piece(pieces)
    while piece do
        sent = sent + #piece
        if length and sent > length then
            return wrong_length(sent, length)
        end
        local ok, message, code = write_piece(stream, piece, not length)
        if ok then
            ok, message, code = stream:flush()
        end
        if not ok then
            return nil, message, code
        end
        piece, why, what = next_piece(pieces)
    end
    if why then
        return nil, why, what or "EIO", true
    elseif length and sent < length then
        return wrong_length(sent, length)
    end
    local ok, message, code = stream:write(length and "" or "0\r\n\r\n")
    if ok then
        ok, message, code = stream:flush()
    end
    return ok and true, message, code
end

return upload
