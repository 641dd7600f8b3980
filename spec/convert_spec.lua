-- Byte orders and the text forms of addresses.

local net <const> = require "spec.support.net"
local socket <const> = require "tidewire.socket"

local INET <const>, INET6 <const> = socket.AF_INET, socket.AF_INET6

describe("htons and its like", function()
    it("put numbers into network order and back", function()
        for _, n in ipairs{0, 1, 2, 0x1234, 0xff00, 0xffff} do
            assert.equal((">I2"):unpack(("=I2"):pack(n)), socket.htons(n))
            assert.equal(n, socket.ntohs(socket.htons(n)))
        end
        for _, n in ipairs{0, 1, 0xffff, 0x01234567, 0x76543210, 0xffffffff} do
            assert.equal((">I4"):unpack(("=I4"):pack(n)), socket.htonl(n))
            assert.equal(n, socket.ntohl(socket.htonl(n)))
        end
    end)

    it("refuse what does not fit", function()
        for _, bad in ipairs{-1, 0x10000, 2^40, 1.5, "1", {}} do
            net.raises("n: ", socket.htons, bad)
            net.raises("n: ", socket.ntohs, bad)
        end
        for _, bad in ipairs{-1, 0x100000000, 2^62, 1.5, "1", {}} do
            net.raises("n: ", socket.htonl, bad)
            net.raises("n: ", socket.ntohl, bad)
        end
        net.raises("n: integer expected, got no value", socket.htons)
    end)
end)

describe("inet_aton and inet_ntoa", function()
    it("know dotted quads, and the short forms of old", function()
        for text, bytes in pairs{
            ["0.0.0.0"] = "\0\0\0\0", ["255.255.255.255"] = "\255\255\255\255",
            ["1.2.3.4"] = "\1\2\3\4", ["127.1"] = "\127\0\0\1",
            ["0x7f.1"] = "\127\0\0\1", ["170"] = "\0\0\0\170",
        } do
            assert.equal(bytes, socket.inet_aton(text))
            assert.equal(socket.inet_ntoa(bytes), socket.inet_ntop(INET, bytes))
        end
        assert.equal("1.2.3.4", socket.inet_ntoa("\1\2\3\4"))
        assert.equal("1.2.3.4", socket.inet_ntoa(socket.buffer("\1\2\3\4")))
    end)

    it("refuse everything else", function()
        for _, bad in ipairs{"", "0.0.0.", "300.0.0.0", "a.0.0.0", "1.2.3.4.5", "::1",
            "1.2.3.4 junk", " 1.2.3.4", "1.2.3.4\n"} do
            assert.equal(("inet_aton %s: Invalid argument"):format(bad),
                (net.fails("EINVAL", socket.inet_aton(bad))))
        end
        net.raises("text: contains a NUL byte", socket.inet_aton, "1.2.3.4\0")
        net.raises("text: string expected", socket.inet_aton, 5)
        for _, bad in ipairs{"", "123", "12345", ("x"):rep(16)} do
            net.raises("bytes: must be 4 bytes, got " .. #bad, socket.inet_ntoa, bad)
        end
        net.raises("bytes: string or buffer expected", socket.inet_ntoa, 5)
    end)
end)

describe("inet_pton and inet_ntop", function()
    local SIXES <const> = {"::", "0::0", "1::", "::1", "45ef:76cb:1a:56ef:afeb:bac:1924:aeae",
        "::1.2.3.4", "1:2:3:4:5:6:1.2.3.4", "::ffff:1.2.3.4", "1::8"}
    local BAD_SIXES <const> = {"", "0x20::", ":::", "::0::", "1::abc::", "1::abc::def",
        "1:2:3:4:5:6", "1:2:3:4:5:6:", "1:2:3:4:5:6:7:8:0", "1:2:3:4:5:6:7:8:9",
        "1:2:3:4:5:6:1.2.3", "1:2:3:4:5:6:1.2.3.4.5", "::1.2.3.4:5", "::1 ", "::1%lo",
        "::ffff:300.1.1.1", "1.2.3.4"}

    it("know IPv4 strictly", function()
        assert.equal("\1\2\3\4", socket.inet_pton(INET, "1.2.3.4"))
        assert.equal("1.2.3.4", socket.inet_ntop(INET, "\1\2\3\4"))
        for _, bad in ipairs{"", "127.1", "0x7f.1", "1.2.3.4 ", "1.2.3.256", "::1"} do
            net.fails("EINVAL", socket.inet_pton(INET, bad))
        end
    end)

    it("know IPv6", function()
        for _, text in ipairs(SIXES) do
            local bytes <const> = assert(socket.inet_pton(INET6, text))
            assert.equal(16, #bytes)
            assert.equal(bytes, socket.inet_pton(INET6, socket.inet_ntop(INET6, bytes)))
        end
        for _, bad in ipairs(BAD_SIXES) do
            net.fails("EINVAL", socket.inet_pton(INET6, bad))
        end
        assert.equal("::", socket.inet_ntop(INET6, ("\0"):rep(16)))
        assert.equal("::1", socket.inet_ntop(INET6, ("\0"):rep(15) .. "\1"))
        assert.equal("aef:b01:506:1001:ffff:9997:55:170", socket.inet_ntop(INET6,
            "\x0a\xef\x0b\x01\x05\x06\x10\x01\xff\xff\x99\x97\x00\x55\x01\x70"))
        assert.equal("::ffff:1.2.3.4", socket.inet_ntop(INET6,
            ("\0"):rep(10) .. "\xff\xff\1\2\3\4"))
    end)

    it("refuse other families, sizes and types", function()
        net.fails("EAFNOSUPPORT", socket.inet_pton(socket.AF_UNIX, "1.2.3.4"))
        assert.matches("family 99", (net.fails("EAFNOSUPPORT", socket.inet_ntop(99, "1234"))))
        for _, bad in ipairs{"", "1234", ("x"):rep(15), ("x"):rep(17)} do
            net.raises("bytes: must be 16 bytes, got " .. #bad, socket.inet_ntop, INET6, bad)
        end
        net.raises("bytes: must be 4 bytes, got 16", socket.inet_ntop, INET, ("x"):rep(16))
        net.raises("family: integer expected", socket.inet_pton, "x", "1.2.3.4")
        net.raises("family: integer expected", socket.inet_ntop, nil, "1234")
        net.raises("text: string expected", socket.inet_pton, INET, 1)
        net.raises("text: contains a NUL byte", socket.inet_pton, INET, "1.2.3.4\0")
        net.raises("bytes: string or buffer expected", socket.inet_ntop, INET, {})
    end)
end)
