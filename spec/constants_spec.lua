-- Constants: the numbers of this system, as another language sees them.

local net <const> = require "spec.support.net"
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
        assert.equal("00:00:00:00:00:00", socket.BDADDR_ANY)
        assert.equal("00:00:00:FF:FF:FF", socket.BDADDR_LOCAL)
        for _, absent in ipairs{"SO_NONSENSE", "AF_", "AF_INE", "AF_INET\0", "", "ZZ", 1, true} do
            assert.is_nil(socket[absent], absent)
        end
    end)

    it("G19/329 are those of AF_VSOCK", function()
        for name, value in pairs{AF_VSOCK = 40, SO_VM_SOCKETS_BUFFER_SIZE = 0,
            SO_VM_SOCKETS_BUFFER_MIN_SIZE = 1, SO_VM_SOCKETS_BUFFER_MAX_SIZE = 2,
            VMADDR_CID_ANY = 0xffffffff, VMADDR_PORT_ANY = 0xffffffff, VMADDR_CID_HOST = 2,
            VM_SOCKETS_INVALID_VERSION = 0xffffffff} do
            assert.equal(value, socket[name], name)
        end
        assert.equal(0x7b9, socket.IOCTL_VM_SOCKETS_GET_LOCAL_CID & 0xffff)
    end)

    it("are fields of the module as soon as something was asked of them", function()
        local copy <const> = setmetatable({}, getmetatable(socket))
        assert.is_nil(rawget(copy, "AF_PACKET"))
        assert.equal(17, copy.AF_PACKET)
        assert.equal(17, rawget(copy, "AF_PACKET"))
        local count = 0
        for name, value in pairs(copy) do
            assert.equal(value, socket[name])
            assert.equal(value, rawget(copy, name))
            count = count + 1
        end
        assert.is_true(count > 1000, count .. " constants")
    end)

    it("are not found in what is no table", function()
        local meta <const> = getmetatable(socket)
        net.raises("table expected, got number", meta.__index, 1, "AF_INET")
        net.raises("table expected, got no value", meta.__pairs)
    end)

    it("G1/10 have the values that Python reports for the same names", function()
        local listing <const> = python([[
import socket
for name in dir(socket):
    value = getattr(socket, name)
    if name[0].isupper() and isinstance(value, (int, str)):
        print(name, int(value) if isinstance(value, int) else value)
]])
        if not listing then
            pending("python3 is not installed")
            return
        end
        local compared = 0
        for name, value in listing:gmatch("(%S+) (%S+)\n") do
            assert.equal(math.tointeger(tonumber(value)) or value, socket[name], name)
            compared = compared + 1
        end
        assert.is_true(compared > 300, compared .. " names in common")
    end)
end)

describe("names of numbers", function()
    it("G1/24 are the canonical ones", function()
        for number, name in pairs{[0] = "AF_UNSPEC", "AF_UNIX", "AF_INET", [10] = "AF_INET6",
            [16] = "AF_NETLINK", [17] = "AF_PACKET"} do
            assert.equal(name, socket.AddressFamily[number])
            assert.equal(name, socket.AddressFamily(number))
            assert.equal(number, socket.AddressFamily[name])
        end
        assert.equal(1, socket.AddressFamily.AF_LOCAL)
        local s <close> = assert(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        assert.equal("AF_INET", socket.AddressFamily(s.family))
        assert.equal("SOCK_DGRAM", socket.SocketKind(s.type))
        assert.equal("MSG_MORE", socket.MsgFlag(socket.MSG_MORE))
        assert.equal("AI_PASSIVE", socket.AddressInfo[socket.AI_PASSIVE])
    end)

    it("G1/24 of what has none are the number", function()
        assert.is_nil(socket.AddressFamily[9999])
        assert.is_nil(socket.AddressFamily.AF_NONSENSE)
        assert.equal(9999, socket.AddressFamily(9999))
        assert.equal(-1, socket.SocketKind(-1))
        assert.equal(0, socket.MsgFlag(0))
        assert.equal(0x800000, socket.MsgFlag(0x800000))
        assert.equal(0, socket.AddressInfo(0))
    end)

    it("G1/24 of several flags are joined", function()
        assert.equal("MSG_PEEK|MSG_DONTWAIT",
            socket.MsgFlag(socket.MSG_DONTWAIT | socket.MSG_PEEK))
        assert.equal("MSG_CTRUNC|MSG_CMSG_CLOEXEC|0x800000",
            socket.MsgFlag(socket.MSG_CMSG_CLOEXEC | socket.MSG_CTRUNC | 0x800000))
        assert.equal("AI_PASSIVE|AI_NUMERICHOST",
            socket.AddressInfo(socket.AI_PASSIVE | socket.AI_NUMERICHOST))
        assert.is_truthy(socket.MsgFlag(-1):find("MSG_OOB|MSG_PEEK|", 1, true))
    end)

    it("G1/24 are of numbers alone", function()
        for _, field in ipairs{"AddressFamily", "SocketKind", "MsgFlag", "AddressInfo"} do
            net.raises("number: integer expected, got string", socket[field], "1")
            net.raises("number: integer expected, got nil", socket[field])
            net.raises("number: must be", socket[field], 1 << 32)
            net.raises("table expected, got no value", getmetatable(socket[field]).__call)
        end
    end)

    it("G1/24 can be listed, and every constant's number has one", function()
        for field, prefix in pairs{AddressFamily = "AF_", SocketKind = "SOCK_",
            MsgFlag = "MSG_", AddressInfo = "AI_"} do
            local numbers <const>, names <const> = {}, {}
            for key, value in pairs(socket[field]) do
                if math.type(key) then numbers[key] = value else names[key] = value end
            end
            for name, number in pairs(names) do
                assert.equal(number, socket[name])
                assert.equal(number, names[numbers[number]], name)
            end
            for name, value in pairs(socket) do
                if tostring(name):find("^" .. prefix) then assert.equal(value, names[name]) end
            end
        end
    end)

    it("G1/24 are few for one number", function()
        local several <const> = {}
        for name in pairs(socket) do
            local prefix <const> = tostring(name):match("^(%u+)_")
            if ({AF = true, SOCK = true, MSG = true, AI = true})[prefix] then
                local key <const> = prefix .. socket[name]
                several[key] = several[key] or {}
                table.insert(several[key], name)
            end
        end
        local found <const> = {}
        for _, list in pairs(several) do
            table.sort(list)
            if #list > 1 then found[#found + 1] = table.concat(list, " ") end
        end
        table.sort(found)
        assert.same({"AF_LOCAL AF_UNIX", "AF_NETLINK AF_ROUTE", "MSG_MORE MSG_NOTIFICATION"},
            found)
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
        local count = 0
        for _ in pairs(socket.errno) do count = count + 1 end
        assert.is_true(count > 200)
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
