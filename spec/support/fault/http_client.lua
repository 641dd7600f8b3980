-- The HTTP client: a connection that is used again, a body sent by a task of its
-- own, a chunked and compressed answer, a redirect.

local http <const> = require "tidewire.http"
local packs <const> = require "tidewire.http.client.inflate".accepted
local socket <const> = require "tidewire.socket"
local task <const> = require "tidewire.task"
local check <const> = dofile "spec/support/fault/check.lua"
local task_check <const> = dofile "spec/support/fault/task_check.lua"

local TEXT <const> = ("compressible "):rep(500)
local PACKED <const> = packs and require "zlib".deflate(9, 31)(TEXT, "finish") or TEXT

-- How requests begin, how they end, and what the answer is.
local SCRIPT <const> = {
    ["GET /a "] = {"\r\n\r\n", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n" ..
        "Transfer-Encoding: chunked\r\n" .. (packs and "Content-Encoding: gzip\r\n" or "") ..
        ("\r\n%x\r\n%s\r\n0\r\nA: b\r\n\r\n"):format(#PACKED, PACKED)},
    ["POST /a"] = {"0\r\n\r\n",
        "HTTP/1.1 303 See\r\nLocation: /b\r\nContent-Length: 4\r\n\r\ngone"},
    ["GET /b "] = {"\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"},
}

local GONE <const> = {eof = true, ECONNRESET = true, EPIPE = true}

-- What was done; false if the client has gone, which has its reasons.
local function done(ok, message, code)
    return not GONE[code] and check(ok, message, code)
end

local function serve_one(conn)
    local stream <close> = check(conn:makefile "rw")
    local start
    repeat
        start = done(stream:read_exact(7))
        local step <const> = SCRIPT[start]
        if step then
            start = done(stream:read_until(step[1])) and done(stream:write(step[2])) and
                done(stream:flush())
        end
    until not start
end

local function serve(listener)
    while true do
        local conn <close> = check(listener:accept())
        serve_one(conn)
    end
end

local function ask(address)
    local client <close> = http.client{timeout = 2}
    local base <const> = ("http://127.0.0.1:%d/a"):format(address.port)
    local r = check(client:get(base))
    assert(r.body == TEXT and r.trailers.a == "b")
    local pieces <const> = {"one", "two"}
    r = check(client:post(base, function() return table.remove(pieces) end))
    assert(r.body == "hello" and #r.history == 1)
end

return task_check.scenario(function(spawn)
    check(spawn(function()
        task.scope(function(scope)
            local listener <close> = check(socket.create_server({"127.0.0.1", 0}))
            local server <close> = scope:spawn(serve, listener)
            ask(check(listener:getsockname()))
            assert(server)
        end)
        return true
    end):join())
end)
