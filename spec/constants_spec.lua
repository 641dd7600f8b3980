-- Constants: the numbers of this system, as another language sees them.

local socket <const> = require "tidewire.socket"

-- Runs a Python expression per line of input; nil where there is no Python.
local function python(code)
    local pipe <close> = assert(io.popen("python3 -c '" .. code .. "' 2>/dev/null"))
    local out <const> = pipe:read("a")
    return #out > 0 and out or nil
end

describe("constants", function()
    it("are those that scripts cannot do without", function()
        for _, name in ipairs{"AF_UNSPEC", "AF_INET", "AF_INET6", "AF_UNIX", "SOCK_STREAM",
            "SOCK_DGRAM", "SOCK_RAW", "SOCK_RDM", "SOCK_SEQPACKET", "SOL_SOCKET",
            "SO_REUSEADDR", "SO_ERROR", "IPPROTO_TCP", "IPPROTO_UDP", "IPPROTO_IPV6",
            "IPPROTO_IP", "IPPROTO_ICMP", "TCP_NODELAY", "MSG_PEEK", "MSG_WAITALL",
            "MSG_DONTWAIT", "SHUT_RD", "SHUT_WR", "SHUT_RDWR", "AI_PASSIVE",
            "EAI_NONAME", "NI_NUMERICHOST", "SOMAXCONN", "INADDR_ANY"} do
            assert.equal("integer", math.type(socket[name]), name)
        end
        assert.same({0, 1, 2}, {socket.SHUT_RD, socket.SHUT_WR, socket.SHUT_RDWR})
        assert.is_true(socket.has_ipv6)
        assert.is_nil(socket.SO_NONSENSE)
    end)

    it("have the values that Python reports for the same names", function()
        local listing <const> = python([[
import socket
for name in dir(socket):
    value = getattr(socket, name)
    if name.isupper() and isinstance(value, int):
        print(name, int(value))
]])
        if not listing then
            pending("python3 is not installed")
            return
        end
        local compared = 0
        for name, value in listing:gmatch("(%S+) (%-?%d+)\n") do
            if socket[name] ~= nil then
                assert.equal(math.tointeger(tonumber(value)), socket[name], name)
                compared = compared + 1
            end
        end
        assert.is_true(compared > 100, compared .. " names in common")
    end)
end)

describe("errno", function()
    it("maps names to numbers and back", function()
        for _, name in ipairs{"EAGAIN", "ECONNREFUSED", "ECONNRESET", "EPIPE", "EINPROGRESS",
            "EADDRINUSE", "ENOENT", "EMFILE", "ETIMEDOUT", "EISCONN", "EMSGSIZE"} do
            local number <const> = socket.errno[name]
            assert.equal("integer", math.type(number), name)
            assert.equal(name, socket.errno[number])
        end
        assert.equal(socket.errno.EAGAIN, socket.errno.EWOULDBLOCK)
        assert.equal("EAGAIN", socket.errno[socket.errno.EWOULDBLOCK])
        assert.equal(socket.errno.ENOTSUP, socket.errno.EOPNOTSUPP)
        assert.is_nil(socket.errno[0])
        assert.is_nil(socket.errno.ENONSENSE)
    end)

    it("has the numbers that Python reports", function()
        local listing <const> = python([[
import errno
for number, name in errno.errorcode.items():
    print(name, number)
]])
        if not listing then
            pending("python3 is not installed")
            return
        end
        for name, number in listing:gmatch("(%S+) (%d+)\n") do
            assert.equal(math.tointeger(tonumber(number)), socket.errno[name], name)
        end
    end)

    it("names the codes of failures", function()
        local s <close> = assert(socket.socket())
        local _, _, code <const> = s:recv(1)
        assert.equal("ENOTCONN", code)
        assert.equal("ENOTCONN", socket.errno[socket.errno[code]])
    end)
end)
