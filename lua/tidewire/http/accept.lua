--- What a client would rather have: the lists of Accept, Accept-Encoding and
-- Accept-Language (RFC 9110 12.4, 12.5).

local parameters <const> = require "tidewire.http.parameters"

local accept <const> = {}

-- Where the next element begins, from within one on; commas in quotes do not count.
local function next_element(text, at)
    local stop = text:find('[,"]', at)
    while stop and text:byte(stop) == 0x22 do
        stop = text:find('"', stop + 1, true)
        stop = stop and text:find('[,"]', stop + 1)
    end
    return stop and stop + 1 or #text + 1
end

-- A weight: 0 to 1, with three digits at most; nil if it is none.
local function weight(text)
    if not text then
        return 1
    end
    local q <const> = text:find "^[01]%.?%d?%d?%d?$" and tonumber(text)
    return q and q <= 1 and q or nil
end

--- Reads a list with weights: `gzip;q=0.5, br`. Elements that are malformed are
-- left out.
-- @param value the field's value; nil for none
-- @return a list, in order, of {value = in lower case, q = 0 to 1, params =
-- the other parameters, by names in lower case}
function accept.parse(value)
    local list <const> = {}
    local at = 1
    value = value or ""
    while at <= #value do
        local name <const>, start <const> = value:match("^[ \t]*([^%s,;\"]+)()", at)
        if name then
            local params <const>, after <const> = parameters.read(value, start)
            at = after
            local q <const> = weight(params.q)
            params.q = nil
            if q and value:find("^,", after) or q and after > #value then
                list[#list + 1] = { value = name:lower(), q = q, params = params }
            end
        end
        at = next_element(value, at)
    end
    return list
end

-- How closely an element names `name`: 0 if it does not.
local function closeness(element, name)
    if element.value == name then
        return next(element.params) and 3 or 4
    elseif element.value == "*" or element.value == "*/*" then
        return 1
    end
    local range <const> = element.value:match "^(.+/)%*$"
    return range and name:sub(1, #range) == range and 2 or 0
end

--- How much a client wants something: the weight of the element that names it most
-- closely (`text/html` before `text/*` before `*/*`).
-- @param value the field's value, or what parse made of it
-- @param name what there is to offer: "gzip", "text/html"; any case
-- @return 0 (not at all, or it is not mentioned) to 1
function accept.quality(value, name)
    local best, q = 0, 0
    name = name:lower()
    for _, element in ipairs(type(value) == "table" and value or accept.parse(value)) do
        local close <const> = closeness(element, name)
        if close > best then
            best, q = close, element.q
        end
    end
    return q
end

--- Which of some offers a client would rather have; of equals the first.
-- @param value the field's value, or what parse made of it; nil, when the client
-- did not say, takes the first
-- @param offers a list of names
-- @return one of them; nil if none is acceptable
function accept.best(value, offers)
    if not value then
        return offers[1]
    end
    local list <const> = type(value) == "table" and value or accept.parse(value)
    local best, most = nil, 0
    for _, name in ipairs(offers) do
        local q <const> = accept.quality(list, name)
        if q > most then
            best, most = name, q
        end
    end
    return best
end

return accept
