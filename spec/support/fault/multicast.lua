-- Groups joined and left on loopback, the interface given in each way.

local socket <const> = require "tidewire.socket"
local check <const> = dofile "spec/support/fault/check.lua"

local function member(family, group, host)
    local s <close> = check(socket.socket(family, socket.SOCK_DGRAM))
    check(s:join_group(group, {interface = "lo"}))
    check(s:block_source(group, {interface = host, source = host}))
    check(s:unblock_source(group, {interface = "lo", source = host}))
    check(s:leave_group(group, {interface = socket.address(host, 0)}))
    check(s:multicast_interface(host))
    local ok <const>, _, code <const> = s:join_group(host)
    assert(not ok and code == "EINVAL")
    assert(not pcall(s.join_group, s, group, {interfaces = "lo"}))
end

return function()
    member(socket.AF_INET, "239.255.7.8", "127.0.0.1")
    member(socket.AF_INET6, "ff02::7:8", "::1")
end
