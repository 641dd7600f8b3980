-- Files and what is read, sent through the kernel and by reading.

local socket <const> = require "tidewire.socket"
local check <const> = dofile "spec/support/fault/check.lua"

local TEXT <const> = ("0123456789"):rep(15)

-- The file, and both ends of a connection that has room for all that is sent.
local function set_up()
    local file <const> = assert(io.tmpfile())
    assert(file:write(TEXT))
    local a <const>, b <const> = check(socket.socketpair())
    check(a:settimeout(5))
    check(b:settimeout(5))
    return file, a, b
end

local function receive(s, n)
    local text = ""
    while #text < n do text = text .. check(s:recv(n - #text)) end
    return text
end

-- What sendfile says, with its count: that many have arrived.
local function sent(b, n, message, code, count)
    assert(receive(b, n or count) == TEXT:sub(1, n or count))
    return check(n, message, code)
end

local function reader()
    local at = 1
    return {read = function(_, n)
        at = at + n
        return TEXT:sub(at - n, at - 1)
    end}
end

return function()
    local f <const>, first <const>, second <const> = set_up()
    local file <close> = f
    local a <close> = first
    local b <close> = second
    assert(sent(b, a:sendfile(file)) == #TEXT and file:seek() == #TEXT)
    assert(sent(b, a:sendfile(file, 0, 100)) == 100 and file:seek() == 100)
    assert(sent(b, a:sendfile(reader(), 0, 120)) == 120)
    local pipe <close> = assert(io.popen "printf %s 0123456789")
    assert(sent(b, a:sendfile(pipe)) == 10)
end
