-- Lists this machine's network interfaces and their addresses, as the kernel tells
-- them over a netlink socket (Linux): what `ip address` does.
--   lua5.4 examples/interfaces.lua

local socket <const> = require "tidewire.socket"

local GETLINK <const>, GETADDR <const>, ERROR <const>, DONE <const> = 18, 22, 2, 3
local REQUEST_ALL <const> = 0x301 -- NLM_F_REQUEST | NLM_F_DUMP
local HEADER <const> = "=I4I2I2I4I4" -- length, type, flags, sequence, port
local NAME <const>, MAC <const>, MTU <const>, ADDRESS <const> = 3, 1, 4, 1

local kernel <close> = assert(socket.socket(socket.AF_NETLINK, socket.SOCK_RAW,
    socket.NETLINK_ROUTE))
assert(kernel:bind {0, 0}) -- the kernel gives us a port

-- All messages that answer a request: from where each begins, and where it ends.
local function ask(kind, found)
    local request <const> = HEADER:pack(HEADER:packsize() + 16, kind, REQUEST_ALL, kind, 0)
    assert(kernel:sendto(request .. ("\0"):rep(16), {0, 0}))
    while true do
        local data <const>, at = assert(kernel:recv(1 << 16)), 1
        while at <= #data do
            local length <const>, answer <const> = HEADER:unpack(data, at)
            if answer == DONE then return end
            assert(answer ~= ERROR, "the kernel refuses to answer")
            found(data:sub(1, at + length - 1), at + HEADER:packsize())
            at = at + (length + 3 & ~3)
        end
    end
end

-- The attributes behind the fixed part of a message: type to bytes.
local function attributes(data, at)
    local found <const> = {}
    while at < #data do
        local length <const>, kind <const> = ("=I2I2"):unpack(data, at)
        found[kind & 0x3fff] = data:sub(at + 4, at + length - 1)
        at = at + (length + 3 & ~3)
    end
    return found
end

local lines <const>, order <const> = {}, {}
ask(GETLINK, function(data, at)
    local _ <const>, index <const>, flags <const>, _ <const>, rest <const> =
        ("=xxI2i4I4I4"):unpack(data, at)
    local has <const> = attributes(data, rest)
    local mac <const> = (has[MAC] or ""):gsub(".", function(c)
        return (":%02x"):format(c:byte())
    end)
    order[#order + 1] = index
    lines[index] = ("%d %s %s mtu %d %s"):format(index, has[NAME]:match("^%Z+"),
        flags & 1 ~= 0 and "up" or "down", ("=I4"):unpack(has[MTU]), mac:sub(2))
end)
ask(GETADDR, function(data, at)
    local family <const>, bits <const>, index <const>, rest <const> = ("=BBxxI4"):unpack(data, at)
    local bytes <const> = attributes(data, rest)[ADDRESS]
    lines[index] = lines[index] .. ("\n    %s/%d"):format(socket.inet_ntop(family, bytes), bits)
end)
for _, index in ipairs(order) do print(lines[index]) end
