--- Dates as HTTP writes them (RFC 9110 5.6.7), whatever the locale: seconds since
-- 1970 in UTC on our side.

local date <const> = {}

local DAYS <const> = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" }
local MONTHS <const> = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug",
    "Sep", "Oct", "Nov", "Dec" }
local LENGTHS <const> = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 }
local NAMES <const> = { Sun = "Sunday", Mon = "Monday", Tue = "Tuesday", Wed = "Wednesday",
    Thu = "Thursday", Fri = "Friday", Sat = "Saturday" }

for i, name in ipairs(MONTHS) do
    MONTHS[name] = i
end

local TIME <const> = "(%d%d):(%d%d):(%d%d)"
local FIXED <const> = "^(%a%a%a), (%d%d) (%a%a%a) (%d%d%d%d) " .. TIME .. " GMT$"
local RFC850 <const> = "^(%a+), (%d%d)%-(%a%a%a)%-(%d%d) " .. TIME .. " GMT$"
local ASCTIME <const> = "^(%a%a%a) (%a%a%a) ([ %d]%d) " .. TIME .. " (%d%d%d%d)$"

--- A time as "Sun, 06 Nov 1994 08:49:37 GMT".
-- @param seconds an integer
function date.format(seconds)
    local t <const> = os.date("!*t", seconds)
    return ("%s, %02d %s %04d %02d:%02d:%02d GMT"):format(DAYS[t.wday], t.day,
        MONTHS[t.month], t.year, t.hour, t.min, t.sec)
end

-- Days from 1970-01-01 to a day of the Gregorian calendar; a year begins in March
-- here, so that a leap day is its last.
local function days(year, month, day)
    if month <= 2 then
        year, month = year - 1, month + 12
    end
    return 365 * year + year // 4 - year // 100 + year // 400
        + (153 * (month - 3) + 2) // 5 + day - 719469
end

-- Two digits: the year of that end that is at most 50 years from now.
local function full_year(digits)
    local now <const> = os.date("!*t").year
    local year <const> = now - now % 100 + digits
    return year > now + 50 and year - 100 or year
end

--- Reads a date in any of the three formats there have been.
-- @return seconds; nil if it is none
function date.parse(text)
    local name, day, month, year, h, m, s = text:match(FIXED)
    if not name then
        name, month, day, h, m, s, year = text:match(ASCTIME)
    end
    local short = name
    if not name then
        name, day, month, year, h, m, s = text:match(RFC850)
        short = name and name:sub(1, 3)
        year = name and NAMES[short] == name and full_year(tonumber(year))
    end
    if not year or not NAMES[short] or not MONTHS[month] then
        return nil
    end
    day, h, m, s = tonumber(day), tonumber(h), tonumber(m), tonumber(s)
    if day < 1 or day > LENGTHS[MONTHS[month]] or h > 23 or m > 59 or s > 60 then
        return nil
    end
    return days(math.tointeger(year), MONTHS[month], day) * 86400 + h * 3600 + m * 60 + s
end

return date
