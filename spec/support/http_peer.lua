-- Servers that do what a spec says, byte for byte, for HTTP clients.

local assert <const> = require "luassert"
local core <const> = require "tidewire.http_core"
local net <const> = require "spec.support.net"
local socket <const> = require "tidewire.socket"
local task <const> = require "tidewire.task"

local peer <const> = {}

local function parsed(stream, head)
    local r <const> = assert(core.parse_request(head))
    r.h = {}
    for _, field in ipairs(r.fields) do r.h[field[1]:lower()] = field[2] end
    r.head, r.body = head, ""
    local feed <const>, rest = core.body(r.framing, r.length), ""
    local function more()
        local piece <const>, used, done = feed(rest)
        r.body, rest = r.body .. assert(piece, used), rest:sub(used + 1)
        return not done
    end
    r.read = function()
        while more() do rest = rest .. assert(stream:read_some(65536)) end
        if rest ~= "" then assert(stream:unread(rest)) end
        return r
    end
    return r
end

--- Reads the head of a request: what parse_request gives, with h[name in lower
--- case], head, and read(), which reads the body into `body`. nil at the end.
function peer.head(stream)
    local head <const> = stream:read_until("\r\n\r\n", 1 << 20)
    return head and parsed(stream, head)
end

--- Ditto, with the body.
function peer.request(stream)
    local r <const> = peer.head(stream)
    return r and r.read()
end

--- Text with its line ends as HTTP has them.
function peer.lines(text)
    return (text:gsub("\r?\n", "\r\n"))
end

--- An answer of status 200 with that body and fields.
function peer.ok(body, fields)
    return peer.lines(("HTTP/1.1 200 OK\n%sContent-Length: %d\n\n")
        :format(fields or "", #body)) .. body
end

--- For a server's list: sends the answer to one request, then waits for the client
--- to go.
function peer.say(answer)
    return function(stream)
        peer.request(stream)
        if stream:write(answer) and stream:flush() then stream:read_some(1) end
    end
end

-- What an element of a server's list does with a connection.
local function run(action, server, stream, s)
    if type(action) == "function" then return action(stream, s, server) end
    for _, answer in ipairs(type(action) == "table" and action or {action}) do
        local r <const> = peer.request(stream)
        if not r then return end
        server.requests[#server.requests + 1] = r
        assert(stream:write(answer))
        assert(stream:flush())
    end
end

local function accept(server)
    for _, action in ipairs(server.actions) do
        local s <close> = assert(server.listener:accept())
        server.connections = server.connections + 1
        s:settimeout(net.LIMIT)
        local stream <close> = s:makefile("rw")
        run(action, server, stream, s)
        stream:close()
        s:close()
        server.finished = server.finished + 1
    end
end

local server_mt <const> = {__close = function(server)
    server.task:cancel()
    local _, failure = pcall(server.task.join, server.task, net.LIMIT)
    server.listener:close()
    if failure and server.task:status() == "failed" then error(failure, 0) end
end}

--- A server that treats one connection after another as its list says: a function
--- (stream, socket, server); a text, with which it answers one request; a list of
--- texts, for one request each. The connection is closed afterwards. `url`, `port`,
--- `connections` and `finished` (how many there were), `requests` (those that texts
--- answered).
function peer.serve(actions, address)
    local listener <const> = assert(socket.create_server(address or {"127.0.0.1", 0},
        {family = type(address) == "string" and socket.AF_UNIX or nil}))
    local server <const> = setmetatable({actions = actions, listener = listener,
        connections = 0, finished = 0, requests = {}}, server_mt)
    if type(address) ~= "string" then
        server.port = listener:getsockname().port
        server.url = ("http://127.0.0.1:%d"):format(server.port)
    end
    server.task = task.spawn(accept, server)
    return server
end

return peer
