-- The skeleton of every TCP client: socket, connect, send/recv, close.
-- Sends each line of its standard input and prints what comes back.
--   first terminal:   lua5.4 examples/tcp_skeleton_server.lua [host [port]]
--   second terminal:  lua5.4 examples/tcp_skeleton_client.lua [host [port]]

local socket <const> = require "tidewire.socket"

local HOST <const> = arg[1] or "127.0.0.1"
local PORT <const> = assert(tonumber(arg[2] or 9999), "the port must be a number")

local cs <close> = assert(socket.socket())
assert(cs:connect({HOST, PORT}))

for line in io.lines() do
    assert(cs:sendall(line .. "\n"))
    io.write(assert(cs:recv(1024)))
    io.flush()
end
