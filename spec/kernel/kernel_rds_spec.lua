-- RDS: reliable datagrams, whose addresses are those of IPv4.

local machine <const> = require "spec.support.machine"
local net <const> = require "spec.support.net"
local socket <const> = require "tidewire.socket"
local task <const> = require "tidewire.task"

describe("an RDS socket", function()
    local function rds()
        local s <const> = machine.socket(socket.AF_RDS, socket.SOCK_SEQPACKET)
        assert(s:bind{"127.0.0.1", net.unused_port()})
        return s
    end

    it("G19/347 carries messages, whose sender it knows", function()
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
