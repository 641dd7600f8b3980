-- The HTTP client and compressed bodies: gzip of one and of several members,
-- deflate in both of its forms, bombs, what breaks off.

local http <const> = require "tidewire.http"
local inflate <const> = require "tidewire.http.client.inflate"
local net <const> = require "spec.support.net"
local peer <const> = require "spec.support.http_peer"
local it <const> = require "spec.support.tasks".checked(it)

local found <const>, zlib = pcall(require, "zlib")

if not found then
    describe("compressed bodies", function()
        pending "are not read: lua-zlib is not installed"
    end)
    return
end

local GZIP <const>, ZLIB <const>, RAW <const> = 31, 15, -15

local function deflate(text, window)
    return (zlib.deflate(9, window or GZIP)(text, "finish"))
end

local function encoded(body, coding, fields)
    return peer.ok(body, ("Content-Encoding: %s\n%s"):format(coding or "gzip", fields or ""))
end

-- What a GET gives that is answered with that.
local function get(answer, o)
    local server <close> = peer.serve{answer}
    o = o or {}
    o.keep_alive = false
    local r <const>, message, code = http.get(server.url, o)
    return r and r.body, message, code, server.requests[1]
end

local TEXT <const> = ("The quick brown fox jumps over the lazy dog.\n"):rep(5000)

describe("a compressed body", function()
    it("is made plain", function()
        for coding, window in pairs{gzip = GZIP, ["x-gzip"] = GZIP, GZip = GZIP, deflate = ZLIB} do
            local body <const>, _, _, request = get(encoded(deflate(TEXT, window), coding))
            assert.equal(TEXT, body)
            assert.equal("gzip, deflate", request.h["accept-encoding"])
        end
        assert.equal(TEXT, get(encoded(deflate(TEXT, RAW), "deflate")))
        assert.equal("", get(encoded(deflate "")))
        assert.equal("", get(encoded ""))
    end)

    it("may have several members", function()
        local parts <const> = {}
        for i = 1, 50 do parts[i] = deflate(tostring(i) .. ";") end
        local body = get(encoded(deflate(TEXT) .. deflate "" .. deflate "end"))
        assert.equal(TEXT .. "end", body)
        body = get(encoded(table.concat(parts)))
        assert.equal(select(2, body:gsub(";", "")), 50)
    end)

    it("comes in any pieces", function()
        local data <const> = deflate(TEXT) .. deflate(TEXT)
        for _, n in ipairs{1, 7, 511, 512, 513} do
            local out <const> = {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n" ..
                "Content-Encoding: gzip\r\n\r\n"}
            for i = 1, #data, n do
                local piece <const> = data:sub(i, i + n - 1)
                out[#out + 1] = ("%x\r\n%s\r\n"):format(#piece, piece)
            end
            assert.equal(TEXT .. TEXT, get(table.concat(out) .. "0\r\n\r\n"))
        end
    end)

    it("gives its connection back, and can be streamed", function()
        local server <close> = peer.serve{{encoded(deflate(TEXT)), encoded(deflate(TEXT))}}
        local client <close> = http.client()
        assert.equal(TEXT, client:get(server.url).body)
        local r <const>, pieces <const> = client:get(server.url, {stream = true}), {}
        for piece in r:pieces() do pieces[#pieces + 1] = piece end
        assert.equal(TEXT, table.concat(pieces))
        assert.equal(1, server.connections)
        assert.equal("gzip", r.headers["content-encoding"])
    end)

    it("stays as it is when the caller wants that, or when it cannot be read", function()
        local data <const> = deflate(TEXT)
        local body, _, _, request = get(encoded(data), {decompress = false})
        assert.same({data}, {body, request.h["accept-encoding"]})
        body, _, _, request = get(encoded(data), {headers = {["Accept-Encoding"] = "gzip"}})
        assert.same({data, "gzip"}, {body, request.h["accept-encoding"]})
        body, _, _, request = get(encoded "\31\139", {headers = {Range = "bytes=0-1"}})
        assert.same({"\31\139"}, {body, request.h["accept-encoding"]})
        for _, coding in ipairs{"br", "gzip, gzip", "identity", "none"} do
            assert.equal(data, get(encoded(data, coding)))
        end
    end)

    it("that breaks off or is damaged is a failure", function()
        local data <const> = deflate(TEXT)
        local damaged <const> = data:sub(1, -6) .. "\0" .. data:sub(-4)
        for _, body in ipairs{data:sub(1, -2), data:sub(1, 100), data:sub(1, 1), data:sub(1, 11),
            damaged, data .. "garbage", data .. data:sub(1, 30), "garbage", "\0"} do
            net.fails("EBADMSG", get(encoded(body)))
        end
        net.fails("EBADMSG", get(encoded(deflate(TEXT, ZLIB):sub(1, -2), "deflate")))
        net.fails("EBADMSG", get(encoded(deflate(TEXT, RAW):sub(1, -2), "deflate")))
        net.fails("ECONNRESET", get("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n" ..
            "Content-Length: 9999\r\n\r\n" .. data))
    end)
end)

describe("a bomb", function()
    local bomb <const> = deflate(("\0"):rep(100 << 20))

    it("22: goes off nowhere", function()
        collectgarbage()
        local before <const> = net.status "VmHWM"
        net.fails("EMSGSIZE", get(encoded(bomb)))
        net.fails("EMSGSIZE", get(encoded(bomb), {max_ratio = false, max_body = 1 << 20}))
        local server <close> = peer.serve{encoded(bomb)}
        local r <const> = assert(http.get(server.url, {stream = true, keep_alive = false}))
        local total, piece, message, code = 0, r:read()
        while piece do
            assert.is_true(#piece <= 65536)
            total = total + #piece
            piece, message, code = r:read()
        end
        net.fails("EMSGSIZE", piece, message, code)
        assert.is_true(total <= 3 << 20)
        assert.is_true(net.status "VmHWM" - before < 16384)
    end)

    it("is a body like others when the caller says so", function()
        local server <close> = peer.serve{encoded(bomb)}
        local r <const> = assert(http.get(server.url, {stream = true, max_ratio = false,
            keep_alive = false}))
        local total = 0
        for piece in r:pieces() do total = total + #piece end
        assert.equal(100 << 20, total)
    end)

    it("may be as dense as it likes while it is small", function()
        local text <const> = ("a"):rep(1 << 20)
        assert.equal(text, get(encoded(deflate(text))))
    end)
end)

describe("a decoder", function()
    it("is there for what is accepted, and nothing else", function()
        assert.is_nil(inflate.new("br"))
        assert.is_nil(inflate.new(nil))
        assert.is_nil(inflate.new("gzip, deflate"))
        assert.is_truthy(inflate.new("GZIP"))
    end)
end)
