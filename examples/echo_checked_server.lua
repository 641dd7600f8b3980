-- The echo server with error handling at every step: a call that fails returns
-- nil, a message for people, and a code for programs.
--   first terminal:   lua5.4 examples/echo_checked_server.lua [host [port]]
--   second terminal:  lua5.4 examples/echo_checked_client.lua [host [port]]

local socket <const> = require "tidewire.socket"

local HOST <const> = arg[1] or "127.0.0.1"
local PORT <const> = math.tointeger(tonumber(arg[2] or 8888))
local BUF_SIZE <const> = 1024

io.stdout:setvbuf("line")

local function failed(step, message, code)
    print(("%s failure. Error code: %s Message: %s"):format(step, code, message))
end

-- Passes on what a step returned, or says what failed and ends the program.
local function check(step, result, message, code)
    if not result then
        failed(step, message, code)
        os.exit(1, true)
    end
    return result, message
end

-- Sends back everything the client sends, until it leaves or something breaks.
local function serve(client)
    while true do
        local data, message, code = client:recv(BUF_SIZE)
        if code == "eof" then return print("the client has left") end
        if not data then return failed("Receive", message, code) end
        print(data)
        local sent
        sent, message, code = client:sendall(data)
        if not sent then return failed("Send", message, code) end
    end
end

check("Reading the port", PORT, "the port must be a number", "EINVAL")
local server <close> = check("Creating socket",
    socket.socket(socket.AF_INET, socket.SOCK_STREAM))
print("Socket created!")
check("Setting option", server:setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1))
check("Binding", server:bind({HOST, PORT}))
print("Socket bind!")
check("Listening", server:listen(5))
print("listening on " .. tostring(check("Reading name", server:getsockname())))

while true do
    local client <close>, client_addr = check("Accepting", server:accept())
    print("Connected by " .. tostring(client_addr))
    serve(client) -- an error here ends this client, not the server
end
