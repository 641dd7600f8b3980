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

-- What is no URL at all raises, as any wrong argument does.
local ok <const>, response <const>, message <const> = pcall(http.get, URL, {stream = true})
if not ok or not response then fail(message or response) end

local piece, problem, code = response:read()
while piece do
    io.write(piece)
    piece, problem, code = response:read()
end
if code ~= "eof" then fail(problem) end
if response.status >= 400 then fail(response.status .. " " .. response.reason) end
