-- connect, connect_ex and bind: blocking, with a timeout, and not waiting.

local net <const> = require "spec.support.net"
local socket <const> = require "tidewire.socket"

local errno <const> = socket.errno
local INET <const>, INET6 <const>, UNIX <const> =
    socket.AF_INET, socket.AF_INET6, socket.AF_UNIX
local it6 <const> = net.it6(it)

describe("connect", function()
    it("reaches a listener over IPv4 and IPv6, with and without a timeout", function()
        for _, host in ipairs(net.hosts()) do
            local family <const> = host == "::1" and INET6 or INET
            local server <close> = assert(socket.create_server({host, 0}, {family = family}))
            for _, timeout in ipairs{false, 5} do
                local s <close> = assert(socket.socket(family))
                s:settimeout(timeout)
                assert.is_true(s:connect(server:getsockname()))
                assert.equal(server:getsockname(), s:getpeername())
                local conn <close>, from <const> = server:accept()
                assert.equal(s:getsockname(), from)
                assert.equal(family == INET6 and 4 or 2, #from)
                assert.is_not_nil(conn)
            end
        end
    end)

    it("looks names up", function()
        local server <close> = assert(socket.create_server{"127.0.0.1", 0})
        local s <close> = assert(socket.socket())
        s:settimeout(net.LIMIT)
        assert.is_true(s:connect("localhost", server:getsockname().port))
        assert.equal(server:getsockname(), s:getpeername())
    end)

    it("says who refused, and leaves the socket open", function()
        local s <close> = assert(socket.socket())
        local port <const> = net.unused_port()
        local message <const> = net.fails("ECONNREFUSED", s:connect("127.0.0.1", port))
        assert.equal(("connect 127.0.0.1:%d: Connection refused"):format(port), message)
        assert.equal("socket", socket.type(s))
        s:settimeout(5)
        net.fails("ECONNREFUSED", s:connect("127.0.0.1", port))
        assert.equal(errno.ECONNREFUSED, s:connect_ex("127.0.0.1", port))
    end)

    it("cannot be done twice", function()
        local client <close>, conn <const> = net.tcp()
        net.fails("EISCONN", client:connect(client:getpeername()))
        assert.equal(errno.EISCONN, client:connect_ex(client:getpeername()))
        conn:close()
    end)

    it("knows a name of the wrong family from no name", function()
        local s <close> = assert(socket.socket())
        net.fails("EAI_ADDRFAMILY", s:connect("::1", 80))
        local message <const> = net.fails("EAI_NONAME", s:connect("a..b", 80))
        assert.is_truthy(message:find("a..b:80", 1, true))
        net.fails("EAI_NONAME", s:connect("\xff\xfe", 80))
        net.fails("EAI_NONAME", s:connect(("x"):rep(10000), 80))
        net.fails("EAI_NONAME", s:connect_ex("a..b", 80))
        -- An address of another family is the kernel's to refuse.
        net.fails("EAFNOSUPPORT", s:connect(socket.address("::1", 80)))
    end)

    it6("knows a number of IPv4 from no name", function()
        local s <close> = assert(socket.socket(INET6))
        net.fails("EAI_ADDRFAMILY", s:connect("127.0.0.1", 80))
    end)
end)

describe("connect_ex", function()
    it("gives 0, or the number of the error", function()
        local server <close> = assert(socket.create_server{"127.0.0.1", 0})
        local s <close> = assert(socket.socket())
        assert.equal(0, s:connect_ex(server:getsockname()))
        local other <close> = assert(socket.socket())
        assert.equal(errno.ECONNREFUSED,
            other:connect_ex("127.0.0.1", net.unused_port()))
    end)
end)

describe("bind", function()
    it("gives the socket its address", function()
        local s <close> = assert(socket.socket())
        assert.is_true(s:bind("", 0))
        assert.equal("0.0.0.0", s:getsockname().host)
        assert.is_true(s:getsockname().port > 0)
    end)

    it6("gives the socket its address of IPv6", function()
        local s <close> = assert(socket.socket(INET6))
        assert.is_true(s:bind{"", 0})
        assert.equal("::", s:getsockname().host)
    end)

    it("says why it cannot", function()
        local s <close> = assert(socket.socket())
        assert(s:bind("127.0.0.1", 0))
        local addr <const> = s:getsockname()
        net.fails("EINVAL", s:bind("127.0.0.1", 0))
        local other <close> = assert(socket.socket())
        assert.equal(("bind %s: Address already in use"):format(addr),
            net.fails("EADDRINUSE", other:bind(addr)))
        net.fails("EADDRNOTAVAIL", other:bind("192.0.2.1", 0))
        net.fails("EAI_NONAME", other:bind("a..b", 0))
        net.fails("EAFNOSUPPORT", other:bind(socket.address("::1", 0)))
        other:settimeout(net.LIMIT)
        assert.is_true(other:bind("localhost", 0))
    end)
end)

describe("AF_UNIX", function()
    it("has no name until it is bound", function()
        local s <close> = assert(socket.socket(UNIX))
        assert.equal("", s:getsockname().path)
        net.fails("ENOTCONN", s:getpeername())
    end)

    it("connects to a path, of any bytes", function()
        local path <const> = net.path() .. "\xff\xc3\x28"
        local server <close> = assert(socket.create_server(path, {family = UNIX}))
        local s <close> = assert(socket.create_connection(path))
        assert.equal(path, server:getsockname().path)
        assert.equal(path, s:getpeername().path)
        net.fails("EADDRINUSE", socket.create_server(path, {family = UNIX}))
        server:close()
        local late <close> = assert(socket.socket(UNIX))
        net.fails("ECONNREFUSED", late:connect(path))
        assert(os.remove(path))
        assert.matches("No such file", net.fails("ENOENT", late:connect(path)))
    end)

    it("takes 107 bytes of path, and says that 108 are too many", function()
        local stem <const> = net.path()
        local path <const> = stem .. ("p"):rep(107 - #stem)
        local s <close> = assert(socket.socket(UNIX))
        assert.is_true(s:bind(path))
        assert.equal(path, s:getsockname().path)
        assert(os.remove(path))
        for more = 1, 2 do
            local t <close> = assert(socket.socket(UNIX))
            net.fails("ENAMETOOLONG", t:bind(path .. ("p"):rep(more)))
            net.fails("ENAMETOOLONG", t:connect(path .. ("p"):rep(more)))
        end
        net.raises("path: contains a NUL byte", s.bind, s, "/tmp/a\0b")
    end)

    it("takes abstract names byte for byte, up to 108 of them", function()
        local name = "\0tidewire\0\xff" .. net.path()
        for _ = 1, 2 do
            local server <close> = assert(socket.create_server(name, {family = UNIX}))
            local s <close> = assert(socket.create_connection(name))
            assert.equal(name, server:getsockname().path)
            assert.equal(name, s:getpeername().path)
            name = name .. ("n"):rep(108 - #name)
        end
        local s <close> = assert(socket.socket(UNIX))
        net.fails("ENAMETOOLONG", s:bind(name .. "n"))
    end)

    it("finds itself a name when bound to none", function()
        local a <close> = assert(socket.socket(UNIX))
        local b <close> = assert(socket.socket(UNIX))
        assert.is_true(a:bind(""))
        assert.is_true(b:bind(""))
        assert.matches("^\0%x%x%x%x%x$", a:getsockname().path)
        assert.not_equal(a:getsockname(), b:getsockname())
    end)
end)
