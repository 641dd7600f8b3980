-- That the machine is the one that was asked for.

local socket <const> = require "tidewire.socket"

describe("Debian's kernel", function()
    it("has sockets of TIPC and SCTP", function()
        local tipc <close> = assert(socket.socket(30, socket.SOCK_RDM))
        local sctp <close> = assert(socket.socket(socket.AF_INET, socket.SOCK_STREAM,
            socket.IPPROTO_SCTP))
        assert.equal(socket.SOCK_RDM, tipc.type)
        assert.equal(socket.IPPROTO_SCTP, sctp.proto)
    end)
end)
