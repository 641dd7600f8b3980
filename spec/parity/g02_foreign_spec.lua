-- Addresses that nobody knows: case G2/47. Under a network that brings them, see
-- spec/support/naming_host.c.

local net <const> = require "spec.support.net"
local process <const> = dofile("examples/lib/process.lua")

local HOST <const> = (os.getenv "TIDEWIRE_BUILD" or "build") .. "/test/naming_host"

-- `it`, where the host has been built: by make check, not by make alone.
local function it_there(name, f)
    it(name, function()
        local file <close> = io.open(HOST)
        if not file then return pending(HOST .. " is not built") end
        f()
    end)
end

-- What the script prints.
local function run(script)
    local path <const> = net.file('local socket = require "tidewire.socket"\n' .. script)
    local child <close> = process.start(process.quote(HOST) .. " " .. path)
    local output <const>, status <const> = child:finish()
    os.remove(path)
    assert.equal(0, status, output)
    return output
end

describe("an address of an unknown family:", function()
    it_there("G2/47 is its number and the bytes behind it", function()
        assert.equal("99\t\\1\\2raw\\0\\254\t2\t99\tfamily 99\ttrue\n", run [[
            local s <close> = assert(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            name(string.pack("=I2", 99) .. "\1\2raw\0\xfe")
            local a = assert(s:getsockname())
            local family, bytes = a:unpack()
            print(family, (bytes:gsub("[^%w]", function(c) return "\\" .. c:byte() end)), #a,
                a.family, a, a == s:getsockname())]])
    end)

    it_there("G2/47 of a known family, but cut short: ditto", function()
        assert.equal("2\t\\0P\tnil\n1\t\tnil\n0\t\tnil\n", run [[
            local s <close> = assert(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            for _, bytes in ipairs{string.pack("=I2>I2", socket.AF_INET, 80), "\1\0", "\2"} do
                name(bytes)
                local a = assert(s:getsockname())
                print(a.family, ((a[2] or a[1]):gsub("%c", function(c)
                    return "\\" .. c:byte()
                end)), a.port)
            end]])
    end)

    it_there("G2/47 of no bytes: there is none", function()
        assert.equal("nil\nx\tnil\ny\tfamily 99\n", run [[
            local a <const>, b <const> = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
            name ""
            print(a:getsockname())
            assert(b:send("x"))
            print(a:recvfrom(10))
            name(string.pack("=I2", 99))
            assert(b:send("y"))
            print(a:recvfrom(10))
            a:close()
            b:close()]])
    end)
end)
