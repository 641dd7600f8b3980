-- Options by name; by number they are in spec/parity/g20_options_spec.lua.

local net <const> = require "spec.support.net"
local socket <const> = require "tidewire.socket"

describe("setoption and getoption", function()
    it("know what is only to be read", function()
        local server <close> = assert(socket.create_server{"127.0.0.1", 0})
        assert.is_true(server:getoption("acceptconn"))
        assert.equal(0, server:getoption("error"))
        local a <close>, b <const> = net.pair()
        local cred <const> = a:getoption("peercred")
        assert.same({"number", "number", "number"},
            {math.type(cred.pid) and "number", type(cred.uid), type(cred.gid)})
        for _, name in ipairs{"acceptconn", "error", "peercred"} do
            net.raises(("'%s' cannot be set"):format(name), a.setoption, a, name, 1)
        end
        b:close()
    end)

    it("know what is neither a flag nor a number", function()
        local s <close> = assert(socket.socket())
        assert.is_false(s:getoption("linger"))
        assert.is_true(s:setoption("linger", 0))
        assert.equal(0, s:getoption("linger"))
        assert.is_true(s:setoption("linger", 12))
        assert.equal(12, s:getoption("linger"))
        assert.is_true(s:setoption("linger", false))
        assert.is_false(s:getoption("linger"))
        assert.is_true(s:setoption("user_timeout", 1.25))
        assert.equal(1.25, s:getoption("user_timeout"))
        assert.equal(1250, s:getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT))
        assert.matches("^%l+$", s:getoption("congestion"))
        assert.is_true(s:setoption("congestion", "reno"))
        assert.equal("reno", s:getoption("congestion"))
        assert.is_true(s:setoption("rcvbuf", 20000))
        assert.is_true(s:getoption("rcvbuf") >= 20000)
        assert.is_true(s:setoption("sndbuf", 20000))
        assert.is_true(s:getoption("sndbuf") >= 20000)
        assert.is_boolean(s:getoption("quickack"))
        assert.is_true(s:getoption("maxseg") > 0)
    end)

    it("pass on what the kernel says", function()
        local s <close> = net.udp()
        assert.equal("getoption nodelay: Operation not supported",
            (net.fails("EOPNOTSUPP", s:getoption("nodelay"))))
        assert.equal("setoption nodelay: Protocol not available",
            (net.fails("ENOPROTOOPT", s:setoption("nodelay", true))))
        local t <close> = assert(socket.socket())
        net.fails("ENOENT", t:setoption("congestion", "no such thing"))
        net.fails("ENODEV", t:setoption("bindtodevice", "no such"))
        net.fails("EINVAL", t:setoption("ttl", 1000))
    end)

    it("refuse names and values that there are not", function()
        local s <close> = assert(socket.socket())
        for _, name in ipairs{"nodelayy", "NODELAY", "", " nodelay"} do
            net.raises(("option: unknown option '%s'"):format(name), s.getoption, s, name)
            net.raises("option: unknown option", s.setoption, s, name, true)
        end
        net.raises("option: contains a NUL byte", s.getoption, s, "nodelay\0")
        for _, name in ipairs{1, {}, true} do
            net.raises("option: string expected", s.getoption, s, name)
            net.raises("option: string expected", s.setoption, s, name, true)
        end
        local BAD <const> = {nodelay = {1, "true", {}}, keepidle = {true, "1", 1.5, 2^31},
            linger = {true, -1, "x", 1.5}, congestion = {1, true, ("x"):rep(65)},
            user_timeout = {-1, 0/0, "1", {}}, rcvbuf = {false, {}, "big"}}
        for name, values in pairs(BAD) do
            for _, value in ipairs(values) do
                net.raises("value: ", s.setoption, s, name, value)
            end
        end
        net.raises("value: boolean expected, got no value", s.setoption, s, "nodelay")
    end)
end)
