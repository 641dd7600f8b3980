-- Names: looked up on other threads or at once, for their own sake and to
-- connect; and those that are in tables.

local socket <const> = require "tidewire.socket"
local check <const> = dofile "spec/support/fault/check.lua"

local NUMERIC <const> = socket.NI_NUMERICHOST | socket.NI_NUMERICSERV

local function hosts()
    local list <const> = check(socket.getaddrinfo("::1", 80, {type = socket.SOCK_STREAM}))
    assert(#list == 1 and list[1].addr.host == "::1")
    local name <const>, aliases <const>, addrs <const> =
        check(socket.gethostbyaddr("127.0.0.1", 20))
    assert(#name > 0 and type(aliases) == "table" and addrs[1] == "127.0.0.1")
    addrs[1] = select(3, check(socket.gethostbyname_ex("localhost", 20)))[1]
    assert(addrs[1] == "127.0.0.1")
    assert(select(3, check(socket.gethostbyname_ex("10.1.2.3")))[1] == "10.1.2.3")
    assert(#socket.getfqdn("127.0.0.1", 20) > 0)
    assert(#check(socket.getnameinfo({"127.0.0.1", 80}, 0, 20)) > 0)
    assert(check(socket.getnameinfo({"127.1", 80}, NUMERIC)) == "127.0.0.1")
end

local function tables()
    local name <const> = check(socket.gethostname())
    assert(check(socket.sethostname(name)) == true)
    assert(#socket.getfqdn() > 0)
    local lo <const> = check(socket.if_nameindex())[1]
    assert(check(socket.if_nametoindex(lo.name)) == lo.index)
    assert(check(socket.if_indextoname(lo.index)) == lo.name)
    assert(check(socket.getprotobyname("tcp")) == 6)
    assert(check(socket.getservbyport(check(socket.getservbyname("http")))) == "http")
end

return function()
    hosts()
    tables()
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
