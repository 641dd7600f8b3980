-- "hello" / "hi": talks to hello_server.lua until the input ends, or the server
-- does. `<close>` does what `with` does in Python.
--   first terminal:   lua5.4 examples/hello_server.lua [host [port]]
--   second terminal:  lua5.4 examples/hello_client.lua [host [port]]

local socket <const> = require "tidewire.socket"

local HOST <const> = arg[1] or "127.0.0.1"
local PORT <const> = assert(tonumber(arg[2] or 2345), "the port must be a number")

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
    local msg = input("client: ")
    if not msg then return end
    assert(client:sendall(msg))
    local data = client:recv(1024)
    if not data then break end
    print("server: " .. data)
end
print("server crash")
