--- Python's socket module for Lua: the same names and semantics; failures are
-- `nil, message, code`, misuse raises.

local core <const> = require "tidewire.core"
local options <const> = require "tidewire.options"

-- Constants are found through the metatable when they are first used.
local socket = setmetatable({}, getmetatable(core))
for name, value in next, core do
    socket[name] = value
end
socket.task, socket.stdio, socket.provide, socket.pump = nil, nil, nil, nil
core.provide("sendfile", require "tidewire.sendfile")
socket.relay = require "tidewire.relay"
socket.socketpair = require "tidewire.pair"

local function keys(...)
    local set = {}
    for _, key in ipairs { ... } do
        set[key] = true
    end
    return set
end

local SOCKET_OPTIONS <const> = keys("family", "type", "proto", "fileno")
local LOOKUP_OPTIONS <const> = keys("family", "type", "proto", "flags", "timeout")
local CONNECTION_OPTIONS <const> = keys("timeout", "source_address", "all_errors")
local SERVER_OPTIONS <const> =
    keys("family", "backlog", "reuse_port", "dualstack_ipv6")

--- A new socket: `socket(family, type, proto, fileno)` or
-- `socket{family =, type =, proto =, fileno =}`.
-- @return socket; or nil, message, code
function socket.socket(family, kind, proto, fileno)
    if type(family) == "table" then
        local o <const> = options.check(family, SOCKET_OPTIONS, 2)
        return core.socket(o.family, o.type, o.proto, o.fileno)
    end
    return core.socket(family, kind, proto, fileno)
end

--- Looks a name up without blocking anything else:
-- `getaddrinfo(host, port, family, type, proto, flags)` or
-- `getaddrinfo(host, port, {family =, type =, proto =, flags =, timeout =})`.
-- @return a list of {family, type, proto, canonname, addr}, also under those
-- names; or nil, message, code ("EAI_NONAME", ...)
function socket.getaddrinfo(host, port, family, kind, proto, flags)
    if type(family) == "table" then
        local o <const> = options.check(family, LOOKUP_OPTIONS, 2)
        return core.getaddrinfo(host, port, o.family, o.type, o.proto,
            o.flags, o.timeout)
    end
    return core.getaddrinfo(host, port, family, kind, proto, flags)
end

-- The seconds left until a deadline; nil for no deadline.
local function remaining(deadline)
    return deadline and math.max(deadline - core.monotonic(), 1e-9) or nil
end

-- Ends the making of a socket: `s` if pcall and what it called succeeded, else
-- nothing of it stays open.
local function made(s, called, ok, message, code)
    if called and ok then
        return s
    end
    s:close()
    if not called then
        error(ok, 0)
    end
    return nil, message, code
end

-- Connects a new socket to one entry of getaddrinfo.
local function connect(s, entry, deadline, timeout, source)
    if source then
        local ok <const>, message <const>, code <const> = s:bind(source)
        if not ok then
            return nil, message, code
        end
    end
    s:settimeout(remaining(deadline))
    local ok <const>, message <const>, code <const> = s:connect(entry.addr)
    if not ok then
        return nil, message, code
    end
    return s:settimeout(timeout)
end

local function attempt(entry, ...)
    local s <const>, message, code =
        core.socket(entry.family, entry.type, entry.proto)
    if not s then
        return nil, message, code
    end
    return made(s, pcall(connect, s, entry, ...))
end

-- (host, port, ...) as ({host, port}, ...); a string that cannot be a host, for
-- it holds a slash or begins with NUL, is a path and stays.
local function one_address(address, port, ...)
    if type(address) == "string" and math.type(port) == "integer" and
        not address:find "^\0" and not address:find("/", 1, true) then
        return { address, port }, ...
    end
    return address, port, ...
end

-- From (source, opts) or (opts): source address or nil, and opts.
local function source_options(source, opts)
    local is_address <const> = type(source) == "userdata" or
        type(source) == "table" and (source[1] or source.host) ~= nil
    if not is_address and source ~= nil then
        opts = source
    end
    opts = options.check(opts, CONNECTION_OPTIONS, 4)
    if is_address and opts.source_address then
        error("source_address: twice", 4)
    end
    return is_address and source or opts.source_address, opts
end

-- From (timeout, source, opts), (timeout, opts) or (opts): the timeout in seconds
-- or nil, source address or nil, and opts.
local function connection_options(timeout, source, opts)
    if type(timeout) == "table" then
        timeout, source, opts = nil, timeout, nil
    end
    source, opts = source_options(source, opts)
    if timeout == nil then
        timeout = opts.timeout
    end
    if timeout == nil then
        return core.getdefaulttimeout(), source, opts
    end
    if timeout and not (math.type(timeout) and timeout >= 0) then
        error(("timeout: number of seconds >= 0 expected, got %s"):format(timeout), 3)
    end
    return timeout or nil, source, opts
end

-- The one address of a candidates list, as getaddrinfo would list it.
local function only(addr)
    local proto <const> = addr.family == core.AF_UNIX and 0 or core.IPPROTO_TCP
    return { { family = addr.family, type = core.SOCK_STREAM, proto = proto,
        addr = addr } }
end

-- Every address there is for {host, port}, an address object, or a path. Only
-- a name needs the resolver and its threads.
local function candidates(address, timeout)
    if type(address) == "userdata" then
        return only(address)
    elseif type(address) == "string" then
        local addr <const>, message, code = core.address(address)
        return addr and only(addr), message, code
    elseif type(address) ~= "table" then
        error("address: table, address or path expected, got " ..
            type(address), 3)
    end
    local host <const> = address[1] or address.host
    local port <const> = address[2] or address.port
    if port == nil then
        error("port: integer or service name expected, got nil", 3)
    end
    local addr <const> = type(host) == "string" and host:find "[.:]" and
        math.type(port) == "integer" and core.address(host, port)
    if addr then
        return only(addr)
    end
    return core.getaddrinfo(host, port, 0, core.SOCK_STREAM, 0, 0, timeout)
end

-- When the first of so many attempts is over: an address that does not answer
-- must leave time for the others.
local function share(deadline, attempts)
    local now <const> = core.monotonic()
    return deadline and now + (deadline - now) / attempts
end

--- Connects to the first of a name's addresses that answers:
-- `create_connection({host, port}, timeout)` or
-- `create_connection({host, port}, {timeout =, source_address =, all_errors =})`,
-- or with the source address between the two; the address may also be given as
-- host, port, as an object, or as a path.
-- The timeout (seconds; false: none; nil: the default) covers the lookup and
-- all attempts together, each of which has an equal share of what is left, and
-- stays the socket's timeout.
-- @return the socket; or nil, message, code of the last attempt and, with
-- all_errors, a list of {message =, code =} of all of them
function socket.create_connection(...)
    local address <const>, limit <const>, from <const>, given <const> =
        one_address(...)
    local timeout <const>, source <const>, opts <const> =
        connection_options(limit, from, given)
    local deadline <const> = timeout and core.monotonic() + timeout
    local list <const>, message, code = candidates(address, timeout)
    if not list then
        return nil, message, code
    end
    local errors <const> = {}
    for i, entry in ipairs(list) do
        local s, why, name = attempt(entry, share(deadline, #list - i + 1),
            timeout, source)
        if s then
            return s
        end
        errors[#errors + 1] = { message = why, code = name }
        if deadline and core.monotonic() >= deadline then
            break
        end
    end
    local last <const> = errors[#errors]
    if opts.all_errors then
        return nil, last.message, last.code, errors
    end
    return nil, last.message, last.code
end

--- True if one socket can serve IPv4 and IPv6 at once.
function socket.has_dualstack_ipv6()
    local s <close> = core.socket(core.AF_INET6, core.SOCK_STREAM)
    return s ~= nil and s:setoption("v6only", false) == true
end

-- Options, bind and listen of a new server; true or nil, message, code.
local function set_up(s, address, o)
    local ok, message, code
    if o.family ~= core.AF_UNIX then
        s:setoption("reuseaddr", true)
    end
    if o.reuse_port then
        ok, message, code = s:setoption("reuseport", true)
        if not ok then
            return nil, message, code
        end
    end
    if o.family == core.AF_INET6 then
        ok, message, code = s:setoption("v6only", not o.dualstack_ipv6)
        if not ok then
            return nil, message, code
        end
    end
    ok, message, code = s:bind(address)
    if not ok then
        return nil, message, code
    end
    return s:listen(o.backlog)
end

--- A listening stream socket: `create_server({host, port}, {family =,
-- backlog =, reuse_port =, dualstack_ipv6 =})`, or host, port in place of the
-- table. SO_REUSEADDR is set. A path, with family AF_UNIX, is an address too.
-- @return the socket; or nil, message, code
function socket.create_server(...)
    local address <const>, given <const> = one_address(...)
    local opts <const> = options.check(given, SERVER_OPTIONS, 2)
    local family <const> = opts.family or core.AF_INET
    if opts.dualstack_ipv6 and family ~= core.AF_INET6 then
        error("dualstack_ipv6: needs family = AF_INET6", 2)
    end
    local s <const>, message, code = core.socket(family, core.SOCK_STREAM)
    if not s then
        return nil, message, code
    end
    local set <const> = { family = family, backlog = opts.backlog,
        reuse_port = opts.reuse_port, dualstack_ipv6 = opts.dualstack_ipv6 }
    return made(s, pcall(set_up, s, address, set))
end

return socket
