-- Serves the files of a folder: to browsers, and to whoever goes on with a download
-- that broke off.
--   lua5.4 examples/files.lua [host [port [folder]]]
--   and in a browser, or with curl: http://127.0.0.1:8080/

local http <const> = require "tidewire.http"

local HOST <const> = arg[1] or "" -- "" is every address of this machine
local PORT <const> = assert(tonumber(arg[2] or 8080), "the port must be a number")
local FOLDER <const> = arg[3] or "."

io.stdout:setvbuf("line")

local function log(req, res, seconds)
    print(("%s %s %s %d, %d bytes in %.2f ms"):format(tostring(req.peer), req.method,
        req.target, res.status, res.bytes, seconds * 1000))
end

-- Whoever looks at a script wants to read it, not to download it.
local handler <const> = assert(http.files(FOLDER, {list = true,
    types = {lua = "text/plain; charset=utf-8"}}))

local server <close> = assert(http.server{host = HOST, port = PORT, log = log,
    handler = handler})
print("listening on " .. tostring(server:getsockname()))
server:run()
