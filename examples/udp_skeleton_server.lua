-- The skeleton of every UDP server: socket, bind, recvfrom/sendto, close.
-- This one sends each message back in capitals.
--   first terminal:   lua5.4 examples/udp_skeleton_server.lua [host [port]]
--   second terminal:  lua5.4 examples/udp_skeleton_client.lua [host [port]]

local socket <const> = require "tidewire.socket"

local HOST <const> = arg[1] or "127.0.0.1"
local PORT <const> = assert(tonumber(arg[2] or 9999), "the port must be a number")

io.stdout:setvbuf("line")

local ss <close> = assert(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
assert(ss:bind({HOST, PORT}))
print("listening on " .. tostring(ss:getsockname()))

while true do
    local data, addr = assert(ss:recvfrom(1024))
    ss:sendto(data:upper(), addr)
end
