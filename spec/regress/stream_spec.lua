-- Streams that once lost count of their buffer.

local net <const> = require "spec.support.net"
local socket <const> = require "tidewire.socket"
local tasks <const> = require "spec.support.tasks"

-- A stream over a datagram socket that gets `...`, the peer gone after it.
local function packets(...)
    local a <const>, b <const> = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for _, data in ipairs { ... } do
        assert(a:send(data))
    end
    a:close()
    b:settimeout(net.LIMIT)
    return b:makefile(), b
end

describe("a stream", function()
    it("passes over empty packets whatever is read", function()
        local reads <const> = {
            { "hello", "read", "l" }, { "hello\n", "read", "L" },
            { "hello\n", "read", "a" }, { "hello", "read_exact", 5 },
            { "hell", "read", 4 }, { "hello\n", "read_until", "\n" },
            { "hello\n", "read_some", 10 }, { "hel", "peek", 3 },
        }
        for _, case in ipairs(reads) do
            local file <close>, sock = packets("", "hello\n")
            local _ <close> = sock
            assert.equal(case[1], file[case[2]](file, case[3]))
        end
        local file <close>, sock = packets("", "\0\0\0\5", "", "hello")
        local _ <close> = sock
        assert.equal("hello", file:read_frame(">I4"))
    end)

    it("survives a finalizer that reads it", function()
        local a <close>, second = socket.socketpair()
        local b <close> = second
        b:settimeout(0)
        local file <close> = b:makefile()
        local function finalizer() file:read_some(100000) end
        for _ = 1, 200 do
            a:send(("0123456789"):rep(100))
            setmetatable({}, { __gc = finalizer })
            for _ = 1, 3 do
                local data <const> = file:read(300)
                assert.is_true(data == nil or #data <= 300)
            end
        end
    end)

    it("survives a finalizer that closes it", function()
        local a <close>, second = socket.socketpair()
        local b <close> = second
        b:settimeout(net.LIMIT)
        local formats <const>, closed = {}, false
        for i = 1, 100 do formats[i] = "L" end
        for i = 1, 250 do a:send(("line %d of text\n"):format(i)) end
        local _ <close> = setmetatable({}, { __close = function()
            collectgarbage("incremental", 200, 100, 13)
        end })
        -- The collector, whose next step is a whole cycle, starts during the read.
        for buffering = 0, 1 do
            local file <close> = b:makefile("r", buffering)
            collectgarbage()
            collectgarbage "stop"
            setmetatable({}, { __gc = function() closed = file:close() end })
            collectgarbage("incremental", 0, 1000, 30)
            collectgarbage "restart"
            local got <const> = table.pack(file:read(table.unpack(formats)))
            -- Forced collections leave finalizers for later.
            assert.is_true(closed or tasks.stressed)
            assert.equal(closed, got[got.n] == "closed")
            assert.equal(closed, got.n < 100)
            file:close()
            closed = false
        end
    end)

    it("of nothing but white space meets its timeout", function()
        local a <close>, second = socket.socketpair()
        local b <close> = second
        a:settimeout(0)
        b:settimeout(0.05)
        local file <close> = b:makefile()
        a:send((" "):rep(100000))
        assert.equal("timeout", select(3, file:read("n")))
    end)
end)
