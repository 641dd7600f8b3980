--- Ranges of bytes (RFC 9110 14): which parts of something a client wants.

local ranges <const> = {}

-- More parts than any player or reader asks for at once.
local MOST <const> = 16

-- The number that digits say; what is beyond all sizes stays there.
local function number(digits)
    digits = digits:gsub("^0+(%d)", "%1")
    return #digits < 19 and math.tointeger(digits) or math.maxinteger
end

-- One element of the list: its first byte and how many; false if nothing of it is
-- there, nil if it is malformed.
local function read(element, size)
    local first, last = element:match "^[ \t]*(%d*)%-(%d*)[ \t]*$"
    if not first or first == "" and last == "" then
        return nil
    elseif first == "" then
        local count <const> = math.min(number(last), size)
        return count > 0 and size - count, count
    end
    first, last = number(first), last == "" and math.maxinteger or number(last)
    if last < first then
        return nil
    end
    return first < size and first, math.min(last, size - 1) - first + 1
end

-- Parts that overlap, or that are no less than all of it, are asked for to make
-- work (RFC 9110 14.2).
local function sensible(list, size)
    local sorted <const> = table.move(list, 1, #list, 1, {})
    table.sort(sorted, function(a, b) return a.first < b.first end)
    local sum, stop = 0, 0
    for _, part in ipairs(sorted) do
        if part.first < stop then
            return false
        end
        sum, stop = sum + part.count, part.first + part.count
    end
    return #list == 1 or sum < size
end

--- Reads the field Range.
-- @param value of the field
-- @param size of what it asks parts of, in bytes
-- @return a list of {first = the first byte's position from 0, count = how many
-- bytes}, in the order in which they were asked for; false if there are none such
-- (416); nil if all of it is to be sent: because the field is malformed, of
-- another unit, or asks for what no client needs
function ranges.read(value, size)
    local elements <const> = value:lower():match "^bytes=(.*)$"
    if not elements or size == 0 and elements:find "^%-0*[1-9]" then
        return nil
    end
    local list <const>, seen = {}, 0
    for element in elements:gmatch "[^,]+" do
        if element:find "[^ \t]" then
            local first <const>, count <const> = read(element, size)
            seen = seen + 1
            if first == nil or seen > MOST then
                return nil
            elseif first then
                list[#list + 1] = { first = first, count = count }
            end
        end
    end
    if seen == 0 or #list > 0 and not sensible(list, size) then
        return nil
    end
    return #list > 0 and list
end

return ranges
