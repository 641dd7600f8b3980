-- A chat in turns: say something, then wait for the server's answer.
-- "byebye" from either side ends the chat.
--   first terminal:   lua5.4 examples/chat_server.lua [host [port]]
--   second terminal:  lua5.4 examples/chat_client.lua [host [port]]

local socket <const> = require "tidewire.socket"

local HOST <const> = arg[1] or "127.0.0.1"
local PORT <const> = assert(tonumber(arg[2] or 9999), "the port must be a number")

io.stdout:setvbuf("no") -- so that the prompt shows at once

-- Asks until something is typed: an empty message would send nothing at all.
local function input(prompt)
    local line
    repeat
        io.write(prompt)
        line = io.read()
    until line ~= ""
    return line
end

local client <close> = assert(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
assert(client:connect({HOST, PORT}))

while true do
    local msg = input("client input: ")
    if not msg then break end
    assert(client:sendall(msg))
    if msg == "byebye" then break end
    local data = client:recv(512)
    if not data then break end
    print("the server says: " .. data)
    if data == "byebye" then break end
end
