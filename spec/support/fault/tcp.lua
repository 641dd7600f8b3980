-- A TCP server and client, both ways, to the end of the connection.

local socket <const> = require "tidewire.socket"
local check <const> = dofile "spec/support/fault/check.lua"

local function receive(s, n)
    local parts <const> = {}
    local got = 0
    while got < n do
        local data <const> = check(s:recv(n - got))
        got = got + #data
        parts[#parts + 1] = data
    end
    return table.concat(parts)
end

local function talk(server, timeout)
    local client <close> = check(socket.create_connection(
        {"127.0.0.1", check(server:getsockname()).port}, timeout))
    local conn <close>, addr <const> = check(server:accept())
    conn:settimeout(timeout)
    assert(addr == check(client:getsockname()))
    check(client:sendall("hello, server"))
    assert(receive(conn, 13) == "hello, server")
    check(conn:sendall(("x"):rep(40)))
    assert(receive(client, 40) == ("x"):rep(40))
    check(client:shutdown(socket.SHUT_WR))
    local data, message <const>, code <const> = conn:recv(10)
    if code ~= "eof" then check(data, message, code) end
    assert(data == nil)
end

-- Whatever fails, it is never a server of both by mistake.
local function six_only()
    local server <close> = check(socket.create_server({"::1", 0}, {family = socket.AF_INET6}))
    assert(check(server:getoption("v6only")) == true)
end

return function()
    six_only()
    local server <close> = check(socket.create_server({"127.0.0.1", 0}))
    talk(server, false)
    talk(server, 5)
    server:settimeout(5)
    talk(server, 5)
end
