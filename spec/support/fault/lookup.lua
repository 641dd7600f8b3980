-- Names: looked up on other threads, for their own sake and to connect.

local socket <const> = require "tidewire.socket"
local check <const> = dofile "spec/support/fault/check.lua"

return function()
    local list <const> = check(socket.getaddrinfo("localhost", 80,
        {family = socket.AF_INET, type = socket.SOCK_STREAM, timeout = 20}))
    assert(list[1].addr.host == "127.0.0.1" and list[1].addr.port == 80)
    assert(check(socket.gethostbyname("localhost")) == "127.0.0.1")
    local server <close> = check(socket.create_server({"localhost", 0}))
    local port <const> = check(server:getsockname()).port
    local client <close> = check(socket.socket())
    check(client:settimeout(20))
    check(client:connect({"localhost", port}))
    local conn <close> = check(server:accept())
    check(conn:sendall("x"))
    assert(check(client:recv(1)) == "x")
    local other <close> = check(socket.create_connection({"127.0.0.1", port}, 20))
    assert(check(other:getpeername()).port == port)
end
