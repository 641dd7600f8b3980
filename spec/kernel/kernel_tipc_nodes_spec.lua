-- TIPC between two nodes of a cluster: two networks of this machine with a cable
-- between them, and a process in each.

local machine <const> = require "spec.support.machine"
local peer <const> = require "spec.support.peer"

local SERVER <const> = [[
    local kind <const> = ...
    local server <close> = assert(socket.socket(socket.AF_TIPC, socket[kind]))
    server:settimeout(30)
    assert(server:bind{socket.TIPC_ADDR_NAMESEQ, 2000, 205, 205, socket.TIPC_CLUSTER_SCOPE})
    if kind == "SOCK_RDM" then
        local data <const>, from <const> = assert(server:recvfrom(1024))
        assert(server:sendto(data:upper(), from))
        say("served", server:getsockname().node, from.node)
    else
        assert(server:listen())
        local conn <close>, from = assert(server:accept())
        assert(conn:sendall(assert(conn:recv(1024)):upper()))
        say("served", conn:getsockname().node, from.node)
        conn:recv(1) -- the client has what it wanted once it closes
    end
]]

-- The topology server tells when the service is there: no earlier is it known on
-- this node.
local CLIENT <const> = [[
    local kind <const> = ...
    local top <close> = assert(socket.socket(socket.AF_TIPC, socket.SOCK_SEQPACKET))
    top:settimeout(30)
    assert(top:connect{socket.TIPC_ADDR_NAME, socket.TIPC_TOP_SRV, socket.TIPC_TOP_SRV, 0})
    assert(top:send(string.pack("=I4I4I4I4I4c8", 2000, 205, 205, 0xffffffff,
        socket.TIPC_SUB_SERVICE, "")))
    assert(string.unpack("=I4", assert(top:recv(100))) == socket.TIPC_PUBLISHED)
    local client <close> = assert(socket.socket(socket.AF_TIPC, socket[kind]))
    client:settimeout(30)
    local name <const> = {socket.TIPC_ADDR_NAME, 2000, 205, 0}
    if kind == "SOCK_RDM" then
        assert(client:sendto("across", name))
        local data <const>, from <const> = assert(client:recvfrom(1024))
        say(data, from.node)
    else
        assert(client:connect(name))
        assert(client:sendall("across"))
        say(client:recv(1024), client:getpeername().node)
    end
    say("own", client:getsockname().node)
]]

local function start(node, script, kind)
    return peer.start_within("ip netns exec node" .. node, script, kind)
end

describe("TIPC between two nodes", function()
    setup(function()
        machine.run("ip link add cable1 type veth peer name cable2")
        for node = 1, 2 do
            local within <const> = ("ip netns exec node%d "):format(node)
            machine.run("ip netns add node%d", node)
            machine.run("ip link set cable%d netns node%d", node, node)
            machine.run(within .. "ip link set cable%d up", node)
            machine.run(within .. "tipc node set identity node%d", node)
            machine.run(within .. "tipc bearer enable media eth device cable%d", node)
        end
    end)
    teardown(function()
        for node = 1, 2 do machine.run("ip netns del node%d", node) end
    end)

    for _, kind in ipairs{"SOCK_RDM", "SOCK_STREAM", "SOCK_SEQPACKET"} do
        it("reaches a name on the other one, " .. kind, function()
            local server <close> = start(1, SERVER, kind)
            local client <close> = start(2, CLIENT, kind)
            local there <const> = client:expect "^ACROSS\t(%d+)\n$"
            local here <const> = client:expect "^own\t(%d+)\n$"
            local own <const>, of_client <const> = server:expect "^served\t(%d+)\t(%d+)\n$"
            assert.same({own, of_client}, {there, here})
            assert.not_equal(here, there)
            assert.same({0, 0}, {select(2, client:finish()), (select(2, server:finish()))})
            machine.carried("TIPC between two nodes")
        end)
    end
end)
