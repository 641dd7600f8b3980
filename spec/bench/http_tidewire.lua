-- The HTTP server on Tidewire; with an argument, of that folder's files.

local http = require "tidewire.http"

collectgarbage "generational" -- what a request leaves behind dies young

local seen = 0

local function hello(req, res)
    seen = seen + #req.path + #req:header("user-agent")
    res:send("hello")
end

local server <const> = assert(http.server {
    port = 0,
    backlog = 4096,
    handler = arg[1] and http.files(arg[1]) or hello,
})
io.write("port ", server:getsockname().port, "\n"):flush()
server:run()
