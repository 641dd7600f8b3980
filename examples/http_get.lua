-- Gets what a URL names, and writes it to the standard output as it comes, however
-- much it is. The status is 1 if there was nothing to get, and standard error says why.
--   lua5.4 examples/http_get.lua [url]

local http <const> = require "tidewire.http"

local URL <const> = arg[1] or "http://127.0.0.1:8080/"

io.stdout:setvbuf("no")

local function fail(message)
    io.stderr:write("http_get: ", message, "\n")
    os.exit(1, true)
end

local response <const>, message <const> = http.get(URL, {stream = true})
if not response then fail(message) end

local piece, problem, code = response:read()
while piece do
    io.write(piece)
    piece, problem, code = response:read()
end
if code ~= "eof" then fail(problem) end
if response.status >= 400 then fail(response.status .. " " .. response.reason) end
