-- An HTTP server and its clients: whole answers, bodies both ways, files, upgrades.

local http <const> = require "tidewire.http.server"
local socket <const> = require "tidewire.socket"
local task <const> = require "tidewire.task"
local check <const> = dofile "spec/support/fault/check.lua"
local task_check <const> = dofile "spec/support/fault/task_check.lua"

local BIG <const> = ("0123456789"):rep(4000)

local handlers <const> = {
    ["/"] = function(req, res)
        res:set("X-Agent", req:header "user-agent")
        check(res:send(req.path))
    end,
    ["/echo"] = function(req, res)
        check(res:send(check(req:body())))
    end,
    ["/chunks"] = function(_, res)
        for _ = 1, 2 do check(res:write(BIG)) end
        check(res:finish{["X-Sum"] = "1"})
    end,
    ["/file"] = function(_, res)
        local f <close> = assert(io.open "spec/support/fault/http_server.lua")
        check(res:sendfile(f))
    end,
    ["/other"] = function(_, res)
        local f <close> = check(res:upgrade "other")
        check(f:write(check(f:read(5))))
        check(f:flush())
    end,
}

-- All that comes to the end; nil if the other side has cut it off.
local function all(s)
    local text = ""
    while true do
        local data <const>, message <const>, code <const> = s:recv(65536)
        if not data and code == "eof" then return text end
        if code == "ECONNRESET" then return nil end
        text = text .. check(data, message, code)
    end
end

local HEAD <const> = " HTTP/1.1\r\nHost: x\r\nUser-Agent: y\r\n"
local CLOSE <const> = "Connection: close\r\n\r\n"

local REQUESTS <const> = {
    {"GET /" .. HEAD .. "\r\nGET /" .. HEAD .. CLOSE, "X%-Agent: y.*\r\n\r\n/HTTP/1.1 200 OK.*/$"},
    {"POST /echo" .. HEAD .. "Content-Length: 40000\r\n" .. CLOSE .. BIG, "\r\n\r\n" .. BIG .. "$"},
    {"GET /chunks" .. HEAD .. CLOSE, "\r\n0\r\nX%-Sum: 1\r\n\r\n$"},
    {"GET /file" .. HEAD .. CLOSE, "An HTTP server"},
    {"GET /other" .. HEAD .. "Connection: upgrade, close\r\nUpgrade: other\r\n\r\nhello", "hello$"},
    {"BAD\r\n\r\n", " 400 Bad Request"},
}

local function ask(addr, request, pattern)
    local s <close> = check(socket.create_connection(addr, 20))
    local ok <const>, message <const>, code <const> = s:sendall(request)
    if code == "ECONNRESET" or code == "EPIPE" then return false end
    check(ok, message, code)
    local text <const> = all(s)
    return text and text:find(pattern)
end

-- A server that ran out of something ends the connection, or says so: the client
-- tries again. It is not told why, so once more must do, if only one thing failed.
local function client(...)
    for _ = 1, 50 do
        if ask(...) then return end
    end
    error "never answered"
end

-- In a scope, for a server that cannot go on makes its clients fail.
local function serve(scope)
    local server <close> = check(http.server{
        handler = function(req, res) handlers[req.path](req, res) end,
        onerror = function() end,
        log = function(req) return req.refused or req.peer end,
    })
    local addr <const> = check(server:getsockname())
    scope:spawn(server.run, server)
    for _, request in ipairs(REQUESTS) do
        client(addr, table.unpack(request))
    end
end

return task_check.scenario(function(spawn)
    check(spawn(function()
        task.scope(serve)
        return true
    end):join())
end)
