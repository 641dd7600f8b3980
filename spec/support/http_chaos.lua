-- A script of its own: handlers that do anything at all with anything they have ever
-- seen, from tasks, finalizers and each other's descriptors, while clients come and
-- go. Arguments: the seed, seconds. It says "done" and ends, sometimes with
-- everything still open; only a crash, a hang or a leak is a failure.

local http <const> = require "tidewire.http"
local socket <const> = require "tidewire.socket"
local task <const> = require "tidewire.task"

local random <const> = math.random
local LONG <const> = ("x"):rep(300000)
local KEPT <const> = 20

math.randomseed(math.tointeger(arg[1]))
task.onerror(false)

local kept <const>, servers <const>, streams <const> = {}, {}, {}
for i = 1, KEPT do kept[i] = {} end

local function any(list)
    return list[random(math.max(1, #list))]
end

local ways <const> = {}

-- Something, to an exchange that may be over long since.
local function meddle()
    return pcall(any(ways), table.unpack(any(kept), 1, 2))
end

local function litter()
    for _ = 1, 5 do setmetatable({}, {__gc = meddle}) end
    collectgarbage "step"
end

local function file()
    local f <const> = assert(io.tmpfile())
    f:write(LONG)
    f:flush()
    return f
end

local function with_server(f)
    local server <const> = any(servers)
    return server and f(server)
end

local function with_stream(f)
    local stream <const> = any(streams)
    return stream and f(stream)
end

for i, way in ipairs{
    function(req) return req:read(random(20)) end,
    function(req) return req:body() end,
    function(req) return req.headers, req.trailers, req.peer, req.cookies end,
    function(req) req.max_body, req.again = random(1000), req end,
    function(_, res) return res:write(LONG:sub(1, random(#LONG))) end,
    function(_, res) return res:write "ab" end,
    function(_, res) return res:send(LONG:sub(1, random(#LONG))) end,
    function(_, res) return res:send "ok" end,
    function(_, res) return res:finish{a = "b"} end,
    function(_, res) return res:flush() end,
    function(_, res)
        res:set("A", random(100))
        res:add("B", "c")
        res:unset "A"
    end,
    function(_, res) res.status = random(200, 599) end,
    function(_, res) return res:sendfile(file(), random(10), random(#LONG)) end,
    function(_, res) return res:sendfile{fileno = function() return meddle() and 0 end} end,
    function(_, res) streams[random(9)] = res:upgrade "x" end,
    function(_, res) task.timeout(0.001, res.write, res, LONG) end,
    function() task.yield() end,
    function() coroutine.yield() end,
    function() task.sleep(0.001) end,
    function() collectgarbage() end,
    litter,
    function()
        task.spawn(meddle)
        task.spawn(meddle)
        task.yield()
    end,
    function() task.current():cancel() end,
    function() error "no" end,
    function() error{status = random(300, 700)} end,
    function() return random(10) == 1 and with_server(function(s) s:close() end) end,
    function() return random(10) == 1 and with_server(function(s) s:stop(0.01) end) end,
    function() with_server(function(s) return s:stats() end) end,
    function() with_server(function(s) return with_stream(function(f) s:add(f) end) end) end,
    function() with_stream(function(f) f:close() end) end,
    function() with_stream(function(f) f:unread "GET / HTTP/1.1\r\n" end) end,
    function()
        with_stream(function(f)
            f:settimeout(0)
            f:read(5)
            f:write "HTTP"
            f:flush()
        end)
    end,
    function()
        local a <const>, b <const> = socket.socketpair()
        streams[random(9)] = a:makefile "rw"
        a:close()
        with_server(function(s) return with_stream(function(f) s:add(f) end) end)
        b:sendall "GET /z HTTP/1.1\r\nHost: x\r\n\r\n"
    end,
} do ways[i] = way end

local function handler(req, res)
    kept[random(KEPT)] = {req, res}
    for _ = 1, random(6) do
        any(ways)(req, res)
        if random(3) == 1 then meddle() end
    end
end

local function open()
    local server <const> = assert(http.server{handler = handler, onerror = meddle,
        log = random(2) == 1 and handler or nil, header_timeout = 0.05, idle_timeout = 0.05,
        write_timeout = 0.05, body_timeout = 0.05, linger_timeout = 0.02,
        max_connections = random(2) == 1 and 5 or nil})
    servers[random(3)] = server
    server:start()
end

local REQUESTS <const> = {
    "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "GET / HT", "junk\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
    "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" ..
        "5\r\nhello\r\n0\r\nX: y\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3;a\r\nabc\r\n0\r\nX",
    "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 50000\r\n\r\n" ..
        LONG:sub(1, 50000),
    "HEAD / HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
}

local function visit(address)
    local c <close> = assert(socket.create_connection(address))
    c:settimeout(0.2)
    for _ = 1, random(5) do
        local text <const> = any(REQUESTS)
        c:sendall(random(4) == 1 and text:sub(1, random(#text)) or text)
        if random(3) == 1 then c:recv(random(1000)) end
        if random(4) == 1 then task.yield() end
    end
    if random(3) == 1 then c:setoption("linger", 0) end
end

local deadline <const> = socket.monotonic() + tonumber(arg[2])
for i = 1, 3 do servers[i] = false end
while socket.monotonic() < deadline do
    local server <const> = any(servers)
    local address <const> = server and server:getsockname()
    if address then task.spawn(visit, address) else open() end
    if random(5) == 1 then task.sleep(0.001) else task.yield() end
end
io.stdout:write "done\n"
os.exit(0, random(3) > 1)
