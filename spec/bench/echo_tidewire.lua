-- The echo server on Tidewire: a task per connection.

local socket = require "tidewire.socket"
local task = require "tidewire.task"

local BLOCK <const>, BACKLOG <const> = 4096, 4096

local function serve(accepted)
    local conn <close> = accepted
    while true do
        local data = conn:recv(BLOCK)
        if not data then return end
        conn:sendall(data)
    end
end

local server <const> = assert(socket.create_server({ "127.0.0.1", 0 }, { backlog = BACKLOG }))
io.write("port ", server:getsockname().port, "\n"):flush()
while true do
    task.spawn(serve, (assert(server:accept())))
end
