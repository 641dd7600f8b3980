-- Conversions: the sizes of control messages, cases G4/79 to G4/81.

local net <const> = require "spec.support.net"
local socket <const> = require "tidewire.socket"

local LIMIT <const> = 2^31 - 1 | 0

-- Up to 256, and to the last of which the size can still be told.
local function values(size)
    local all <const> = {}
    for n = 0, 256 do all[#all + 1] = n end
    local last = LIMIT - size(0)
    while not pcall(size, last) do last = last - 1 end
    for n = last - 256, last do all[#all + 1] = n end
    return all, last
end

describe("the size of control messages", function()
    it("G4/79 CMSG_LEN is a header's and n more", function()
        local none <const> = socket.CMSG_LEN(0)
        assert.is_true(none > 8)
        local all <const>, last <const> = values(socket.CMSG_LEN)
        assert.equal(LIMIT - none, last)
        for _, n in ipairs(all) do
            assert.equal(n, socket.CMSG_LEN(n) - none)
            assert.is_true(socket.CMSG_LEN(n) <= LIMIT)
        end
    end)

    it("G4/80 CMSG_SPACE never falls, and has room for CMSG_LEN", function()
        local before = 0
        for _, n in ipairs(values(socket.CMSG_SPACE)) do
            local space <const> = socket.CMSG_SPACE(n)
            assert.is_true(space >= before)
            assert.is_true(space >= socket.CMSG_LEN(n))
            assert.is_true(space >= n + socket.CMSG_LEN(0))
            assert.is_true(space <= LIMIT)
            before = space
        end
    end)

    it("G4/81 is told of no negative number, nor of too large a one", function()
        for _, size in ipairs{socket.CMSG_LEN, socket.CMSG_SPACE} do
            local _, last <const> = values(size)
            for _, bad in ipairs{-1, last + 1, LIMIT, LIMIT + 1, math.maxinteger,
                    math.mininteger, 2^63, 0/0, 1.5, "1", {}} do
                net.raises("(n: ", size, bad)
            end
        end
    end)
end)
