-- Pairs over loopback, and what is done with descriptors by number.

local socket <const> = require "tidewire.socket"
local check <const> = dofile "spec/support/fault/check.lua"

local function pair(kind)
    local a <close>, second <const> = check(socket.socketpair(socket.AF_INET, kind))
    local b <close> = second
    check(a:settimeout(5))
    check(b:settimeout(5))
    check(a:sendall("there"))
    check(b:sendall("back"))
    local parts <const> = {}
    repeat
        parts[#parts + 1] = check(b:recv(10))
    until #table.concat(parts) == 5
    assert(#check(a:recv(1)) == 1)
end

local function inheritance()
    local s <close> = check(socket.socket())
    check(s:set_inheritable(true))
    assert(check(s:get_inheritable()) == true)
    check(s:set_inheritable(0))
end

local function by_number()
    local s <close> = check(socket.socket())
    check(socket.close(s:detach()))
end

return function()
    pair(socket.SOCK_STREAM)
    pair(socket.SOCK_DGRAM)
    inheritance()
    by_number()
end
