-- Conversions and lookup tables (cases 62 to 78 of the parity list).

local net <const> = require "spec.support.net"
local peer <const> = require "spec.support.peer"
local resolver <const> = require "spec.support.resolver"
local socket <const> = require "tidewire.socket"

local INET <const>, INET6 <const> = socket.AF_INET, socket.AF_INET6
local aton <const>, ntoa <const> = socket.inet_aton, socket.inet_ntoa
local pton <const>, ntop <const> = socket.inet_pton, socket.inet_ntop

-- The bytes that hexadecimal digits stand for.
local function bytes(digits)
    return (digits:gsub("%s", ""):gsub("%x%x", function(two)
        return string.char(tonumber(two, 16))
    end))
end

describe("byte orders", function()
    it("G4/62 are their own inverse", function()
        local sizes <const> = {htons = 16, ntohs = 16, htonl = 32, ntohl = 32}
        for name, bits in pairs(sizes) do
            local f <const>, mask <const> = socket[name], (1 << bits) - 1
            for _, n in ipairs{0, 1, 2, 0xffff, 0x01234567, 0x76543210} do
                assert.equal(n & mask, f(f(n & mask)))
            end
            assert.equal(mask, f(mask))
        end
    end)

    it("G4/63 raise for what does not fit", function()
        for _, name in ipairs{"htons", "ntohs"} do
            for _, bad in ipairs{-1, -100, 1 << 16, 1 << 32, 1 << 62} do
                net.raises("n: must be 0 to 65535", socket[name], bad)
            end
        end
        for _, name in ipairs{"htonl", "ntohl"} do
            for _, bad in ipairs{-1, -100, 1 << 32, 1 << 62} do
                net.raises("n: must be 0 to 4294967295", socket[name], bad)
            end
        end
    end)
end)

describe("addresses as text", function()
    it("G4/64 are four bytes", function()
        assert.equal("\0\0\0\0", aton "0.0.0.0")
        assert.equal("\xff\xff\xff\xff", aton "255.255.255.255")
    end)

    it("G4/65 may be IPv4", function()
        for text, expected in pairs{["0.0.0.0"] = "00000000", ["255.0.255.0"] = "ff00ff00",
            ["170.170.170.170"] = "aaaaaaaa", ["1.2.3.4"] = "01020304",
            ["255.255.255.255"] = "ffffffff"} do
            assert.equal(bytes(expected), aton(text))
            assert.equal(bytes(expected), pton(INET, text))
        end
        for _, bad in ipairs{"0.0.0.", "300.0.0.0", "a.0.0.0", "1.2.3.4.5", "::1"} do
            net.fails("EINVAL", aton(bad))
            net.fails("EINVAL", pton(INET, bad))
        end
    end)

    it("G4/66 may be short or hexadecimal for inet_aton alone", function()
        assert.equal("\127\0\0\1", aton "127.1")
        assert.equal("\127\0\0\1", aton "0x7f.1")
        for _, bad in ipairs{"127.1", "0x7f.1", ""} do
            net.fails("EINVAL", pton(INET, bad))
        end
        net.fails("EINVAL", aton "")
    end)

    it("G4/67 may be IPv6", function()
        for text, expected in pairs{
            ["::"] = ("00"):rep(16), ["0::0"] = ("00"):rep(16),
            ["1::"] = "0001" .. ("00"):rep(14), ["::1"] = ("00"):rep(15) .. "01",
            ["45ef:76cb:1a:56ef:afeb:bac:1924:aeae"] = "45ef76cb001a56efafeb0bac1924aeae",
            ["ad42:abc::127:0:254:2"] = "ad420abc 00000000 01270000 02540002",
            ["::254.42.23.64"] = ("00"):rep(12) .. "fe2a1740",
            ["42::a29b:254.42.23.64"] = "0042" .. ("00"):rep(8) .. "a29bfe2a1740",
            ["42:a8b9:0:2:ffff:a29b:254.42.23.64"] = "0042a8b900000002ffffa29bfe2a1740",
        } do
            assert.equal(bytes(expected), pton(INET6, text))
        end
        for _, bad in ipairs{"0x20::", ":::", "::0::", "1::abc::", "1::abc::def", "1:2:3:4:5:6",
            "1:2:3:4:5:6:", "1:2:3:4:5:6:7:8:", "1:2:3:4:5:6:7:8:0", "255.254.253.252",
            "1::260.2.3.0", "1::0.be.e.0", "1:2:3:4:5:6:7:1.2.3.4", "::1.2.3.4:0",
            "0.100.200.0:3:4:5:6:7:8"} do
            net.fails("EINVAL", pton(INET6, bad))
        end
    end)

    it("G4/68 are written as dotted quads", function()
        for digits, text in pairs{["01000101"] = "1.0.1.1", ["aa55aa55"] = "170.85.170.85",
            ["01020304"] = "1.2.3.4", ["ffffffff"] = "255.255.255.255"} do
            assert.equal(text, ntoa(bytes(digits)))
            assert.equal(text, ntop(INET, bytes(digits)))
        end
        for _, n in ipairs{0, 3, 5, 16} do
            net.raises("bytes: must be 4 bytes", ntoa, ("\0"):rep(n))
            net.raises("bytes: must be 4 bytes", ntop, INET, ("\0"):rep(n))
        end
    end)

    it("G4/69 are written with the zeros left out", function()
        for digits, text in pairs{[("00"):rep(16)] = "::", [("00"):rep(15) .. "01"] = "::1",
            ["0aef0b0105061001ffff999700550170"] = "aef:b01:506:1001:ffff:9997:55:170",
            ["00010000000000000002000000000003"] = "1::2:0:0:3"} do
            assert.equal(text, ntop(INET6, bytes(digits)))
        end
        for _, n in ipairs{0, 4, 15, 17} do
            net.raises("bytes: must be 16 bytes", ntop, INET6, ("\0"):rep(n))
        end
    end)

    it("G4/70 are of families that are known", function()
        assert.matches("family 12345", (net.fails("EAFNOSUPPORT", pton(12345, "1.2.3.4"))))
        assert.matches("family 12345", (net.fails("EAFNOSUPPORT", ntop(12345, "1234"))))
        assert.equal("::ffff:1.2.3.4",
            ntop(INET6, ("\0"):rep(10) .. "\xff\xff\1\2\3\4"))
    end)
end)

describe("interfaces", function()
    it("G4/71 have names and indices that map both ways", function()
        local list <const> = assert(socket.if_nameindex())
        assert.is_true(#list > 0)
        for _, e in ipairs(list) do
            assert.is_true(math.type(e[1]) == "integer" and e[1] > 0)
            assert.equal(e[1], socket.if_nametoindex(e[2]))
            assert.equal(e[2], socket.if_indextoname(e[1]))
        end
    end)

    it("G4/72 are not found by another index", function()
        net.fails("ENXIO", socket.if_indextoname(0))
        for _, bad in ipairs{-1, 1.5, "_DEADBEEF", 2^1000, {}} do
            net.raises("index: ", socket.if_indextoname, bad)
        end
        net.fails("ENXIO", socket.if_indextoname(2^32 - 1))
        for _, e in ipairs(assert(socket.if_nameindex())) do
            net.raises("index: must be", socket.if_indextoname, e.index + 2^32)
            net.raises("index: must be", socket.if_indextoname, e.index - 2^32)
        end
    end)

    it("G4/73 are not found by another name", function()
        assert.equal("if_nametoindex _DEADBEEF: No such device",
            (net.fails("ENODEV", socket.if_nametoindex "_DEADBEEF")))
        net.raises("name: string expected, got 1", socket.if_nametoindex, 1)
    end)
end)

describe("services and protocols", function()
    it("G4/74 go from name to port and back", function()
        local tried = 0
        for _, name in ipairs{"daytime", "qotd", "domain"} do
            local port <const> = socket.getservbyname(name, "tcp")
            if port then
                tried = tried + 1
                assert.equal(port, socket.getservbyname(name))
                local udp <const> = socket.getservbyname(name, "udp")
                assert.is_true(udp == nil or udp == port)
                assert.equal(name, socket.getservbyport(port))
                assert.equal(name, socket.getservbyport(port, "tcp"))
                if udp then assert.equal(name, socket.getservbyport(udp, "udp")) end
            end
        end
        if tried == 0 then pending "there is no /etc/services" end
    end)

    it("G4/75 have ports of 16 bits", function()
        for _, bad in ipairs{-1, 65536} do
            net.raises("port: must be 0 to 65535", socket.getservbyport, bad)
        end
    end)

    it("G4/76 fail with ENOENT when there is none", function()
        assert.equal("getservbyname no such: No such file or directory",
            (net.fails("ENOENT", socket.getservbyname "no such")))
        net.fails("ENOENT", socket.getservbyname("domain", "no such"))
        assert.equal("getservbyport 65534: No such file or directory",
            (net.fails("ENOENT", socket.getservbyport(65534))))
        assert.equal("getprotobyname no such: No such file or directory",
            (net.fails("ENOENT", socket.getprotobyname "no such")))
    end)

    it("G4/77 have numbers", function()
        assert.equal(6, socket.getprotobyname "tcp")
        assert.equal(1, socket.getprotobyname "icmp")
    end)
end)

-- In a process with a name of its own: that of the machine stays.
it("G4/78 sethostname changes what gethostname says, for whoever may", function()
    local own <const> = resolver.unshare "u"
    if not own then
        pending "there can be no host name for one process"
        return
    end
    local child <close> = peer.start_within(own, [[
        local before = assert(socket.gethostname())
        assert(socket.sethostname "new")
        say(socket.gethostname())
        assert(socket.sethostname(before))
        assert(socket.gethostname() == before)
    ]])
    assert.same({"new\n", 0}, {child:finish()})
    local prefix <const> = "setpriv --inh-caps=-sys_admin --bounding-set=-sys_admin"
    if os.execute(prefix .. " true 2>/dev/null") then
        local other <close> = peer.start_within(own .. " " .. prefix,
            [[say(select(3, socket.sethostname "new"))]])
        assert.same({"EPERM\n", 0}, {other:finish()})
    end
end)
