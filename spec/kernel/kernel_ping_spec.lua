-- Echo requests, without the privilege that raw sockets need.

local machine <const> = require "spec.support.machine"
local net <const> = require "spec.support.net"
local socket <const> = require "tidewire.socket"

describe("an echo request without privilege", function()
    local RANGE <const> = "/proc/sys/net/ipv4/ping_group_range"

    it("G19/348 is for the groups that may", function()
        machine.run("echo 1 0 >%s", RANGE)
        net.fails("EACCES", socket.socket(socket.AF_INET, socket.SOCK_DGRAM,
            socket.IPPROTO_ICMP))
        machine.run("echo 0 0 >%s", RANGE)
        local s <close> = machine.socket(socket.AF_INET, socket.SOCK_DGRAM,
            socket.IPPROTO_ICMP)
        local request <const> = string.pack(">BBI2I2I2", 8, 0, 0, 0, 7) .. "echo me"
        assert.equal(#request, s:sendto(request, "127.0.0.1", 0))
        local answer <const>, from <const> = assert(s:recvfrom(100))
        assert.equal("127.0.0.1", from.host)
        local kind <const>, code <const>, _ <const>, _ <const>, seq <const>, at <const> =
            string.unpack(">BBI2I2I2", answer)
        assert.same({0, 0, 7, "echo me"}, {kind, code, seq, answer:sub(at)})
        machine.carried("ICMP without privilege")
    end)
end)
