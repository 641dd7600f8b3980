--- JSON, by way of Debian's lua-cjson when it is there.

local json <const> = {}

-- An instance with settings of its own: those of the script's cjson stay as they
-- are. nil if it is not installed.
local found <const>, cjson = pcall(require, "cjson.safe")
cjson = found and cjson.new() or nil
if cjson then
    cjson.decode_invalid_numbers(false)
    cjson.encode_keep_buffer(false)
end

--- What stands for null.
json.null = cjson and cjson.null

local function library(level)
    return cjson or error("JSON: cjson is not installed (Debian: lua-cjson)", level + 1)
end

-- Numbers without a fraction, which cjson makes floats, as integers.
local function with_integers(value)
    if type(value) == "table" then
        for key, inner in next, value do
            value[key] = with_integers(inner)
        end
    elseif math.type(value) == "float" then
        return math.tointeger(value) or value
    end
    return value
end

--- Writes a value as JSON. A table whose keys are integers from 1 on is an array,
-- with null for what is missing (of more than 10 places half must be there); with
-- other keys it is an object, in which numbers as keys become strings; an empty one
-- is `{}`, since nothing tells that it should be `[]`. Numbers have 14 digits: send
-- longer ones as strings. Raises for what JSON cannot say: functions, NaN, other
-- keys, more than 1000 tables in one another.
function json.encode(value)
    local text <const>, why <const> = library(2).encode(value)
    return text or error(why, 2)
end

--- Reads JSON (RFC 8259); null is json.null, numbers without a fraction are
-- integers, the last of equal names counts. No more than 1000 arrays and objects
-- may be in one another. Strings are not checked to be UTF-8.
-- @return the value, which may be false; or nil, message, "EBADMSG"
function json.decode(text)
    local value <const>, why <const> = library(2).decode(text)
    if value == nil then
        return nil, "JSON: " .. why, "EBADMSG"
    end
    return with_integers(value)
end

return json
