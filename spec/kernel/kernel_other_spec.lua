-- Families with few members: Qualcomm's router, reliable datagrams, and echo
-- requests that need no privilege.

local machine <const> = require "spec.support.machine"
local net <const> = require "spec.support.net"
local socket <const> = require "tidewire.socket"
local task <const> = require "tidewire.task"

describe("a QIPCRTR socket", function()
    local function qrtr()
        return machine.socket(socket.AF_QIPCRTR, socket.SOCK_DGRAM)
    end

    it("has no port until it is bound or connected (G19/345)", function()
        local s <close> = qrtr()
        local fresh <const> = s:getsockname()
        assert.equal(0, fresh.port)
        net.fails("EINVAL", s:bind{0xfffffffe, 0})
        assert(s:bind{fresh.node, 0})
        assert.not_equal(0, s:getsockname().port)
        local other <close> = qrtr()
        assert(other:connect{123, 123})
        assert.not_equal(0, other:getsockname().port)
    end)

    it("carries messages within its node", function()
        local a <close> = qrtr()
        local b <close> = qrtr()
        for _, s in ipairs{a, b} do
            assert(s:bind{s:getsockname().node, 0})
        end
        assert.equal(3, a:sendto("ask", b:getsockname()))
        local data, from = assert(b:recvfrom(100))
        assert.equal("ask", data)
        assert.equal(a:getsockname(), from)
        assert.equal(6, b:sendto("answer", from))
        data, from = assert(a:recvfrom(100))
        assert.equal("answer", data)
        assert.equal(b:getsockname(), from)
        machine.carried("QIPCRTR")
    end)
end)

describe("an RDS socket", function()
    local function rds()
        local s <const> = machine.socket(socket.AF_RDS, socket.SOCK_SEQPACKET)
        assert(s:bind{"127.0.0.1", net.unused_port()})
        return s
    end

    it("carries messages, whose sender it knows (G19/347)", function()
        local a <close> = rds()
        local b <close> = rds()
        assert.equal(3, a:sendto("ask", b:getsockname()))
        assert.equal("ask", b:recv(100, socket.MSG_PEEK))
        local data, from = assert(b:recvfrom(100))
        assert.equal("ask", data)
        assert.equal(a:getsockname(), from)
        assert.equal(6, b:sendto("answer", from))
        data, from = assert(a:recvfrom(100))
        assert.equal("answer", data)
        assert.equal(b:getsockname(), from)
        machine.carried("RDS")
    end)

    it("wakes a task that waits", function()
        local a <close> = rds()
        local b <close> = rds()
        local waiting <const> = task.spawn(b.recv, b, 100)
        task.yield()
        assert(a:sendto("late", b:getsockname()))
        assert.equal("late", waiting:join(net.LIMIT))
    end)
end)

describe("an echo request without privilege", function()
    local RANGE <const> = "/proc/sys/net/ipv4/ping_group_range"

    it("is for the groups that may (G19/348)", function()
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
