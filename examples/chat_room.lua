-- A chat room: everybody hears what the others say. /who tells who is here, /quit
-- leaves. What happens in the room: lib/room.lua; who comes: lib/telnet.lua. The
-- same with a page for browsers: web_chat.lua.
--   first terminal:   lua5.4 examples/chat_room.lua [host [port]]
--   the others:       lua5.4 examples/task_chat_client.lua [host [port]],
--                     or telnet 127.0.0.1 9999, or nc 127.0.0.1 9999

local socket <const> = require "tidewire.socket"
local HERE <const> = arg[0]:match("^(.*/)") or "./"
local room <const> = dofile(HERE .. "lib/room.lua")
local telnet <const> = dofile(HERE .. "lib/telnet.lua")

local HOST <const> = arg[1] or "" -- "" is every address of this machine
local PORT <const> = assert(tonumber(arg[2] or 9999), "the port must be a number")

io.stdout:setvbuf("line")

local server <close> = assert(socket.create_server({HOST, PORT}))
print("listening on " .. tostring(server:getsockname()))
telnet.serve(server, room)
