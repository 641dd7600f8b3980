-- luacheck: globals closefd
-- Ways to end: closed, left to the collector, detached, with streams still open.

local socket <const> = require "tidewire.socket"
local check <const> = dofile "spec/support/fault/check.lua"

-- Everything here is garbage on return, most of it not closed.
local function litter()
    local a <const>, b <const> = check(socket.socketpair())
    local out <const>, inp <const> = check(a:makefile("w")), check(b:makefile("rw"))
    check(out:write("never sent"))
    check(a:close())
    check(b:settimeout(0))
    local data <const>, message <const>, code <const> = inp:read()
    if code ~= "EAGAIN" then check(data, message, code) end
    check(socket.create_server({"127.0.0.1", 0}))
    return setmetatable({a, b, out, inp}, {__gc = function(t) t[2]:fileno() end})
end

local function streams_outlive()
    local a <const>, second <const> = check(socket.socketpair())
    local b <close> = second
    local file <close> = check(a:makefile("rw"))
    check(file:write("still there"))
    check(a:close())
    check(file:flush())
    local other <close> = check(b:makefile("r"))
    assert(check(other:read(11)) == "still there")
    check(file:close())
    local data <const>, message <const>, code <const> = other:read(1)
    if code ~= "eof" then check(data, message, code) end
    assert(tostring(file) == "stream (closed)" and tostring(a):find("closed", 1, true))
end

-- A descriptor that nobody took over is the script's to close, and the host
-- of these scenarios has a function for that.
local owner_mt <const> = {__close = function(owner)
    if owner.fd >= 0 then closefd(owner.fd) end
end}

local function detached()
    local a <close>, second <const> = check(socket.socketpair())
    local b <close> = second
    check(b:settimeout(5))
    local owner <close> = setmetatable({fd = -1}, owner_mt)
    owner.fd = b:detach()
    local again <close> = check(socket.socket(nil, nil, nil, owner.fd))
    owner.fd = -1
    check(again:settimeout(5))
    check(a:sendall("x"))
    assert(check(again:recv(1)) == "x" and b:fileno() == -1)
    check(b:close())
end

return function()
    litter()
    collectgarbage()
    collectgarbage()
    streams_outlive()
    collectgarbage()
    detached()
end
