-- Arguments of sendmsg_afalg: case G19/343. They are checked whatever the socket
-- is; what only AF_ALG does is in spec/kernel/kernel_alg_spec.lua.

local net <const> = require "spec.support.net"
local socket <const> = require "tidewire.socket"

describe("sendmsg_afalg", function()
    local s

    before_each(function() s = assert(socket.socketpair()) end)
    after_each(function() s:close() end)

    it("G19/343 needs options, with an op that is no negative number", function()
        local f <const> = s.sendmsg_afalg
        net.raises("table expected", f, s)
        net.raises("table expected", f, s, {""}, 1)
        net.raises("op: integer expected, got nil", f, s, nil, {})
        net.raises("op: integer expected, got nil", f, s, {""}, {iv = "x"})
        for _, bad in ipairs{-1, 2^32, 1.5, "1", {}, true} do
            net.raises("op: ", f, s, nil, {op = bad})
        end
    end)

    it("G19/343 takes no assoclen that is a negative number, nor any but bytes as iv",
        function()
            local op <const> = socket.ALG_OP_ENCRYPT
            for _, bad in ipairs{-1, 2^32, 1.5, "1", {}, true} do
                net.raises("assoclen: ", s.sendmsg_afalg, s, nil, {op = op, assoclen = bad})
            end
            for _, bad in ipairs{1, {}, true, print} do
                net.raises("iv: string or buffer expected", s.sendmsg_afalg, s, nil,
                    {op = op, iv = bad})
            end
            for _, bad in ipairs{"0", 1.5, {}, 2^31} do
                net.raises("flags: ", s.sendmsg_afalg, s, nil, {op = op, flags = bad})
            end
            net.raises("unknown option 'assoc_len'", s.sendmsg_afalg, s, nil,
                {op = op, assoc_len = 1})
            net.raises("unknown option '1'", s.sendmsg_afalg, s, nil, {op})
            net.raises("buffers: table expected", s.sendmsg_afalg, s, "text", {op = op})
            net.raises("buffers[1]: ", s.sendmsg_afalg, s, {1}, {op = op})
        end)

    it("G19/343 says that other sockets have no use for it", function()
        local options <const> = {op = 0, iv = "1234", assoclen = 0, flags = 0}
        local message <const> = net.fails("EOPNOTSUPP", s:sendmsg_afalg({"x"}, options))
        assert.is_truthy(message:find("AF_ALG", 1, true))
        net.fails("EOPNOTSUPP", s:sendmsg_afalg(nil, {op = 1}))
        net.fails("EOPNOTSUPP", s:sendmsg_afalg({socket.buffer("x"), ""}, options))
        s:close()
        net.fails("closed", s:sendmsg_afalg({"x"}, options))
    end)
end)
