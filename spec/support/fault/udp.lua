-- Datagrams: to an address, connected, into a buffer, empty ones.

local socket <const> = require "tidewire.socket"
local check <const> = dofile "spec/support/fault/check.lua"

local function udp()
    local s <const> = check(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    check(s:settimeout(5))
    return s
end

return function()
    local a <close> = udp()
    local b <close> = udp()
    check(a:bind({"127.0.0.1", 0}))
    check(b:bind({"127.0.0.1", 0}))
    local at <const>, bt <const> = check(a:getsockname()), check(b:getsockname())
    assert(check(a:sendto("first", bt)) == 5)
    assert(check(a:sendto("", {"127.0.0.1", bt.port})) == 0)
    local data, from = check(b:recvfrom(100))
    assert(data == "first" and from == at)
    data, from = check(b:recvfrom(100))
    assert(data == "" and from == at)
    check(b:connect(at))
    assert(check(b:getpeername()) == at)
    assert(check(b:send("second datagram")) == 15)
    local buffer <const> = socket.buffer(8)
    local n
    n, from = check(a:recvfrom_into(buffer))
    assert(n == 8 and buffer:string() == "second d" and from == bt)
    local batch <const> = socket.batch(4, 100)
    assert(check(b:sendmany({"1", "22", "", "4444"}, at)) == 4)
    local got <const> = {}
    repeat
        check(a:recvmany(batch))
        for piece, whose in batch:each() do
            got[#got + 1] = piece
            assert(whose == bt)
        end
    until #got >= 4
    assert(table.concat(got, ",") == "1,22,,4444")
    assert(check(a:sendmany(batch)) == #batch)
    check(b:recvmany(batch))
    check(b:sendall("third"))
    assert(check(a:recv_into(buffer, 5)) == 5 and buffer:sub(1, 5) == "third")
end
