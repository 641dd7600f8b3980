-- Connects, sends one message, and closes.
-- A Lua string is a string of bytes, so UTF-8 text goes out as it is.
--   first terminal:   lua5.4 examples/oneshot_server.lua [host [port]]
--   second terminal:  lua5.4 examples/oneshot_client.lua [host [port]]

local socket <const> = require "tidewire.socket"

local HOST <const> = arg[1] or "127.0.0.1"
local PORT <const> = assert(tonumber(arg[2] or 9999), "the port must be a number")

local client <close> = assert(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
assert(client:connect({HOST, PORT}))
assert(client:sendall("lua学习笔记"))
