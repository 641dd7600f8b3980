--- The header fields of a message: found by name in any case, kept in order, the
-- repeated ones apart. What is set is checked: nothing that could end a line or
-- begin another one gets in.

local codec <const> = require "tidewire.http_core"

local headers <const> = {}
local methods <const> = {}
local headers_mt <const> = { __name = "headers" }

-- The fields are self[1], self[2], ...: {name, value, name in lower case}.

local function check_name(name, level)
    if type(name) ~= "string" then
        error("header name: string expected, got " .. type(name), level + 1)
    elseif not codec.is_token(name) then
        error(("header name %q: not a token"):format(name), level + 1)
    end
end

local function checked(name, value, level)
    check_name(name, level + 1)
    if math.type(value) then
        value = tostring(value)
    elseif type(value) ~= "string" then
        error(("header %s: string or number expected, got %s")
            :format(name, type(value)), level + 1)
    end
    if not codec.is_value(value) then
        error(("header %s: control bytes, or space at an end, in the value %q")
            :format(name, value), level + 1)
    end
    return { name, value, name:lower() }
end

-- Where the next field of a name (in lower case) is, from position `i` on.
local function find(self, key, i)
    for at = i, rawlen(self) do
        if self[at][3] == key then
            return at
        end
    end
end

--- The values of all the fields of a name, in order; an empty list if there are
-- none.
function methods:all(name)
    local list <const>, key <const> = {}, name:lower()
    local at = find(self, key, 1)
    while at do
        list[#list + 1] = self[at][2]
        at = find(self, key, at + 1)
    end
    return list
end

--- The value of a name, as h[name] is: those of repeated fields joined with ", "
-- (RFC 9110 5.3), but of Set-Cookie, which cannot be, the first. Or nil. For names
-- that are also those of methods here.
function methods:get(name)
    local key <const> = name:lower()
    local at <const> = find(self, key, 1)
    if at and key ~= "set-cookie" and find(self, key, at + 1) then
        return table.concat(self:all(name), ", ")
    end
    return at and self[at][2]
end

--- Adds a field at the end; raises if the name is not a token, or if the value
-- holds what may not be sent. Returns the headers.
function methods:add(name, value)
    rawset(self, rawlen(self) + 1, checked(name, value, 2))
    return self
end

--- Removes the fields of a name. Returns the headers.
function methods:remove(name)
    local kept, key <const> = 0, name:lower()
    for i = 1, rawlen(self) do
        local field <const> = self[i]
        self[i] = nil
        if field[3] ~= key then
            kept = kept + 1
            rawset(self, kept, field)
        end
    end
    return self
end

local function put(self, name, value, level)
    local field <const> = checked(name, value, level + 1)
    local at <const> = find(self, field[3], 1) or rawlen(self) + 1
    self:remove(name)
    for i = rawlen(self), at, -1 do
        rawset(self, i + 1, self[i])
    end
    rawset(self, at, field)
end

--- Makes this the only field of its name, where the first one was, or at the end;
-- nil removes. Raises as add does. Returns the headers.
function methods:set(name, value)
    if value == nil then
        return self:remove(name)
    end
    put(self, name, value, 2)
    return self
end

function headers_mt:__index(name)
    return methods[name] or type(name) == "string" and methods.get(self, name) or nil
end

function headers_mt:__newindex(name, value)
    check_name(name, 2)
    if value == nil then
        self:remove(name)
    else
        put(self, name, value, 2)
    end
end

--- pairs(h): name, value of each field in order, as they were when it began.
function headers_mt:__pairs()
    local fields <const>, i = table.move(self, 1, rawlen(self), 1, {}), 0
    return function()
        i = i + 1
        if fields[i] then
            return fields[i][1], fields[i][2]
        end
    end
end

--- tostring(h): the fields as they are sent, each with its line's end.
function headers_mt:__tostring()
    local lines <const> = {}
    for i = 1, rawlen(self) do
        lines[i] = self[i][1] .. ": " .. self[i][2] .. "\r\n"
    end
    return table.concat(lines)
end

-- The names of a table name -> value, in an order that is always the same.
local function names_of(given)
    local names <const> = {}
    for name in next, given do
        if math.type(name) ~= "integer" then
            check_name(name, 3)
            names[#names + 1] = name
        end
    end
    table.sort(names)
    return names
end

--- New headers, from a list of {name, value}, from other headers, or from a table
-- name -> value or list of values; or empty. Raises as add does.
function headers.new(given)
    local self <const> = setmetatable({}, headers_mt)
    given = given or {}
    for i = 1, rawlen(given) do
        rawset(self, i, checked(given[i][1], given[i][2], 2))
    end
    for _, name in ipairs(names_of(given)) do
        local value <const> = given[name]
        for _, one in ipairs(type(value) == "table" and value or { value }) do
            rawset(self, rawlen(self) + 1, checked(name, one, 2))
        end
    end
    return self
end

return headers
