-- The echo server: whatever a client sends comes back to it.
-- The simplest form, with no care for errors; see echo_checked_server.lua.
--   first terminal:   lua5.4 examples/echo_server.lua [host [port]]
--   second terminal:  lua5.4 examples/echo_client.lua [host [port]]

local socket <const> = require "tidewire.socket"

local HOST <const> = arg[1] or "127.0.0.1"
local PORT <const> = assert(tonumber(arg[2] or 8888), "the port must be a number")
local BUF_SIZE <const> = 1024

io.stdout:setvbuf("line")

local server <close> = assert(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
assert(server:setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1))
assert(server:bind({HOST, PORT}))
assert(server:listen(5))
print("listening on " .. tostring(server:getsockname()))

while true do
    local client <close>, client_addr = assert(server:accept())
    print("Connected by " .. tostring(client_addr))
    while true do
        local data = client:recv(BUF_SIZE)
        if not data then break end
        print(data)
        client:sendall(data)
    end
end
