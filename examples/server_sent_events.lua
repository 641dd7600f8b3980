-- Server-sent events: a page, and a clock that tells every browser that has it open
-- what time it is. Whoever closes the page is noticed by the second tick from then.
--   lua5.4 examples/server_sent_events.lua [host [port [seconds between two ticks]]]
--   and in some browsers: http://127.0.0.1:8080/, or curl -N http://127.0.0.1:8080/clock

local http <const> = require "tidewire.http"
local socket <const> = require "tidewire.socket"
local task <const> = require "tidewire.task"

local HOST <const> = arg[1] or "" -- "" is every address of this machine
local PORT <const> = assert(tonumber(arg[2] or 8080), "the port must be a number")
local PERIOD <const> = assert(tonumber(arg[3] or 1), "the seconds must be a number")

local watching = 0

local PAGE <const> = [[
<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>Clock</title>
<style>
body { margin: 0; min-height: 100vh; display: grid; place-content: center;
    text-align: center; font-family: system-ui, sans-serif; }
time { font-size: 18vw; font-variant-numeric: tabular-nums; }
</style>
<time id="clock">--:--:--</time>
<p id="watching" role="status">connecting</p>
<script>
"use strict";
const show = (id, text) => document.getElementById(id).textContent = text;
const events = new EventSource("clock"); // connects again by itself
events.onmessage = event => show("clock", event.data);
events.addEventListener("watching", event => show("watching", event.data));
events.onerror = () => show("watching", "connecting");
</script>
]]

-- A time, and how many there are to see it.
local function events()
    return ("data: %s\n\nevent: watching\ndata: %d watching\n\n")
        :format(os.date("%H:%M:%S"), watching)
end

local function clock(req, res)
    res:set("Content-Type", "text/event-stream")
    res:set("Cache-Control", "no-store")
    if req.method == "HEAD" then return res:send() end
    watching = watching + 1
    while res:write(events()) do
        task.sleep(PERIOD - socket.monotonic() % PERIOD) -- all of them at the same time
    end
    watching = watching - 1
end

local app <const> = http.router()
app:get("/", function(_, res) res:html(PAGE) end)
app:get("/clock", clock)

io.stdout:setvbuf("line")

local server <close> = assert(http.server{host = HOST, port = PORT, handler = app})
print("listening on " .. tostring(server:getsockname()))
server:run()
