-- Tidewire's side of transfer.lua, as a script would write it:
--     sendfile PORT FILE, or relay PORT PORT

local socket <const> = require "tidewire.socket"

local function reach(port)
    return assert(socket.create_connection {"127.0.0.1", tonumber(port)})
end

local case <const>, port <const>, where <const> = table.unpack(arg)
local s <close> = reach(port)
if case == "sendfile" then
    local file <close> = assert(io.open(where))
    assert(s:sendfile(file))
else
    local other <close> = reach(where)
    socket.relay(s, other)
end
