-- Names that need no resolver: services, protocols, interfaces, this machine's
-- own.

local net <const> = require "spec.support.net"
local peer <const> = require "spec.support.peer"
local resolver <const> = require "spec.support.resolver"
local socket <const> = require "tidewire.socket"

describe("gethostname", function()
    it("is what the system says", function()
        local file <close> = assert(io.open "/proc/sys/kernel/hostname")
        assert.equal(file:read("l"), socket.gethostname())
    end)
end)

describe("the services table", function()
    it("goes both ways", function()
        for name, port in pairs{http = 80, ssh = 22, domain = 53} do
            assert.equal(port, socket.getservbyname(name, "tcp"))
            assert.equal(port, socket.getservbyname(name))
            assert.equal(name, socket.getservbyport(port, "tcp"))
            assert.equal(name, socket.getservbyport(port))
        end
        assert.equal(53, socket.getservbyname("domain", "udp"))
    end)

    it("says what it does not have", function()
        assert.equal("getservbyname no such: No such file or directory",
            (net.fails("ENOENT", socket.getservbyname("no such"))))
        net.fails("ENOENT", socket.getservbyname("http", "no such"))
        net.fails("ENOENT", socket.getservbyport(1, "no such"))
        net.fails("ENOENT", socket.getservbyport(65534))
        net.fails("ENOENT", socket.getservbyname(("x"):rep(100000)))
    end)

    it("refuses misuse", function()
        for _, bad in ipairs{-1, 65536, 1.5, "80", 2^40} do
            net.raises("port: ", socket.getservbyport, bad)
        end
        net.raises("name: string expected", socket.getservbyname, 80)
        net.raises("name: contains a NUL byte", socket.getservbyname, "http\0")
        net.raises("proto: string expected", socket.getservbyname, "http", 6)
        net.raises("proto: string expected", socket.getservbyport, 80, {})
    end)
end)

describe("the protocols table", function()
    it("has numbers", function()
        for name, number in pairs{tcp = 6, udp = 17, icmp = 1, TCP = 6} do
            assert.equal(number, socket.getprotobyname(name))
        end
        assert.equal("getprotobyname no such: No such file or directory",
            (net.fails("ENOENT", socket.getprotobyname("no such"))))
        net.fails("ENOENT", socket.getprotobyname(""))
        net.raises("name: string expected, got 6", socket.getprotobyname, 6)
        net.raises("name: contains a NUL byte", socket.getprotobyname, "tcp\0")
    end)
end)

describe("interfaces", function()
    it("have a name and an index", function()
        local list <const> = assert(socket.if_nameindex())
        local seen <const> = {}
        for _, e in ipairs(list) do
            assert.same({e.index, e.name}, {e[1], e[2]})
            assert.is_true(e.index > 0 and not seen[e.index])
            seen[e.index] = true
            assert.equal(e.index, socket.if_nametoindex(e.name))
            assert.equal(e.name, socket.if_indextoname(e.index))
        end
        assert.equal(1, socket.if_nametoindex "lo")
    end)

    it("are not there by any other name or index", function()
        for _, name in ipairs{"_DEADBEEF", "", "lo ", ("x"):rep(1000)} do
            net.fails("ENODEV", socket.if_nametoindex(name))
        end
        assert.equal("if_indextoname 0: No such device or address",
            (net.fails("ENXIO", socket.if_indextoname(0))))
        net.fails("ENXIO", socket.if_indextoname(0xffffffff))
        for _, bad in ipairs{-1, 1.5, 2^32 + 1, 2^1000, "1", {}} do
            net.raises("index: ", socket.if_indextoname, bad)
        end
        net.raises("name: string expected, got 1", socket.if_nametoindex, 1)
        net.raises("name: contains a NUL byte", socket.if_nametoindex, "lo\0")
    end)
end)

describe("sethostname", function()
    it("changes this machine's name", function()
        local way <const> = resolver.unshare "u"
        if not way then
            pending "there can be no host name for one process"
            return
        end
        local before <const> = socket.gethostname()
        local child <close> = peer.start_within(way, [[
            assert(socket.sethostname "tidewire.test" == true)
            say(socket.gethostname(), socket.getfqdn())
            say((select(2, socket.sethostname(("x"):rep(65)))))
            say(socket.sethostname "", #socket.gethostname())
        ]])
        local output <const> = child:finish()
        assert.equal("tidewire.test\ttidewire.test\nsethostname " .. ("x"):rep(65) ..
            ": Invalid argument\ntrue\t0\n", output)
        assert.equal(before, socket.gethostname())
    end)

    it("is not for everybody", function()
        local prefix <const> = "setpriv --inh-caps=-sys_admin --bounding-set=-sys_admin"
        local child <close> = peer.start_within(
            os.execute(prefix .. " true 2>/dev/null") and prefix or "env",
            [[say((select(2, socket.sethostname(socket.gethostname()))))]])
        local output <const> = child:finish()
        if output == "nil\n" then
            pending "this process may, and cannot give that up"
            return
        end
        assert.equal(("sethostname %s: Operation not permitted\n")
            :format(socket.gethostname()), output)
    end)

    it("refuses misuse", function()
        net.raises("name: string expected, got 5", socket.sethostname, 5)
        net.raises("name: contains a NUL byte", socket.sethostname, "a\0b")
    end)
end)
