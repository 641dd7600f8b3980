-- Creation, attributes, representation: cases G1/1 to G1/13 and G1/22 to G1/24;
-- see g01_descriptor_spec.lua for the others.

local net <const> = require "spec.support.net"
local parity <const> = require "spec.support.parity"
local socket <const> = require "tidewire.socket"

local INET <const>, UNIX <const> = socket.AF_INET, socket.AF_UNIX
local STREAM <const>, DGRAM <const> = socket.SOCK_STREAM, socket.SOCK_DGRAM
local NONBLOCK <const>, CLOEXEC <const> = socket.SOCK_NONBLOCK, socket.SOCK_CLOEXEC

local function attributes(s)
    return {s.family, s.type, s.proto}
end

describe("creation:", function()
    it("G1/1 without arguments: an IPv4 stream, the attributes readable", function()
        local s <close> = assert(socket.socket())
        assert.same({INET, STREAM, 0}, attributes(s))
    end)

    it("G1/2 the attributes are read-only and outlive the socket", function()
        local s <const> = assert(socket.socket(INET, DGRAM, socket.IPPROTO_UDP))
        s:settimeout(2.5)
        for _, name in ipairs{"family", "type", "proto", "timeout"} do
            net.raises(name, function() s[name] = 1 end)
        end
        s:close()
        assert.same({INET, DGRAM, socket.IPPROTO_UDP}, attributes(s))
        assert.equal(2.5, s:gettimeout())
    end)

    it("G1/3 the type is without flags, whatever the timeout becomes", function()
        local s <close> = assert(socket.socket(INET, STREAM | NONBLOCK | CLOEXEC))
        assert.equal(STREAM, s.type)
        for _, change in ipairs{{"settimeout", 1}, {"settimeout", 0},
            {"setblocking", true}, {"setblocking", false}} do
            assert(s[change[1]](s, change[2]))
            assert.equal(STREAM, s.type)
        end
    end)

    it("G1/4 SOCK_NONBLOCK: timeout 0, not blocking, O_NONBLOCK", function()
        local s <close> = assert(socket.socket(INET, STREAM | NONBLOCK))
        assert.same({0, false, true},
            {s:gettimeout(), s:getblocking(), net.nonblocking(s:fileno())})
    end)

    -- timeout (false for nil), blocking, O_NONBLOCK
    local function state(s)
        return {s:gettimeout() or false, s:getblocking(), net.nonblocking(s:fileno())}
    end

    it("G1/5 SOCK_NONBLOCK and what changes the timeout, step by step", function()
        local s <close> = assert(socket.socket(INET, STREAM | NONBLOCK))
        assert.same({0, false, true}, state(s))
        s:setblocking(true)
        assert.same({false, true, false}, state(s))
        s:setblocking(false)
        assert.same({0, false, true}, state(s))
        s:settimeout(nil)
        assert.same({false, true, false}, state(s))
        s:settimeout(2.0)
        assert.same({2.0, true, true}, state(s))
        s:setblocking(true)
        assert.same({false, true, false}, state(s))
    end)

    it("G1/6 a new socket has the default timeout and the mode that goes with it", function()
        local _ <close> = setmetatable({}, {__close = function()
            socket.setdefaulttimeout(nil)
        end})
        for _, case in ipairs{{0.0, false, true}, {false, true, false}, {2.0, true, true}} do
            socket.setdefaulttimeout(case[1] or nil)
            local s <close> = assert(socket.socket())
            assert.same(case, state(s))
            local t <close> = assert(socket.socket(INET, STREAM | NONBLOCK))
            assert.same({0, false, true}, state(t))
        end
    end)

    it("G1/7 SOCK_CLOEXEC: not inheritable, and not in the type", function()
        local s <close> = assert(socket.socket(INET, STREAM | CLOEXEC))
        assert.is_false(s:get_inheritable())
        assert.equal(STREAM, s.type)
    end)

    it("G1/22 a family, type or protocol that does not exist", function()
        net.fails("EAFNOSUPPORT", socket.socket(9999))
        net.fails("EINVAL", socket.socket(INET, 77))
        net.fails("EPROTONOSUPPORT", socket.socket(INET, STREAM, socket.IPPROTO_UDP))
    end)
end)

describe("names:", function()
    it("G1/8 every method of Python's sockets exists", function()
        local s <close> = assert(socket.socket())
        local count = 0
        for line in io.lines("spec/support/python_names.txt") do
            local name <const> = line:match("^method (%S+)")
            if name then
                assert.equal("function", type(s[name]), name)
                count = count + 1
            end
        end
        assert.equal(33, count)
    end)

    -- What the C compiler says; nil where there is none.
    local function c_values(list)
        local source <const> = net.path() .. ".c"
        local file <close> = assert(io.open(source, "w"))
        file:write("#include <netinet/in.h>\n#include <stdio.h>\n#include <sys/socket.h>\n",
            "int main(void)\n{\n")
        for _, name in ipairs(list) do
            file:write(('printf("%s=%%d\\n", (int)%s);\n'):format(name, name))
        end
        file:write("return 0;\n}\n")
        file:close()
        local pipe <close> = assert(io.popen(("cc -o %s.out %s 2>/dev/null && %s.out"):format(
            source, source, source)))
        local out <const> = pipe:read("a")
        os.remove(source)
        os.remove(source .. ".out")
        return out
    end

    it("G1/9 the crucial constants equal those of the C headers", function()
        local list <const> = {"AF_INET", "AF_INET6", "SOCK_STREAM", "SOCK_DGRAM", "SOCK_RAW",
            "SOCK_RDM", "SOCK_SEQPACKET", "SOL_SOCKET", "SO_REUSEADDR", "IPPROTO_TCP",
            "IPPROTO_UDP", "IPPROTO_IPV6"}
        local expected <const> = {}
        for i, name in ipairs(list) do
            assert.equal("integer", math.type(socket[name]), name)
            expected[i] = ("%s=%d\n"):format(name, socket[name])
        end
        local out <const> = c_values(list)
        if out == "" then return pending("no C compiler") end
        assert.equal(table.concat(expected), out)
    end)
end)

describe("representation:", function()
    it("G1/11 shows what the socket is, and its address once it is bound", function()
        local s <const> = assert(socket.socket())
        local fresh <const> = tostring(s)
        assert.is_truthy(fresh:find(("fd=%d, family=%d, type=%d, proto=0"):format(
            s:fileno(), INET, STREAM), 1, true))
        assert.is_nil(fresh:find("addr", 1, true))
        assert(s:bind{"127.0.0.1", 0})
        local bound <const> = tostring(s)
        assert.is_truthy(bound:find("laddr=" .. tostring(s:getsockname()), 1, true))
        assert.is_nil(bound:find("raddr", 1, true))
        s:close()
        assert.is_truthy(tostring(s):find("closed", 1, true))
        assert.is_nil(tostring(s):find("addr", 1, true))
    end)

    it("G1/13 shows descriptor -1 when closed", function()
        local s <const> = assert(socket.socket())
        s:close()
        assert.is_truthy(tostring(s):find("fd=-1", 1, true))
        local t <const> = assert(socket.socket())
        local u <close> = assert(socket.socket{fileno = t:detach()})
        assert.is_truthy(tostring(t):find("fd=-1", 1, true))
        assert.is_nil(tostring(u):find("fd=-1", 1, true))
    end)

    it("G1/23 a type test tells sockets from everything else", function()
        local made <const> = {assert(socket.socket())}
        made[2], made[3] = assert(socket.socketpair())
        made[4] = assert(made[2]:dup())
        made[5] = assert(socket.fromfd(made[3]:fileno(), UNIX, STREAM))
        made[6] = assert(socket.create_server{"127.0.0.1", 0})
        made[7] = assert(socket.create_connection(made[6]:getsockname()))
        made[8] = assert(made[6]:accept())
        made[9] = assert(socket.socket{fileno = made[4]:detach()})
        local file <close> = io.tmpfile()
        local stream <const> = made[2]:makefile()
        for i, s in ipairs(made) do
            assert.equal(i == 4 and "closed socket" or "socket", socket.type(s))
        end
        for _, v in ipairs{1, "socket", {}, {family = INET}, print, file, stream,
            socket.buffer(1), socket.address("::1", 1), coroutine.create(print)} do
            assert.is_nil(socket.type(v), tostring(v))
        end
        stream:close()
        for _, s in ipairs(made) do
            s:close()
            assert.equal("closed socket", socket.type(s))
        end
    end)

    parity.case("G1/12 a connected socket shows both addresses", {transports = parity.TCP},
        function(s)
            local text <const> = tostring(s)
            assert.is_truthy(text:find("laddr=" .. tostring(s:getsockname()), 1, true), text)
            assert.is_truthy(text:find("raddr=" .. tostring(s:getpeername()), 1, true), text)
        end)
end)
