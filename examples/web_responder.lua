-- The web server made of raw sockets, for many browsers at once: a task for each
-- connection, as gevent has it. What is said to a browser: lib/web.lua. The same
-- without tasks: web_responder_plain.lua.
--   lua5.4 examples/web_responder.lua [host [port [patience]]]
--   and in a browser, or with curl: http://127.0.0.1:8080/

local socket <const> = require "tidewire.socket"
local task <const> = require "tidewire.task"
local web <const> = dofile((arg[0]:match("^(.*/)") or "./") .. "lib/web.lua")

local HOST <const> = arg[1] or "" -- "" is every address of this machine
local PORT <const> = assert(tonumber(arg[2] or 8080), "the port must be a number")
local PATIENCE <const> = tonumber(arg[3] or 10) -- seconds for a request to arrive

io.stdout:setvbuf("line")

local function handle_client(client)
    local conn <close> = client
    web.serve(conn, PATIENCE)
end

local server <close> = assert(socket.create_server({HOST, PORT}))
print("listening on " .. tostring(server:getsockname()))

while true do
    local conn <const>, addr <const> = server:accept()
    if conn then
        print(tostring(addr) .. " is visiting")
        task.spawn(handle_client, conn)
    else
        print(addr) -- the reason: too many open files, perhaps
        task.sleep(0.1)
    end
end
