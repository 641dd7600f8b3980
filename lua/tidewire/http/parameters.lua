--- The parameters in the values of header fields: `; name=value; name="quoted"`
-- (RFC 9110 5.6.6), as Content-Type, Content-Disposition and Accept have them.

local parameters <const> = {}

--- A text without the white space around it. (With a single pattern the time would
-- grow with the square of the white space.)
function parameters.trim(text)
    local first <const> = text:find "[^ \t]"
    return first and text:match("^.*[^ \t]", first) or ""
end

local NAME <const> = "^[ \t]*;[ \t;]*([!#$%%&'*+%-.^_`|~A-Za-z0-9]+)=()"

-- The quoted string that begins after the quote before `at`, and where it ends;
-- nil if it does not. A backslash before anything but a quote or another one
-- stands for itself, because some clients send file names with them.
local function quoted(text, at)
    local stop = text:find('["\\]', at)
    while stop and text:byte(stop) == 0x5c do
        stop = text:find('["\\]', stop + 2)
    end
    if stop then
        return text:sub(at, stop - 1):gsub('\\(["\\])', "%1"), stop + 1
    end
end

local function value_at(text, at)
    if text:byte(at) ~= 0x22 then
        return text:match("^([^%s;,\"]*)()", at)
    end
    local value <const>, after <const> = quoted(text, at + 1)
    return value, after
end

--- Reads the parameters that begin at byte `at` (1) of `text`.
-- @return a table name in lower case -> value; and where reading stopped, past
-- the white space behind them: `#text + 1` if nothing else follows. A name that
-- comes again, or anything malformed, stops it.
function parameters.read(text, at)
    local found <const> = {}
    at = at or 1
    while true do
        local name <const>, start <const> = text:match(NAME, at)
        local key <const> = name and name:lower()
        local value, after
        if key and not found[key] then
            value, after = value_at(text, start)
        end
        if not value then
            return found, text:match("^[ \t;]*()", at)
        end
        found[key], at = value, after
    end
end

return parameters
