-- The web server made of raw sockets, without tasks: as long as a browser keeps its
-- connection open, the next one waits. To compare with web_responder.lua, which
-- differs in three lines.
--   lua5.4 examples/web_responder_plain.lua [host [port [patience]]]
--   and in a browser, or with curl: http://127.0.0.1:8080/

local socket <const> = require "tidewire.socket"
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
    local conn <const>, addr <const> = assert(server:accept())
    print(tostring(addr) .. " is visiting")
    handle_client(conn)
end
