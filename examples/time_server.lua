-- The time server: answers every message with the time and the message itself.
-- "exit" is answered with a farewell, and both sides end.
--   first terminal:   lua5.4 examples/time_server.lua [host [port]]
--   second terminal:  lua5.4 examples/time_client.lua [host [port]]

local socket <const> = require "tidewire.socket"

local HOST <const> = arg[1] or "" -- "" is every address of this machine
local PORT <const> = assert(tonumber(arg[2] or 9999), "the port must be a number")
local BUFSIZE <const> = 1024

io.stdout:setvbuf("line")

local server <close> = assert(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
assert(server:setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1))
assert(server:bind({HOST, PORT}))
assert(server:listen(5))
print("listening on " .. tostring(server:getsockname()))

while true do
    print("waiting for connection ...")
    local conn <close>, addr = assert(server:accept())
    print("... connected from " .. tostring(addr))
    while true do
        local data = conn:recv(BUFSIZE)
        if not data then break end
        data = data:gsub("%s+$", "") -- a line, as telnet would send it too
        if data == "exit" then
            conn:sendall("see you again")
            return -- <close> closes both sockets
        end
        conn:sendall("[" .. os.date("%c") .. "], " .. data)
        print("[" .. os.date("%c") .. "] : " .. data)
    end
end
