-- Multipart forms that are too much, or mean harm; and the parser against another.

local support <const> = require "spec.support.multipart"
local net <const> = require "spec.support.net"
local multipart <const> = require "tidewire.http.multipart"
local parser <const> = require "tidewire.http.multipart.parser"
local tasks <const> = require "spec.support.tasks"

local KIND <const> = support.KIND
local source_of <const> = support.source
local collect <const> = support.collect
local field <const> = support.field
local reads <const> = support.reads

describe("a form's limits", function()
    it("are on parts, their heads, and their contents", function()
        local text <const> = field("a", "12345") .. field("b", "6789") .. "--B--"
        local a <const>, b <const> =
            { "a", nil, "text/plain", "12345" }, { "b", nil, "text/plain", "6789" }
        reads({ parts = { a, b } }, text, { parts = 2, head = 42, part = 5, field = 5 })
        reads({ parts = { a }, code = "EMSGSIZE" }, text, { parts = 1 })
        reads({ code = "EMSGSIZE" }, text, { head = 41 })
        local cut <const> = { "a", nil, "text/plain", "EMSGSIZE" }
        reads({ parts = { cut }, code = "EMSGSIZE" }, text, { part = 4 })
        reads({ parts = { cut }, code = "EMSGSIZE" }, text, { field = 4 })
        local form <const> = multipart.read(source_of(text), KIND)
        assert.equal("12345", form:next():body(5))
        net.fails("EMSGSIZE", form:next():body(3))
    end)

    it("are checked", function()
        net.raises("unknown option 'size'", multipart.read, source_of "", KIND, { size = 1 })
        net.raises("option 'parts': number expected", multipart.read, source_of "", KIND,
            { parts = "1" })
    end)
end)

describe("a hostile form", function()
    -- Reads a body that gives `piece` again and again, n times, after `first`.
    local function endless(first, piece, n, limits)
        local given = 0
        local began <const> = os.clock()
        local parts <const>, code <const> = collect({ read = function()
            given = given + 1
            if given > n + 1 then return nil, "end", "eof" end
            return given == 1 and first or piece
        end }, limits)
        assert.is_true(tasks.stressed or os.clock() - began < 3, os.clock() - began .. " s")
        return #parts, code, given
    end

    it("of a million parts ends early", function()
        local n <const>, code <const>, given <const> =
            endless("x", "\r\n" .. field("a", ""), 1000000)
        assert.same({ 1000, "EMSGSIZE" }, { n, code })
        assert.is_true(given < 1010)
    end)

    it("of many parts takes time that grows with their number only", function()
        local many <const>, times <const> = field("a", ""):rep(500), tasks.stressed and 4 or 50
        assert.equal(500 * times, (endless("--B--x\r\n", many, times, { parts = 1 << 20 })))
    end)

    it("with an endless head ends early", function()
        for _, piece in ipairs { "X: 1\r\n", "\r\n", "x", "\r", "\n", "\0" } do
            local _, code <const>, given <const> = endless("--B\r\nX: ", piece, 1000000)
            assert.is_truthy(code == "EMSGSIZE" or code == "EBADMSG")
            assert.is_true(given <= 8192)
        end
        local _, code <const>, given <const> = endless("--B\r\n", ("x"):rep(65536), 1000)
        assert.same({ "EMSGSIZE", 2 }, { code, given })
    end)

    it("with heads full of white space is read in no more time", function()
        local tabs <const> = ("\t"):rep(8000)
        for _, more in ipairs {
            ";" .. tabs .. "x=y", "\r\nX:" .. tabs, "\r\nX: a" .. tabs .. "b",
        } do
            assert.equal(900, (endless("", field("a", "", more), 900)))
        end
    end)

    it("full of what looks like boundaries is read in no more time", function()
        for _, like in ipairs {
            "\r\n--Bx", "\r\n--B--x", "\r\n--", "\r", "\r\n", "\r\n--B ;", "\r\n--B \r", "-", "--B",
        } do
            local first <const> = field("a", ""):sub(1, -3)
            local piece <const> = like:rep(65536 // #like)
            local n <const>, code <const> = endless(first, piece, 128, { field = 1 << 24 })
            assert.same({ 1, "EBADMSG" }, { n, code }, like)
        end
    end)
end)

-- The same, of the whole text at once and without any care for time: a list of
-- events.
local function reference(text, boundary, limits)
    local s <const>, d <const> = "\r\n" .. text, "\r\n--" .. boundary
    local function next_delimiter(from)
        for i = from, #s do
            if s:sub(i, i + #d - 1) == d then
                local rest <const> = s:sub(i + #d)
                local dashes, spaces = rest:match "^(%-%-)([ \t]*)\r\n"
                if not dashes then dashes, spaces = rest:match "^(%-%-)([ \t]*)$" end
                if not dashes then spaces = rest:match "^([ \t]*)\r\n" end
                if spaces and #spaces <= 64 then
                    return i, dashes, i + #d + #(dashes or "") + #spaces
                end
            end
        end
    end
    local events, parts = {}, 0
    local _, last, at = next_delimiter(1)
    while at do
        if last then
            events[#events + 1] = "end"
            return events
        end
        local stop <const> = s:find("\r\n\r\n", at, true)
        if (stop or #s - 2) - at > limits.head or stop and parts >= limits.parts then
            events[#events + 1] = "EMSGSIZE"
            return events
        elseif not stop then
            break
        end
        parts = parts + 1
        events[#events + 1] = "part " .. s:sub(at + 2, stop + 1)
        local found
        found, last, at = next_delimiter(stop + 2)
        if found then
            events[#events + 1] = "data " .. s:sub(stop + 4, found - 1)
        end
    end
    events[#events + 1] = "EBADMSG"
    return events
end

-- What the parser makes of a text that comes in random pieces.
local function parsed(text, boundary, limits)
    local p <const>, events <const>, at, data = parser.new(boundary, limits), {}, 1, ""
    while true do
        local event <const>, value <const>, code <const> = p:next()
        if event == "more" and at > #text then
            p:finish()
        elseif event == "more" then
            local size <const> = math.random(0, 9)
            p:feed(text:sub(at, at + size - 1))
            at = at + size
        elseif event == "data" then
            assert(value ~= "")
            data = data .. value
        elseif event == "over" then
            events[#events + 1] = "data " .. data
            data = ""
        elseif event == "part" then
            events[#events + 1] = "part " .. value
        else
            events[#events + 1] = event or code
            return events
        end
    end
end

describe("the parser of forms", function()
    it("finds what a slow and simple one finds", function()
        local tokens <const> = {
            "\r\n", "\r", "\n", "-", "--", "B", "x", " ", (" "):rep(64), "\r\n--B", "\r\n--B--",
            "\r\n--B\r\n", "\r\n\r\n", "--B\r\n", "a: b", "\r\n--B\r\nx: y\r\n\r\n",
        }
        local limits <const> = { parts = 3, head = 20 }
        math.randomseed(20, 26)
        local seen <const> = {}
        for _ = 1, 6000 do
            local list <const> = {}
            for i = 1, math.random(0, 12) do
                list[i] = tokens[math.random(#tokens)]
            end
            local text <const> = table.concat(list)
            local expected <const> = reference(text, "B", limits)
            assert.same(expected, parsed(text, "B", limits), ("%q"):format(text))
            local last <const> = expected[#expected]
            seen[last] = (seen[last] or 0) + 1
        end
        assert.is_true(seen["end"] > 300 and seen.EBADMSG > 300 and seen.EMSGSIZE > 300)
    end)
end)
