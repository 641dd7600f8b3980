-- The chat with two threads, as two tasks: one side may say as much as it likes
-- without waiting for the other. One task reads the keyboard, one the network.
-- When the client leaves, the next one can come, unless the input has ended.
--   first terminal:   lua5.4 examples/task_chat_server.lua [host [port]]
--   second terminal:  lua5.4 examples/task_chat_client.lua [host [port]]

local socket <const> = require "tidewire.socket"
local stdio <const> = require "tidewire.stdio"
local task <const> = require "tidewire.task"

local HOST <const> = arg[1] or "" -- "" is every address of this machine
local PORT <const> = assert(tonumber(arg[2] or 9999), "the port must be a number")

io.stdout:setvbuf("line")

local typing = true -- until the end of the keyboard's input

-- Sends what is typed; at its end, tells the other side that no more will come.
local function send_messages(sock)
    for line in stdio.stdin:lines() do
        if not sock:sendall(line .. "\n") then return end
    end
    typing = false
    sock:shutdown(socket.SHUT_WR)
end

-- Prints what the other side says, until it leaves.
local function receive_messages(sock)
    local stream <const> = sock:makefile()
    local line = stream:read()
    while line do
        print("the client says: " .. line)
        line = stream:read()
    end
end

local server <close> = assert(socket.create_server({HOST, PORT}))
print("listening on " .. tostring(server:getsockname()))

while typing do
    local conn <close>, addr = assert(server:accept())
    print(tostring(addr) .. " has come")
    local sender <const> = task.spawn(send_messages, conn)
    local receiver <const> = task.spawn(receive_messages, conn)
    receiver:join()
    sender:cancel() -- it waits for the keyboard, for a client who is gone
    sender:join()
    print(tostring(addr) .. " has left!")
end
