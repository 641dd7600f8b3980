-- Numbered cases with every kind of result: spec/parity/cases_spec.lua runs them.
-- luacheck: std lua54+busted

local function nothing() end

describe("a fixture", function()
    it("G1/1 passes here", nothing)
    it("G1/1 and there", nothing)
    it("G1/2 passes here", nothing)
    it("G1/2 and fails there", function() error("on purpose") end)
    it("G1/3 passes here", nothing)
    it("G1/3 and is skipped there", function() pending("no such thing") end)
    it("G1/4 is skipped", function() pending("no such thing") end)
    pending("G1/5 is skipped [vsock]: no such device")
    pending("G1/6 is skipped: no such device")
    it("G1/7 is one of two, G2/28 the other", nothing)
    it("without a number", nothing)
    describe("G1/8", function()
        it("in the block's name", nothing)
        it("in the block's name again", function() assert.is_true(false) end)
    end)
end)
