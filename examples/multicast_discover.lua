-- Asks a multicast group who is there, and lists the answers of one second.
--   some terminals:    lua5.4 examples/multicast_responder.lua [name [group [port [interface]]]]
--   another terminal:  lua5.4 examples/multicast_discover.lua [group [port [interface]]]

local socket <const> = require "tidewire.socket"
local task <const> = require "tidewire.task"

local GROUP <const> = arg[1] or "239.255.71.1"
local PORT <const> = assert(tonumber(arg[2] or 7100), "the port must be a number")
local INTERFACE <const> = arg[3] or "127.0.0.1"

io.stdout:setvbuf("line")

local s <close> = assert(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
assert(s:multicast_interface(INTERFACE))
assert(s:setoption("multicast_ttl", 1)) -- no router passes it on
assert(s:sendto("who is there?", GROUP, PORT))

local found = 0
task.timeout(1, function()
    while true do
        local name, where = assert(s:recvfrom(1024))
        found = found + 1
        print(("found %s at %s"):format(name, where.host))
    end
end)
print(found == 0 and "nobody answers" or found .. " found")
