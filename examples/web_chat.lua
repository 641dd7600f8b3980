-- The chat room for browsers: a page, and a WebSocket for each that has it open. Who
-- prefers a terminal comes in by another port, as in chat_room.lua: it is one room.
--   lua5.4 examples/web_chat.lua [host [port [port for terminals]]]
--   and in some browsers: http://127.0.0.1:8080/
--   and in a terminal: telnet 127.0.0.1 9999, or nc, or examples/task_chat_client.lua

local http <const> = require "tidewire.http"
local socket <const> = require "tidewire.socket"
local task <const> = require "tidewire.task"
local websocket <const> = require "tidewire.websocket"
local HERE <const> = arg[0]:match("^(.*/)") or "./"
local room <const> = dofile(HERE .. "lib/room.lua")
local telnet <const> = dofile(HERE .. "lib/telnet.lua")

local HOST <const> = arg[1] or "" -- "" is every address of this machine
local PORT <const> = assert(tonumber(arg[2] or 8080), "the port must be a number")
local TERMINALS <const> = assert(tonumber(arg[3] or 9999), "the port must be a number")

-- The page needs nothing but what it holds, and what comes over its WebSocket.
local POLICY <const> = "default-src 'none'; style-src 'unsafe-inline'; "
    .. "script-src 'unsafe-inline'; img-src data:; connect-src 'self'"

io.stdout:setvbuf("line")

local function page(_, res)
    local file <close> = assert(io.open(HERE .. "web/chat.html"))
    res:set("Content-Security-Policy", POLICY)
    res:html(file:read("a"))
end

local function chat(req, res)
    local ws <close> = websocket.accept(req, res, {max_message = 16 * room.MAX_LINE})
    if not ws then return end -- it has been told why
    room.visit{
        read = function()
            local line <const> = ws:receive()
            return line and #line < room.MAX_LINE and line
        end,
        say = function(line) return ws:send(line) end,
        drop = function() ws:close(1008, "you read too slowly") end,
    }
end

local app <const> = http.router()
app:get("/", page)
app:get("/chat", chat)

local terminals <close> = assert(socket.create_server({HOST, TERMINALS}))
print("for terminals: " .. tostring(terminals:getsockname()))
task.spawn(telnet.serve, terminals, room)

local server <close> = assert(http.server{host = HOST, port = PORT, handler = app})
print("listening on " .. tostring(server:getsockname()))
server:run()
