--- Basic authentication (RFC 7617).

local credentials <const> = {}

local DIGITS <const> = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

-- One to three bytes in base64 (RFC 4648 4).
local function quantum(bytes)
    local a <const>, b <const>, c <const> = bytes:byte(1, 3)
    local n <const>, digits <const> = a << 16 | (b or 0) << 8 | (c or 0), {}
    for i = 1, 4 do
        local at <const> = (n >> 24 - 6 * i & 63) + 1
        digits[i] = i <= #bytes + 1 and DIGITS:sub(at, at) or "="
    end
    return table.concat(digits)
end

--- The value of an Authorization field. Raises if the name holds a colon.
function credentials.basic(user, password)
    if user:find(":", 1, true) then
        error("auth: a colon in the user name", 0)
    end
    return "Basic " .. (user .. ":" .. (password or "")):gsub("..?.?", quantum)
end

return credentials
