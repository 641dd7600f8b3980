-- "hello" / "hi": the server's keyboard answers each message, for as long as the
-- client stays. `<close>` does what `with` does in Python, so a client that
-- vanishes is closed and the next one is served.
--   first terminal:   lua5.4 examples/hello_server.lua [host [port]]
--   second terminal:  lua5.4 examples/hello_client.lua [host [port]]

local socket <const> = require "tidewire.socket"

local HOST <const> = arg[1] or "" -- "" is every address of this machine
local PORT <const> = assert(tonumber(arg[2] or 2345), "the port must be a number")
local BUFSIZE <const> = 1024

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
    print("waiting for connect!!")
    local client <close>, addr = assert(server:accept())
    print("the client: " .. tostring(addr) .. " is connecting")
    while true do
        local data = client:recv(BUFSIZE)
        if not data then break end -- the client has left, or crashed
        print("client: " .. data)
        local msg = input("server: ")
        if not msg then return end -- no more keyboard
        client:sendall(msg) -- if the client is gone, the next recv says so
    end
    print("client " .. tostring(addr) .. " exit!")
end
