-- The skeleton of every TCP server: socket, bind, listen, accept, recv/send, close.
-- This one sends each message back in capitals.
--   first terminal:   lua5.4 examples/tcp_skeleton_server.lua [host [port]]
--   second terminal:  lua5.4 examples/tcp_skeleton_client.lua [host [port]]

local socket <const> = require "tidewire.socket"

local HOST <const> = arg[1] or "127.0.0.1"
local PORT <const> = assert(tonumber(arg[2] or 9999), "the port must be a number")

io.stdout:setvbuf("line")

local ss <close> = assert(socket.socket())
assert(ss:setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1))
assert(ss:bind({HOST, PORT}))
assert(ss:listen())
print("listening on " .. tostring(ss:getsockname()))

while true do
    local cs <close> = assert(ss:accept())
    while true do
        local data = cs:recv(1024)
        if not data then break end
        cs:sendall(data:upper())
    end
end
