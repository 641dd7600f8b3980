-- Sends each line you type to the server of datagrams, and prints what comes back.
--   first terminal:   lua5.4 examples/unix_datagram_server.lua [name]
--   second terminal:  lua5.4 examples/unix_datagram_client.lua [name]

local socket <const> = require "tidewire.socket"

local NAME <const> = arg[1] or "tidewire datagrams"

io.stdout:setvbuf("line")

local client <close> = assert(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
client:settimeout(5)
assert(client:bind("")) -- no name: the system finds one, so that we can be answered
assert(client:connect("\0" .. NAME)) -- nothing is sent, but send needs no address now

for line in io.lines() do
    assert(client:send(line))
    print(assert(client:recv(1024)))
end
