-- Streams: the interface of Lua's files over a socket; see also
-- stream_read_spec, stream_write_spec, stream_number_spec and parity/g16_*.

local net <const> = require "spec.support.net"

-- A stream for reading and the socket that it reads from.
local function reader(...)
    local a <const>, b <const> = net.pair()
    return assert(b:makefile(...)), a, b
end

-- A stream that reads just this.
local function text(data, ...)
    local f <const>, a <const>, b <const> = reader(...)
    assert(a:sendall(data))
    a:close()
    b:close()
    return f
end

describe("makefile", function()
    it("takes a buffering and options", function()
        local a <close>, b <const> = net.pair()
        for _, ok in ipairs{-1, 0, 1, 2, 65536, {}, {buffering = 0}, {max = 10},
            {buffering = 2, max = 1}} do
            assert.is_true(a:makefile("rw", ok):close())
        end
        for _, bad in ipairs{-2, 1.5, "1", 2^40, {buffering = -2}, {buffering = "x"}} do
            net.raises("buffering: ", a.makefile, a, "r", bad)
        end
        for _, bad in ipairs{0, -1, "x", 2^50} do
            net.raises("max: ", a.makefile, a, "r", {max = bad})
        end
        net.raises("unknown option 'bufering'", a.makefile, a, "r", {bufering = 1})
        net.raises("unknown option '1'", a.makefile, a, "r", {5})
        b:close()
    end)
end)

describe("read", function()
    local INPUT <const> = "line one\n\nline three\r\n\xff\xfe\0\n  42 rest\nlast"

    -- What Lua's own file gives for the same formats, over and over.
    local function of_file(...)
        local file <close> = assert(io.tmpfile())
        file:write(INPUT)
        file:seek("set")
        local out <const> = {}
        for _ = 1, 20 do
            out[#out + 1] = table.pack(file:read(...))
        end
        return out
    end

    local function same_as_file(buffering, ...)
        local f <close> = text(INPUT, "r", buffering)
        for i, expected in ipairs(of_file(...)) do
            local got <const> = table.pack(f:read(...))
            for j = 1, math.max(expected.n, 1) do
                assert.equal(expected[j], got[j], ("%d %d"):format(i, j))
            end
            -- Where a file has only nil, a stream adds a message and a code.
            if got.n > expected.n then
                assert.is_nil(got[got.n - 2])
                assert.same({"end of stream", "eof"}, {got[got.n - 1], got[got.n]})
                assert.equal(expected.n, got.n - 2)
            end
        end
    end

    for _, buffering in ipairs{-1, 0, 1, 2} do
        it("gives what Lua's files give, with buffering " .. buffering, function()
            for _, formats in ipairs{{}, {"l"}, {"L"}, {"a"}, {1}, {3}, {0}, {100},
                {"l", "L"}, {"l", 2, "L"}, {"*l"}, {"*L", "*a"}, {0, 1}, {1, "a"},
                {"l", "l", "l", "l", "n", "l"}, {"a", "a", "a"}, {"a", "l"}} do
                same_as_file(buffering, table.unpack(formats))
            end
        end)
    end

    it("keeps the values that came before the failure", function()
        local f <close> = text("one\ntwo")
        assert.same({"one", "two", nil, "end of stream", "eof", n = 5},
            table.pack(f:read("l", "l", "l", "l")))
        local g <close> = text("one\nx\n")
        assert.same({"one", nil, n = 2}, table.pack(g:read("l", "n", "l")))
    end)

    it("of everything is never the end, of nothing is", function()
        local f <close> = text("abc")
        assert.equal("", f:read(0))
        assert.equal("abc", f:read("a"))
        assert.equal("", f:read("a"))
        net.fails("eof", f:read(0))
        net.fails("eof", f:read("l"))
        net.fails("eof", f:read(5))
        net.fails("eof", f:read("n"))
    end)

    it("keeps the values that came before a timeout, and the rest in place", function()
        local f <close>, a <const>, b <const> = reader()
        b:settimeout(0.02)
        a:sendall("one\ntwo\nthr")
        assert.same({"one", "two", nil, "read: timed out", "timeout", n = 5},
            table.pack(f:read("l", "l", "l")))
        net.fails("timeout", f:read("l"))
        net.fails("timeout", f:read(100))
        net.fails("timeout", f:read("a"))
        a:sendall("ee\n4")
        assert.equal("three", f:read())
        net.fails("timeout", f:read("n"))
        a:sendall("2 ")
        assert.equal(42, f:read("n"))
        b:close()
    end)

    it("does not wait with a timeout of 0", function()
        local f <close>, a <const>, b <const> = reader()
        b:settimeout(0)
        net.fails("EAGAIN", f:read(1))
        a:sendall("ab")
        net.fails("EAGAIN", f:read("l"))
        assert.equal("ab", f:read(2))
        net.fails("EAGAIN", f:read(1))
        b:close()
    end)

    it("refuses formats that there are not, before reading anything", function()
        local f <close> = text("one\ntwo\n")
        for _, bad in ipairs{"x", "", "*", "*x", "k"} do
            net.raises("format: must be a count, l, L, n or a", f.read, f, "l", bad)
        end
        net.raises("format: string expected", f.read, f, {})
        net.raises("format: string expected", f.read, f, "l", nil)
        for _, bad in ipairs{-1, 1.5, -2^63} do
            net.raises("count: ", f.read, f, bad)
        end
        assert.equal("one\ntwo\n", f:read("a"))
    end)

    it("takes many formats", function()
        local f <close> = text(("x"):rep(200))
        local formats <const> = {}
        for i = 1, 200 do formats[i] = 1 end
        assert.equal(200, select("#", f:read(table.unpack(formats))))
        formats[201] = "x"
        net.raises("format", f.read, f, table.unpack(formats))
    end)
end)

describe("lines", function()
    it("gives every line, also the last without its newline", function()
        local f <close> = text("a\n\nb\r\nlast")
        local out <const> = {}
        for line in f:lines() do out[#out + 1] = line end
        assert.same({"a", "", "b\r", "last"}, out)
    end)

    it("takes formats", function()
        local f <close> = text("ab1 cd2 ")
        local out <const> = {}
        for word, number in f:lines(2, "n") do
            out[#out + 1] = word .. "=" .. number
            f:read(1)
        end
        assert.same({"ab=1", "cd=2"}, out)
        local g <close> = text("x")
        net.raises("format: must be", g.lines, g, "x")
        net.raises("too many formats", g.lines, g, table.unpack({}, 1, 250))
    end)

    it("raises when reading fails, unless it is the end", function()
        local f <close>, a <const>, b <const> = reader()
        b:settimeout(0.01)
        a:sendall("one\ntwo")
        local next_line <const> = f:lines()
        assert.equal("one", next_line())
        net.raises("read: timed out", next_line)
        a:sendall("!\n")
        assert.equal("two!", next_line())
        a:close()
        assert.is_nil(next_line())
        f:close()
        net.raises("closed", next_line)
        b:close()
    end)
end)
