-- Many relays at once: what they cost in descriptors.

local net <const> = require "spec.support.net"
local peer <const> = require "spec.support.peer"
local socket <const> = require "tidewire.socket"
local task <const> = require "tidewire.task"

local MIB <const> = 1024 * 1024
local COUNT <const> = 30
local PIPES <const> = 16 -- descriptors

-- near -- a =relay= b -- far; the relay runs in a task.
local function start()
    local near <const>, a <const> = net.pair()
    local far <const>, b <const> = net.pair()
    local sockets <const> = {near, far, a, b}
    return {near = near, far = far, sockets = sockets, task = task.spawn(socket.relay, a, b)}
end

-- Passes on a block, in pieces for which a pipe is worth while.
local function pass(relay, block)
    local sender <const> = task.spawn(relay.near.sendall, relay.near, block)
    local stream <close> = relay.far:makefile("r", {max = #block})
    assert.is_true(stream:read_exact(#block) == block)
    assert.equal(#block, sender:join(net.LIMIT))
end

describe("many relays", function()
    it("cost no descriptors when they are quiet, and few when they are not", function()
        local none <const>, relays <const> = net.descriptors(), {}
        for i = 1, COUNT do relays[i] = start() end
        task.yield()
        assert.equal(none + 4 * COUNT, net.descriptors_now())
        local block <const> = ("x"):rep(MIB)
        for _, relay in ipairs(relays) do pass(relay, block) end
        assert.is_true(net.descriptors_now() <= none + 4 * COUNT + PIPES)
        for _, relay in ipairs(relays) do
            relay.near:close()
            relay.far:close()
            assert.same({MIB, 0}, {relay.task:join(net.LIMIT)})
            for _, s in ipairs(relay.sockets) do s:close() end
        end
        assert.equal(none, net.descriptors_now())
    end)

    it("do without pipes where descriptors run out", function()
        local child <close> = peer.start_with("ulimit -n 14", [[
            local task = require "tidewire.task"
            local near, a = socket.socketpair()
            local far, b = socket.socketpair()
            local hoard = {}
            for i = 1, 14 do hoard[i] = socket.socket() end
            local relay = task.spawn(socket.relay, a, b)
            task.spawn(function()
                near:sendall(("x"):rep(1 << 20))
                near:shutdown(socket.SHUT_WR)
            end)
            say(#far:makefile():read "a")
            far:close()
            say(relay:join())
        ]])
        assert.equal("1048576\n1048576\t0\n", (child:finish()))
    end)
end)
