--- socket.socketpair for the families whose kernel has none: two sockets on the
-- loopback interface, connected with each other and with nobody else.

local core <const> = require "tidewire.core"

local HOSTS <const> = { [core.AF_INET] = "127.0.0.1", [core.AF_INET6] = "::1" }

local failure_mt <const> = { __name = "failure" }

-- Passes on what succeeded; raises what failed, for the pcall below.
local function try(...)
    if (...) then
        return ...
    end
    local _, message <const>, code <const> = ...
    error(setmetatable({ message = message, code = code }, failure_mt), 0)
end

-- What holds both ends while they are made, and closes those it still has.
local ends_mt <const> = {
    __close = function(ends)
        for _, s in pairs(ends) do
            s:close()
        end
    end,
}

-- Whatever can reach the loopback interface can connect to the listener first,
-- or send to an end before it is connected.
local function authenticate(a, b)
    local same <const> = try(a:getsockname()) == try(b:getpeername())
        and try(b:getsockname()) == try(a:getpeername())
    if not same then
        try(nil, ("socketpair %s: a stranger connected"):format(b:getsockname()),
            "ECONNABORTED")
    end
end

local function connect_streams(ends, host, listener)
    local limit <const> = core.getdefaulttimeout()
    local first <const> = ends[1]
    local timeout <const> = first:gettimeout()
    for _, s in ipairs { first, listener } do
        try(s:settimeout(limit ~= 0 and limit or nil))
    end
    try(listener:bind { host, 0 })
    try(listener:listen())
    try(first:connect(try(listener:getsockname())))
    ends[2] = try(listener:accept())
    authenticate(first, ends[2])
    for _, s in ipairs(ends) do
        try(s:settimeout(timeout))
    end
end

-- Throws away what came from others before s was connected.
local function drain(s)
    local timeout <const> = s:gettimeout()
    try(s:settimeout(0))
    local data, message, code
    repeat
        data, message, code = s:recv(1)
    until not data
    if code ~= "EAGAIN" then
        try(nil, message, code)
    end
    try(s:settimeout(timeout))
end

local function connect_datagrams(ends, host)
    for _, s in ipairs(ends) do
        try(s:bind { host, 0 })
    end
    try(ends[1]:connect(try(ends[2]:getsockname())))
    try(ends[2]:connect(try(ends[1]:getsockname())))
    authenticate(ends[1], ends[2])
    drain(ends[1])
    drain(ends[2])
end

local function make(ends, family, kind, proto)
    local host <const> = HOSTS[family]
    ends[1] = try(core.socket(family, kind, proto))
    if ends[1].type == core.SOCK_STREAM then
        local listener <close> = try(core.socket(family, kind, proto))
        connect_streams(ends, host, listener)
    elseif ends[1].type == core.SOCK_DGRAM then
        ends[2] = try(core.socket(family, kind, proto))
        connect_datagrams(ends, host)
    else
        try(core.socketpair(family, kind, proto))
    end
end

--- Two connected sockets: `socketpair(family, type, proto)`. Those of AF_INET and
-- AF_INET6 (SOCK_STREAM or SOCK_DGRAM) are connected over the loopback interface;
-- of all other families the kernel makes them. They have the default timeout.
-- @return both; or nil, message, code: "ECONNABORTED" when somebody else got in
-- between
return function(family, kind, proto)
    if not HOSTS[family] then
        return core.socketpair(family, kind, proto)
    end
    local ends <close> = setmetatable({}, ends_mt)
    local ok <const>, err <const> = pcall(make, ends, family, kind, proto)
    if ok then
        local a <const>, b <const> = ends[1], ends[2]
        ends[1], ends[2] = nil, nil
        return a, b
    elseif getmetatable(err) == failure_mt then
        return nil, err.message, err.code
    end
    error(err, 0)
end
