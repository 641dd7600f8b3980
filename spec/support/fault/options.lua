-- Options, addresses, buffers, constants, conversions: what never waits.

local socket <const> = require "tidewire.socket"
local check <const> = dofile "spec/support/fault/check.lua"

local function options()
    local s <close> = check(socket.socket())
    check(s:setoption("nodelay", true))
    assert(check(s:getoption("nodelay")) == true)
    check(s:setoption("linger", 3))
    assert(check(s:getoption("linger")) == 3)
    check(s:setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, true))
    assert(check(s:getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)) == 1)
    assert(#check(s:getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 16)) == 4)
    check(s:settimeout(2.5))
    assert(s:gettimeout() == 2.5)
    check(s:setblocking(true))
    assert(s:getblocking() and tostring(s):find("socket (fd=", 1, true))
    local copy <close> = check(s:dup())
    local third <close> = check(socket.fromfd(s:fileno(), socket.AF_INET, socket.SOCK_STREAM))
    assert(third:fileno() ~= copy:fileno() and socket.type(copy) == "socket")
end

local function addresses()
    local a <const> = check(socket.address("127.0.0.1", 80))
    assert(a == check(socket.address {"127.0.0.1", 80}) and tostring(a) == "127.0.0.1:80")
    local host <const>, port <const> = a:unpack()
    assert(host == "127.0.0.1" and port == 80 and #a == 2 and a[1] == host)
    assert(check(socket.address {"::1", 80, 1, 2}).scope_id == 2)
    assert(check(socket.address "/run/x").path == "/run/x")
    local ok <const>, _, code <const> = socket.address("no.such.name", 80)
    assert(not ok and code == "EAI_NONAME")
    assert(not pcall(socket.address, "127.0.0.1", "80"))
end

local function buffers()
    local b <const> = socket.buffer("a buffer")
    b:set(3, "BUF")
    assert(b:string() == "a BUFfer" and b:sub(-3) == "fer" and #b == 8)
    assert(tostring(b) == "buffer (8 bytes)")
    assert(socket.inet_ntoa(check(socket.inet_aton "127.1")) == "127.0.0.1")
    local bytes <const> = check(socket.inet_pton(socket.AF_INET6, "::1"))
    assert(check(socket.inet_ntop(socket.AF_INET6, bytes)) == "::1")
    assert(socket.errno.EAGAIN and #check(socket.gethostname()) > 0)
end

return function()
    options()
    addresses()
    buffers()
end
