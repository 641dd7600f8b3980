-- Buffers: reusable memory, with the positions of string.sub.

local net <const> = require "spec.support.net"
local socket <const> = require "tidewire.socket"

describe("a buffer", function()
    it("is made of zeros or of a string", function()
        local zeros <const> = socket.buffer(5)
        assert.equal("\0\0\0\0\0", zeros:string())
        assert.equal(5, #zeros)
        assert.equal("a\0\xff", socket.buffer("a\0\xff"):string())
        assert.equal(0, #socket.buffer(0))
        assert.equal("", socket.buffer(""):string())
        assert.equal("buffer (5 bytes)", tostring(zeros))
        assert.equal(10, #socket.buffer(10.0))
    end)

    it("gives the same parts as a string", function()
        local text <const> = "0123456789"
        local buffer <const> = socket.buffer(text)
        local places <const> = {-12, -11, -10, -9, -1, 0, 1, 2, 9, 10, 11, 12,
            math.mininteger, math.maxinteger}
        for _, i in ipairs(places) do
            assert.equal(text:sub(i), buffer:sub(i))
            for _, j in ipairs(places) do
                assert.equal(text:sub(i, j), buffer:sub(i, j), ("%d, %d"):format(i, j))
            end
        end
        assert.equal(text, buffer:sub())
    end)

    it("can be changed in place", function()
        local buffer <const> = socket.buffer("0123456789")
        assert.equal(buffer, buffer:set(1, "ab"))
        assert.equal(buffer, buffer:set(10, "z"))
        assert.equal(buffer, buffer:set(11, ""))
        buffer:set(4, socket.buffer("--"))
        assert.equal("ab2--5678z", buffer:string())
        buffer:set(1, buffer)
        assert.equal("ab2--5678z", buffer:string())
    end)

    it("refuses what does not fit", function()
        local buffer <const> = socket.buffer("0123")
        net.raises("data: does not fit", buffer.set, buffer, 4, "xy")
        net.raises("data: does not fit", buffer.set, buffer, 5, "x")
        for _, bad in ipairs{0, -1, 6, math.maxinteger, math.mininteger} do
            net.raises("i: must be 1 to 5", buffer.set, buffer, bad, "")
        end
        assert.equal("0123", buffer:string())
    end)

    it("has views of its parts, which are the same memory", function()
        local buffer <const> = socket.buffer("0123456789")
        local view <const> = buffer:view(3, 9)
        assert.equal("2345678", view:string())
        assert.equal(7, #view)
        assert.equal("buffer (7 bytes)", tostring(view))
        view:set(1, "xy")
        assert.equal("01xy456789", buffer:string())
        buffer:set(9, "z")
        assert.equal("xy4567z", view:string())
        local inner <const> = view:view(-2)
        assert.equal("7z", inner:string())
        inner:set(1, "AB")
        assert.equal("01xy456AB9", buffer:string())
        net.raises("data: does not fit", inner.set, inner, 2, "..")
        assert.equal("01xy456AB9", buffer:view():string())
    end)

    it("has views wherever it has parts", function()
        local text <const> = "0123456789"
        local buffer <const> = socket.buffer(text)
        for i = -12, 12 do
            for j = -12, 12 do
                assert.equal(text:sub(i, j), buffer:view(i, j):string())
            end
        end
        assert.equal(0, #socket.buffer(0):view())
    end)

    it("lives as long as any view of it", function()
        local views <const> = {}
        for i = 1, 100 do
            views[i] = socket.buffer(("%05d"):format(i):rep(1000)):view(6, 10):view(2)
        end
        collectgarbage()
        collectgarbage()
        for i = 1, 100 do
            assert.equal(("%04d"):format(i), views[i]:string())
        end
    end)

    it("receives into a view, and sends one", function()
        local a <close>, second <const> = net.pair()
        local b <close> = second
        local buffer <const> = socket.buffer(("-"):rep(10))
        assert.equal(3, a:send(socket.buffer("sender"):view(2, 4)))
        assert.equal(3, b:recv_into(buffer:view(4, 8)))
        assert.equal("---end----", buffer:string())
        a:sendall("0123456789")
        assert.equal(2, b:recv_into(buffer:view(9)))
        assert.equal("---end--01", buffer:string())
    end)

    it("refuses misuse", function()
        for _, bad in ipairs{-1, 1.5, 2^31, 2^62, 2^63, 0/0, math.huge, {}, true} do
            net.raises("size: ", socket.buffer, bad)
        end
        net.raises("size: integer expected", socket.buffer)
        local buffer <const> = socket.buffer(4)
        net.raises("i: integer expected", buffer.sub, buffer, "1")
        net.raises("i: integer expected", buffer.sub, buffer, 1.5)
        net.raises("j: integer expected", buffer.sub, buffer, 1, {})
        net.raises("i: integer expected", buffer.set, buffer, nil, "x")
        net.raises("data: string or buffer expected", buffer.set, buffer, 1, 5)
        net.raises("tidewire.buffer expected", buffer.sub, "text")
        net.raises("tidewire.buffer expected", buffer.set, {}, 1, "x")
        assert.is_false(pcall(function() buffer[1] = 2 end))
        assert.is_false(pcall(function() return buffer .. "x" end))
    end)
end)
