-- A server of our own for a test, and clients that write what they please.

local http <const> = require "tidewire.http"
local net <const> = require "spec.support.net"
local socket <const> = require "tidewire.socket"
local task <const> = require "tidewire.task"

local peer <const> = {}

local LIMIT <const> = net.LIMIT

-- Starts a server: a value that closes it, once closed itself, and waits for its end.
-- Nothing of it may be left to the next case.
function peer.start(server)
    local run <const> = server:start()
    return setmetatable({}, { __close = function()
        server:close()
        run:join(LIMIT)
    end })
end

-- Calls f(server, connect) while a server with these options runs; connect() is a
-- new connection to it. `opts` may be the handler alone. Errors of handlers are
-- collected in server.errors.
function peer.serve(opts, f)
    if type(opts) == "function" then
        opts = { handler = opts }
    end
    local errors <const> = {}
    opts.onerror = opts.onerror or function(err) errors[#errors + 1] = tostring(err) end
    local server <const> = assert(http.server(opts))
    rawset(server, "errors", errors)
    local address <const> = server:getsockname() -- nil: it listens on none
    local function connect()
        local s <const> = assert(socket.create_connection(address))
        s:settimeout(LIMIT)
        return s
    end
    local ok, err
    assert(task.timeout(2 * LIMIT, function()
        local _ <close> = peer.start(server)
        ok, err = xpcall(f, debug.traceback, server, connect)
        return true
    end))
    if not ok then
        error(err, 0)
    end
end

-- All that comes until the end; what came before a failure, and its code.
function peer.all(s)
    local pieces <const> = {}
    while true do
        local data <const>, _ <const>, code <const> = s:recv(65536)
        if not data then
            return table.concat(pieces), code
        end
        pieces[#pieces + 1] = data
    end
end

-- Sends text and returns all that comes until the end.
function peer.tell(connect, text)
    local s <close> = connect()
    assert(s:sendall(text))
    return peer.all(s)
end

-- The head of an answer from a stream for reading: its status, its fields by name
-- in lower case, each of which comes once; nil at the end.
function peer.head(f)
    local line <const> = f:read "l"
    if not line then
        return nil
    end
    local status <const> = math.tointeger(line:match "^HTTP/1%.1 (%d+) [%w%- ]*\r$")
    local fields <const> = {}
    for field in f:lines "l" do
        if field == "\r" then break end
        local name <const>, value <const> = field:match "^([%w%-]+): (.*)\r$"
        assert(not fields[name:lower()], field)
        fields[name:lower()] = value
    end
    return status, fields
end

-- Ditto, and its body (unless `bodiless`).
function peer.answer(f, bodiless)
    local status <const>, fields <const> = peer.head(f)
    if not status then
        return nil
    end
    local length <const> = tonumber(fields["content-length"] or 0)
    return status, fields, not bodiless and length > 0 and f:read(length) or ""
end

-- A request by one who closes; `...` are more lines of its head.
function peer.get(path, ...)
    local lines <const> = { "GET " .. path .. " HTTP/1.1", "Host: x", "Connection: close", ... }
    return table.concat(lines, "\r\n") .. "\r\n\r\n"
end

return peer
