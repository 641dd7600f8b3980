-- Arguments that were once taken for what they are not, and a relay that let
-- nobody else have a turn.

local net <const> = require "spec.support.net"
local socket <const> = require "tidewire.socket"
local task <const> = require "tidewire.task"

-- A socket that has been finalized, brought back by another finalizer, used
-- once more, and is now gone for good.
local function finalized(recv)
    local back
    local function prepare()
        local a <close>, second = socket.socketpair()
        local b <close> = second
        setmetatable({ a, b }, { __gc = function(pair) back = pair[1] end })
    end
    prepare()
    collectgarbage()
    assert.equal("closed", select(3, recv(back, 1)))
    back = false
    assert.is_false(back)
    collectgarbage()
end

-- Whether recv refuses objects that may lie where a socket was.
local function refuses(recv, kept)
    for len = 40, 80 do
        kept[len] = socket.address(("\xff"):rep(len))
        if pcall(recv, kept[len], 1) then
            return false
        end
    end
    return true
end

describe("an argument", function()
    it("that lies where a socket was is not taken for one", function()
        local some <close> = socket.socket()
        local recv <const> = some.recv
        local kept <const> = {}
        for round = 1, 20 do
            collectgarbage("stop")
            kept[round] = {}
            finalized(recv)
            collectgarbage("stop")
            assert.is_true(refuses(recv, kept[round]))
        end
        collectgarbage("restart")
    end)

    it("with less than no elements is no list of datagrams", function()
        local a <close> = net.udp()
        for _, n in ipairs { -1, -(1 << 32), math.mininteger + 3 } do
            local list <const> = setmetatable({}, { __len = function() return n end })
            net.raises("list: ", socket.batch, list)
            net.raises("list: ", a.sendmany, a, list)
        end
    end)

    it("in a list of datagrams is blamed by its place", function()
        local a <close> = net.udp()
        for _, f in ipairs { socket.batch, function(...) return a:sendmany(...) end } do
            net.raises("list[2]: data: string or buffer expected, got number", f, { "a", 5 })
            net.raises("list[1]: data: string or buffer expected, got nil", f, { {} })
            net.raises("list[2]: address: address object expected, got string", f,
                { "a", { "b", "::1" } })
        end
        net.raises("address object expected, got 5", socket.batch, { "a" }, 5)
        net.raises("address object expected, got 5", a.sendmany, a, { "a" }, 5)
    end)

    it("of one long datagram among many takes no memory for as many", function()
        local a <close> = net.udp()
        local list <const> = { ("x"):rep(1 << 20) }
        for i = 2, 1024 do list[i] = "x" end
        net.raises("list: the batch would be larger than 256 MiB", socket.batch, list)
        net.raises("list: the batch would be larger than 256 MiB", a.sendmany, a, list)
    end)

    it("that is refused leaves the slot of a batch as it was", function()
        local addr <const> = socket.address("127.0.0.1", 9)
        local batch <const> = socket.batch { { "x", addr } }
        net.raises("address object expected", batch.set, batch, 1, "y", 5)
        assert.same({ "x", addr }, { batch:get(1) })
    end)

    it("as large as a family is not cut to one", function()
        net.raises("family: integer expected, 0 to 32767", socket.address,
            { family = 65536 + socket.AF_INET, "127.0.0.1", 80 })
    end)
end)

describe("a relay", function()
    it("between sockets that never wait lets others have their turns", function()
        local a <close>, second = socket.socketpair()
        local b <close> = second
        assert(b:send("x")) -- from a to b, and so to a again, and so on
        a:settimeout(0)
        b:settimeout(0)
        local relay <close> = task.spawn(socket.relay, a, b)
        local ok <const>, _ <const>, code <const> = relay:join(net.LIMIT)
        assert.is_nil(ok)
        assert.equal("EAGAIN", code) -- of the other way, whose turn it was
    end)
end)
