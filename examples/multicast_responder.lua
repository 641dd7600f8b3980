-- Answers who asks for servers in a multicast group: nobody needs to know where this
-- one is. By default it is found on this machine only.
--   some terminals:    lua5.4 examples/multicast_responder.lua [name [group [port [interface]]]]
--   another terminal:  lua5.4 examples/multicast_discover.lua [group [port [interface]]]

local socket <const> = require "tidewire.socket"

local NAME <const> = arg[1] or "a server of " .. socket.gethostname()
local GROUP <const> = arg[2] or "239.255.71.1"
local PORT <const> = assert(tonumber(arg[3] or 7100), "the port must be a number")
local INTERFACE <const> = arg[4] or "127.0.0.1" -- a name, such as eth0, or an address

io.stdout:setvbuf("line")

local responder <close> = assert(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
assert(responder:setoption("reuseaddr", true)) -- several may live on one machine
assert(responder:bind(GROUP, PORT)) -- hears nothing but what is sent to the group
assert(responder:join_group(GROUP, {interface = INTERFACE}))
print("listening on " .. tostring(responder:getsockname()))

-- Answers have an address of their own.
local answers <close> = assert(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))

while true do
    local question, who = assert(responder:recvfrom(1024))
    if question == "who is there?" then
        print("asked by " .. tostring(who))
        answers:sendto(NAME, who)
    end
end
