-- The echo server on cqueues. It listens with the system's largest backlog.

local cqueues = require "cqueues"
local socket = require "cqueues.socket"

local BLOCK <const> = 4096

local function serve(conn)
    conn:onerror(function(_, _, code) return code end) -- returned, not raised
    conn:setmode("bn", "bn")
    while true do
        local data = conn:read(-BLOCK) -- up to so many, at least one
        if not data or not conn:write(data) then break end
    end
    conn:close()
end

local queue <const> = cqueues.new()
local server <const> = assert(socket.listen("127.0.0.1", 0))
assert(server:listen())
local _, _, port = server:localname()
io.write("port ", port, "\n"):flush()
queue:wrap(function()
    for conn in server:clients() do
        queue:wrap(serve, conn)
    end
end)
assert(queue:loop())
