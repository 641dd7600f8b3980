-- Multicast by the numbers that tutorials use (case 145 of the parity list); by
-- name it is in spec/multicast_spec.lua.

local parity <const> = require "spec.support.parity"
local socket <const> = require "tidewire.socket"

local GROUP <const>, LO <const> = "239.255.145.1", "127.0.0.1"
local IP <const> = socket.IPPROTO_IP

parity.describe("multicast", function()
    parity.case("G7/145 reaches who has joined, on the interface that is named",
        {transports = {"udp"}},
        function(_, t)
            local s <close> = t:new()
            assert(s:setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1))
            assert(s:setoption("multicast_all", false)) -- not what others join
            assert(s:bind("", 0))
            local member <const> = socket.inet_aton(GROUP) .. socket.inet_aton(LO)
            assert.is_true(s:setsockopt(IP, socket.IP_ADD_MEMBERSHIP, member))
            t:sync("joined", s:getsockname().port)
            local data <const>, from <const> = assert(s:recvfrom(100))
            assert.equal("hello, group", data)
            assert.equal(LO, from.host)
            assert.is_true(s:setsockopt(IP, socket.IP_DROP_MEMBERSHIP, member))
            s:settimeout(0)
            t:sync("left")
            t:sync("sent")
            assert.equal("EAGAIN", (select(3, s:recv(100))))
        end,
        function(_, t)
            local s <close> = t:new()
            assert.is_true(s:setsockopt(IP, socket.IP_MULTICAST_IF, socket.inet_aton(LO)))
            assert.equal(socket.inet_aton(LO), s:getsockopt(IP, socket.IP_MULTICAST_IF, 4))
            for option, value in pairs{IP_MULTICAST_TTL = 3, IP_MULTICAST_LOOP = 1} do
                assert.is_true(s:setsockopt(IP, socket[option], value))
                assert.equal(value, s:getsockopt(IP, socket[option]))
            end
            local port <const> = t:sync("joined")
            assert.equal(12, s:sendto("hello, group", GROUP, port))
            t:sync("left")
            assert(s:sendto("nobody hears this", GROUP, port))
            t:sync("sent")
        end)
end)
