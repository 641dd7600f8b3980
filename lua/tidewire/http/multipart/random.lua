--- Names that nobody can foresee.

local random <const> = {}

--- 128 bits from the system's generator, as 32 hex digits.
function random.name()
    local file <close> = assert(io.open("/dev/urandom", "rb"))
    file:setvbuf "no"
    return (file:read(16):gsub(".", function(c) return ("%02x"):format(c:byte()) end))
end

return random
