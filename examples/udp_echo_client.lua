-- Sends each line you type to the UDP echo server and prints what comes back.
--   first terminal:   lua5.4 examples/udp_echo_server.lua [host [port]]
--   second terminal:  lua5.4 examples/udp_echo_client.lua [host [port]]

local socket <const> = require "tidewire.socket"

local HOST <const> = arg[1] or "127.0.0.1"
local PORT <const> = assert(tonumber(arg[2] or 8888), "the port must be a number")
local BUF_SIZE <const> = 1024

io.stdout:setvbuf("no") -- so that the prompt shows at once

local client <close> = assert(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
client:settimeout(5) -- UDP may lose a message: wait for an answer, but not for ever

while true do
    io.write("Please Input data > ")
    local data = io.read()
    if not data then break end
    assert(client:sendto(data, {HOST, PORT}))
    data = assert(client:recvfrom(BUF_SIZE))
    print("Data : " .. data)
end
