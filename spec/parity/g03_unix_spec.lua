-- AF_UNIX: cases G3/48 to G3/61.

local net <const> = require "spec.support.net"
local parity <const> = require "spec.support.parity"
local socket <const> = require "tidewire.socket"

local UNIX <const> = socket.AF_UNIX
local STREAM <const>, DGRAM <const> = socket.SOCK_STREAM, socket.SOCK_DGRAM
local TYPES <const> = {STREAM, DGRAM, socket.SOCK_SEQPACKET}

-- A name that nobody has, to go into others.
local function unique()
    return (net.path():gsub("/", "."))
end

-- Binds sockets of all types, one after the other, to what name() returns, and
-- checks that they are called that.
local function binds(name)
    for _, kind in ipairs(TYPES) do
        local s <close> = assert(socket.socket(UNIX, kind))
        local path <const> = name()
        assert(s:bind(path))
        assert.equal(path, s:getsockname().path)
        assert.equal(path, s:getsockname()[1])
        if path:find("^/") then assert(os.remove(path)) end
    end
end

describe("AF_UNIX:", function()
    it("G3/48 a fresh socket has no name", function()
        for _, kind in ipairs(TYPES) do
            local s <close> = assert(socket.socket(UNIX, kind))
            assert.equal("", s:getsockname().path)
        end
    end)

    it("G3/49 a path comes back byte for byte", function()
        binds(net.path)
    end)

    it("G3/50 whatever bytes it has", function()
        binds(function() return net.path() .. "-\u{e4}\u{20ac}\u{1f310}" end)
        binds(function() return net.path() .. "-\xff\xfe\x80 \n\"\\" end)
    end)

    it("G3/51 a path has at most 107 bytes", function()
        local function long(n)
            local path <const> = net.path()
            return path .. ("x"):rep(n - #path)
        end
        binds(function() return long(107) end)
        for _, n in ipairs{108, 109, 1000} do
            local s <close> = assert(socket.socket(UNIX))
            net.fails("ENAMETOOLONG", s:bind(long(n)))
            net.fails("ENAMETOOLONG", s:connect(long(n)))
            assert.equal("", s:getsockname().path)
        end
    end)

    it("G3/52 a path has no NUL in it", function()
        local path <const> = net.path()
        local s <close> = assert(socket.socket(UNIX))
        net.raises("contains a NUL byte", s.bind, s, path .. "\0more")
        net.raises("contains a NUL byte", s.connect, s, path .. "\0")
        assert.equal("", s:getsockname().path)
        assert.is_nil(io.open(path))
    end)

    it("G3/53 paths that are taken, missing, or lead to nobody", function()
        for _, kind in ipairs(TYPES) do
            local path <const> = net.path()
            local s <close> = assert(socket.socket(UNIX, kind))
            net.fails("ENOENT", s:connect(path))
            assert(io.open(path, "w")):close()
            net.fails("EADDRINUSE", s:bind(path))
            net.fails("ECONNREFUSED", s:connect(path))
            os.remove(path)
            assert(s:bind(path))
            if kind ~= DGRAM then
                local t <close> = assert(socket.socket(UNIX, kind))
                net.fails("ECONNREFUSED", t:connect(path)) -- nobody listens
            end
            s:close()
            local t <close> = assert(socket.socket(UNIX, kind))
            net.fails("ECONNREFUSED", t:connect(path)) -- dead
            net.fails("EADDRINUSE", t:bind(path))
            os.remove(path)
        end
    end)

    it("G3/55 an abstract name of 107 bytes after its NUL", function()
        binds(function()
            local name <const> = unique()
            return "\0" .. name .. ("h"):rep(107 - #name)
        end)
    end)

    it("G3/56 an abstract name has no more", function()
        for _, kind in ipairs(TYPES) do
            local s <close> = assert(socket.socket(UNIX, kind))
            net.fails("ENAMETOOLONG", s:bind("\0" .. ("h"):rep(108)))
            net.fails("ENAMETOOLONG", s:connect("\0" .. ("h"):rep(108)))
        end
    end)

    it("G3/57 an abstract name keeps the NULs in it and at its end", function()
        binds(function() return "\0" .. unique() .. "\0test\0" end)
        local name <const> = "\0" .. unique()
        local a <close> = assert(socket.socket(UNIX))
        local b <close> = assert(socket.socket(UNIX))
        assert(a:bind(name))
        assert(b:bind(name .. "\0"))
        assert.not_equal(a:getsockname(), b:getsockname())
    end)

    it("G3/58 an empty path is a name of the kernel's choice", function()
        for _, kind in ipairs(TYPES) do
            local a <close> = assert(socket.socket(UNIX, kind))
            local b <close> = assert(socket.socket(UNIX, kind))
            assert(a:bind(""))
            assert(b:bind(""))
            assert.matches("^%z%x%x%x%x%x$", a:getsockname().path)
            assert.matches("^%z%x%x%x%x%x$", b:getsockname().path)
            assert.not_equal(a:getsockname().path, b:getsockname().path)
        end
    end)
end)

-- pid, uid and gid of this process.
local function credentials()
    local file <close> = assert(io.open("/proc/self/status"))
    local text <const> = file:read("a")
    return string.pack("i4I4I4", text:match("\nPid:%s*(%d+)"),
        text:match("\nUid:%s*%d+%s+(%d+)"), text:match("\nGid:%s*%d+%s+(%d+)"))
end

local MESSAGES <const> = {"one", "", "three and more", ("f"):rep(4000), "last"}

parity.describe("AF_UNIX, both sides:", function()
    parity.case("G3/54 an abstract name, to listen on and to connect to",
        {transports = {"unix", "unix_seqpacket"}},
        function(s, t)
            local name <const> = "\0" .. unique() .. "\0\xff"
            local server <close> = assert(socket.socket(UNIX, s.type))
            server:settimeout(net.LIMIT)
            assert(server:bind(name))
            assert(server:listen())
            assert.equal(name, server:getsockname().path)
            t:sync("listening", server:getsockname().path)
            local conn <close>, from = assert(server:accept())
            assert.equal("", from and from.path or "")
            assert.equal(name, conn:getsockname().path)
            assert.equal("hello", conn:recv(100))
        end,
        function(s, t)
            local name <const> = t:sync("listening")
            local client <close> = assert(socket.socket(UNIX, s.type))
            assert(client:connect(name))
            assert.equal(name, client:getpeername().path)
            assert(client:send("hello"))
        end)

    parity.case("G3/59 messages stay whole and apart",
        {transports = {"unix_dgram", "unix_seqpacket"}},
        function(s)
            for i, message in ipairs(MESSAGES) do
                -- SEQPACKET cannot tell an empty message from its end.
                if message ~= "" or s.type == DGRAM then
                    assert.equal(message, s:recv(5000), i)
                end
            end
            assert.equal("beg", s:recv(3)) -- the rest is lost
            assert.equal("next", s:recv(100))
        end,
        function(s, t)
            for _, message in ipairs(MESSAGES) do
                if message ~= "" or s.type == DGRAM then
                    assert.equal(#message, s:sendto(message, 0, t.address))
                end
            end
            assert(s:sendto("beginning", t.address))
            assert(s:sendto("next", t.address))
        end)

    parity.case("G3/59 recvfrom names a sender that is bound, and no other",
        {transports = {"unix_dgram"}},
        function(s, t)
            local data, from = s:recvfrom(100)
            assert.equal("bound", data)
            assert.equal(t.address, from)
            assert.equal(t:sync("name"), from.path)
            data, from = s:recvfrom(100)
            assert.equal("not bound", data)
            assert.is_nil(from)
        end,
        function(s, t)
            t:send(s, "bound")
            t:sync("name", s:getsockname().path)
            local other <close> = t:new()
            assert(other:sendto("not bound", t.address))
        end)

    parity.case("G3/59 ditto, SEQPACKET, not bound", {transports = {"unix_seqpacket"}},
        function(s)
            local data <const>, from <const> = s:recvfrom(100)
            assert.equal("not bound", data)
            assert.is_nil(from)
        end,
        function(s) assert(s:send("not bound")) end)

    parity.case("G3/59 ditto, SEQPACKET, bound", {
        transports = {"unix_seqpacket"},
        connect = function(address, t)
            local s <const> = t:bound()
            assert(s:connect(address))
            return s
        end,
    }, function(s, t)
            local data <const>, from <const> = s:recvfrom(100)
            assert.equal("bound", data)
            assert.equal(t:sync("name"), from.path)
        end,
        function(s, t)
            assert(s:send("bound"))
            t:sync("name", s:getsockname().path)
        end)

    parity.case("G3/60 SO_PEERCRED is who the other side is",
        {transports = {"unix", "unix_seqpacket"}},
        function(s, t)
            local found <const> = s:getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
            assert.equal(12, #found)
            assert.equal(t:sync("credentials", credentials()), found)
        end,
        function(s, t)
            local found <const> = s:getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
            assert.equal(t:sync("credentials", credentials()), found)
        end)

    parity.case("G3/61 SO_PASSCRED: recvmsg says who has sent",
        {transports = {"unix", "unix_dgram", "unix_seqpacket"}},
        function(s, t)
            assert(s:setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1))
            t:sync("credentials wanted")
            local data <const>, items <const>, flags <const> =
                s:recvmsg(100, socket.CMSG_SPACE(12))
            assert.equal("from somebody", data)
            assert.equal(0, flags & (socket.MSG_TRUNC | socket.MSG_CTRUNC))
            assert.equal(1, #items)
            assert.same({socket.SOL_SOCKET, socket.SCM_CREDENTIALS},
                {items[1].level, items[1].type})
            assert.equal(t:sync("credentials"), items[1].data)
            assert.equal(items[1].data, string.pack("i4I4I4", items[1].value.pid,
                items[1].value.uid, items[1].value.gid))
        end,
        function(s, t)
            t:sync("credentials wanted")
            t:send(s, "from somebody")
            t:sync("credentials", credentials())
        end)

    it("G3/60 SO_PEERCRED of a socketpair is this process", function()
        for _, kind in ipairs(TYPES) do
            local a <const>, b <const> = net.pair(kind)
            for _, s in ipairs{a, b} do
                assert.equal(credentials(),
                    s:getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
            end
            a:close()
            b:close()
        end
    end)
end)
