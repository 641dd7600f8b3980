-- The scenes of examples/demo.lua with browsers, or what passes for one; see scenes.lua.

local function request(path)
    return "GET " .. path .. " HTTP/1.1\r\nHost: demo\r\n\r\n"
end

-- A browser that keeps its connection: asks(path), is_answered(), leaves().
local function browser(stage, who, port)
    local socket <const> = require "tidewire.socket"
    local conn <const> = assert(socket.create_connection({"127.0.0.1", port}, 5))
    local stream <const> = conn:makefile()
    local self <const> = {}
    function self.asks(path)
        assert(conn:sendall(request(path)))
        stage.show(who, "GET " .. path)
    end
    function self.is_answered(status)
        local head <const> = assert(stream:read_until("\r\n\r\n"))
        assert(stream:read_exact(tonumber(head:match("Content%-Length: (%d+)"))))
        assert(head:find("^HTTP/1.1 " .. status), head)
        stage.show(who, head:match("^[^\r]*"))
    end
    function self.leaves()
        stream:close()
        conn:close()
        stage.show(who, "(closes its connection)")
    end
    return self
end

-- The URL of a path of a server that is about to listen.
local function url(stage, server, path)
    return ("http://127.0.0.1:%s/%s"):format(stage.port(server), path)
end

-- What the page of the chat does: says(line), hears(text).
local function page(stage, who, address)
    local websocket <const> = require "tidewire.websocket"
    local ws <const> = assert(websocket.connect((address:gsub("^http", "ws"))))
    local self <const> = setmetatable({}, {__close = function() ws:close() end})
    function self.says(line)
        assert(ws:send(line))
        stage.show(who, "> " .. line)
    end
    function self.hears(text)
        local line <const> = assert(ws:receive(5))
        assert(line:find(text, 1, true), line)
        stage.show(who, line)
    end
    return self
end

-- Two browsers of which the first keeps its connection open.
local function two_browsers(stage, script, others_wait)
    local server <close> = stage.start("server", script, "127.0.0.1", 0)
    local port <const> = stage.port(server)
    local first <const> = browser(stage, "first ", port)
    local second <const> = browser(stage, "second", port)
    first.asks("/")
    first.is_answered(200)
    second.asks("/nothing")
    if others_wait then first.leaves() end
    second.is_answered(404)
    if not others_wait then first.leaves() end
    second.leaves()
    server:says("404")
end

return {
    {
        title = "The web server, a task for each browser",
        about = "The first browser keeps its connection open; the second does not notice.",
        scripts = {"web_responder"},
        play = function(stage) two_browsers(stage, "web_responder", false) end,
    },
    {
        title = "The web server without tasks",
        about = "The same, and the second browser waits until the first has left.",
        scripts = {"web_responder_plain"},
        play = function(stage) two_browsers(stage, "web_responder_plain", true) end,
    },
    {
        title = "The responder",
        about = "A handler of one line; the client, or any browser, asks.",
        scripts = {"http_hello", "http_get"},
        play = function(stage)
            local server <close> = stage.start("server", "http_hello", "127.0.0.1", 0)
            local client <close> = stage.start("client", "http_get", url(stage, server, "you"))
            client:says("hello /you")
        end,
    },
    {
        title = "A folder",
        about = "Files as they are, and what there is.",
        scripts = {"files"},
        play = function(stage)
            local server <close> = stage.start("server", "files", "127.0.0.1", 0, "examples/web")
            local address <const> = url(stage, server, "")
            local client <close> = stage.start("client", "http_get", address .. "chat.html")
            client:says("<!DOCTYPE html>")
            server:says("GET /chat.html 200")
            local lost <close> = stage.start("client", "http_get", address .. "chat.txt")
            lost:says("404 Not Found")
            server:says("GET /chat.txt 404")
        end,
    },
    {
        title = "Server-sent events",
        about = "A clock that tells every page that is open what time it is.",
        scripts = {"server_sent_events"},
        play = function(stage)
            local server <close> = stage.start("server", "server_sent_events", "127.0.0.1", 0, 0.1)
            local address <const> = url(stage, server, "clock")
            local first <close> = stage.start("first ", "http_get", address)
            first:says("1 watching")
            local second <close> = stage.start("second", "http_get", address)
            second:says("2 watching")
            first:says("2 watching")
        end,
    },
    {
        title = "A chat room for browsers and terminals",
        about = "The page talks over a WebSocket, the terminal over TCP; it is one room.",
        scripts = {"web_chat"},
        play = function(stage)
            local room <close> = stage.start("room", "web_chat", "127.0.0.1", 0, 0)
            local terminals <const> = room:says("for terminals: 127.0.0.1:"):match(":(%d+)\n")
            local ann <close> = page(stage, "ann ", url(stage, room, "chat"))
            ann.hears("your name?")
            ann.says("ann")
            ann.hears("ann has joined")
            local bob <close> = stage.start("bob ", "task_chat_client", "127.0.0.1", terminals)
            bob:types("bob")
            ann.hears("bob has joined")
            ann.says("hello <b>bob</b>")
            bob:says("ann: hello <b>bob</b>")
            bob:types("hello from the terminal")
            ann.hears("bob: hello from the terminal")
        end,
    },
}
