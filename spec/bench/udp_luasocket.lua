-- LuaSocket's side of udp.lua: CASE PORT, see udp_load.c.

local socket = require "socket"

local MANY, ROOM = 64, 2048

local cases = {}

function cases.echo(s)
    while true do
        local data, host, port = s:receivefrom(ROOM)
        s:sendto(data, host, port)
    end
end

function cases.sink(s, port)
    local got = 0
    while s:receive(ROOM) do
        got = got + 1
        if got % MANY == 0 then s:sendto("a", "127.0.0.1", port) end
    end
end

local s = assert(socket.udp4())
assert(s:sendto("a", "127.0.0.1", tonumber(arg[2])))
cases[arg[1]](s, tonumber(arg[2]))
