--- One part of a form that came as multipart/form-data (RFC 7578).

local errno <const> = require("tidewire.core").errno
local headers <const> = require "tidewire.http.headers"
local parameters <const> = require "tidewire.http.parameters"
local query <const> = require "tidewire.http.query"
local random <const> = require "tidewire.http.multipart.random"

local part <const> = {}
local methods <const> = {}
local part_mt <const> = { __name = "multipart.part", __index = methods }

local PIECE <const> = 65536
local LONGEST <const> = 255 -- bytes of a file's name

-- The fields of a part's head; nil if it is malformed.
local function fields_of(head)
    local list <const> = {}
    for line in head:gmatch "(.-)\r\n" do
        local name <const>, value <const> =
            line:match "^([!#$%%&'*+%-.^_`|~A-Za-z0-9]+):(.*)$"
        if not name or value:find "[\0-\8\10-\31\127]" then
            return nil
        end
        list[#list + 1] = { name, parameters.trim(value) }
    end
    return headers.new(list)
end

-- The name in `filename*` (RFC 8187), which only few clients send; nil unless it is
-- UTF-8.
local function extended(value)
    local text <const> = value and value:match "^[uU][tT][fF]%-8'[^']*'(.*)$"
    local name <const> = text and query.unescape(text)
    return name and utf8.len(name) and name or nil
end

-- Why a part is not taken; nil if it is.
local function refusal(self)
    local coding <const> = (self.headers["Content-Transfer-Encoding"] or "binary"):lower()
    if self.type:lower():find "^multipart/" then
        return "a multipart within another"
    elseif coding ~= "binary" and coding ~= "8bit" and coding ~= "7bit" then
        return ("transfer encoding %q"):format(coding)
    end
end

--- A new part.
-- @param reader what gives its content: read, count_saved, fail
-- @param head the lines of its head
-- @return the part; or nil and what is wrong with it
function part.new(reader, head)
    local fields <const> = fields_of(head)
    local disposition <const> = fields and fields:all "Content-Disposition" or {}
    local at <const> = (disposition[1] or ""):lower():match "^form%-data()"
    if not at or disposition[2] then
        return nil, "a part's head is malformed, or not form-data"
    end
    local params <const>, stop <const> = parameters.read(disposition[1], at)
    if stop <= #disposition[1] or not params.name then
        return nil, "a part has no name, or a malformed one"
    end
    local self <const> = setmetatable({
        reader = reader, headers = fields, name = params.name,
        filename = extended(params["filename*"]) or params.filename,
        type = fields["Content-Type"] or "text/plain",
    }, part_mt)
    local why <const> = refusal(self)
    return not why and self or nil, why
end

--- The next piece of the content.
-- @param n bytes at most; nil: as they come
-- @return a string; or nil, message, "eof" at the part's end; or what req:read
-- fails with, "EBADMSG" if the form is malformed, "EMSGSIZE" past a limit, "closed"
-- once a later part has been asked for
function methods:read(n)
    return self.reader:read(self, n)
end

--- All of the content that is left.
-- @param max bytes at most (the limit `field`: 1 MiB)
-- @return a string; or nil, message, code as read has them
function methods:body(max)
    local pieces <const>, left = {}, max or self.reader.limits.field
    while true do
        local piece <const>, message <const>, code <const> = self:read()
        if not piece then
            if code == "eof" then
                return table.concat(pieces)
            end
            return nil, message, code
        end
        left = left - #piece
        if left < 0 then
            return self.reader:fail(("part %q: too long"):format(self.name), "EMSGSIZE")
        end
        pieces[#pieces + 1] = piece
    end
end

--- The last component of `filename`, without what makes a name special or cannot
-- be printed; nil if nothing is left, or there was none. Even so it is the client's
-- choice, and may be that of a file that is there.
function methods:basename()
    local name = (self.filename or ""):gsub("[\0-\31\127]", ""):match "[^/\\]*$"
    name = name:gsub("^[. ]+", ""):sub(1, LONGEST)
    local _, bad <const> = utf8.len(name)
    if bad and bad > LONGEST - 4 then -- cut off in the middle of a character
        name = name:sub(1, bad - 1)
    end
    return name ~= "" and name or nil
end

-- nil, message, code from what io's functions fail with.
local function failed(message, number)
    return nil, message, errno[number] or "EIO"
end

-- Copies the content to a file. The number of bytes; or nil, message, code.
local function copy(self, file)
    local size = 0
    while true do
        local piece <const>, message <const>, code <const> = self:read(PIECE)
        if not piece then
            if code == "eof" then
                return size
            end
            return nil, message, code
        end
        local ok, why, number = self.reader:count_saved(#piece)
        if not ok then
            return nil, why, number
        end
        ok, why, number = file:write(piece)
        if not ok then
            return failed(why, number)
        end
        size = size + #piece
    end
end

-- Fills the file `written`, then gives it its name. What removes it otherwise is
-- there first: there may be no memory for it later.
local function write(self, written, name)
    local file, complete
    local _ <close> = setmetatable({}, { __close = function()
        if io.type(file) == "file" then
            file:close()
        end
        if file and not complete then
            os.remove(written)
        end
    end })
    local opened <const>, message <const>, number <const> = io.open(written, "wb")
    if not opened then
        return failed(message, number)
    end
    file = opened
    local size <const>, why, code = copy(self, file)
    if not size then
        return nil, why, code
    end
    complete, why, code = file:close()
    if complete and written ~= name then
        complete, why, code = os.rename(written, name)
    end
    if not complete then
        return failed(why, code)
    end
    return name, size
end

--- Saves the content, a piece at a time. The file is there once it is complete, or
-- not at all.
-- @param path the file, which is replaced if it exists; or a directory, with a
-- slash at its end, in which the file gets a name of our own
-- @return the file's path and the bytes in it; or nil, message, code
function methods:save(path)
    local name <const> = random.name()
    if path:find "/$" then
        return write(self, path .. name, path .. name)
    end
    return write(self, path .. "." .. name, path)
end

return part
