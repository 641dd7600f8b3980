-- Ports: what the ranges are for, and which service has which number.
--   lua5.4 examples/ports.lua [name or number ...]

local socket <const> = require "tidewire.socket"

local RANGES <const> = {
    {0, 1023, "well-known ports: to listen there takes privileges"},
    {1024, 49151, "registered ports: for servers"},
    {49152, 65535, "dynamic ports: for clients, one for each connection"},
}

-- The range that this system takes a port from for who asks for none.
local function ephemeral()
    local file <close> = io.open("/proc/sys/net/ipv4/ip_local_port_range")
    return file and file:read("a"):gsub("%s+", " to ", 1):gsub("%s+$", "") or "unknown"
end

local function range_of(port)
    for _, range in ipairs(RANGES) do
        if port <= range[2] then return range[3]:match("^[^:]+") end
    end
end

-- Says what /etc/services has, for each protocol.
local function explain(what)
    local number <const> = math.tointeger(tonumber(what))
    if number and (number < 0 or number > 65535) then
        return print(what .. ": ports are 0 to 65535")
    end
    local known = false
    for _, proto in ipairs {"tcp", "udp"} do
        local name <const> = number and socket.getservbyport(number, proto) or not number and what
        local port <const> = number or socket.getservbyname(what, proto)
        if name and port then
            print(("%s: %d/%s, one of the %s"):format(name, port, proto, range_of(port)))
            known = true
        end
    end
    if not known then print(what .. ": no service that /etc/services knows") end
end

for _, range in ipairs(RANGES) do
    print(("%5d to %5d  %s"):format(table.unpack(range)))
end
print("this system gives out " .. ephemeral())

local s <close> = assert(socket.socket())
assert(s:bind("127.0.0.1", 0)) -- 0: any port that is free
print("for example " .. s:getsockname().port)

for _, what in ipairs(#arg > 0 and arg or {"http", "ssh", "domain", "443"}) do
    explain(what)
end
