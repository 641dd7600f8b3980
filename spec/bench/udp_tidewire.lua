-- Tidewire's side of udp.lua, as a script would write it: CASE PORT, see
-- udp_load.c.

local socket <const> = require "tidewire.socket"

local MANY <const>, ROOM <const> = 64, 2048

local cases = {}

function cases.echo(s)
    while true do
        local data <const>, from <const> = s:recvfrom(ROOM)
        s:sendto(data, from)
    end
end

function cases.sink(s, load)
    local got = 0
    while s:recv(ROOM) do
        got = got + 1
        if got % MANY == 0 then s:sendto("a", load) end
    end
end

function cases.echo64(s)
    local batch <const> = socket.batch(MANY, ROOM)
    while s:recvmany(batch) do
        s:sendmany(batch)
    end
end

function cases.sink64(s, load)
    local batch <const>, got = socket.batch(MANY, ROOM), 0
    while true do
        got = got + s:recvmany(batch)
        while got >= MANY do
            s:sendto("a", load)
            got = got - MANY
        end
    end
end

local s <close> = assert(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
local load <const> = assert(socket.address("127.0.0.1", tonumber(arg[2])))
assert(s:sendto("a", load))
cases[arg[1]](s, load)
