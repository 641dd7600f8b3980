-- The skeleton of every UDP client: socket, sendto/recvfrom, close.
-- Sends each line of its standard input and prints what comes back.
--   first terminal:   lua5.4 examples/udp_skeleton_server.lua [host [port]]
--   second terminal:  lua5.4 examples/udp_skeleton_client.lua [host [port]]

local socket <const> = require "tidewire.socket"

local HOST <const> = arg[1] or "127.0.0.1"
local PORT <const> = assert(tonumber(arg[2] or 9999), "the port must be a number")

local cs <close> = assert(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
cs:settimeout(5) -- UDP may lose a message: wait for an answer, but not for ever

for line in io.lines() do
    assert(cs:sendto(line .. "\n", {HOST, PORT}))
    io.write((assert(cs:recvfrom(1024))))
    io.flush()
end
