-- Answers clients that another process has accepted: their connections arrive as
-- descriptors, over a socket of this machine. Start it before handover_front.lua.
--   first terminal:   lua5.4 examples/handover_worker.lua [name]
--   second terminal:  lua5.4 examples/handover_front.lua [host [port [name]]]
--   clients:          lua5.4 examples/task_chat_client.lua 127.0.0.1 8888

local socket <const> = require "tidewire.socket"
local task <const> = require "tidewire.task"

local NAME <const> = arg[1] or "tidewire handover"

io.stdout:setvbuf("line")

local listener <close> = assert(socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET))
assert(listener:bind("\0" .. NAME))
assert(listener:listen())
print("listening on " .. tostring(listener:getsockname()))

local function serve(fd, who)
    local conn <close> = assert(socket.socket {fileno = fd})
    print("got descriptor " .. fd .. " from " .. who)
    for line in conn:makefile():lines() do
        print("answering: " .. line)
        conn:sendall(line:upper() .. "\n")
    end
end

while true do
    local front <close> = assert(listener:accept())
    while true do
        -- Descriptors always come with some data; here it says who the client is.
        local who <const>, fds = socket.recv_fds(front, 1024, 1)
        if not who then break end
        if fds[1] then task.spawn(serve, fds[1], who) end
    end
end
