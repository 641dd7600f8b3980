-- Sockets and their descriptors: dup, detach, adopting, pairs, collection.

local net <const> = require "spec.support.net"
local peer <const> = require "spec.support.peer"
local socket <const> = require "tidewire.socket"

local STREAM <const>, DGRAM <const> = socket.SOCK_STREAM, socket.SOCK_DGRAM
local INET <const>, INET6 <const>, UNIX <const> =
    socket.AF_INET, socket.AF_INET6, socket.AF_UNIX

local function collect()
    collectgarbage()
    collectgarbage()
end

describe("dup", function()
    it("makes a second socket on the same connection", function()
        local client <close>, conn <const> = net.tcp()
        local copy <const> = assert(conn:dup())
        assert.not_equal(conn:fileno(), copy:fileno())
        assert.same({conn.family, conn.type, conn.proto, net.LIMIT},
            {copy.family, copy.type, copy.proto, copy:gettimeout()})
        conn:close()
        assert(client:sendall("still here"))
        assert.equal("still here", copy:recv(100))
        copy:close()
        net.fails("eof", client:recv(1))
    end)

    it("of a number makes another number, which is not inheritable", function()
        local client <close>, conn <const> = net.tcp()
        conn:set_inheritable(true)
        local fd <const> = assert(socket.dup(conn:fileno()))
        assert.equal("integer", math.type(fd))
        conn:close()
        local copy <close> = assert(socket.socket{fileno = fd})
        assert.is_false(copy:get_inheritable())
        assert(client:sendall("still here"))
        assert.equal("still here", copy:recv(100))
    end)

    it("of a number takes whatever is a descriptor, and fails for what is none", function()
        local before <const> = net.descriptors()
        local fd <const> = assert(socket.dup(0))
        assert.equal(before + 1, net.descriptors())
        assert.is_true(socket.close(fd))
        net.fails("EBADF", socket.dup(fd))
        net.fails("EBADF", socket.dup(-1))
        net.raises("fd: integer expected", socket.dup)
    end)
end)

describe("detach", function()
    it("gives the descriptor away", function()
        local client <close>, conn <const> = net.tcp()
        local fd <const> = conn:detach()
        assert.equal(-1, conn:fileno())
        assert.equal("closed socket", socket.type(conn))
        net.fails("closed", conn:recv(1))
        assert.is_true(conn:close())
        local again <close> = assert(socket.socket{fileno = fd})
        again:settimeout(net.LIMIT)
        assert.equal(fd, again:fileno())
        assert(client:sendall("more"))
        assert.equal("more", again:recv(100))
    end)

    it("leaves the descriptor open when the socket is collected", function()
        local client <close>, conn = net.tcp()
        local fd <const> = conn:detach()
        conn = nil
        collect()
        assert.is_nil(conn)
        local again <close> = assert(socket.socket{fileno = fd})
        assert.equal(client:getsockname(), again:getpeername())
    end)
end)

describe("adopting a descriptor", function()
    it("finds out what it is", function()
        local kinds <const> = {
            {INET, STREAM, 6}, {INET, DGRAM, 17}, {UNIX, STREAM, 0}, {UNIX, DGRAM, 0},
            {UNIX, socket.SOCK_SEQPACKET, 0}, {INET6, STREAM, 6}, {INET6, DGRAM, 17},
        }
        if net.without_ipv6() then kinds[6] = nil end
        for _, kind in ipairs(kinds) do
            local s <const> = assert(socket.socket(kind[1], kind[2]))
            local fd <const> = s:detach()
            local again <close> = assert(socket.socket{fileno = fd})
            assert.same(kind, {again.family, again.type, again.proto})
            assert.equal(fd, again:fileno())
        end
    end)

    it("reports what it was told, if it was told", function()
        local s <const> = assert(socket.socket())
        local again <close> = assert(socket.socket{fileno = s:detach(),
            family = 42, type = 23, proto = 99})
        assert.same({42, 23, 99}, {again.family, again.type, again.proto})
    end)

    it("sees that it is non-blocking", function()
        local s <const> = assert(socket.socket())
        s:settimeout(0)
        local again <close> = assert(socket.socket{fileno = s:detach()})
        assert.equal(0, again:gettimeout())
    end)

    it("refuses what is no open socket", function()
        local s <const> = assert(socket.socket())
        local fd <const> = s:fileno()
        s:close()
        net.fails("EBADF", socket.socket{fileno = fd})
        net.fails("EBADF", socket.socket{fileno = fd, family = INET, type = STREAM})
        -- 0 is standard input; of the specs it is never a socket.
        local before <const> = net.descriptors()
        net.fails("ENOTSOCK", socket.socket{fileno = 0})
        net.fails("ENOTSOCK", socket.socket(INET, STREAM, 0, 0))
        net.fails("ENOTSOCK", socket.fromfd(0, INET, STREAM))
        net.fails("EBADF", socket.fromfd(100000, INET, STREAM))
        collect()
        assert.equal(before, net.descriptors())
    end)

    it("refuses what is no descriptor", function()
        for _, bad in ipairs{-1, -42, 42.5, "foo", "0", {}, true, 2^31} do
            net.raises("fileno", socket.socket, {fileno = bad})
            net.raises("fd", socket.fromfd, bad, INET, STREAM)
        end
    end)

    it("by fromfd works on a duplicate", function()
        local client <close>, conn <const> = net.tcp()
        local copy <close> = assert(socket.fromfd(conn:fileno(), INET, STREAM))
        assert.not_equal(conn:fileno(), copy:fileno())
        conn:close()
        assert(client:sendall("x"))
        assert.equal("x", copy:recv(1))
    end)
end)

describe("a socket that nobody closes", function()
    it("is closed when it is collected", function()
        collect()
        local before <const> = net.descriptors()
        for _ = 1, 200 do
            assert(socket.socket())
        end
        for _ = 1, 20 do
            net.tcp()
        end
        collect()
        assert.equal(before, net.descriptors())
    end)

    it("disappears from a weak table", function()
        local weak <const> = setmetatable({assert(socket.socket())}, {__mode = "v"})
        collect()
        assert.is_nil(weak[1])
    end)

    it("is warned about once, with its description", function()
        local output <const>, status <const> = peer.run[[
            warn "@on"
            local s = socket.socket()
            say(tostring(s))
            s = nil
            collectgarbage()
            local file = select(2, socket.socketpair()):makefile()
            file = nil
            collectgarbage() collectgarbage()
            local closed = socket.socket()
            closed:close()
            closed = nil
            local detached = socket.socket()
            detached:detach()
            detached = nil
            collectgarbage()
            say "end"
        ]]
        assert.equal(0, status)
        local shown <const> = output:match("^([^\n]+)\n")
        assert.is_truthy(output:find("collected without close: " .. shown .. "\n", 1, true))
        local _, warnings <const> = output:gsub("collected without close", "")
        assert.equal(3, warnings) -- the first, both ends of the pair
        assert.matches("end\n$", output)
    end)
end)

describe("the memory of a connected socket", function()
    it("is at most 400 bytes beyond the kernel's", function()
        local made <const> = {}
        for i = 1, 100 do made[i] = true end
        local warm <close> = assert(socket.socketpair())
        assert(warm:fileno() >= 0)
        collectgarbage()
        local before <const> = collectgarbage("count")
        for i = 1, 100, 2 do
            made[i], made[i + 1] = assert(socket.socketpair())
        end
        collectgarbage()
        local each <const> = (collectgarbage("count") - before) * 1024 / 100
        for _, s in ipairs(made) do s:close() end
        assert.is_true(each <= 400, ("%.0f bytes"):format(each))
    end)
end)
