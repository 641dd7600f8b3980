-- Datagrams between processes of one machine: the server has a name, and so has
-- each client, or nobody could answer it. The names are in the abstract namespace,
-- where no file is left behind.
--   first terminal:   lua5.4 examples/unix_datagram_server.lua [name]
--   second terminal:  lua5.4 examples/unix_datagram_client.lua [name]

local socket <const> = require "tidewire.socket"

local NAME <const> = arg[1] or "tidewire datagrams"

io.stdout:setvbuf("line")

local server <close> = assert(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
assert(server:bind("\0" .. NAME)) -- a name that begins with NUL is no path
print("listening on " .. tostring(server:getsockname()))

while true do
    local data, client = assert(server:recvfrom(1024))
    print(("%s says: %s"):format(client, data))
    if client then
        server:sendto(data:reverse(), client)
    end
end
