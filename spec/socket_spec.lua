-- Making, describing and closing sockets; see socket_fd_spec for descriptors.

local net <const> = require "spec.support.net"
local socket <const> = require "tidewire.socket"

local STREAM <const>, DGRAM <const> = socket.SOCK_STREAM, socket.SOCK_DGRAM
local INET <const>, INET6 <const> = socket.AF_INET, socket.AF_INET6

describe("a new socket", function()
    it("is an IPv4 stream without arguments", function()
        local s <close> = assert(socket.socket())
        assert.same({INET, STREAM, 0}, {s.family, s.type, s.proto})
        assert.is_true(s:fileno() >= 0)
    end)

    it("is what the arguments or the options say", function()
        local udp <const> = socket.IPPROTO_UDP
        for _, family in ipairs{INET, not net.without_ipv6() and INET6 or nil} do
            local a <close> = assert(socket.socket(family, DGRAM, udp))
            local b <close> = assert(socket.socket{family = family, type = DGRAM, proto = udp})
            for _, s in ipairs{a, b} do
                assert.same({family, DGRAM, udp}, {s.family, s.type, s.proto})
            end
        end
        local unix <close> = assert(socket.socket{family = socket.AF_UNIX})
        assert.same({socket.AF_UNIX, STREAM, 0}, {unix.family, unix.type, unix.proto})
        net.raises("unknown option 'famly'", socket.socket, {famly = INET6})
    end)

    it("keeps its type without the flags in it", function()
        local s <close> = assert(socket.socket(INET,
            STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC))
        assert.same({0, false, STREAM}, {s:gettimeout(), s:getblocking(), s.type})
        for _, timeout in ipairs{1, 0, false} do
            assert(s:settimeout(timeout))
            assert.equal(STREAM, s.type)
        end
        assert(s:setblocking(true))
        assert.equal(STREAM, s.type)
        assert.equal(0, s:getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))
    end)

    it("may be of a kind that the system does not have", function()
        net.fails("EAFNOSUPPORT", socket.socket(9999))
        net.fails("EINVAL", socket.socket(INET, 77))
        net.fails("EPROTONOSUPPORT", socket.socket(INET, STREAM, socket.IPPROTO_UDP))
    end)

    it("has fields that cannot be set, and that outlive it", function()
        local s <const> = assert(socket.socket(socket.AF_UNIX, DGRAM))
        for _, name in ipairs{"family", "type", "proto", "closed"} do
            net.raises("no field '" .. name .. "' that can be set",
                function() s[name] = 1 end)
        end
        s:close()
        assert.same({socket.AF_UNIX, DGRAM, 0}, {s.family, s.type, s.proto})
        assert.is_nil(s.nonsense)
    end)
end)

describe("tostring of a socket", function()
    it("shows its addresses while it is open", function()
        local s <close> = assert(socket.socket())
        assert.matches("^socket %(fd=%d+, family=2, type=1, proto=0%)$",
            tostring(s))
        local client <close> = net.tcp()
        local text <const> = tostring(client)
        assert.is_truthy(text:find("laddr=" .. tostring(client:getsockname()), 1, true))
        assert.is_truthy(text:find("raddr=" .. tostring(client:getpeername()), 1, true))
    end)

    it("says that it is closed", function()
        local s <const> = assert(socket.socket())
        s:close()
        assert.equal("socket (closed, fd=-1, family=2, type=1, proto=0)", tostring(s))
    end)
end)

describe("socket.type", function()
    it("tells sockets from everything else", function()
        local s <const> = assert(socket.socket())
        local a <close>, b <const> = net.pair()
        local file <close> = io.tmpfile()
        assert.equal("socket", socket.type(s))
        assert.equal("socket", socket.type(b))
        s:close()
        b:close()
        assert.equal("closed socket", socket.type(s))
        for _, v in ipairs{1, "x", {}, print, file, socket.buffer(1), a:makefile()} do
            assert.is_nil(socket.type(v))
        end
        assert.is_nil(socket.type(nil))
        net.raises("value expected", socket.type)
    end)
end)

describe("close", function()
    it("is harmless the second time", function()
        local s <const> = assert(socket.socket())
        assert.is_true(s:close())
        assert.is_true(s:close())
        assert.equal(-1, s:fileno())
        assert.equal(-1, s:detach())
    end)

    it("tells the peer", function()
        local client <close>, conn <const> = net.tcp()
        conn:close()
        net.fails("eof", client:recv(1))
    end)
end)
