-- read("n") takes and gives the same as Lua's own file:read("n").

local net <const> = require "spec.support.net"

local INPUTS <const> = {
    "0", "7 ", "-12x", "+5", "  \t\n 42", "007", "1e3", "1E+3 ", "1e-2,", "1e", "1e+", "1e+x",
    ".5", "5.", ".", "-.5e1", "-", "+", "- 5", "--5", "0x", "0xA", "0XfF,", "0x.8", "0xA.8p1",
    "0xp1", "0x1p", "0x1p-2 ", "0x1g", "1.2.3", "1..2", "1e5.5", "e5", "x", "", "   ",
    "9223372036854775807", "9223372036854775808", "-9223372036854775808", "0xffffffffffffffff",
    "0x1ffffffffffffffff", "1e999", "-1e999", "inf", "nan", "1_000", "12abc", "0b1", "1e5e5",
    "1\0002", "\0", "1,2", ("9"):rep(150), ("9"):rep(199), ("9"):rep(200),
    ("0"):rep(198) .. "1", "0." .. ("0"):rep(150) .. "1", (" "):rep(1000) .. "5",
    "1" .. ("\n"):rep(3), "0x" .. ("f"):rep(190), "1e" .. ("0"):rep(190) .. "1 ",
}

-- Lua's files give nil for these, having lost the first 200 characters.
local TOO_LONG <const> = {
    ("9"):rep(201), ("9"):rep(500) .. " ", "0." .. ("0"):rep(250) .. "1",
    "0x" .. ("f"):rep(250), "-1e" .. ("0"):rep(10000),
}

local function from_file(input)
    local file <close> = assert(io.tmpfile())
    file:write(input)
    file:seek("set")
    local number <const> = file:read("n")
    return number, file:read("a")
end

-- What a stream gives that gets the input in pieces of that size.
local function from_stream(input, piece)
    local a <close>, b <const> = net.pair()
    local f <close> = assert(b:makefile("r"))
    b:settimeout(0)
    local number, code
    local at = 1
    repeat
        a:sendall(input, 0, at, at + piece - 1)
        at = at + piece
        if at > #input then
            a:close()
            b:settimeout(net.LIMIT)
        end
        local value, _, why = f:read("n")
        number, code = value, why
    until code ~= "EAGAIN" or at > #input
    -- What was not asked for yet is still to come.
    if at <= #input then
        a:sendall(input, 0, at)
        a:close()
    end
    b:settimeout(net.LIMIT)
    local rest <const> = f:read("a")
    b:close()
    return number, rest, code
end

local function same(expected, got, what)
    assert.equal(math.type(expected), math.type(got), what)
    if expected == expected then
        assert.equal(expected, got, what)
    end
end

describe("read(\"n\")", function()
    for _, piece in ipairs{1, 2, 1000} do
        it("is that of Lua's files, in pieces of " .. piece, function()
            for _, input in ipairs(INPUTS) do
                local what <const> = ("%q"):format(input)
                local number <const>, rest <const> = from_file(input)
                local got <const>, left <const> = from_stream(input, piece)
                same(number, got, what)
                assert.equal(rest, left, what)
            end
        end)
    end

    it("refuses what is too long, and leaves it in place", function()
        for _, input in ipairs(TOO_LONG) do
            for _, piece in ipairs{7, 100000} do
                local number <const>, rest <const>, code <const> = from_stream(input, piece)
                assert.same({n = 3, nil, input, "EMSGSIZE"},
                    {n = 3, number, rest, code})
            end
        end
    end)

    it("reads one number after the other", function()
        local a <close>, b <const> = net.pair()
        local f <close> = assert(b:makefile())
        a:sendall("1 2\n3.5 0x10 -4e2 x 6")
        a:close()
        assert.same({1, 2, 3.5, 16, -400.0, nil, n = 6},
            table.pack(f:read("n", "n", "n", "n", "n", "n", "n")))
        b:close()
    end)
end)
