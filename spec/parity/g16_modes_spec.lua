-- Streams and buffers, as far as one side is enough (cases 282, 285 to 287 and 291
-- of the parity list), and receiving into buffers (292 to 295).

local net <const> = require "spec.support.net"
local parity <const> = require "spec.support.parity"
local socket <const> = require "tidewire.socket"
local task <const> = require "tidewire.task"

-- Every method of streams that reads, with arguments, and every one that writes.
local READS <const> = {read = {}, lines = {}, read_until = {"x"}, read_exact = {1},
    read_some = {1}, peek = {1}, unread = {"x"}, read_frame = {"I4"}}
local WRITES <const> = {write = {"x"}, write_frame = {"I4", "x"}, flush = {}}

local function collect()
    collectgarbage()
    collectgarbage()
end

describe("makefile", function()
    it("G16/285 takes Python's modes, and a stream says which it has", function()
        local a <close>, b <const> = net.pair()
        for mode, shown in pairs{r = "r", rb = "r", w = "w", wb = "w", rw = "rw",
            wr = "rw", rwb = "rw", bwr = "rw", [""] = "r", b = "r"} do
            local f <close> = assert(a:makefile(mode))
            assert.equal(("stream (fd=%d, %s)"):format(a:fileno(), shown), tostring(f))
            assert.equal(a:fileno(), f:fileno())
        end
        b:close()
    end)

    it("G16/286 takes no others", function()
        local a <close>, b <const> = net.pair()
        for _, bad in ipairs{"rt", "x", "r+", "+", "a", "R", "r\0"} do
            net.raises("mode: ", a.makefile, a, bad)
        end
        net.raises("mode: may hold only r, w and b", a.makefile, a, "rt")
        net.raises("mode: string expected", a.makefile, a, 5)
        b:close()
    end)
end)

describe("a stream that is closed", function()
    it("G16/282 lets go of its socket, at once", function()
        for _, buffering in ipairs{-1, 0} do
            local before <const> = net.descriptors()
            local a, b <const> = net.pair()
            local weak <const> = setmetatable({a}, {__mode = "v"})
            local f <const> = assert(a:makefile("rw", buffering))
            b:sendall("never read")
            a:close()
            a = nil
            collect()
            assert.is_nil(a)
            assert.is_true(f:write("x") == f and f:fileno() >= 0)
            f:close()
            collect()
            assert.is_nil(weak[1])
            b:close()
            assert.equal(before, net.descriptors())
            net.fails("closed", f:read())
            assert.is_true(f:close())
            assert.equal("stream (closed)", tostring(f))
        end
    end)

    it("G16/282 lets go of it once nobody waits for it any more", function()
        local a, b <const> = net.pair()
        local weak <const> = setmetatable({a}, {__mode = "v"})
        local f <const> = assert(a:makefile("r"))
        local reader <const> = task.spawn(f.read, f)
        local chooser <const> = task.spawn(task.select, {f, timeout = net.LIMIT})
        task.yield()
        a = nil
        f:close()
        collect()
        assert.is_nil(a)
        net.fails("closed", reader:join(net.LIMIT))
        net.fails("EBUSY", select(2, chooser:join(net.LIMIT)))
        assert.is_true(f:close())
        assert.same({1, nil, "select: closed", "closed", n = 4},
            table.pack(task.select{f, timeout = net.LIMIT}))
        collect()
        assert.is_true(f:close())
        collect()
        assert.is_nil(weak[1])
        b:close()
    end)

    it("G16/282 is told from one with something to read", function()
        local a <close>, b <const> = net.pair()
        local f <const> = assert(a:makefile("r"))
        local chooser <const> = task.spawn(task.select, {f, timeout = net.LIMIT})
        task.yield()
        f:close()
        assert.same({1, nil, "select: closed", "closed", n = 4},
            table.pack(chooser:join(net.LIMIT)))
        b:close()
    end)

    it("G16/287 says so in every method", function()
        local a <close>, b <const> = net.pair()
        local f <const> = assert(a:makefile("rw"))
        assert.is_true(f:close())
        assert.is_true(f:close())
        for _, methods in ipairs{READS, WRITES} do
            for name, args in pairs(methods) do
                if name ~= "lines" then
                    local message <const> =
                        net.fails("closed", f[name](f, table.unpack(args)))
                    assert.matches(": closed$", message)
                end
            end
        end
        assert.equal(-1, f:fileno())
        assert.equal("stream (closed)", tostring(f))
        net.raises("closed", f:lines())
        b:close()
    end)
end)

describe("a stream", function()
    it("G16/291 is only for reading, or only for writing, if it says so", function()
        local a <close>, b <const> = net.pair()
        local r <close> = assert(a:makefile("r"))
        local w <close> = assert(a:makefile("w"))
        for name, args in pairs(READS) do
            net.raises("not open for reading", w[name], w, table.unpack(args))
        end
        for name, args in pairs(WRITES) do
            net.raises("not open for writing", r[name], r, table.unpack(args))
        end
        b:close()
    end)
end)

local TEXT <const> = "what is received"

-- How the two calls are used alike: the count, and the address.
local CALLS <const> = {
    recv_into = function(s, ...) return s:recv_into(...) end,
    recvfrom_into = function(s, ...) return s:recvfrom_into(...) end,
}

parity.describe("receiving into a buffer:", function()
    for name, call in pairs(CALLS) do
        local number <const> = name == "recv_into" and "G16/292" or "G16/293"

        parity.case(("%s %s gives the count, and fills the front"):format(number, name),
            {transports = parity.ALL}, function(s, t)
                local buffer <const> = socket.buffer(("."):rep(1024))
                local n <const>, from <const> = call(s, buffer)
                assert.equal(#TEXT, n)
                assert.equal(TEXT .. ("."):rep(1024 - #TEXT), buffer:string())
                if name == "recvfrom_into" then
                    assert.equal(tostring(t:sender()), tostring(from))
                end
                t:sync("again")
                assert.equal(4, (call(s, buffer, 4)))
                assert.equal(TEXT:sub(1, 4), buffer:sub(1, 4))
            end, function(s, t)
                t:send(s, TEXT)
                t:sync("again")
                t:send(s, TEXT:sub(1, 4))
            end)

        parity.case(("G16/295 %s into no room gives 0, and takes nothing"):format(name),
            {transports = parity.STREAMS}, function(s, t)
                local nothing <const>, some <const> = socket.buffer(0), socket.buffer(8)
                for _ = 1, 2 do
                    assert.equal(0, (call(s, nothing)))
                    assert.equal(0, (call(s, nothing, 0)))
                    assert.equal(0, (call(s, some, 0, 0, 9)))
                    t:sync("something is there")
                end
                assert.equal(8, (call(s, some)))
                assert.equal(TEXT:sub(1, 8), some:string())
            end, function(s, t)
                t:sync("something is there")
                t:send(s, TEXT)
                t:sync("something is there")
            end)

        it(("G16/294 %s wants no more than fits"):format(name), function()
            local a <close>, b <const> = net.pair()
            local buffer <const> = socket.buffer(4)
            net.raises("size: must be 0 to 4", call, a, buffer, 5)
            net.raises("size: must be 0 to 2", call, a, buffer, 3, 0, 3)
            net.raises("size: must be 0 to 4", call, a, buffer, -1)
            net.raises("at: must be 1 to 5", call, a, buffer, 1, 0, 0)
            net.raises("at: must be 1 to 5", call, a, buffer, 1, 0, 6)
            net.raises("tidewire.buffer expected", call, a, "abcd")
            net.raises("tidewire.buffer expected", call, a)
            b:close()
        end)
    end
end)
