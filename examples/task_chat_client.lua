-- The chat with two threads, as two tasks: one side may say as much as it likes
-- without waiting for the other. One task reads the keyboard, one the network.
-- It is over when the server leaves; the end of the input asks it to.
--   first terminal:   lua5.4 examples/task_chat_server.lua [host [port]]
--   second terminal:  lua5.4 examples/task_chat_client.lua [host [port]]

local socket <const> = require "tidewire.socket"
local stdio <const> = require "tidewire.stdio"
local task <const> = require "tidewire.task"

local HOST <const> = arg[1] or "127.0.0.1"
local PORT <const> = assert(tonumber(arg[2] or 9999), "the port must be a number")

io.stdout:setvbuf("line")

-- Sends what is typed; at its end, tells the other side that no more will come.
local function send_messages(sock)
    for line in stdio.stdin:lines() do
        if not sock:sendall(line .. "\n") then return end
    end
    sock:shutdown(socket.SHUT_WR)
end

-- Prints what the other side says, until it leaves.
local function receive_messages(sock)
    local stream <const> = sock:makefile()
    local line = stream:read()
    while line do
        print(line)
        line = stream:read()
    end
end

local client <close> = assert(socket.create_connection({HOST, PORT}))
task.spawn(send_messages, client)
local receiver <const> = task.spawn(receive_messages, client)
receiver:join() -- the other task ends with the script
