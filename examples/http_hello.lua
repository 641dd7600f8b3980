-- The responder: says hello to whatever is asked for.
--   lua5.4 examples/http_hello.lua [host [port]]
--   and in a browser, or with curl: http://127.0.0.1:8080/you

local http <const> = require "tidewire.http"

local PORT <const> = assert(tonumber(arg[2] or 8080), "the port must be a number")

local server <close> = assert(http.server{host = arg[1] or "", port = PORT,
    handler = function(req, res) res:send("hello " .. req.path .. "\n") end})
print("listening on " .. tostring(server:getsockname()))
io.stdout:flush()
server:run()
