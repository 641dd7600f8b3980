-- A port forwarder: whoever connects to the first port is connected with the
-- second, and everything is passed on both ways until both have said their last.
--   lua5.4 examples/forwarder.lua [listen_port [host [port]]]
-- In front of the echo server, say:
--   lua5.4 examples/echo_server.lua;  lua5.4 examples/forwarder.lua 7777 127.0.0.1 8888

local socket <const> = require "tidewire.socket"
local task <const> = require "tidewire.task"

local LISTEN_PORT <const> = assert(tonumber(arg[1] or 7777), "the port must be a number")
local HOST <const> = arg[2] or "127.0.0.1"
local PORT <const> = assert(tonumber(arg[3] or 8888), "the port must be a number")

io.stdout:setvbuf("line")

local function forward(client, addr)
    local conn <close> = client
    local target <close>, message = socket.create_connection({HOST, PORT}, 10)
    if not target then return print(message) end
    target:settimeout(nil) -- the 10 seconds were for connecting
    local sent, why, _, sent_before, got_before = socket.relay(conn, target)
    if sent then
        print(("%s: %d bytes there, %d back"):format(addr, sent, why))
    else
        print(("%s: %s after %d bytes there, %d back"):format(addr, why, sent_before, got_before))
    end
end

local server <close> = assert(socket.create_server({"127.0.0.1", LISTEN_PORT}))
print("listening on " .. tostring(server:getsockname()))

while true do
    local conn <const>, addr <const> = server:accept()
    if conn then
        task.spawn(forward, conn, addr)
    else
        print(addr) -- the reason: too many open files, perhaps
        task.sleep(0.1)
    end
end
