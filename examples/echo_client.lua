-- Sends each line you type to the echo server and prints what comes back.
-- An empty line, or the end of the input, ends it.
--   first terminal:   lua5.4 examples/echo_server.lua [host [port]]
--   second terminal:  lua5.4 examples/echo_client.lua [host [port]]

local socket <const> = require "tidewire.socket"

local HOST <const> = arg[1] or "127.0.0.1"
local PORT <const> = assert(tonumber(arg[2] or 8888), "the port must be a number")
local BUF_SIZE <const> = 1024

io.stdout:setvbuf("no") -- so that the prompt shows at once

local client <close> = assert(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
assert(client:connect({HOST, PORT}))

while true do
    io.write("Please input some string > ")
    local data = io.read()
    if not data or data == "" then break end
    assert(client:sendall(data))
    data = client:recv(BUF_SIZE)
    if not data then break end
    print(data)
end
