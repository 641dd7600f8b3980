-- The echo client with error handling at every step: a call that fails returns
-- nil, a message for people, and a code for programs.
--   first terminal:   lua5.4 examples/echo_checked_server.lua [host [port]]
--   second terminal:  lua5.4 examples/echo_checked_client.lua [host [port]]

local socket <const> = require "tidewire.socket"

local HOST <const> = arg[1] or "127.0.0.1"
local PORT <const> = math.tointeger(tonumber(arg[2] or 8888))
local BUF_SIZE <const> = 1024

io.stdout:setvbuf("no") -- so that the prompt shows at once

-- Passes on what a step returned, or says what failed and ends the program.
local function check(step, result, message, code)
    if not result then
        print(("%s failure. Error code: %s Message: %s"):format(step, code, message))
        os.exit(1, true)
    end
    return result
end

check("Reading the port", PORT, "the port must be a number", "EINVAL")
local client <close> = check("Creating socket",
    socket.socket(socket.AF_INET, socket.SOCK_STREAM))
check("Connecting", client:connect({HOST, PORT}))

while true do
    io.write("Please input some string > ")
    local line = io.read()
    if not line then break end
    if line == "" then
        print("input can't be empty, please input again..")
    else
        check("Send", client:sendall(line))
        print(check("Receive", client:recv(BUF_SIZE)))
    end
end
