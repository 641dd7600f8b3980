--- Forms to be sent as multipart/form-data (RFC 7578), as browsers write them.

local errno <const> = require("tidewire.core").errno
local options <const> = require "tidewire.options"
local random <const> = require "tidewire.http.multipart.random"

local encoder <const> = {}

local PIECE <const> = 65536
local ESCAPES <const> = { ['"'] = "%22", ["\r"] = "%0D", ["\n"] = "%0A" }
local PART_KEYS <const> = { name = true, value = true, path = true, filename = true, type = true }

local function quoted(text)
    return '"' .. tostring(text):gsub('["\r\n]', ESCAPES) .. '"'
end

-- The lines before a part's content.
local function head_of(given, level)
    local head = "Content-Disposition: form-data; name=" .. quoted(given.name)
    local filename <const> = given.filename or given.path and given.path:match "[^/]*$"
    local kind <const> = given.type or filename and "application/octet-stream"
    if filename then
        head = head .. "; filename=" .. quoted(filename)
    end
    if kind and kind:find "[\0-\31\127]" then
        error(("part %q: control bytes in the type"):format(given.name), level + 1)
    end
    return head .. (kind and "\r\nContent-Type: " .. kind or "") .. "\r\n\r\n"
end

local function check_part(given, level)
    options.check(given, PART_KEYS, level + 1)
    if type(given.name) ~= "string" or (given.value == nil) == (given.path == nil) then
        error("part: a name, and a value or a path, expected", level + 1)
    elseif given.value and type(given.value) ~= "string" and not math.type(given.value) then
        error(("part %q: string or number expected, got %s")
            :format(given.name, type(given.value)), level + 1)
    end
end

-- A list of parts, from what the caller gave.
local function parts_of(given, level)
    if given[1] == nil then
        local list <const> = {}
        for name, value in pairs(given) do
            list[#list + 1] = { name = name, value = value }
        end
        table.sort(list, function(a, b) return a.name < b.name end)
        given = list
    end
    for _, one in ipairs(given) do
        check_part(one, level + 1)
    end
    return given
end

local function failed(message, number)
    return nil, message, errno[number] or "EIO"
end

-- A file to be sent, as long as it is now; or nil, message, code.
local function file_at(path)
    local file <close>, message <const>, number <const> = io.open(path, "rb")
    if not file then
        return failed(message, number)
    end
    local size <const>, why <const>, code <const> = file:seek "end"
    if not size then
        return failed(why, code)
    end
    return { path = path, size = size }
end

-- What is to be sent, strings and files in turn, and how long it all is; or nil,
-- message, code.
local function contents_of(parts, boundary, level)
    local list <const>, run, length = {}, {}, 0
    for _, one in ipairs(parts) do
        run[#run + 1] = "--" .. boundary .. "\r\n" .. head_of(one, level + 1)
        if one.path then
            local file <const>, message <const>, code <const> = file_at(one.path)
            if not file then
                return nil, message, code
            end
            list[#list + 1], list[#list + 2] = table.concat(run), file
            run, length = {}, length + file.size
        else
            run[#run + 1] = tostring(one.value)
        end
        run[#run + 1] = "\r\n"
    end
    run[#run + 1] = "--" .. boundary .. "--\r\n"
    list[#list + 1] = table.concat(run)
    for i = 1, #list, 2 do
        length = length + #list[i]
    end
    return list, length
end

-- Yields the pieces of a file. True; or nil, message, code.
local function yield_file(entry)
    local file <close>, message <const>, number <const> = io.open(entry.path, "rb")
    if not file then
        return failed(message, number)
    end
    local left = entry.size
    while left > 0 do
        local piece <const>, why <const>, code <const> = file:read(math.min(PIECE, left))
        if not piece then
            return failed(why or entry.path .. ": has become shorter", code)
        end
        coroutine.yield(piece)
        left = left - #piece
    end
    return true
end

local function yield_all(list)
    for _, entry in ipairs(list) do
        if type(entry) == "string" then
            coroutine.yield(entry)
        else
            local ok <const>, message <const>, code <const> = yield_file(entry)
            if not ok then
                return nil, message, code
            end
        end
    end
end

--- Makes a body of a form, to be given to http.post; files are read as it is sent.
-- @param given a table name -> value; or a list of parts, each with a name and
-- either a value (string or number) or the path of a file; and as it likes with a
-- `filename` to call that (the path's last component) and a `type`
-- @return a table: `kind`, its Content-Type; `length` in bytes; open() gives a
-- function that returns the next piece each time, nil at the end, or nil, message,
-- code; or nil, message, code when a file cannot be read
function encoder.encode(given)
    local boundary <const> = "----tidewire" .. random.name()
    local list <const>, length <const>, code <const> =
        contents_of(parts_of(given, 2), boundary, 2)
    if not list then
        return nil, length, code
    end
    return {
        kind = "multipart/form-data; boundary=" .. boundary,
        length = length,
        repeatable = true,
        open = function()
            return coroutine.wrap(function() return yield_all(list) end)
        end,
    }
end

return encoder
