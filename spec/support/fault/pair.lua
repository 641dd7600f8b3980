-- Unix sockets: a pair, a listener on a name, more than the kernel holds.

local socket <const> = require "tidewire.socket"
local check <const> = dofile "spec/support/fault/check.lua"

local MESSAGE <const> = ("0123456789"):rep(1200)

-- Takes what is there without waiting; false when nothing is.
local function take(s, parts)
    local data, message <const>, code <const> = s:recv(20000)
    if code == "EAGAIN" then return false end
    check(data, message, code)
    parts[#parts + 1] = data
    return true
end

-- Both ends never wait: what sendall could not send it says, and goes on from.
local function pump(a, b)
    local parts <const> = {}
    local sent = 0
    repeat
        local ok <const>, message <const>, code <const>, count <const> =
            a:sendall(MESSAGE, 0, sent + 1)
        if not ok and code ~= "EAGAIN" then check(nil, message, code) end
        sent = sent + (ok or count)
    until not take(b, parts) and sent == #MESSAGE
    return parts
end

local function big()
    local a <close>, second <const> = check(socket.socketpair())
    local b <close> = second
    check(a:setoption("sndbuf", 4608))
    check(a:settimeout(0))
    check(b:settimeout(0))
    local parts <const> = pump(a, b)
    check(a:close())
    check(b:settimeout(5))
    repeat
        local data <const>, message <const>, code <const> = b:recv(20000)
        if data then parts[#parts + 1] = data end
    until not data and (code == "eof" or check(nil, message, code))
    assert(table.concat(parts) == MESSAGE)
end

local function named()
    local server <close> = check(socket.socket(socket.AF_UNIX))
    check(server:bind(""))
    check(server:listen())
    local client <close> = check(socket.socket(socket.AF_UNIX))
    check(client:settimeout(5))
    check(client:connect(check(server:getsockname())))
    local conn <close> = check(server:accept())
    check(client:sendall("x"))
    assert(check(conn:recv(1)) == "x")
end

local function packets()
    local a <close>, second <const> =
        check(socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET))
    local b <close> = second
    check(a:sendall("one packet"))
    assert(check(b:recv(100)) == "one packet")
end

return function()
    big()
    named()
    packets()
end
