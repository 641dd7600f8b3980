-- The visitors of a room (lib/room.lua) that come by TCP and say lines: telnet, nc,
-- task_chat_client.lua.

local socket <const> = require "tidewire.socket"
local task <const> = require "tidewire.task"

local telnet <const> = {}

-- The next line; false for one that is too long; nil after the last.
local function read_line(stream, limit)
    local skipped = false
    while true do
        local line <const>, _, code <const> = stream:read_until("\n", limit)
        if line then return not skipped and line end
        if code ~= "EMSGSIZE" then return nil end
        skipped = stream:read(limit) ~= nil
    end
end

local function serve(client, room)
    local conn <close> = client
    local stream <const> = conn:makefile()
    room.visit{
        read = function() return read_line(stream, room.MAX_LINE) end,
        say = function(line) return conn:sendall(line .. "\n") end,
        drop = function() conn:shutdown(socket.SHUT_RD) end,
    }
end

--- Lets whoever connects to the server visit the room; for ever.
function telnet.serve(server, room)
    while true do
        local conn <const>, message <const> = server:accept()
        if conn then
            task.spawn(serve, conn, room)
        else
            print(message) -- too many open files, perhaps: better luck later
            task.sleep(0.1)
        end
    end
end

return telnet
