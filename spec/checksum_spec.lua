-- The Internet checksum, as scripts that build packets use it. All lengths and
-- cuts are in spec/c/checksum_test.c.

local net <const> = require "spec.support.net"
local socket <const> = require "tidewire.socket"

-- By the definition, one word at a time.
local function slow(data)
    local sum = 0
    for i = 1, #data, 2 do
        sum = sum + (data:byte(i) << 8) + (data:byte(i + 1) or 0)
    end
    while sum > 0xffff do sum = (sum & 0xffff) + (sum >> 16) end
    return ~sum & 0xffff
end

describe("checksum", function()
    it("is that of the RFC's example and of a header", function()
        assert.equal(0xffff - 0xddf2, socket.checksum "\x00\x01\xf2\x03\xf4\xf5\xf6\xf7")
        local header <const> = (">BBI2I2I2BBI2c4c4"):pack(0x45, 0, 0x73, 0, 0x4000, 64, 17, 0,
            "\xc0\xa8\x00\x01", "\xc0\xa8\x00\xc7")
        assert.equal(0xb861, socket.checksum(header))
        local sealed <const> = header:sub(1, 10) .. (">I2"):pack(0xb861) .. header:sub(13)
        assert.equal(0, socket.checksum(sealed))
        assert.equal(0xffff, socket.checksum "")
    end)

    it("takes strings and buffers of any length", function()
        local data <const> = ("\xff\x01\x80 what else"):rep(10)
        for n = 0, #data do
            local part <const> = data:sub(1, n)
            assert.equal(slow(part), socket.checksum(part))
            assert.equal(slow(part), socket.checksum(socket.buffer(part)))
        end
    end)

    it("goes on from the checksum of what comes before", function()
        local a <const>, b <const> = "a pseudo header ", "and an odd payload"
        assert.equal(slow(a .. b), socket.checksum(b, socket.checksum(a)))
        assert.equal(socket.checksum(a), socket.checksum("", socket.checksum(a)))
        assert.equal(socket.checksum(a), socket.checksum(a, nil))
    end)

    it("refuses misuse", function()
        for _, bad in ipairs{-1, 65536, 1.5, "0"} do
            net.raises("before: ", socket.checksum, "x", bad)
        end
        net.raises("data: string or buffer expected", socket.checksum)
    end)
end)
