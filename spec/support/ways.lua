-- The two ways to receive a message of at most `size` bytes: functions that take a
-- socket, the size and what else recvmsg takes, and have recvmsg's results.

local socket <const> = require "tidewire.socket"

return {
    recvmsg = function(s, size, ...) return s:recvmsg(size, ...) end,
    recvmsg_into = function(s, size, ...)
        local buffer <const> = socket.buffer(size)
        local n <const>, ancdata <const>, flags <const>, from <const> =
            s:recvmsg_into({buffer}, ...)
        return n and buffer:sub(1, n), ancdata, flags, from
    end,
}
