-- Talks to the time server: type a line, see it come back with the time.
-- Type "exit" to end both sides; an empty line ends only this one.
--   first terminal:   lua5.4 examples/time_server.lua [host [port]]
--   second terminal:  lua5.4 examples/time_client.lua [host [port]]

local socket <const> = require "tidewire.socket"

local HOST <const> = arg[1] or "127.0.0.1"
local PORT <const> = assert(tonumber(arg[2] or 9999), "the port must be a number")
local BUFSIZE <const> = 1024

io.stdout:setvbuf("no") -- so that the prompt shows at once

local client <close> = assert(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
assert(client:connect({HOST, PORT}))

while true do
    io.write("> ")
    local data = io.read()
    if not data or data == "" then break end
    assert(client:sendall(data))
    data = client:recv(BUFSIZE)
    if not data then break end
    print(HOST .. " say: " .. data)
    if data == "see you again" then break end
end
