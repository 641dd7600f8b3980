-- The echo server on Copas. Debian has Copas for Lua 5.1 only, so this file
-- keeps to what 5.1 and 5.4 have in common.

local copas = require "copas"
local socket = require "socket"

local BLOCK, BACKLOG = 4096, 4096

local function serve(conn)
    while true do
        local data, _, part = copas.receivePartial(conn, BLOCK)
        data = data or part
        if not data or data == "" then return end
        copas.send(conn, data)
    end
end

local server = assert(socket.bind("127.0.0.1", 0, BACKLOG))
local _, port = server:getsockname()
io.write("port ", port, "\n")
io.flush()
copas.addserver(server, serve)
copas.loop()
