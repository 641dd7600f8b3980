-- A server and its clients, each connection a task; and what happens to those
-- that wait when somebody closes the socket.

local task <const> = require "tidewire.task"
local socket <const> = require "tidewire.socket"
local check <const> = dofile "spec/support/fault/check.lua"
local task_check <const> = dofile "spec/support/fault/task_check.lua"

local BIG <const> = ("0123456789"):rep(700)

local function receive(s, n)
    local text = ""
    while #text < n do text = text .. check(s:recv(n - #text)) end
    return text
end

local function echo(conn, n)
    local s <close> = conn
    check(s:sendall(receive(s, n)))
end

local function client(addr, text)
    local s <close> = check(socket.create_connection(addr, 20))
    check(s:sendall(text))
    assert(receive(s, #text) == text)
end

-- In a scope, for the first that fails makes the others fail.
local function serve(scope)
    local server <close> = check(socket.create_server({"127.0.0.1", 0}))
    local addr <const> = check(server:getsockname())
    for _ = 1, 2 do scope:spawn(client, addr, BIG) end
    scope:spawn(function()
        for _ = 1, 2 do scope:spawn(echo, check(server:accept()), #BIG) end
    end):join()
end

local function closed_under(spawn)
    local a <close>, second <const> = check(socket.socketpair())
    local b <close> = second
    check(b:setoption("sndbuf", 4608))
    local reader <const> = spawn(function() return b:recv(1) end)
    local writer <const> = spawn(function() return b:sendall(("x"):rep(1 << 15)) end)
    while reader:status() == "ready" do task.yield() end
    if reader:status() ~= "waiting" then check(reader:join()) end
    local value, message, code = b:recv(1)
    if code ~= "EBUSY" then check(value, message, code) end
    check(a:close())
    value, message, code = reader:join()
    if code ~= "eof" and code ~= "ECONNRESET" then check(value, message, code) end
    value, message, code = writer:join()
    if code ~= "EPIPE" and code ~= "ECONNRESET" then check(value, message, code) end
    local c <close>, third <const> = check(socket.socketpair())
    local d <const> = third
    local waiting <const> = spawn(function() return d:recv(1) end)
    task.yield()
    check(d:close())
    value, message, code = waiting:join()
    if code ~= "closed" then check(value, message, code) end
    assert(c:fileno() >= 0)
end

return task_check.scenario(function(spawn)
    check(spawn(function()
        task.scope(serve)
        return true
    end):join())
    closed_under(spawn)
end)
