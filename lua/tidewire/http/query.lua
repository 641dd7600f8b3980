--- Percent-encoding (RFC 3986 2.1), and the name=value pairs of queries and of
-- application/x-www-form-urlencoded, as browsers write them (WHATWG URL, 5).

local codec <const> = require "tidewire.http_core"
local options <const> = require "tidewire.options"

local query <const> = {}

local DECODE_OPTIONS <const> = { max = true }
local FIELDS <const> = 1000

-- What has been asked for once: escapes by their bytes.
local encoded <const> = setmetatable({}, {
    __index = function(self, byte)
        self[byte] = ("%%%02X"):format(byte:byte())
        return self[byte]
    end,
})
local form_encoded <const> = setmetatable({ [" "] = "+" }, { __index = encoded })

--- Undoes percent-encoding; a `%` that two hex digits do not follow stays.
query.unescape = codec.unescape

--- Percent-encodes all but letters, digits and `-._~`: safe anywhere in a URL.
function query.escape(text)
    return (text:gsub("[^A-Za-z0-9%-._~]", encoded))
end

local function form_decode(text)
    return text:find "[%%+]" and query.unescape((text:gsub("+", " "))) or text
end

local function form_encode(value, level)
    if type(value) ~= "string" and not math.type(value) then
        error("query: string or number expected, got " .. type(value), level + 1)
    end
    return (tostring(value):gsub("[^A-Za-z0-9%-._*]", form_encoded))
end

--- Reads name=value pairs with `&` between them, such as a query without its `?`.
-- The bytes are as they were sent: not checked to be UTF-8.
-- @param text what to read; nil reads as nothing
-- @param o options: max = 1000, how many pairs there may be
-- @return a table name -> value, the first one of a name; and the list of all
-- {name, value} in order; or nil, message, "EMSGSIZE"
function query.decode(text, o)
    local max <const> = options.check(o, DECODE_OPTIONS, 2).max or FIELDS
    local args <const>, list <const> = {}, {}
    for pair in (text or ""):gmatch "[^&]+" do
        if #list >= max then
            return nil, ("form: more than %d fields"):format(max), "EMSGSIZE"
        end
        local name, value = pair:match "^([^=]*)=?(.*)$"
        name, value = form_decode(name), form_decode(value)
        list[#list + 1] = { name, value }
        args[name] = args[name] or value
    end
    return args, list
end

--- The values of one name in the second result of query.decode, in order.
function query.all(list, name)
    local values <const> = {}
    for _, pair in ipairs(list) do
        if pair[1] == name then
            values[#values + 1] = pair[2]
        end
    end
    return values
end

-- The pairs of a table name -> value or list of values, in the names' order.
local function sorted_pairs(args)
    local names <const>, list <const> = {}, {}
    for name in pairs(args) do
        names[#names + 1] = name
    end
    table.sort(names)
    for _, name in ipairs(names) do
        local value <const> = args[name]
        for _, one in ipairs(type(value) == "table" and value or { value }) do
            list[#list + 1] = { name, one }
        end
    end
    return list
end

--- Writes pairs as a form or query.
-- @param args a list of {name, value}, in whose order they are written; or a table
-- name -> value or list of values, written in the names' order. Values are strings
-- or numbers; anything else raises
function query.encode(args)
    local out <const> = {}
    for i, pair in ipairs(args[1] and args or sorted_pairs(args)) do
        out[i] = form_encode(pair[1], 2) .. "=" .. form_encode(pair[2], 2)
    end
    return table.concat(out, "&")
end

return query
