-- TIPC: messages and connections between names, on one node. See
-- kernel_tipc_nodes_spec for two.

local machine <const> = require "spec.support.machine"
local net <const> = require "spec.support.net"
local socket <const> = require "tidewire.socket"
local task <const> = require "tidewire.task"

-- A service type of the specs' own, and instances of it.
local TYPE <const>, LOWER <const>, UPPER <const> = 2000, 200, 210
local MIDDLE <const> = 205

local RANGE <const> = {socket.TIPC_ADDR_NAMESEQ, TYPE, LOWER, UPPER}
local NAME <const> = {socket.TIPC_ADDR_NAME, TYPE, MIDDLE, 0}

local function tipc(kind)
    return machine.socket(socket.AF_TIPC, kind)
end

-- A bound socket, which listens if it is of a kind that does.
local function bound(kind)
    local s <const> = tipc(kind)
    assert(s:bind(RANGE))
    if kind == socket.SOCK_STREAM or kind == socket.SOCK_SEQPACKET then
        assert(s:listen())
    end
    return s
end

-- A connected pair: client, server's side. A client connects only once the
-- server accepts, so another task does that.
local function connected(kind)
    local server <close> = bound(kind)
    local conn, from
    local accepting <const> = task.spawn(function()
        conn, from = assert(server:accept())
        return conn:settimeout(net.LIMIT)
    end)
    local client <const> = tipc(kind)
    assert(client:connect(NAME))
    assert(accepting:join(net.LIMIT))
    return client, conn, from
end

for name, kind in pairs{RDM = socket.SOCK_RDM, DGRAM = socket.SOCK_DGRAM} do
    describe("a TIPC message, " .. name, function()
        it("G19/333 goes to a name and comes from a socket", function()
            local server <close> = bound(kind)
            local client <close> = tipc(kind)
            assert.equal(15, client:sendto("Hello over TIPC", NAME))
            local data, from = assert(server:recvfrom(1024))
            assert.equal("Hello over TIPC", data)
            assert.equal(client:getsockname(), from)
            assert.equal(6, server:sendto("answer", from))
            data, from = assert(client:recvfrom(1024))
            assert.equal("answer", data)
            assert.equal(server:getsockname(), from)
            machine.carried("TIPC " .. name)
        end)

        it("keeps its boundaries", function()
            local server <close> = bound(kind)
            local client <close> = tipc(kind)
            for _, text in ipairs{"one", ("2"):rep(60000), "three"} do
                assert.equal(#text, client:sendto(text, NAME))
            end
            assert.equal("one", server:recv(1024))
            assert.equal(("2"):rep(10), server:recv(10))
            assert.equal("three", server:recv(1024))
        end)

        it("wakes a task that waits for it", function()
            local server <close> = bound(kind)
            local waiting <const> = task.spawn(server.recv, server, 1024)
            task.yield()
            local client <close> = tipc(kind)
            assert(client:sendto("late", NAME))
            assert.equal("late", assert(waiting:join(net.LIMIT)))
        end)
    end)
end

for name, kind in pairs{stream = socket.SOCK_STREAM, seqpacket = socket.SOCK_SEQPACKET} do
    describe("a TIPC connection, " .. name, function()
        it("G19/334 has a peer whose address is that of the socket there", function()
            local client <close>, server, from = connected(kind)
            local conn <close> = server
            assert.equal(client:getsockname(), from)
            assert.equal(client:getsockname(), conn:getpeername())
            assert.equal(conn:getsockname(), client:getpeername())
        end)

        it("carries data both ways, to its end", function()
            local client <close>, server = connected(kind)
            local conn <close> = server
            assert(client:sendall("Hello over TIPC"))
            assert.equal("Hello over TIPC", conn:recv(1024))
            assert(conn:sendall("answer"))
            assert.equal("answer", client:recv(1024))
            assert(client:shutdown(socket.SHUT_RDWR))
            net.fails("eof", conn:recv(1024))
            machine.carried("TIPC " .. name)
        end)

        it("is broken by a close without a shutdown", function()
            local client <close>, server = connected(kind)
            local conn <close> = server
            client:close()
            net.fails("ECONNRESET", conn:recv(1024))
        end)

        it("carries a lot to a task that reads slowly", function()
            local client <close>, server = connected(kind)
            local conn <close> = server
            local piece <const>, count <const> = ("x"):rep(50000), 100
            local sending <const> = task.spawn(function()
                for _ = 1, count do assert(client:sendall(piece)) end
                return client:shutdown(socket.SHUT_RDWR)
            end)
            local text <const>, code <const> = net.drain(conn)
            assert.equal("eof", code)
            assert.is_true(text == piece:rep(count))
            sending:join(net.LIMIT)
        end)
    end)
end

describe("a TIPC name", function()
    it("that nobody has is unreachable for a connection", function()
        local s <close> = tipc(socket.SOCK_STREAM)
        net.fails("EHOSTUNREACH", s:connect(NAME))
    end)

    it("whose server does not accept keeps the client waiting", function()
        local server <close> = bound(socket.SOCK_STREAM)
        local client <close> = tipc(socket.SOCK_STREAM)
        client:settimeout(0.05)
        net.fails("timeout", client:connect(NAME))
        local second <close> = tipc(socket.SOCK_STREAM)
        local refused <const> = task.spawn(second.connect, second, NAME)
        task.yield()
        server:close()
        net.fails("ECONNREFUSED", refused:join(net.LIMIT))
    end)

    it("may belong to several, who all get what is sent to their range", function()
        local a <close> = bound(socket.SOCK_RDM)
            local b <close> = bound(socket.SOCK_RDM)
        local client <close> = tipc(socket.SOCK_RDM)
        assert(client:sendto("all", RANGE))
        assert.same({"all", "all"}, {a:recv(10), b:recv(10)})
    end)

    it("is told from others by the topology server", function()
        local top <close> = tipc(socket.SOCK_SEQPACKET)
        assert(top:connect{socket.TIPC_ADDR_NAME, socket.TIPC_TOP_SRV, socket.TIPC_TOP_SRV, 0})
        local wanted <const> = string.pack("=I4I4I4I4I4c8", TYPE, LOWER, UPPER,
            socket.TIPC_WAIT_FOREVER & 0xffffffff, socket.TIPC_SUB_SERVICE, "specs")
        assert.equal(28, top:send(wanted))
        local server <close> = bound(socket.SOCK_RDM)
        local event <const> = {string.unpack("=I4I4I4I4I4c28", assert(top:recv(100)))}
        local own <const> = server:getsockname()
        assert.same({socket.TIPC_PUBLISHED, LOWER, UPPER, own.ref, own.node, wanted, 49}, event)
    end)
end)

describe("a TIPC address", function()
    it("G19/335 has five elements, whichever kind it is of", function()
        local s <close> = bound(socket.SOCK_RDM)
        local own <const> = s:getsockname()
        assert.equal(5, #own)
        assert.same({socket.TIPC_ADDR_ID, own.node, own.ref, 0},
            {own.addr_type, own[2], own[3], own[4]})
        local client <close> = tipc(socket.SOCK_RDM)
        assert(client:sendto("by id", {socket.TIPC_ADDR_ID, own.node, own.ref, 0}))
        assert.equal("by id", s:recv(10))
    end)

    it("is withdrawn by binding with its scope negated", function()
        local s <close> = bound(socket.SOCK_RDM)
        local client <close> = tipc(socket.SOCK_RDM)
        assert(client:sendto("here", NAME))
        assert.equal("here", s:recv(10))
        assert(s:bind{socket.TIPC_ADDR_NAMESEQ, TYPE, LOWER, UPPER, -socket.TIPC_CLUSTER_SCOPE})
        net.fails("EHOSTUNREACH", client:sendto("gone", NAME))
    end)

    it("reaches no further than its scope", function()
        local s <close> = tipc(socket.SOCK_RDM)
        assert(s:bind{socket.TIPC_ADDR_NAMESEQ, TYPE, LOWER, UPPER, socket.TIPC_NODE_SCOPE})
        local client <close> = tipc(socket.SOCK_RDM)
        assert(client:sendto("near", NAME))
        assert.equal("near", s:recv(10))
    end)
end)

describe("a TIPC control message", function()
    it("is the name that a message was sent to", function()
        local server <close> = bound(socket.SOCK_RDM)
        local client <close> = tipc(socket.SOCK_RDM)
        assert(client:sendto("named", NAME))
        local data <const>, ancdata <const> = assert(server:recvmsg(100, 100))
        assert.equal("named", data)
        assert.equal(1, #ancdata)
        assert.same({socket.SOL_TIPC, socket.TIPC_DESTNAME,
            string.pack("=I4I4I4", TYPE, MIDDLE, MIDDLE)}, {table.unpack(ancdata[1], 1, 3)})
    end)

    it("comes with a message that was sent back", function()
        local server <const> = bound(socket.SOCK_RDM)
        local gone <const> = server:getsockname()
        server:close()
        local client <close> = tipc(socket.SOCK_RDM)
        assert(client:setsockopt(socket.SOL_TIPC, socket.TIPC_DEST_DROPPABLE, 0))
        assert.equal(4, client:sendto("back", gone))
        local data <const>, ancdata <const>, _ <const>, from <const> =
            assert(client:recvmsg(100, 200))
        assert.same({"", gone}, {data, from})
        assert.same({socket.SOL_TIPC, socket.TIPC_ERRINFO,
            string.pack("=I4I4", socket.TIPC_ERR_NO_PORT, 4)}, {table.unpack(ancdata[1], 1, 3)})
        assert.same({socket.SOL_TIPC, socket.TIPC_RETDATA, "back"},
            {table.unpack(ancdata[2], 1, 3)})
    end)
end)

describe("a TIPC group", function()
    local function member(instance, flags)
        local s <const> = tipc(socket.SOCK_RDM)
        assert(s:setsockopt(socket.SOL_TIPC, socket.TIPC_GROUP_JOIN,
            string.pack("=I4I4I4I4", TYPE, instance, socket.TIPC_CLUSTER_SCOPE, flags)))
        return s
    end

    it("has what any member sends, but for the sender", function()
        local a <close> = member(1, socket.TIPC_GROUP_MEMBER_EVTS)
        local b <close> = member(2, 0)
        local c <close> = member(3, 0)
        for _ = 1, 2 do -- somebody has joined
            local data <const>, _ <const>, flags <const> = assert(a:recvmsg(100))
            assert.same({"", socket.MSG_OOB}, {data, flags & socket.MSG_OOB})
        end
        assert.equal(3, a:send("all"))
        for _, s in ipairs{b, c} do
            local data, from = assert(s:recvfrom(100))
            assert.equal("all", data)
            assert.equal(a:getsockname().ref, from.ref)
            assert.equal(6, s:sendto("answer", from))
            data, from = assert(a:recvfrom(100))
            assert.same({"answer", s:getsockname().ref}, {data, from.ref})
        end
    end)
end)

describe("an option of TIPC", function()
    it("is read as it was set", function()
        local s <close> = tipc(socket.SOCK_RDM)
        for _, option in ipairs{socket.TIPC_IMPORTANCE, socket.TIPC_DEST_DROPPABLE,
            socket.TIPC_SRC_DROPPABLE, socket.TIPC_CONN_TIMEOUT} do
            for _, value in ipairs{1, 0} do
                assert(s:setsockopt(socket.SOL_TIPC, option, value))
                assert.equal(value, s:getsockopt(socket.SOL_TIPC, option))
            end
        end
    end)
end)
