-- The echo server over UDP: no connection, every message carries its address.
--   first terminal:   lua5.4 examples/udp_echo_server.lua [host [port]]
--   second terminal:  lua5.4 examples/udp_echo_client.lua [host [port]]

local socket <const> = require "tidewire.socket"

local HOST <const> = arg[1] or "127.0.0.1"
local PORT <const> = assert(tonumber(arg[2] or 8888), "the port must be a number")
local BUF_SIZE <const> = 1024

io.stdout:setvbuf("line")

local server <close> = assert(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
assert(server:bind({HOST, PORT}))
print("listening on " .. tostring(server:getsockname()))

while true do
    print("waiting for data")
    local data, client_addr = assert(server:recvfrom(BUF_SIZE))
    print("Connected by " .. tostring(client_addr) .. " Receive Data : " .. data)
    server:sendto(data, client_addr)
end
