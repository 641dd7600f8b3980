-- An HTTP server in a process of its own, under load: what it costs is read from
-- /proc, so that nothing of the clients is in it.

local assert <const> = require "luassert"
local http <const> = require "tidewire.http"
local net <const> = require "spec.support.net"
local peer <const> = require "spec.support.peer"
local socket <const> = require "tidewire.socket"
local task <const> = require "tidewire.task"

local load <const> = {}

-- Paths say what the handler does; the options come as Lua text.
local SERVER <const> = [[
    local http = require "tidewire.http"
    local task = require "tidewire.task"
    local server, kept
    local function long() -- only where it is sent: garbage is in proportion to the rest
        kept = kept or ("x"):rep(20000000)
        return kept
    end
    local paths = {
        ["/ignore"] = function(_, res) res:send "ignored" end,
        ["/body"] = function(req, res)
            local body, message, code = req:body()
            res.status = body and 200 or code == "EMSGSIZE" and 413 or 400
            res:send(body and tostring(#body) or message)
        end,
        ["/pieces"] = function(req, res)
            local n, piece = 0, nil
            req.max_body = math.maxinteger
            repeat
                n = n + #(piece or "")
                piece = req:read()
            until not piece
            res:send(tostring(n))
        end,
        ["/long"] = function(_, res) res:send(long()) end,
        ["/stream"] = function(_, res) repeat until not res:write(long():sub(1, 10000)) end,
        ["/state"] = function(_, res)
            collectgarbage()
            collectgarbage()
            local s, tasks = server:stats(), 0
            for _ in ipairs(task.list()) do tasks = tasks + 1 end
            res:send(s.connections .. " " .. s.requests .. " " .. tasks)
        end,
    }
    local opts = load("return " .. arg[1])()
    opts.handler = function(req, res)
        local path = paths[req.path]
        if path then return path(req, res) end
        res:send("hello " .. req.path)
    end
    server = assert(http.server(opts))
    say(server:getsockname().port)
    server:run()
]]

local methods <const> = {}
local mt <const> = {__index = methods, __close = function(server)
    server.client:close()
    server.child:kill "KILL"
end}

--- Starts a server with these options, as Lua text, after some shell code.
function load.server(opts, shell)
    local child <const> = peer.start_with(shell or ":", SERVER, opts)
    local port <const> = math.tointeger(child:expect "^(%d+)\n")
    return setmetatable({child = child, port = port, client = http.client(),
        url = ("http://127.0.0.1:%d"):format(port)}, mt)
end

--- A new connection to it.
function methods:connect()
    local s <const> = assert(socket.create_connection{"127.0.0.1", self.port})
    s:settimeout(net.LIMIT)
    return s
end

--- The body of what a well-behaved client gets, by a connection that it keeps.
function methods:get(path)
    return assert(self.client:get(self.url .. path, {timeout = net.LIMIT})).body
end

--- What there is of it: connections besides this one, requests, tasks, resident
--- memory in kB, descriptors.
function methods:state()
    local connections <const>, requests <const>, tasks <const> =
        self:get "/state":match "^(%d+) (%d+) (%d+)$"
    local pipe <close> = assert(io.popen(("ls /proc/%d/fd | wc -l"):format(self.child.pid)))
    return {connections = math.tointeger(connections) - 1, requests = math.tointeger(requests),
        tasks = math.tointeger(tasks), memory = net.status("VmRSS", self.child.pid),
        descriptors = pipe:read "n"}
end

--- Waits until so many clients (0 unless told) besides this one are connected;
--- its state then.
function methods:settled(n)
    local deadline <const> = socket.monotonic() + net.LIMIT
    local state
    repeat
        state = self:state()
        assert.is_true(socket.monotonic() < deadline, state.connections)
    until state.connections == (n or 0) or not task.sleep(0.02)
    return state
end

--- Seconds of processor time so far.
function methods:cpu()
    local file <close> = assert(io.open(("/proc/%d/stat"):format(self.child.pid)))
    local user <const>, system <const> =
        file:read "a":match "%) %a %d+ %d+ %d+ %-?%d+ %-?%d+ %d+ %d+ %d+ %d+ %d+ (%d+) (%d+)"
    return (tonumber(user) + tonumber(system)) / 100
end

--- Asks again and again for so many seconds: how often a second, and the longest
--- that an answer took, in milliseconds.
function methods:pace(seconds)
    local start <const>, n, longest = socket.monotonic(), 0, 0
    local now = start
    repeat
        local before <const> = now
        self:get "/"
        now, n = socket.monotonic(), n + 1
        longest = math.max(longest, now - before)
    until now - start > seconds
    return n / (now - start), longest * 1000
end

--- How often a second it can be asked, how often another server, one after the other
--- a few times, and the longest that it took, in milliseconds: what else the machine
--- does must not favour one of them.
function methods:compare(other)
    local mine, theirs, longest = 0, 0, 0
    for _ = 1, 5 do
        local pace <const>, most <const> = self:pace(0.1)
        mine, theirs = mine + pace / 5, theirs + other:pace(0.1) / 5
        longest = math.max(longest, most)
    end
    return mine, theirs, longest
end

--- Calls f(i) for 1 to n, each in a task, and waits for all.
function load.all(n, f)
    task.scope(function(scope)
        for i = 1, n do scope:spawn(f, i) end
    end)
end

--- Sends a piece of text again and again, so many bytes at most, until the
--- other side has had enough; how many were sent.
function load.pour(s, text, most)
    local sent = 0
    while sent < most and s:sendall(text) do sent = sent + #text end
    return sent
end

--- All that comes until the end.
function load.rest(s)
    local pieces <const> = {}
    repeat
        local piece <const> = s:recv(65536)
        pieces[#pieces + 1] = piece
    until not piece
    return table.concat(pieces)
end

return load
