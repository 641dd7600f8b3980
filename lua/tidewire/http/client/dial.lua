--- The way to a server: directly, by a Unix socket, by a proxy, or by whatever
-- function the caller has for it.

local credentials <const> = require "tidewire.http.client.credentials"
local guard <const> = require "tidewire.http.client.guard"
local incoming <const> = require "tidewire.http.client.incoming"
local proxy <const> = require "tidewire.http.client.proxy"
local socket <const> = require "tidewire.socket"
local task <const> = require "tidewire.task"
local url <const> = require "tidewire.http.url"

local dial <const> = {}
local conn_methods <const> = {}
local conn_mt <const> = { __name = "connection", __index = conn_methods }

local CONNECT_HEAD <const> = 32768

--- Closes at once, whatever is still to be sent, and whoever has been cancelled.
function conn_methods:close()
    local stream <const> = self.stream
    task.shield(0, stream.close, stream)
end

-- A stream over what connect gives: a socket, whose descriptor it then has to
-- itself, or a stream.
local function stream_over(got)
    if not got.makefile then
        return got
    end
    got:settimeout(nil)
    got:setoption("nodelay", true) -- not there on Unix sockets
    local stream <const>, message <const>, code <const> = got:makefile "rw"
    got:close()
    return stream, message, code
end

-- Makes a route lead over a proxy.
local function by_proxy(route, via, o)
    route.target = ("%s:%d"):format(url.hostport { host = route.host }, route.port)
    route.host, route.port = via.host, via.port or url.ports.http
    route.key = ("%s %s %s"):format(via, o.tunnel and "tunnel" or "", route.key)
    route.tunnel = o.tunnel
    local auth <const> = via.userinfo and credentials.basic(via.user, via.password)
    route.absolute, route.auth = not o.tunnel, auth
    return route
end

--- How to reach what a URL (parsed) names.
-- @param o options: socket (the path of a Unix socket), connect, proxy, tunnel
-- @return a table: `key` is equal for what one connection can serve; `absolute`
-- and `auth` are a proxy's; or nil, message, code
function dial.route(u, o)
    if u.scheme == "https" and not o.connect then
        return nil, "no TLS here: https needs the option connect", "EPROTONOSUPPORT"
    end
    local route <const> = { scheme = u.scheme, host = u.host,
        port = u.port or url.ports[u.scheme], path = o.socket }
    route.key = ("%s %s %d %s"):format(u.scheme, u.host, route.port, o.socket or "")
    if o.socket or o.connect then
        return route
    end
    local via <const>, message <const>, code <const> = proxy.choose(o.proxy, u)
    if message then
        return nil, message, code
    end
    return via and by_proxy(route, via, o) or route
end

-- Has a proxy connect the stream to the target (RFC 9110 9.3.6).
local function tunnel(stream, route)
    local auth <const> = route.auth and "Proxy-Authorization: " .. route.auth .. "\r\n" or ""
    local ok <const>, message <const>, code <const> =
        stream:write(("CONNECT %s HTTP/1.1\r\nHost: %s\r\n%s\r\n")
            :format(route.target, route.target, auth))
    if not ok then
        return nil, message, code
    end
    local head <const>, why <const>, what <const> =
        incoming.head(stream, "CONNECT", CONNECT_HEAD)
    if not head then
        return nil, "proxy: " .. why, what
    elseif head.status // 100 ~= 2 then
        return nil, ("proxy: %d %s"):format(head.status, head.reason), "ECONNREFUSED"
    end
    return true
end

local function connect(route, o)
    if o.connect then
        return o.connect(route.host, route.port, o.timeout, route.scheme)
    end
    return socket.create_connection(route.path or { route.host, route.port },
        { timeout = o.timeout })
end

--- A new connection: a table of stream and key, with close(); or nil, message, code.
function dial.open(route, o)
    local got <const>, message <const>, code <const> = connect(route, o)
    if not got then
        return nil, message or "connect: nothing was returned", code or "ECONNREFUSED"
    end
    local stream <const>, why <const>, what <const> = stream_over(got)
    if not stream then
        return nil, why, what
    end
    local conn <const> = setmetatable({ stream = stream, key = route.key }, conn_mt)
    local unfinished <close> = guard(conn)
    if route.tunnel then
        local ok <const>, wrong <const>, which <const> = tunnel(stream, route)
        if not ok then
            return nil, wrong, which
        end
    end
    unfinished.object = nil
    return conn
end

return dial
