-- Reads for protocols: delimiters, exact counts, frames, looking ahead, limits.

local net <const> = require "spec.support.net"
local socket <const> = require "tidewire.socket"

local function reader(...)
    local a <const>, b <const> = net.pair()
    return assert(b:makefile(...)), a, b
end

local function text(data, ...)
    local f <const>, a <const>, b <const> = reader(...)
    assert(a:sendall(data))
    a:close()
    b:close()
    return f
end

-- Calls read() after each byte of `data` has arrived, until it gives something.
local function byte_by_byte(data, read, ...)
    local f <close>, a <const>, b <const> = reader(...)
    b:settimeout(0)
    for i = 1, #data do
        a:sendall(data, 0, i, i)
        local value <const>, _, code = read(f)
        if value then
            b:close()
            return value, i
        end
        assert.equal("EAGAIN", code)
    end
    b:close()
end

describe("read_until", function()
    it("gives everything through the delimiter", function()
        local f <close> = text("a\r\nb\r\r\n\r\n\0x\0\0end")
        assert.equal("a\r\n", f:read_until("\r\n"))
        assert.equal("b\r\r\n", f:read_until("\r\n"))
        assert.equal("\r\n", f:read_until("\r\n"))
        assert.equal("\0x\0", f:read_until("x\0"))
        assert.equal("\0", f:read_until("\0"))
        assert.equal("e", f:read_until("e"))
        net.fails("eof", f:read_until("\n"))
        assert.equal("nd", f:read("a"))
    end)

    it("finds a delimiter that arrives in pieces", function()
        for data, delimiter in pairs{["ab\r\n\r\n"] = "\r\n\r\n", ["aaaab"] = "aab",
            ["x--y-->"] = "-->", ["\n"] = "\n"} do
            local got <const>, at <const> = byte_by_byte(data, function(f)
                return f:read_until(delimiter)
            end)
            assert.same({data, #data}, {got, at})
        end
    end)

    it("keeps to its limit, and leaves the input in place", function()
        local f <close>, a <const>, b <const> = reader()
        a:sendall("12345\n")
        assert.equal("read: longer than the maximum",
            (net.fails("EMSGSIZE", f:read_until("\n", 5))))
        net.fails("EMSGSIZE", f:read_until("\n", 1))
        assert.equal("12345\n", f:read_until("\n", 6))
        a:sendall("12345")
        net.fails("EMSGSIZE", f:read_until("\n", 5))
        b:settimeout(0.01)
        net.fails("timeout", f:read_until("\n", 6))
        assert.equal("123", f:read_until("3"))
        a:sendall("67")
        assert.equal("4567", f:read_until("7"))
        b:close()
    end)

    it("refuses misuse", function()
        local f <close> = text("x")
        net.raises("delimiter: must not be empty", f.read_until, f, "")
        net.raises("delimiter: string expected", f.read_until, f, 5)
        net.raises("delimiter: string expected", f.read_until, f)
        for _, bad in ipairs{0, -1, 1.5, "1"} do
            net.raises("max: ", f.read_until, f, "x", bad)
        end
    end)
end)

describe("a limit for all reads", function()
    it("holds for lines, everything, delimiters and frames", function()
        local f <close> = text(("x"):rep(11) .. "\n", "r", {max = 10})
        for name, args in pairs{read = {"l"}, read_until = {"\n"}} do
            net.fails("EMSGSIZE", f[name](f, table.unpack(args)))
        end
        net.fails("EMSGSIZE", f:read("a"))
        net.raises("longer than the maximum", f:lines())
        assert.equal("xx", f:read(2))
        assert.equal(("x"):rep(9), f:read("l"))
        local g <close> = text("\11" .. ("y"):rep(11), "r", {max = 10})
        net.fails("EMSGSIZE", g:read_frame("B"))
        assert.equal(("y"):rep(11), g:read_frame("B", 11))
    end)

    it("stops a peer that never ends its line", function()
        local f <close>, a <const>, b <const> = reader("r", {max = 100000})
        net.fill(a)
        net.fails("EMSGSIZE", f:read("l"))
        net.fails("EMSGSIZE", f:read("a"))
        assert.equal(1000, #f:read(1000))
        b:close()
    end)
end)

describe("read_exact, read_some and peek", function()
    it("give all of it, some of it, or a look at it", function()
        local f <close>, a <const>, b <const> = reader()
        a:sendall("abcdefgh")
        assert.equal("abc", f:peek(3))
        assert.equal("a", f:peek(1))
        assert.equal("ab", f:read_exact(2))
        assert.equal("", f:read_exact(0))
        assert.equal("cd", f:read_some(2))
        assert.equal("efgh", f:read_some(100))
        b:settimeout(0.01)
        net.fails("timeout", f:read_some(1))
        net.fails("timeout", f:peek(1))
        a:sendall("ij")
        net.fails("timeout", f:read_exact(3))
        net.fails("timeout", f:peek(3))
        a:close()
        assert.equal("ij", f:peek(3))
        net.fails("eof", f:read_exact(3))
        assert.equal("ij", f:read_exact(2))
        assert.equal("", f:read_exact(0))
        for _, name in ipairs{"read_exact", "read_some", "peek"} do
            net.fails("eof", f[name](f, 1))
        end
        b:close()
    end)

    it("of an unbuffered stream take what is there, and no more", function()
        local f <close>, a <const>, b <const> = reader("r", 0)
        a:sendall("0123456789")
        assert.equal("012", f:read_some(3))
        assert.equal("3", f:read_exact(1))
        assert.equal("45", b:recv(2))
        assert.equal("6789", f:read_some(100))
        b:close()
    end)

    it("take what arrives byte by byte", function()
        assert.same({"abc", 3}, {byte_by_byte("abcd", function(f) return f:read_exact(3) end)})
        assert.same({"abc", 3}, {byte_by_byte("abcd", function(f) return f:peek(3) end)})
        assert.same({"a", 1}, {byte_by_byte("abcd", function(f) return f:read_some(3) end)})
    end)

    it("refuse misuse", function()
        local f <close> = text("x")
        for _, bad in ipairs{-1, 1.5, "1", {}, -2^63} do
            net.raises("n: ", f.read_exact, f, bad)
            net.raises("max: ", f.read_some, f, bad)
            net.raises("n: ", f.peek, f, bad)
        end
        net.raises("max: must be 1", f.read_some, f, 0)
        net.raises("n: must be 1", f.peek, f, 0)
        net.raises("n: integer expected", f.read_exact, f)
    end)
end)

describe("unread", function()
    it("puts bytes in front of the input", function()
        local f <close> = text("world\nnext\n")
        assert.is_true(f:unread("hello "))
        assert.is_true(f:unread(""))
        assert.is_true(f:unread("\n"))
        assert.equal("", f:read())
        assert.equal("hello world", f:read())
        local big <const> = ("b"):rep(100000) .. "\n"
        assert.is_true(f:unread(big))
        assert.equal(big, f:read("L"))
        assert.is_true(f:unread("one\ntwo "))
        assert.same({"one", "two next"}, {f:read("l", "l")})
        net.fails("eof", f:read())
        assert.is_true(f:unread("after the end"))
        assert.equal("after the end", f:read("a"))
        net.raises("data: string expected", f.unread, f, 5)
    end)

    it("is seen by a read that had looked at what follows", function()
        local f <close>, a <const>, b <const> = reader()
        b:settimeout(0.01)
        a:sendall("abcdef")
        net.fails("timeout", f:read("l"))
        f:unread("x\n")
        assert.equal("x", f:read("l"))
        b:close()
    end)
end)

describe("a frame", function()
    it("goes through in every format of string.pack", function()
        local a <close>, b <const> = net.pair()
        local w <close> = assert(a:makefile("w"))
        local r <close> = assert(b:makefile("r"))
        for _, format in ipairs{"B", "H", "I1", ">I2", "<I3", ">I4", "=I5", "I8", "J", "T",
            ">H", "<J", ">s4", "s1"} do
            for _, body in ipairs{"", "x", "\0\n\xff", ("y"):rep(200)} do
                assert.equal(w, w:write_frame(format, body))
                w:flush()
                local packed <const> = format:gsub("s", "I"):pack(#body) .. body
                assert.equal(packed, r:peek(#packed), format)
                assert.equal(body, r:read_frame(format))
            end
        end
        b:close()
    end)

    it("that is too long is refused before anything is allocated", function()
        local f <close> = text(("<I8"):pack(1 << 62 | 1 << 30) .. "body")
        net.fails("EMSGSIZE", f:read_frame("<I8"))
        net.fails("EMSGSIZE", f:read_frame(">I4", 63))
        local g <close> = text(("<I8"):pack(-1))
        net.fails("EMSGSIZE", g:read_frame("<I8", math.maxinteger))
        local h <close> = text("\5hello")
        net.fails("EMSGSIZE", h:read_frame("B", 4))
        assert.equal("hello", h:read_frame("B", 5))
    end)

    it("that is cut short is left in place", function()
        local f <close> = text("\0\0\0\5hell")
        net.fails("eof", f:read_frame(">I4"))
        assert.equal("\0\0\0\5hell", f:read("a"))
        local g <close> = text("\0\0")
        net.fails("eof", g:read_frame(">I4"))
        assert.equal("\0\0", g:read("a"))
        assert.same({"hello", 9}, {byte_by_byte("\0\0\0\5helloX", function(h)
            return h:read_frame(">I4")
        end)})
    end)

    it("refuses misuse", function()
        local a <close>, b <const> = net.pair()
        local f <close> = assert(a:makefile("rw"))
        for _, bad in ipairs{"", "i4", "I4I4", "s9", "z", "I17", "I0", "I9", "d", "x", ">"} do
            net.raises("format: must be one unsigned integer", f.read_frame, f, bad)
            net.raises("format: must be one unsigned integer", f.write_frame, f, bad, "")
        end
        net.raises("format: string expected", f.read_frame, f)
        net.raises("format: contains a NUL byte", f.read_frame, f, "I4\0")
        net.raises("max: ", f.read_frame, f, "I4", -1)
        net.raises("data: string or buffer expected", f.write_frame, f, "I4", 5)
        net.raises("data: too long for the format", f.write_frame, f, "B", ("x"):rep(256))
        assert.equal(f, f:write_frame("B", socket.buffer("abc")))
        f:flush()
        assert.equal("\3abc", b:recv(10))
        b:close()
    end)
end)
