-- Names to addresses. Slow lookups are in lookup_slow_spec.

local net <const> = require "spec.support.net"
local socket <const> = require "tidewire.socket"

local INET <const>, INET6 <const> = socket.AF_INET, socket.AF_INET6
local STREAM <const>, DGRAM <const> = socket.SOCK_STREAM, socket.SOCK_DGRAM

-- What a list of entries says, as text to compare.
local function say(list)
    local out <const> = {}
    for i, e in ipairs(list) do
        out[i] = ("%d %d %d %s %s"):format(e.family, e.type, e.proto, e.canonname, e.addr)
    end
    return table.concat(out, "\n")
end

describe("getaddrinfo", function()
    it("gives entries by place and by name", function()
        for _, host in ipairs{"localhost", "127.0.0.1", "::1", false} do
            local list <const> = assert(socket.getaddrinfo(host or nil, 80))
            assert.is_true(#list > 0)
            for _, e in ipairs(list) do
                assert.same({e.family, e.type, e.proto, e.canonname, e.addr},
                    {table.unpack(e, 1, 5)})
                assert.equal(80, e.addr.port)
                assert.equal(e.family, e.addr.family)
                assert.equal("", e.canonname)
            end
        end
    end)

    it("takes a port as a number, a service, or nil", function()
        assert.equal(80, socket.getaddrinfo("127.0.0.1", 80)[1].addr.port)
        assert.equal(80, socket.getaddrinfo("127.0.0.1", "80")[1].addr.port)
        assert.equal(80, socket.getaddrinfo("127.0.0.1", "http")[1].addr.port)
        assert.equal(0, socket.getaddrinfo("127.0.0.1")[1].addr.port)
        assert.equal(0, socket.getaddrinfo("127.0.0.1", "")[1].addr.port)
        assert.equal(0, socket.getaddrinfo("127.0.0.1", 0)[1].addr.port)
    end)

    it("gives only what is asked for", function()
        for _, e in ipairs(assert(socket.getaddrinfo("localhost", 80, INET, STREAM))) do
            assert.same({INET, STREAM}, {e.family, e.type})
        end
        for _, e in ipairs(assert(socket.getaddrinfo("localhost", 80, 0, DGRAM))) do
            assert.equal(DGRAM, e.type)
        end
        for _, e in ipairs(assert(socket.getaddrinfo("127.0.0.1", 80, 0, 0,
            socket.IPPROTO_UDP))) do
            assert.equal(socket.IPPROTO_UDP, e.proto)
        end
        local any <const> = assert(socket.getaddrinfo(nil, 80, INET, STREAM, 0,
            socket.AI_PASSIVE))
        assert.equal("0.0.0.0:80", tostring(any[1].addr))
        assert.equal("127.0.0.1:80", tostring(socket.getaddrinfo(nil, 80, INET)[1].addr))
        assert.equal("127.0.0.1",
            socket.getaddrinfo("127.0.0.1", 80, 0, 0, 0, socket.AI_CANONNAME)[1].canonname)
    end)

    it("takes options by name too", function()
        for _, o in ipairs{{family = INET}, {type = STREAM}, {proto = 17}, {flags = 1},
            {family = INET6, type = DGRAM}, {}} do
            assert.equal(
                say(assert(socket.getaddrinfo(nil, 80, o.family, o.type, o.proto, o.flags))),
                say(assert(socket.getaddrinfo(nil, 80, o))))
        end
        assert.is_table(socket.getaddrinfo("127.0.0.1", 80, {timeout = 5}))
        assert.is_table(socket.getaddrinfo("127.0.0.1", 80, {timeout = false}))
    end)

    it("knows scopes", function()
        local list = assert(socket.getaddrinfo("ff02::1de:c0:face:8D", 1234, 0, DGRAM))
        assert.equal("[ff02::1de:c0:face:8d]:1234", tostring(list[1].addr))
        assert.equal(1, #list)
        list = assert(socket.getaddrinfo("ff02::1%lo", 1234, 0, DGRAM))
        assert.same({"ff02::1", 1234, 0, 1}, {list[1].addr:unpack()})
        list = assert(socket.getaddrinfo("ff02::1%42", 1234, 0, DGRAM))
        assert.equal(42, list[1].addr.scope_id)
    end)

    it("says what is wrong, and with what", function()
        local flag <const> = socket.AI_NUMERICHOST
        for _, case in ipairs{
            {"EAI_NONAME", "a..b", 80}, {"EAI_NONAME", "", 80}, {"EAI_NONAME"},
            {"EAI_NONAME", "a..b", 80}, {"EAI_NONAME", "\xff\xfe", 80},
            {"EAI_NONAME", "no such host", 80}, {"EAI_NONAME", ("x"):rep(70000), 80},
            {"EAI_NONAME", "localhost", 80, 0, 0, 0, flag},
            {"EAI_SERVICE", "127.0.0.1", "no such service"},
            {"EAI_SERVICE", "127.0.0.1", -1}, {"EAI_SERVICE", "127.0.0.1", "65536"},
            {"EAI_SERVICE", "127.0.0.1", -2^40}, {"EAI_SERVICE", "127.0.0.1", math.mininteger},
            {"EAI_SERVICE", "localhost", "-4294967216"}, -- port 80, says the C library
            {"EAI_FAMILY", "127.0.0.1", 80, 12345},
            {"EAI_SOCKTYPE", "127.0.0.1", 80, 0, 12345},
            {"EAI_BADFLAGS", "127.0.0.1", 80, 0, 0, 0, 0x40000000},
        } do
            local message <const> = net.fails(case[1],
                socket.getaddrinfo(table.unpack(case, 2, 8)))
            assert.matches("^lookup ", message)
            assert.is_truthy(message:find(case[2] or "", 1, true))
        end
    end)

    it("is done at once where nobody needs to be asked", function()
        local now <const> = {timeout = 0, type = STREAM}
        for _, host in ipairs{"127.0.0.1", "127.1", "::1", "ff02::1%lo", false} do
            for _, port in ipairs{80, "80", 0} do
                assert.equal(host and 1 or 2, #assert(socket.getaddrinfo(host or nil, port, now)))
            end
        end
        net.fails("EAGAIN", socket.getaddrinfo("localhost", 80, now))
        net.fails("EAGAIN", socket.getaddrinfo("127.0.0.1", "http", now))
        net.fails("EAI_NONAME", socket.getaddrinfo("localhost", 80,
            {timeout = 0, flags = socket.AI_NUMERICHOST}))
        net.fails("EAI_NONAME", socket.getaddrinfo("127.0.0.1", "http",
            {timeout = 0, flags = socket.AI_NUMERICSERV}))
    end)

    it("refuses misuse", function()
        local f <const> = socket.getaddrinfo
        for _, bad in ipairs{5, {}, true} do
            net.raises("host: string expected", f, bad, 80)
        end
        net.raises("host: contains a NUL byte", f, "127.0.0.1\0x", 80)
        for _, bad in ipairs{65536, 2^31, 2^62, 1.5} do
            net.raises("port: ", f, "127.0.0.1", bad)
        end
        net.raises("port: integer expected", f, "127.0.0.1", {})
        net.raises("port: contains a NUL byte", f, "127.0.0.1", "80\0")
        for i, name in ipairs{"family", "type", "proto", "flags"} do
            local args <const> = {"127.0.0.1", 80, 0, 0, 0, 0}
            args[i + 2] = "x"
            net.raises(name .. ": integer expected", f, table.unpack(args))
            net.raises(name .. ": integer expected", f, "127.0.0.1", 80, {[name] = "x"})
        end
        net.raises("timeout: ", f, "127.0.0.1", 80, {timeout = -1})
        net.raises("unknown option 'famly'", f, "127.0.0.1", 80, {famly = 2})
    end)

    it("blocks nothing, and many do no harm", function()
        for i = 1, 300 do
            net.fails("EAI_NONAME", socket.getaddrinfo(("a..b%d"):format(i), i))
        end
        local before <const> = net.descriptors()
        for _ = 1, 300 do
            assert(socket.getaddrinfo("localhost", 80))
        end
        assert.equal(before, net.descriptors())
    end)
end)

describe("gethostbyname", function()
    it("gives one IPv4 address as text", function()
        for text, expected in pairs{["127.0.0.1"] = "127.0.0.1", ["10.0.0.1"] = "10.0.0.1",
            ["255.255.255.255"] = "255.255.255.255", localhost = "127.0.0.1",
            [""] = "0.0.0.0", ["<broadcast>"] = "255.255.255.255"} do
            assert.equal(expected, socket.gethostbyname(text))
        end
    end)

    it("knows no malformed ones", function()
        for _, bad in ipairs{"0.1.1.~1", "1+.1.1.1", "::1q", "::1::2",
            "1:1:1:1:1:1:1:1:1"} do
            net.fails("EAI_NONAME", socket.gethostbyname(bad))
        end
        net.fails("EAI_ADDRFAMILY", socket.gethostbyname("::1"))
        assert.equal("lookup a..b: Name or service not known",
            (net.fails("EAI_NONAME", socket.gethostbyname("a..b"))))
        net.raises("host: string expected", socket.gethostbyname)
        net.raises("host: contains a NUL byte", socket.gethostbyname, "a\0b")
    end)
end)
