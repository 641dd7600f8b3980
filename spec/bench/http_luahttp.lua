-- The HTTP server on lua-http, of which Debian has none for Lua 5.4: in Lua 5.1.

local http_server = require "http.server"
local http_headers = require "http.headers"

local seen = 0

local server = assert(http_server.listen {
    host = "127.0.0.1",
    port = 0,
    max_concurrent = math.huge,
    onstream = function(_, stream)
        local req = assert(stream:get_headers())
        seen = seen + #req:get(":path") + #req:get("user-agent")
        local res = http_headers.new()
        res:append(":status", "200")
        res:append("content-length", "5")
        assert(stream:write_headers(res, false))
        assert(stream:write_chunk("hello", true))
    end,
    onerror = function() end, -- clients that leave
})
assert(server:listen())
local _, _, port = server:localname()
io.write("port ", port, "\n")
io.flush()
assert(server:loop())
