-- Address objects: how they are written, what they hold, that equal ones are one.

local net <const> = require "spec.support.net"
local socket <const> = require "tidewire.socket"

describe("an address object", function()
    it("holds the parts of an IPv4 address", function()
        local addr <const> = assert(socket.address("127.0.0.1", 80))
        assert.same({"127.0.0.1", 80, socket.AF_INET, 2},
            {addr.host, addr.port, addr.family, #addr})
        assert.same({"127.0.0.1", 80}, {addr[1], addr[2]})
        assert.same({"127.0.0.1", 80}, {addr:unpack()})
        assert.equal("127.0.0.1:80", tostring(addr))
        assert.is_nil(addr[3] or addr[0] or addr[-1] or addr.flowinfo or addr.path)
    end)

    it("holds the parts of an IPv6 address", function()
        local addr <const> = assert(socket.address{"fe80::1", 8080, 5, 7})
        assert.same({"fe80::1", 8080, 5, 7}, {addr:unpack()})
        assert.same({5, 7, socket.AF_INET6, 4},
            {addr.flowinfo, addr.scope_id, addr.family, #addr})
        assert.equal("[fe80::1%7]:8080", tostring(addr))
        assert.equal("[::1]:80", tostring(socket.address("::1", 80)))
    end)

    it("holds a path, or a name in the abstract namespace", function()
        local addr <const> = assert(socket.address("/tmp/\xff\xfe name"))
        assert.same({"/tmp/\xff\xfe name", 1, socket.AF_UNIX},
            {addr.path, #addr, addr.family})
        assert.equal("/tmp/\xff\xfe name", tostring(addr))
        local abstract <const> = assert(socket.address("\0a\0b\0"))
        assert.equal("\0a\0b\0", abstract[1])
        assert.equal("@a\\x00b\\x00", tostring(abstract))
    end)

    it("knows no other field, and refuses to be changed", function()
        local addr <const> = socket.address("127.0.0.1", 80)
        assert.is_nil(addr.hots)
        assert.is_nil(addr[1.5])
        assert.is_nil(addr[{}])
        net.raises("cannot be changed", function() addr.port = 81 end)
        net.raises("cannot be changed", function() addr[1] = "::" end)
    end)
end)

describe("equal addresses", function()
    it("are the same object, however they were made", function()
        local one <const> = socket.address("127.0.0.1", 4321)
        assert.equal(one, socket.address{"127.0.0.1", 4321})
        assert.not_equal(one, socket.address("127.0.0.1", 4322))
        assert.equal(socket.address("::1", 1), socket.address("0:0:0:0:0:0:0:1", 1))
        assert.not_equal(socket.address("::1", 1), socket.address{"::1", 1, 1, 0})
        assert.equal(socket.address("/tmp/x"), socket.address{"/tmp/x"})
    end)

    it("index the same entry of a table, as a UDP server needs", function()
        local server <close> = net.udp()
        local client <close> = net.udp()
        local seen <const> = {}
        for i = 1, 3 do
            assert(client:sendto("hello " .. i, server:getsockname()))
            local data <const>, from <const> = assert(server:recvfrom(100))
            seen[from] = (seen[from] or "") .. data:sub(-1)
        end
        assert.equal("123", seen[client:getsockname()])
        assert.equal(client:getsockname(), next(seen))
    end)

    it("come back from getpeername, getsockname and accept alike", function()
        local server <close> = assert(socket.create_server{"127.0.0.1", 0})
        local client <close> = assert(socket.create_connection(server:getsockname(), 10))
        local conn <close>, from = server:accept()
        assert.equal(client:getsockname(), from)
        assert.equal(client:getsockname(), conn:getpeername())
        assert.equal(client:getpeername(), conn:getsockname())
    end)

    it("are kept only as long as somebody has them", function()
        local weak <const> = setmetatable({}, {__mode = "k"})
        for port = 1, 1000 do
            weak[socket.address("10.9.8.7", port)] = true
        end
        collectgarbage()
        collectgarbage()
        assert.is_nil(next(weak))
    end)
end)

describe("an address as an argument", function()
    local MISUSE <const> = {
        {"port: must be 0 to 65535, got 65536", "127.0.0.1", 65536},
        {"port: must be 0 to 65535, got -1", "127.0.0.1", -1},
        {"port: integer expected, got 80.5", "127.0.0.1", 80.5},
        {"port: integer expected, got http", "127.0.0.1", "http"},
        {"port: integer expected, got 80", "127.0.0.1", "80"},
        {"port: integer expected, got nil", {"127.0.0.1"}},
        {"host: string expected, got nil", {nil, 80}},
        {"host: string expected, got table", {{}, 80}},
        {"host: string expected, got number", {2130706433, 80}},
        {"host: contains a NUL byte", "127.0.0.1\0x", 80},
        {"host: contains a NUL byte", {"\0", 80}},
        {"address: has too many elements", {"127.0.0.1", 80, 0}},
        {"address: host, table or address expected, got nil", nil},
        {"address: host, table or address expected, got boolean", true},
    }

    for _, method in ipairs{"bind", "connect", "connect_ex", "sendto"} do
        it("of " .. method .. " must be well formed", function()
            local s <close> = assert(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            for _, case in ipairs(MISUSE) do
                local args <const> = table.pack(s, table.unpack(case, 2, 3))
                if method == "sendto" then
                    table.insert(args, 2, "data")
                end
                net.raises(case[1], s[method], table.unpack(args, 1, #case + 2))
                assert.equal("0.0.0.0", s:getsockname().host)
            end
        end)
    end

    it("is checked for flowinfo and scope too", function()
        local s <close> = assert(socket.socket(socket.AF_INET6))
        for _, bad in ipairs{-10, 0xffffffff, 0x100000} do
            net.raises("flowinfo: must be 0 to 1048575", s.bind, s, {"::1", 0, bad})
        end
        net.raises("scope_id: must be 0 to", s.bind, s, {"::1", 0, 0, -1})
        net.raises("flowinfo: integer expected", s.bind, s, {"::1", 0, "x"})
        net.raises("too many elements", s.bind, s, {"::1", 0, 0, 0, 0})
        assert(s:bind{"::1", 0, 0xfffff, 0})
        assert.equal(4, #s:getsockname())
    end)

    it("may be host and port, a table, or an object", function()
        local s <close> = net.udp()
        local addr <const> = s:getsockname()
        for _, form in ipairs{{addr.host, addr.port}, {{addr.host, addr.port}}, {addr}} do
            local c <close> = assert(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            assert(c:connect(table.unpack(form)))
            assert.equal(addr, c:getpeername())
            assert.equal(1, c:sendto("x", table.unpack(form)))
        end
    end)
end)

describe("address", function()
    it("takes numeric hosts only", function()
        net.fails("EAI_NONAME", socket.address("localhost", 80))
        net.fails("EAI_NONAME", socket.address("a..b", 80))
        net.fails("EAI_NONAME", socket.address("fe80::1%no such", 80))
        assert.equal("0.0.0.0", socket.address("", 80).host)
        assert.equal("255.255.255.255", socket.address("<broadcast>", 80).host)
    end)

    it("finds the scope that a host names", function()
        assert.equal(1, socket.address("fe80::1%lo", 80).scope_id)
        assert.equal(42, socket.address("fe80::1%42", 80).scope_id)
        assert.equal("fe80::1", socket.address("fe80::1%42", 80).host)
        assert.equal(7, socket.address{"fe80::1%42", 80, 0, 7}.scope_id)
    end)

    it("refuses misuse", function()
        net.raises("host", socket.address, nil, 80)
        net.raises("port: integer expected", socket.address, "127.0.0.1", "80")
        net.raises("address: host, table or address expected", socket.address)
        net.raises("path: contains a NUL byte", socket.address, "/tmp/a\0b")
        net.raises("path: string expected", socket.address, {{}})
    end)
end)
