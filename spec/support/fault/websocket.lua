-- WebSockets: messages in one piece and in several, a broadcast, pings, a close.

local socket <const> = require "tidewire.socket"
local websocket <const> = require "tidewire.websocket"
local connection <const> = require "tidewire.websocket.connection"
local check <const> = dofile "spec/support/fault/check.lua"
local task_check <const> = dofile "spec/support/fault/task_check.lua"

local OPTIONS <const> = { max_message = 1 << 20, max_fragments = 100, max_pending = 1 << 20,
    ping_interval = 5, pong_timeout = 5, write_timeout = 5, close_timeout = 0.3 }

local BIG <const> = ("abcdefgh"):rep(2000)

local function side(s, client)
    local stream <const> = check(s:makefile "rw")
    check(s:close())
    return connection.new(stream, client, OPTIONS, {})
end

-- What one side fails with, the other one hears of as an end. So the failure of a
-- side that has ended by itself counts more.
local ENDS <const> = { closed = true, eof = true, timeout = true, EPIPE = true,
    ECONNRESET = true }

local function blame(other, value, message, code)
    if value then
        return value
    elseif ENDS[code] and other.code and other.code ~= "closed" and other.code ~= "eof" then
        message, code = other.message, other.code
    end
    return check(value, message, code)
end

local function echo(ws, other, log)
    local _ <close> = ws
    local ok <const>, failure <const> = pcall(function()
        local data, kind, code = ws:receive()
        while code ~= "closed" do
            blame(other, data, kind, code)
            blame(other, ws:send(data, kind))
            data, kind, code = ws:receive()
        end
    end)
    log.failure = log.failure or not ok and failure or nil
end

local function talk(ws, other)
    local function expect(expected)
        assert(blame(other, ws:receive(1)) == expected)
    end
    blame(other, ws:send "hello")
    expect "hello"
    blame(other, ws:ping "there?")
    blame(other, ws:send(BIG, "binary"))
    expect(BIG)
    blame(other, ws:send_fragments { "in ", "pieces" })
    expect "in pieces"
    if websocket.broadcast({ other }, "to all") == 1 then
        expect "to all"
    end
    ws:close(4000, "bye")
end

return task_check.scenario(function(spawn)
    local a <close>, second <const> = check(socket.socketpair())
    local b <close> = second
    local server <close> = side(a, false)
    local client <close> = side(b, true)
    local log <const> = {}
    local echoing <const> = spawn(echo, server, client, log)
    local ok <const>, failure <const> = pcall(talk, client, server)
    if echoing:status() == "failed" then
        echoing:join() -- it did not even begin
    end
    log.failure = log.failure or not ok and failure or nil
    if log.failure then
        error(log.failure, 0)
    end
    echoing:join()
end)
