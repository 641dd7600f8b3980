-- Odd requests, read by our parser, by Debian's libhttp-parser and by nginx.
-- Where they differ the cases say why.

local cases <const> = dofile("spec/http_odd/cases.lua")
local verdicts <const> = require "spec.support.http_verdicts"

local function all_bytes()
    local list <const> = {}
    for i, case in ipairs(cases) do list[i] = case.bytes end
    return list
end

-- What is wrong with the verdicts of another, whose reasons to differ have that
-- key: differences without a reason, and reasons without a difference.
local function unexplained(others, key)
    local wrong <const> = {}
    for i, case in ipairs(cases) do
        local ours <const> = verdicts.plain(case.verdict)
        local theirs <const> = verdicts.plain(others[i])
        local reason <const> = case[key] and assert(cases.reasons[case[key]], case[key])
        if (ours ~= theirs) ~= (reason ~= nil) then
            wrong[#wrong + 1] = ("%s: we say %q, they %q, because it %s"):format(case.name,
                case.verdict, others[i], reason or "?")
        end
    end
    return wrong
end

describe("odd requests", function()
    it("are many, and no two are the same", function()
        local seen <const> = {}
        for _, case in ipairs(cases) do
            assert.is_nil(seen[case.bytes], case.name)
            seen[case.bytes] = true
        end
        assert.is_true(#cases >= 300)
    end)

    it("are judged as the cases say", function()
        local wrong <const> = {}
        for _, case in ipairs(cases) do
            local verdict <const> = verdicts.ours(case.bytes)
            if verdict ~= case.verdict then
                wrong[#wrong + 1] = ("%s: %q instead of %q"):format(case.name, verdict,
                    case.verdict)
            end
        end
        assert.same({}, wrong)
    end)

    for key, program in pairs {n = "nginx", p = "parser"} do
        it("are judged otherwise by " .. program .. " for a reason", function()
            local others <const>, missing <const> = verdicts[program](all_bytes())
            if not others then return pending(missing) end
            assert.equal(#cases, #others)
            assert.same({}, unexplained(others, key))
        end)
    end
end)
