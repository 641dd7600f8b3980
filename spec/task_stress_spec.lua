-- Hundreds of tasks that do everything to one another at random, see
-- spec/support/stress.lua. STRESS_SECONDS (3) is how long; each run says its
-- seed, with which `lua5.4 spec/support/stress.lua SEED SECONDS` repeats it.

local process <const> = dofile("examples/lib/process.lua")
local tasks <const> = require "spec.support.tasks"

local SECONDS <const> = tonumber(os.getenv "STRESS_SECONDS") or 3
local PIECE <const> = 5 -- seconds a run may take, to be well within a child's limit

-- Runs it; returns the output, whose first line has the seed, and the status.
local function stress(seed, seconds, how)
    local child <close> = process.start(process.lua("lua5.4", "spec/support/stress.lua",
        seed, seconds, how))
    return child:finish()
end

local function any_seed()
    return math.random(1, 1 << 31)
end

describe("tasks at random", function()
    it("lose nothing and leave nothing", function()
        local left = tasks.stressed and 1 or SECONDS
        while left > 0 do
            local output <const>, status <const> =
                stress(any_seed(), math.min(left, PIECE), "drain")
            assert.matches("^seed [^\n]*\n[^\n]*, ok\n$", output)
            assert.equal(0, status, output)
            left = left - PIECE
        end
    end)

    for how, what in pairs {close = "the state is closed", exit = "the process exits",
            fall = "the script ends", task = "one of them closes the state"} do
        it("do no harm when " .. what .. " in the middle", function()
            for _ = 1, tasks.stressed and 1 or 3 do
                local output <const>, status <const> = stress(any_seed(), 0.3, how)
                assert.matches("^seed [^\n]*\n$", output)
                assert.equal(0, status, output)
            end
        end)
    end
end)
