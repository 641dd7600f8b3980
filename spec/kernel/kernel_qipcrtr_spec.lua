-- Qualcomm's router between processors; here within one node.

local machine <const> = require "spec.support.machine"
local net <const> = require "spec.support.net"
local socket <const> = require "tidewire.socket"

describe("a QIPCRTR socket", function()
    local function qrtr()
        return machine.socket(socket.AF_QIPCRTR, socket.SOCK_DGRAM)
    end

    it("G19/345 has no port until it is bound or connected", function()
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
