-- The controller area network, over a virtual interface: frames, the broadcast
-- manager, and the two transport protocols.

local machine <const> = require "spec.support.machine"
local net <const> = require "spec.support.net"
local socket <const> = require "tidewire.socket"
local task <const> = require "tidewire.task"

local IFACE <const> = "vcan0"

-- struct can_frame: identifier, length, padding, 8 bytes of data.
local FRAME <const> = "=I4Bxxxc8"

local function frame(id, data)
    return string.pack(FRAME, id, #data, data)
end

-- The identifier and the data of a frame.
local function read(bytes)
    local id <const>, len <const>, data <const> = string.unpack(FRAME, bytes)
    return id, data:sub(1, len)
end

local function can(kind, proto)
    return machine.socket(socket.AF_CAN, kind, proto)
end

-- A raw socket, bound to the interface.
local function raw(iface)
    local s <const> = can(socket.SOCK_RAW, socket.CAN_RAW)
    assert(s:bind{iface or IFACE})
    return s
end

-- The interface may be there: it is not ours then.
local made
setup(function()
    made = os.execute(("ip link add dev %s type vcan 2>/dev/null"):format(IFACE))
    machine.run("ip link set up %s", IFACE)
end)
teardown(function()
    if made then machine.run("ip link del dev %s", IFACE) end
end)

describe("a raw CAN socket", function()
    it("G19/336 has the interface that it was bound to, or all", function()
        local one <close> = raw()
        assert.same({IFACE}, {one:getsockname():unpack()})
        local all <close> = raw ""
        assert.same({""}, {all:getsockname():unpack()})
    end)

    it("G19/337 refuses an interface that is not there, or cannot be", function()
        local s <close> = can(socket.SOCK_RAW, socket.CAN_RAW)
        net.fails("ENODEV", s:bind{"vcan999"})
        net.fails("ENAMETOOLONG", s:bind{("v"):rep(1024)})
    end)

    it("G19/339 sends frames that others on the bus receive", function()
        local a <close> = raw()
        local b <close> = raw()
        for i, data in ipairs{"", "x", "12345678"} do
            assert.equal(16, a:send(frame(i, data)))
            local bytes <const>, from <const> = assert(b:recvfrom(100))
            assert.same({i, data}, {read(bytes)})
            assert.equal(IFACE, from.ifname)
        end
        machine.carried("CAN raw")
    end)

    it("sends to an interface, if it is bound to all", function()
        local all <close> = raw ""
        local b <close> = raw()
        assert.equal(16, all:sendto(frame(5, "to"), {IFACE}))
        assert.same({5, "to"}, {read(assert(b:recv(100)))})
        assert.equal(16, b:send(frame(6, "back")))
        local bytes <const>, from <const> = assert(all:recvfrom(100))
        assert.same({6, "back"}, {read(bytes)})
        assert.equal(b:getsockname(), from)
    end)

    it("wakes a task that waits for a frame", function()
        local a <close> = raw()
        local b <close> = raw()
        local waiting <const> = task.spawn(b.recv, b, 16)
        task.yield()
        assert(a:send(frame(7, "late")))
        assert.same({7, "late"}, {read(assert(waiting:join(net.LIMIT)))})
    end)

    it("G19/338 hears its own frames only if it wants to", function()
        local s <close> = raw()
        assert.equal(1, s:getsockopt(socket.SOL_CAN_RAW, socket.CAN_RAW_LOOPBACK))
        assert.equal(0, s:getsockopt(socket.SOL_CAN_RAW, socket.CAN_RAW_RECV_OWN_MSGS))
        assert(s:send(frame(1, "unheard")))
        assert(s:setsockopt(socket.SOL_CAN_RAW, socket.CAN_RAW_RECV_OWN_MSGS, 1))
        assert(s:send(frame(2, "heard")))
        assert.same({2, "heard"}, {read(assert(s:recv(16)))})
        assert(s:setsockopt(socket.SOL_CAN_RAW, socket.CAN_RAW_LOOPBACK, 0))
        assert(s:send(frame(3, "unheard")))
        s:settimeout(0)
        net.fails("EAGAIN", s:recv(16))
    end)

    it("G19/338 filters by identifier", function()
        local a <close> = raw()
        local b <close> = raw()
        local filter <const> = string.pack("=I4I4", 0x200, 0x700)
        assert(b:setsockopt(socket.SOL_CAN_RAW, socket.CAN_RAW_FILTER, filter))
        assert.equal(filter, b:getsockopt(socket.SOL_CAN_RAW, socket.CAN_RAW_FILTER, #filter))
        assert(a:send(frame(0x123, "not")))
        assert(a:send(frame(0x234, "this")))
        assert.same({0x234, "this"}, {read(assert(b:recv(16)))})
    end)

    it("sends longer frames if both ends take them", function()
        local a <close> = raw()
        local b <close> = raw()
        local long <const> = string.pack("=I4BBxxc64", 9, 64, 0, ("f"):rep(64))
        net.fails("EINVAL", a:send(long))
        for _, s in ipairs{a, b} do
            assert(s:setsockopt(socket.SOL_CAN_RAW, socket.CAN_RAW_FD_FRAMES, 1))
        end
        assert.equal(72, a:send(long))
        local bytes <const> = assert(b:recv(100))
        assert.equal(72, #bytes)
        assert.equal(("f"):rep(64), bytes:sub(9))
        machine.carried("CAN FD")
    end)
end)

describe("the CAN broadcast manager", function()
    -- struct bcm_msg_head: opcode, flags, count, two intervals as seconds and
    -- microseconds, identifier, number of frames that follow.
    local HEAD <const> = "=I4I4I4xxxxi8i8i8i8I4I4"

    local function manager()
        local s <const> = can(socket.SOCK_DGRAM, socket.CAN_BCM)
        assert(s:connect{IFACE})
        return s
    end

    local function head(opcode, flags, count, usec, id)
        return string.pack(HEAD, opcode, flags, count, 0, usec, 0, usec, id, 1)
    end

    it("G19/339 sends a frame once", function()
        local s <close> = manager()
        local b <close> = raw()
        local message <const> = head(socket.CAN_BCM_TX_SEND, 0, 0, 0, 0x111)
            .. frame(0x111, "once")
        assert.equal(#message, s:send(message))
        local bytes <const>, from <const> = assert(b:recvfrom(16))
        assert.same({0x111, "once"}, {read(bytes)})
        assert.equal(IFACE, from.ifname)
    end)

    it("sends a frame again and again", function()
        local s <close> = manager()
        local b <close> = raw()
        local flags <const> = socket.CAN_BCM_SETTIMER | socket.CAN_BCM_STARTTIMER
        assert(s:send(head(socket.CAN_BCM_TX_SETUP, flags, 0, 1000, 0x112)
            .. frame(0x112, "often")))
        for _ = 1, 5 do
            assert.same({0x112, "often"}, {read(assert(b:recv(16)))})
        end
        machine.carried("CAN broadcast manager")
    end)

    it("tells when a frame has changed", function()
        local s <close> = manager()
        local a <close> = raw()
        assert(s:send(head(socket.CAN_BCM_RX_SETUP, 0, 0, 0, 0x113)
            .. frame(0x113, ("\xff"):rep(8))))
        for _, data in ipairs{"same", "same", "else"} do
            assert(a:send(frame(0x113, data)))
        end
        for _, data in ipairs{"same", "else"} do
            local bytes <const> = assert(s:recv(100))
            assert.equal(socket.CAN_BCM_RX_CHANGED, (string.unpack("=I4", bytes)))
            assert.same({0x113, data}, {read(bytes:sub(-16))})
        end
    end)
end)

describe("an ISO-TP socket", function()
    local function isotp(rx, tx)
        local s <const> = can(socket.SOCK_DGRAM, socket.CAN_ISOTP)
        assert(s:bind{IFACE, rx, tx})
        return s
    end

    it("G19/340 has an interface and two identifiers", function()
        local s <close> = isotp(0x123, 0x456)
        assert.same({IFACE, 0x123, 0x456}, {s:getsockname():unpack()})
        local other <close> = can(socket.SOCK_DGRAM, socket.CAN_ISOTP)
        net.fails("ENAMETOOLONG", other:bind{("v"):rep(1024), 1, 2})
    end)

    it("carries messages of many frames both ways", function()
        local a <close> = isotp(0x123, 0x456)
        local b <close> = isotp(0x456, 0x123)
        for _, text in ipairs{"x", "1234567", ("long "):rep(800)} do
            assert.equal(#text, a:send(text))
            assert.equal(text, b:recv(5000))
            assert.equal(#text, b:send(text))
            assert.equal(text, a:recv(5000))
        end
        machine.carried("CAN ISO-TP")
    end)

    it("waits while a message is under way", function()
        local a <close> = isotp(0x123, 0x456)
        local b <close> = isotp(0x456, 0x123)
        local receiving <const> = task.spawn(function()
            local lengths <const> = {}
            for i = 1, 5 do lengths[i] = #assert(b:recv(5000)) end
            return lengths
        end)
        for i = 1, 5 do
            assert.equal(i * 500, a:send(("x"):rep(i * 500)))
        end
        assert.same({500, 1000, 1500, 2000, 2500}, receiving:join(net.LIMIT))
    end)
end)

describe("a J1939 socket", function()
    local GROUP <const> = 0xef00 -- messages for one receiver

    local function j1939(addr)
        local s <const> = can(socket.SOCK_DGRAM, socket.CAN_J1939)
        assert(s:bind{IFACE, socket.J1939_NO_NAME, socket.J1939_NO_PGN, addr})
        return s
    end

    it("G19/340 has an interface, a name, a group and an address", function()
        local s <close> = j1939(0x20)
        assert.same({IFACE, socket.J1939_NO_NAME, socket.J1939_NO_PGN, 0x20},
            {s:getsockname():unpack()})
    end)

    it("carries messages of one frame and of many", function()
        local a <close> = j1939(0x20)
        local b <close> = j1939(0x30)
        for _, text in ipairs{"short", ("long "):rep(200)} do
            local to <const> = {IFACE, socket.J1939_NO_NAME, GROUP, 0x30}
            assert.equal(#text, a:sendto(text, to))
            local data <const>, from <const> = assert(b:recvfrom(5000))
            assert.equal(text, data)
            -- Of a message of many frames the kernel does not tell the interface.
            assert.same({socket.J1939_NO_NAME, GROUP, 0x20}, {from.name, from.pgn, from.addr})
        end
        machine.carried("CAN J1939")
    end)

    it("answers to the address that a message came from", function()
        local a <close> = j1939(0x20)
        local b <close> = j1939(0x30)
        assert(a:sendto("ask", {IFACE, socket.J1939_NO_NAME, GROUP, 0x30}))
        local _, from = assert(b:recvfrom(100))
        assert.equal(6, b:sendto("answer", from))
        local data
        data, from = assert(a:recvfrom(100))
        assert.same({"answer", 0x30}, {data, from.addr})
    end)

    it("tells with a message where it went", function()
        local a <close> = j1939(0x20)
        local b <close> = j1939(0x30)
        assert(a:sendto("where", {IFACE, socket.J1939_NO_NAME, GROUP, 0x30}))
        local data <const>, ancdata <const>, _ <const>, from <const> =
            assert(b:recvmsg(100, 100))
        assert.same({"where", 0x20}, {data, from.addr})
        local values <const> = {}
        for _, entry in ipairs(ancdata) do
            assert.equal(socket.SOL_CAN_J1939, entry[1])
            values[entry[2]] = entry[3]
        end
        assert.equal("\x30", values[socket.SCM_J1939_DEST_ADDR])
        assert.equal("\6", values[socket.SCM_J1939_PRIO])
    end)

    it("broadcasts if it may", function()
        local a <close> = j1939(0x20)
        local b <close> = j1939(0x30)
        local all <const> = {IFACE, socket.J1939_NO_NAME, 0xfeca, socket.J1939_NO_ADDR}
        net.fails("EACCES", a:sendto("all", all))
        for _, s in ipairs{a, b} do
            assert(s:setoption("broadcast", true))
        end
        assert.equal(3, a:sendto("all", all))
        assert.equal("all", b:recv(100))
    end)
end)
