-- sendfile, through the kernel and by reading (cases 255 to 270 of the parity
-- list).

local net <const> = require "spec.support.net"
local parity <const> = require "spec.support.parity"
local peer <const> = require "spec.support.peer"
local socket <const> = require "tidewire.socket"
local task <const> = require "tidewire.task"

local MIB <const> = 1024 * 1024
local OVER <const> = {transports = {"tcp", "unix"}}

-- 10 MiB, each of them different, in few steps for the sake of the collector.
local function make_content()
    local text, parts = "0123456789abcdef", {}
    for i = 1, 16 do
        local cut <const> = #text * i // 17
        text = text .. text:sub(cut + 1):upper() .. text:sub(1, cut)
    end
    for i = 1, 10 do parts[i] = ("<%d>"):format(i) .. text:sub(1, -4 - #tostring(i)) end
    return table.concat(parts)
end

local CONTENT <const> = make_content()
local SIZE <const> = #CONTENT

local function file_with(text)
    local file <const> = assert(io.tmpfile())
    assert(file:write(text))
    return file
end

-- A file with the content. What is still in the io library's buffer counts.
local function content_file()
    return file_with(CONTENT)
end

-- A source that has nothing but a method for reading.
local function reader(text)
    local at = 1
    return {read = function(_, n)
        if at > #text then return nil end
        at = at + n
        return text:sub(at - n, at - 1)
    end}
end

-- This side sends with `send` and ends; the peer gets exactly `expected`.
local function sends(name, send, expected, options)
    parity.case(name, options or OVER, function(s)
        send(s)
        assert(s:shutdown(socket.SHUT_WR))
    end, function(s)
        local got <const> = net.drain(s)
        assert.equal(#expected, #got)
        assert.is_true(got == expected)
    end)
end

-- Ditto, of a file with the content: how many bytes it says, and where the
-- file's position is afterwards.
local function sends_file(name, arguments, first, last, before)
    sends(name, function(s)
        local file <close> = content_file()
        if before then before(s, file) end
        assert.equal(last - first + 1, assert(s:sendfile(file, table.unpack(arguments, 1, 2))))
        assert.equal(last, file:seek())
    end, CONTENT:sub(first, last))
end

-- Runs f(s) with a connected socket; nothing may have been sent by it.
local function sends_nothing(name, f)
    sends(name, f, "", OVER)
end

-- A file and the number of its descriptor.
local function numbered(path)
    local before <const> = {}
    local function is_open(fd)
        local info <close> = io.open("/proc/self/fdinfo/" .. fd)
        return info ~= nil
    end
    for fd = 0, 63 do before[fd] = is_open(fd) end
    local file <const> = assert(io.open(path))
    for fd = 0, 63 do
        if not before[fd] and is_open(fd) then return file, fd end
    end
end

local function whole(path)
    local file <close> = assert(io.open(path))
    return file:read "a"
end

parity.describe("sendfile", function()
    sends_file("G15/255 sends a file of 10 MiB", {}, 1, SIZE)
    sends_file("G15/258 begins at an offset", {5000}, 5001, SIZE)
    sends_file("G15/259 stops after a count", {0, 5000007}, 1, 5000007)
    sends_file("G15/260 stops after a small count", {0, 1}, 1, 1)
    sends_file("G15/261 takes an offset and a count", {2007, 100007}, 2008, 102014)
    sends_file("G15/263 stays within a generous timeout", {}, 1, SIZE,
        function(s) s:settimeout(net.LIMIT) end)
    sends_file("G15/267 stops at the end when the count is larger", {0, 2 * SIZE}, 1, SIZE)
    sends_file("G15/269 begins at 0 wherever the file is", {}, 1, SIZE,
        function(_, file) file:seek("set", 4711) end)

    sends("G15/256 sends what any object reads", function(s)
        assert.equal(SIZE, assert(s:sendfile(reader(CONTENT))))
    end, CONTENT)

    sends_nothing("G15/257 sends an empty file", function(s)
        local file <close> = file_with ""
        assert.equal(0, assert(s:sendfile(file)))
        assert.equal(0, file:seek())
    end)

    sends_nothing("G15/262 refuses a non-blocking socket", function(s)
        local file <close> = content_file()
        s:settimeout(0)
        net.raises("non-blocking", s.sendfile, s, file)
        s:settimeout(net.LIMIT)
    end)

    parity.case("G15/264 has one timeout, for the whole", OVER, function(s, t)
        local file <close> = content_file()
        s:settimeout(0.01)
        local _, message <const>, code <const>, sent <const> = s:sendfile(file)
        assert.equal("timeout", code)
        assert.matches("sendfile.*timed out", message)
        assert.is_true(sent > 0 and sent < SIZE)
        assert.equal(sent, file:seek())
        t:sync("sent", sent)
        s:shutdown(socket.SHUT_WR)
    end, function(s, t)
        local sent <const> = t:sync("sent")
        assert.is_true(net.drain(s) == CONTENT:sub(1, sent))
    end)

    parity.case("G15/265 refuses datagram sockets", {transports = {"udp", "unix_dgram"}},
        function(s)
            local file <close> = content_file()
            net.raises("SOCK_STREAM", s.sendfile, s, file)
        end)

    sends_nothing("G15/265 refuses counts that are none", function(s)
        local file <close> = content_file()
        for _, count in ipairs{"2", 0.1, 0, -1} do
            net.raises("count", s.sendfile, s, file, 0, count)
        end
    end)

    sends_nothing("G15/266 refuses what is closed or no descriptor", function(s)
        local file <const> = content_file()
        file:close()
        local _, count <const> = net.fails("closed", s:sendfile(file))
        assert.equal(0, count)
        net.fails("EBADF", s:sendfile(63))
        for _, bad in ipairs{2.0^1000, 2^40, -1, "x", true, {}} do
            net.raises("file", s.sendfile, s, bad)
        end
        net.raises("file", s.sendfile, s, nil)
    end)

    sends("G15/268 takes the number of a descriptor, whose position stays", function(s)
        local file <close>, fd <const> = numbered("/etc/services")
        assert.equal(#whole("/etc/services"), assert(s:sendfile(fd)))
        assert.equal(0, file:seek())
        assert.equal(10, assert(s:sendfile(fd, 5, 10)))
    end, whole("/etc/services") .. whole("/etc/services"):sub(6, 15))

    parity.case("G15/268 goes beyond 2 GiB", {modes = {"blocking"}}, function(s)
        local file <close> = assert(io.tmpfile())
        local size <const> = (2 << 30) + 5 * MIB
        file:seek("set", size - 4)
        file:write "tail"
        assert.equal(size, assert(s:sendfile(file)))
        assert.equal(size, file:seek())
        assert.equal(4, assert(s:sendfile(file, size - 4)))
        assert.equal(8, assert(s:sendfile(file, size - 8, 8)))
        s:shutdown(socket.SHUT_WR)
    end, function(s)
        local left, room = (2 << 30) + 5 * MIB - 4, socket.buffer(MIB)
        while left > 0 do -- nothing is copied
            left = left - assert(s:recv_into(room, math.min(left, MIB), socket.MSG_TRUNC))
        end
        assert.equal("tailtail\0\0\0\0tail", (net.drain(s)))
    end)

    sends("G15/269 sends files of /proc in full", function(s)
        local text <const> = whole("/proc/version")
        local file <close> = assert(io.open("/proc/version"))
        assert.equal(#text, assert(s:sendfile(file)))
        assert.equal(#text, file:seek())
        assert.equal(#text - 5, assert(s:sendfile(file, 5)))
    end, whole("/proc/version") .. whole("/proc/version"):sub(6))

    parity.case("G15/270 ends when the peer resets the connection", {transports = {"tcp"}},
        function(s)
            local file <close> = content_file()
            local _, _, code <const>, sent <const> = s:sendfile(file)
            assert.is_truthy(code == "EPIPE" or code == "ECONNRESET", code)
            assert.is_true(sent < SIZE)
            assert.equal(sent, file:seek())
        end, function(s)
            assert(s:recv(100))
            assert(s:setoption("linger", 0))
            s:close()
        end)
end)

describe("sendfile", function()
    it("G15/262 yields in a task", function()
        local a <close>, b <const> = net.pair()
        local file <close> = content_file()
        local sender <const> = task.spawn(a.sendfile, a, file)
        task.yield()
        assert.equal("waiting", sender:status())
        local got <const> = assert(b:makefile("r", {max = 2 * SIZE})):read_exact(SIZE)
        assert.is_true(got == CONTENT)
        assert.equal(SIZE, sender:join(net.LIMIT))
        b:close()
    end)

    it("G15/270 leaves a process alive whose SIGPIPE ends it", function()
        local child <close> = peer.start_plain [[
            local a, b = socket.socketpair()
            local file = io.tmpfile()
            file:write(("x"):rep(1 << 20))
            b:close()
            local _, _, code = a:sendfile(file)
            say(code)
            _, _, code = a:sendfile(io.popen "echo x")
            say(code)
        ]]
        assert.equal("EPIPE\nEPIPE\n", (child:finish()))
    end)
end)
