-- Two sockets of SOCK_SEQPACKET: connected like a stream, but every packet arrives
-- as it was sent, also an empty one. One task asks, the other answers.
--   lua5.4 examples/seqpacket_pair.lua [packet ...]

local socket <const> = require "tidewire.socket"
local task <const> = require "tidewire.task"

local PACKETS <const> = #arg > 0 and arg or {"first", "", "a third packet"}

local asking, answering = assert(socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET))

local worker <const> = task.spawn(function()
    local conn <close> = answering
    while true do
        local packet <const>, message <const>, code <const> = conn:recv(1024)
        if not packet then
            return assert(code == "eof" and message, message)
        end
        assert(conn:send(("%d bytes: %s"):format(#packet, packet)))
    end
end)

do
    local conn <close> = asking
    for _, packet in ipairs(PACKETS) do
        assert(conn:send(packet)) -- all of them before the first answer
    end
    for _ in ipairs(PACKETS) do
        print((assert(conn:recv(1024))))
    end
end
print("the other side says: " .. worker:join())
