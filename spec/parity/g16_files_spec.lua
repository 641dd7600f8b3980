-- Streams over sockets (cases 271 to 291 of the parity list), with two sides; the
-- first nine with every kind of buffering. What one side is enough for is in
-- g16_modes_spec; more about streams in stream_spec and its kin.
-- luacheck: std lua54+busted

local net <const> = require "spec.support.net"
local parity <const> = require "spec.support.parity"
local task <const> = require "tidewire.task"

local STREAMS <const> = {"tcp", "tcp6", "unix", "mptcp"}
local TEXT <const> = "A whole line of text, whose end is its newline.\n"

local case <const> = parity.case

-- Sends a text through a stream of its own.
local function write(s, text, buffering)
    local f <close> = assert(s:makefile("w", buffering))
    assert(f:write(text))
    assert(f:flush())
end

-- A peer that sends the text and closes.
local function says(text)
    return function(s, _, buffering)
        write(s, text, buffering)
        s:close()
    end
end

-- Ditto, once the reader is ready for the end.
local function says_and_stays(text)
    return function(s, t, buffering)
        write(s, text, buffering)
        t:sync("read")
    end
end

-- The cases for every kind of buffering: name, the reader with a stream on its
-- socket, and the writer.
local NINE <const> = {
    {"G16/271 most of a text is read, then the rest", function(f, _, t)
        assert.equal(TEXT:sub(1, -4), f:read(#TEXT - 3))
        assert.equal(TEXT:sub(-3), f:read(3))
        t:sync("read")
    end, says_and_stays(TEXT)},

    {"G16/272 all is read, to the end", function(f)
        assert.equal(TEXT, f:read("a"))
        assert.equal("", f:read("a"))
        net.fails("eof", f:read())
    end, says(TEXT)},

    {"G16/273 all is read byte by byte", function(f)
        local got <const> = {}
        for byte in f:lines(1) do got[#got + 1] = byte end
        assert.equal(#TEXT, #got)
        assert.equal(TEXT, table.concat(got))
    end, says(TEXT)},

    {"G16/274 a line is read, with its newline and without", function(f, _, t)
        assert.equal(TEXT, f:read("L"))
        assert.equal(TEXT:sub(1, -2), f:read("l"))
        t:sync("read")
    end, says_and_stays(TEXT .. TEXT)},

    {"G16/275 a closed socket's stream is read to its end", function(f, s)
        assert.is_true(s:close())
        assert.equal(TEXT, f:read("a"))
        net.fails("eof", f:read(1))
    end, says(TEXT)},

    {"G16/276 a closed stream's socket goes on", function(f, s, t)
        assert.is_true(f:close())
        assert.equal(TEXT, s:recv(100))
        assert.equal(#TEXT, s:sendall(TEXT))
        t:sync("read")
    end, function(s, t, buffering)
        write(s, TEXT, buffering)
        assert.equal(TEXT, s:recv(100))
        t:sync("read")
    end},

    {"G16/277 a stream says whether it is open, for what, and on what", function(f, s)
        assert.equal(s:fileno(), f:fileno())
        assert.equal(("stream (fd=%d, r)"):format(s:fileno()), tostring(f))
        f:close()
        assert.equal(-1, f:fileno())
        assert.equal("stream (closed)", tostring(f))
    end},

    {"G16/278 what both have closed is gone", function(f, s)
        f:close()
        s:close()
        assert.equal(-1, f:fileno())
        assert.equal(-1, s:fileno())
        net.fails("closed", f:read(1))
        net.fails("closed", s:getsockname())
    end},

    {"G16/279 a read that timed out is tried again, and nothing is lost", function(f, s, t)
        s:settimeout(0.02)
        assert.equal(TEXT:sub(1, 3), f:read(3))
        for _ = 1, 2 do
            net.fails("timeout", f:read(#TEXT - 3))
            net.fails("timeout", f:read())
        end
        s:settimeout(net.LIMIT)
        t:sync("more")
        assert.equal(TEXT:sub(4, 6), f:read(3))
        assert.equal(TEXT:sub(7, -2), f:read())
        t:sync("read")
    end, function(s, t, buffering)
        write(s, TEXT:sub(1, 10), buffering)
        t:sync("more")
        write(s, TEXT:sub(11), buffering)
        t:sync("read")
    end},
}

local KINDS <const> = {["default buffering"] = -1, ["unbuffered"] = 0,
    ["line by line"] = 1, ["2 bytes of buffer"] = 2}

local function the_first_nine(kind, buffering)
    for _, one in ipairs(NINE) do
        local name <const>, reader <const>, writer <const> = table.unpack(one)
        case(("%s, %s"):format(name, kind), {transports = STREAMS}, function(s, t)
            local f <close> = assert(s:makefile("r", buffering))
            reader(f, s, t)
        end, writer and function(s, t) writer(s, t, buffering) end)
    end
end

parity.describe("streams:", function()
    for kind, buffering in pairs(KINDS) do
        the_first_nine(kind, buffering)
    end

    case("G16/280 an unbuffered stream leaves what follows its line to others",
        {transports = STREAMS}, function(s)
            for _, expected in ipairs{"one\n", "two\n"} do
                local f <close> = assert(s:makefile("r", 0))
                assert.equal(expected, f:read("L"))
            end
            local f <const> = assert(s:makefile("r", 0))
            assert.same({"three", " ", 4}, {f:read(5, 1, "n")})
            f:close()
            assert.matches("five$", (net.drain(s)))
        end, says("one\ntwo\nthree 4 five"))

    case("G16/281 the connection of a closed socket lasts as long as its stream",
        {transports = STREAMS}, function(s, t)
            local f <const> = assert(s:makefile("rw", 0))
            s:close()
            net.fails("closed", s:recv(100))
            t:sync("closed")
            assert.equal(TEXT, f:read("L"))
            assert(f:write(TEXT))
            f:close()
            net.fails("closed", f:read(1))
            net.fails("closed", s:recv(100))
        end, function(s, t)
            t:sync("closed")
            assert(s:sendall(TEXT))
            assert.equal(TEXT, s:recv(100))
            net.fails("eof", s:recv(100))
        end)

    case("G16/283 a read that would wait says so, once and again", {transports = STREAMS},
        function(s, t)
            s:settimeout(0)
            local f <close> = assert(s:makefile("r", 0))
            net.fails("EAGAIN", f:read(#TEXT - 3))
            t:sync("send")
            assert.equal(1, task.select{s, timeout = net.LIMIT})
            assert.equal(TEXT:sub(1, -4), f:read(#TEXT - 3))
            assert.equal(TEXT:sub(-3), f:read(3))
            net.fails("EAGAIN", f:read(1))
            t:sync("read")
        end, function(s, t)
            t:sync("send")
            write(s, TEXT)
            t:sync("read")
        end)

    case("G16/284 a write that would wait says so, and how much was taken",
        {transports = STREAMS}, function(s, t)
            s:settimeout(0)
            local f <close> = assert(s:makefile("w", 0))
            local piece <const>, total, rounds = ("w"):rep(8 << 20), 0, 0
            repeat
                local _, taken <const> = net.fails("EAGAIN", f:write(piece))
                assert.is_true(taken >= 0 and taken < #piece)
                total, rounds = total + taken, rounds + 1
                assert.is_true(rounds > 1 or taken > 0)
            until taken == 0
            f:close()
            s:shutdown(1)
            t:sync("how much", total)
        end, function(s, t)
            local total <const> = t:sync("how much")
            assert.equal(total, #net.drain(s))
        end)

    case("G16/288 lines come as they arrive, also the last without its newline",
        {transports = STREAMS}, function(s, t)
            local f <const> = assert(s:makefile())
            local got <const> = {}
            for line in f:lines() do
                got[#got + 1] = line
                if #got < 4 then t:sync(#got) end
            end
            assert.same({"a", "", "b\r", "last"}, got)
            f:close()
        end, function(s, t)
            for i, piece in ipairs{"a\n\n", "", "b\r\nla"} do
                assert(s:sendall(piece))
                t:sync(i)
            end
            assert(s:sendall("st"))
            s:close()
        end)

    case("G16/289 what is buffered is sent by flush and close, or as setvbuf says",
        {transports = STREAMS}, function(s, t)
            local function arrives(...)
                for _, text in ipairs{...} do
                    t:sync("written")
                    s:settimeout(text == "" and 0 or net.LIMIT)
                    local got <const>, _, code = s:recv(100)
                    assert.equal(text, got or code == "EAGAIN" and "")
                    t:sync("seen")
                end
            end
            arrives("", "held", "", "more", "no", "", "line\n", "", "", "full")
            t:sync("closing")
            assert.equal("last", (net.drain(s)))
        end, function(s, t)
            local f <const> = assert(s:makefile("w"))
            local function step(g, ...)
                assert(g(f, ...))
                t:sync("written")
                t:sync("seen")
            end
            step(f.write, "held")
            step(f.flush)
            step(f.write, "more")
            step(f.flush)
            f:setvbuf("no")
            step(f.write, "no")
            f:setvbuf("line")
            step(f.write, "line")
            step(f.write, "\n")
            f:setvbuf("full", 4)
            step(f.write, "ful")
            step(f.write, "l")
            step(f.write, "las")
            t:sync("closing")
            f:write("t")
            assert.is_true(f:close())
            s:close()
        end)

    case("G16/290 numbers, everything and nothing are read as from Lua's files",
        {transports = STREAMS}, function(s)
            local f <close> = assert(s:makefile())
            assert.same({1, -2.5, 255, 1e3, ""}, {f:read("n", "n", "n", "n", 0)})
            assert.equal(" x", f:read(2))
            assert.is_nil((f:read("n")))
            assert.equal("line\n\0rest\n", f:read("a"))
            assert.equal("", f:read("a"))
            net.fails("eof", f:read(0))
            net.fails("eof", f:read("n"))
            net.fails("eof", f:read("l"))
        end, says("1 -2.5\n0xff 1e3 x line\n\0rest\n"))
end)
