-- A chat room: everybody hears what the others say. /who tells who is here, /quit
-- leaves. Each visitor has a channel of lines and a task that sends them, so that
-- nobody waits for one who reads slowly. What happens in the room: lib/room.lua.
--   first terminal:   lua5.4 examples/chat_room.lua [host [port]]
--   the others:       lua5.4 examples/task_chat_client.lua [host [port]],
--                     or telnet 127.0.0.1 9999, or nc 127.0.0.1 9999

local socket <const> = require "tidewire.socket"
local task <const> = require "tidewire.task"
local room <const> = dofile((arg[0]:match("^(.*/)") or "./") .. "lib/room.lua")

local HOST <const> = arg[1] or "" -- "" is every address of this machine
local PORT <const> = assert(tonumber(arg[2] or 9999), "the port must be a number")
local MAX_BEHIND <const> = 100 -- lines that somebody has still to read
local PATIENCE <const> = 10 -- seconds for somebody to take one of them

io.stdout:setvbuf("line")

local function say(conn, line)
    return task.timeout(PATIENCE, conn.sendall, conn, line .. "\n")
end

local function send_lines(conn, lines)
    for line in lines do
        if not say(conn, line) then break end
    end
    conn:shutdown(socket.SHUT_RD) -- so that the task that listens ends, too
end

local function serve(client)
    local conn <close> = client
    local lines <close> = task.channel(MAX_BEHIND)
    local sender <const> = task.spawn(send_lines, conn, lines)
    local bye <const> = room.visit(conn:makefile(), lines)
    lines:close() -- what it still holds is sent
    sender:join()
    say(conn, bye)
end

local server <close> = assert(socket.create_server({HOST, PORT}))
print("listening on " .. tostring(server:getsockname()))

while true do
    local conn <const>, message <const> = server:accept()
    if conn then
        task.spawn(serve, conn)
    else
        print(message) -- too many open files, perhaps: better luck later
        task.sleep(0.1)
    end
end
