-- The list of numbered cases, and how they are counted.

local cases <const> = require "spec.parity.cases"
local process <const> = dofile("examples/lib/process.lua")

-- Runs busted on a file: what it prints.
local function output_of(file)
    local child <close> = process.start(process.lua("lua5.4", "spec/support/busted.lua", file))
    return child:finish()
end

-- The numbers that specs have in their names: number to file. Comments do not
-- count.
local function specs()
    local found <const> = {}
    local pipe <close> = assert(io.popen("find spec -name '*_spec.lua'"))
    for path in pipe:lines() do
        for line in io.lines(path) do
            for group, number in cases.named(line:gsub("^%s*%-%-.*", "")) do
                found[number] = found[number] or path
                assert.equal(group, cases.groups[number],
                    ("%s: there is no G%d/%d"):format(path, group:sub(2), number))
            end
        end
    end
    return found
end

describe("the numbered cases", function()
    it("are 380, each with a title", function()
        assert.equal(380, cases.total)
        for number = 1, cases.total do
            assert.equal("string", type(cases.titles[number]))
        end
        assert.same({"G1", "G1", "G2", "G22"}, {cases.groups[1], cases.groups[27],
            cases.groups[28], cases.groups[380]})
    end)

    it("are found in names", function()
        local found <const> = {}
        for group, number in cases.named("G9/172, (G10/180) G1/0009 xG1/1 G1/2x G/3 G4/") do
            found[#found + 1] = group .. " " .. number
        end
        assert.same({"G9 172", "G10 180", "G1 9", "G1 2"}, found)
    end)

    it("each have a spec", function()
        local found <const>, missing <const> = specs(), {}
        for number = 1, cases.total do
            if not found[number] then missing[#missing + 1] = number end
        end
        assert.same({}, missing)
    end)

    it("count once, however often they run", function()
        local output <const> = output_of("spec/support/cases_fixture.lua")
        assert.is_truthy(output:find("\nnumbered cases: 380 listed, 6 run, 4 passed, 2 failed, " ..
            "3 skipped (no such device: 2, no such thing: 1); 9 runs in all\n7 passed, ", 1, true),
            output)
    end)

    it("are not mentioned where there are none", function()
        local output <const> = output_of("spec/lint_spec.lua")
        assert.is_nil(output:find("numbered", 1, true), output)
    end)
end)
