-- The WebSocket server on Tidewire. It echoes, or passes each message on to
-- everybody.

local http = require "tidewire.http"
local websocket = require "tidewire.websocket"

local function echo(ws)
    for data, kind in ws:messages() do ws:send(data, kind) end
end

local all <const> = {}

local function broadcast(ws)
    all[ws] = true
    for data, kind in ws:messages() do websocket.broadcast(all, data, kind) end
    all[ws] = nil
end

local serve <const> = arg[1] == "broadcast" and broadcast or echo

local server <const> = assert(http.server {
    port = 0,
    backlog = 4096,
    handler = function(req, res)
        local ws <const> = websocket.accept(req, res)
        if ws then serve(ws) end
    end,
})
io.write("port ", server:getsockname().port, "\n"):flush()
server:run()
