-- Takes one message from each client that connects, prints it, and hangs up.
--   first terminal:   lua5.4 examples/oneshot_server.lua [host [port]]
--   second terminal:  lua5.4 examples/oneshot_client.lua [host [port]]

local socket <const> = require "tidewire.socket"

local HOST <const> = arg[1] or "" -- "" is every address of this machine
local PORT <const> = assert(tonumber(arg[2] or 9999), "the port must be a number")

io.stdout:setvbuf("line")

local server <close> = assert(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
assert(server:setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1))
assert(server:bind({HOST, PORT}))
assert(server:listen(5)) -- up to 5 clients may wait their turn
print("listening on " .. tostring(server:getsockname()))

while true do
    local conn <close>, addr = assert(server:accept()) -- waits for a client
    print(conn, addr)
    local data = conn:recv(512)
    print(("the message from %s is: %s"):format(addr.host, data or ""))
end
