-- Sockets from descriptors, and what becomes of those that are forgotten: cases
-- G1/14 to G1/21 and G1/25 to G1/27.

local net <const> = require "spec.support.net"
local peer <const> = require "spec.support.peer"
local socket <const> = require "tidewire.socket"

local INET <const>, INET6 <const>, UNIX <const> = socket.AF_INET, socket.AF_INET6, socket.AF_UNIX
local STREAM <const>, DGRAM <const> = socket.SOCK_STREAM, socket.SOCK_DGRAM
local NONBLOCK <const> = socket.SOCK_NONBLOCK

local function attributes(s)
    return {s.family, s.type, s.proto}
end

describe("adoption:", function()
    it("G1/14 an unknown family, type and protocol are reported as given", function()
        local s <const> = assert(socket.socket())
        local fd <const> = s:detach()
        local t <close> = assert(socket.socket{fileno = fd, family = 125, type = 12, proto = 23})
        assert.same({125, 12, 23}, attributes(t))
        assert.equal(fd, t:fileno())
    end)

    for name, kind in pairs{
        ["an IPv4 stream"] = {INET, STREAM, "127.0.0.1"},
        ["an IPv4 datagram socket"] = {INET, DGRAM, "127.0.0.1"},
        ["an IPv6 stream"] = {INET6, STREAM, "::1"},
        ["a UNIX stream"] = {UNIX, STREAM},
    } do
        it("G1/15 family and type of a descriptor are found out: " .. name, function()
            if kind[1] == INET6 and net.without_ipv6() then
                return pending(net.without_ipv6())
            end
            local s <const> = assert(socket.socket(kind[1], kind[2]))
            local path <const> = net.path()
            assert(s:bind(kind[3] and {kind[3], 0} or path))
            local fd <const> = s:detach()
            local t <close> = assert(socket.socket{fileno = fd})
            assert.same({kind[1], kind[2], fd}, {t.family, t.type, t:fileno()})
            os.remove(path)
        end)
    end

    it("G1/16 the protocol of a descriptor is found out", function()
        for kind, proto in pairs{[STREAM] = 6, [DGRAM] = 17} do
            local s <const> = assert(socket.socket(INET, kind))
            local t <close> = assert(socket.socket{fileno = s:detach()})
            assert.equal(proto, t.proto)
        end
    end)

    it("G1/17 a descriptor is an integer", function()
        net.raises("fileno", socket.socket, INET, STREAM, 0, 42.5)
        net.raises("fileno", socket.socket, INET, STREAM, 0, "foo")
        net.raises("fileno", socket.socket, {fileno = 42.5})
        net.raises("fileno", socket.socket, {fileno = "foo"})
    end)

    it("G1/18 a descriptor is not negative", function()
        for _, fd in ipairs{-1, -42} do
            net.raises("negative", socket.socket, INET, STREAM, 0, fd)
            net.raises("negative", socket.socket, {fileno = fd})
        end
    end)

    it("G1/19 a descriptor that is closed", function()
        local s <const> = assert(socket.socket())
        local fd <const> = s:fileno()
        s:close()
        net.fails("EBADF", socket.socket{fileno = fd})
        net.fails("EBADF", socket.socket(INET, STREAM, 0, fd))
    end)

    it("G1/20 a descriptor that is no socket", function()
        -- The lowest free number is what the file gets.
        local s <const> = assert(socket.socket())
        local fd <const> = s:fileno()
        s:close()
        local file <close> = assert(io.open("/proc/self/status"))
        net.fails("ENOTSOCK", socket.socket{fileno = fd})
        net.fails("ENOTSOCK", socket.socket(INET, STREAM, 0, fd))
        assert.is_truthy(file:read("l"))
    end)

    it("G1/21 a descriptor in non-blocking mode: timeout 0", function()
        local s <const> = assert(socket.socket(INET, STREAM | NONBLOCK))
        local t <close> = assert(socket.socket{fileno = s:detach()})
        assert.same({0, false}, {t:gettimeout(), t:getblocking()})
        local u <close> = assert(socket.fromfd(t:fileno(), INET, STREAM))
        assert.same({0, false}, {u:gettimeout(), u:getblocking()})
    end)
end)

describe("collection:", function()
    it("G1/25 what only a weak table knows is collected, and its descriptor closed", function()
        local before <const> = net.descriptors()
        local weak <const> = setmetatable({assert(socket.socket())}, {__mode = "v"})
        assert.equal("socket", socket.type(weak[1]))
        assert.equal(before + 1, net.descriptors_now())
        collectgarbage()
        collectgarbage()
        assert.is_nil(weak[1])
        assert.equal(before, net.descriptors_now())
    end)

    -- Runs a script with warnings on: its output, a list of lines.
    local function lines_of(script)
        local output <const>, status <const> = peer.run("warn '@on' " .. script)
        assert.equal(0, status, output)
        local lines <const> = {}
        for line in output:gmatch("[^\n]+") do lines[#lines + 1] = line end
        return lines
    end

    it("G1/26 an unclosed socket is warned about, once, and closed", function()
        local lines <const> = lines_of [[
            local s = socket.socket()
            local fd = s:fileno()
            say(tostring(s))
            s = nil
            collectgarbage() collectgarbage()
            say(select(3, socket.socket{fileno = fd}))]]
        assert.equal(3, #lines, table.concat(lines, "\n"))
        assert.is_truthy(lines[2]:find("warning", 1, true))
        assert.is_truthy(lines[2]:find(lines[1], 1, true), lines[2])
        assert.equal("EBADF", lines[3])
    end)

    it("G1/26 ditto, if only a file has kept it", function()
        local lines <const> = lines_of [[
            local s, other = socket.socketpair()
            local fd = s:fileno()
            local f = s:makefile("r")
            say(tostring(s))
            s = nil
            collectgarbage() collectgarbage()
            say(f:fileno() == fd)
            f = nil
            collectgarbage() collectgarbage()
            say(select(3, socket.socket{fileno = fd}))
            other:close()]]
        local all <const> = table.concat(lines, "\n")
        assert.equal(1, select(2, all:gsub("warning", "")), all)
        local known <const> = "without close: " .. lines[1]
        assert.is_truthy(all:find(known, 1, true), all)
        assert.is_truthy(all:find("\ntrue\n", 1, true), all)
        assert.equal("EBADF", lines[#lines])
    end)

    it("G1/27 a closed or detached socket is not warned about", function()
        local lines <const> = lines_of [[
            local s, t = socket.socket(), socket.socket()
            s:close()
            local fd = t:detach()
            local u = socket.socket()
            local other = u:fileno()
            s, t = nil
            collectgarbage() collectgarbage()
            say(socket.type(assert(socket.socket{fileno = fd})), u:fileno() == other)
            os.exit(true, false)]]
        assert.same({"socket\ttrue"}, lines)
    end)
end)
