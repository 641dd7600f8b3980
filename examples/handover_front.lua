-- Accepts clients and hands each of them over to handover_worker.lua, another
-- process: what is passed is the connection itself, not what is sent over it.
--   first terminal:   lua5.4 examples/handover_worker.lua [name]
--   second terminal:  lua5.4 examples/handover_front.lua [host [port [name]]]

local socket <const> = require "tidewire.socket"

local HOST <const> = arg[1] or "127.0.0.1"
local PORT <const> = assert(tonumber(arg[2] or 8888), "the port must be a number")
local NAME <const> = arg[3] or "tidewire handover"

io.stdout:setvbuf("line")

local worker <close> = assert(socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET))
assert(worker:connect("\0" .. NAME))
local server <close> = assert(socket.create_server({HOST, PORT}))
print("listening on " .. tostring(server:getsockname()))

while true do
    local conn <close>, addr = assert(server:accept())
    assert(socket.send_fds(worker, {tostring(addr)}, {conn}))
    print("handed over " .. tostring(addr))
    -- Ours is closed now; the worker's is another one of the same connection.
end
