-- A chat in turns: the client speaks, then the server's keyboard answers.
-- "byebye" from either side ends that chat; the next client can then come in.
--   first terminal:   lua5.4 examples/chat_server.lua [host [port]]
--   second terminal:  lua5.4 examples/chat_client.lua [host [port]]

local socket <const> = require "tidewire.socket"

local HOST <const> = arg[1] or "" -- "" is every address of this machine
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

local server <close> = assert(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
assert(server:setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1))
assert(server:bind({HOST, PORT}))
assert(server:listen(5))
print("listening on " .. tostring(server:getsockname()))

while true do
    local conn <close>, addr = assert(server:accept())
    while true do -- one chat; when it ends, the server goes on
        local data = conn:recv(512)
        if not data then break end
        print("the client says: " .. data)
        if data == "byebye" then break end
        local msg = input("server input: ")
        if not msg then return end -- no more keyboard
        conn:sendall(msg)
        if msg == "byebye" then break end
    end
    print(tostring(addr) .. " has left!")
end
