-- sendall of so much that it is not copied, where that can be.

local socket <const> = require "tidewire.socket"
local check <const> = dofile "spec/support/fault/check.lua"

local DATA <const> = ("x"):rep(20000)

local function receive(s)
    local n = 0
    while n < #DATA do n = n + #check(s:recv(#DATA - n)) end
end

return function()
    local server <close> = check(socket.create_server {"127.0.0.1", 0})
    local a <close> = check(socket.create_connection(check(server:getsockname()), 5))
    local b <close> = check(server:accept())
    check(a:setoption("zerocopy", true))
    check(b:settimeout(5))
    assert(check(a:sendall(DATA, socket.MSG_ZEROCOPY)) == #DATA)
    receive(b)
end
