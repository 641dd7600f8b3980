-- TCP basics: cases G6/107 to G6/115, G6/118 and G6/119; see g06_edges_spec.lua for
-- the others. What holds for every stream runs over others as well.

local net <const> = require "spec.support.net"
local parity <const> = require "spec.support.parity"
local socket <const> = require "tidewire.socket"
local task <const> = require "tidewire.task"

local MESSAGE <const> = "What one side sends, the other side receives\n"

-- Receives until there is that much, however it is cut.
local function gather(s, size)
    local pieces, got = {}, 0
    while got < size do
        local data <const> = assert(s:recv(size - got))
        pieces[#pieces + 1], got = data, got + #data
    end
    return table.concat(pieces)
end

local function send_message(s) assert.equal(#MESSAGE, s:sendall(MESSAGE)) end

-- Name, this side, the peer.
local BASICS <const> = {
    {"G6/107 one send arrives in one large receive",
        function(s) assert.equal(MESSAGE, s:recv(1024)) end, send_message},
    {"G6/108 the same data in two receives",
        function(s)
            local first <const> = s:recv(#MESSAGE - 3)
            assert.equal(MESSAGE:sub(1, -4), first)
            assert.equal(MESSAGE, first .. s:recv(1024))
        end, send_message},
    {"G6/109 recvfrom has the data, and no address",
        function(s, t)
            local data <const>, from <const> = s:recvfrom(1024)
            assert.equal(MESSAGE, data)
            assert.equal(t:sender(), from)
            t:sync("next")
            local first <const>, who <const> = s:recvfrom(#MESSAGE - 3)
            local rest <const>, whose <const> = s:recvfrom(1024)
            assert.equal(MESSAGE, first .. rest)
            assert.same({t:sender(), t:sender()}, {who, whose})
        end, function(s, t)
            send_message(s)
            t:sync("next")
            send_message(s)
        end},
    {"G6/110 sendall of 2048 bytes, then close",
        function(s)
            local all <const>, code <const> = net.drain(s)
            assert.equal(("f"):rep(2048), all)
            assert.equal("eof", code)
        end, function(s)
            assert.equal(2048, s:sendall(("f"):rep(2048)))
            assert.is_true(s:close())
        end},
    {"G6/112 fromfd receives what is for the original",
        function(s)
            local copy <close> = assert(socket.fromfd(s:fileno(), s.family, s.type))
            copy:settimeout(net.LIMIT)
            assert.not_equal(s:fileno(), copy:fileno())
            assert.equal(MESSAGE, copy:recv(1024))
        end, send_message},
    {"G6/113 dup receives; closing it leaves the original open",
        function(s, t)
            local copy <const> = assert(s:dup())
            assert.not_equal(s:fileno(), copy:fileno())
            assert.equal(MESSAGE, copy:recv(1024))
            assert.is_true(copy:close())
            t:sync("closed")
            assert.equal(MESSAGE, s:recv(1024))
        end, function(s, t)
            send_message(s)
            t:sync("closed")
            send_message(s)
        end},
    {"G6/114 shutdown of both directions: the data, then the end",
        function(s)
            assert.equal(MESSAGE, gather(s, #MESSAGE))
            net.fails("eof", s:recv(1024))
        end, function(s)
            send_message(s)
            assert.is_true(s:shutdown(socket.SHUT_RDWR))
        end},
    {"G6/115 shutdown takes an int",
        function(s)
            for _, bad in ipairs{1 << 31, 2 + (1 << 32), -(1 << 31) - 1, 1.5, "both"} do
                net.raises("how", s.shutdown, s, bad)
            end
            assert.is_true(s:shutdown(socket.SHUT_RDWR))
        end, function(s) net.fails("eof", s:recv(1)) end},
    {"G6/118 detach gives the descriptor away",
        function(s, t)
            local fd <const> = s:fileno()
            assert.equal(fd, s:detach())
            assert.equal("closed socket", socket.type(s))
            net.fails("closed", s:recv(1))
            assert.equal(-1, s:fileno())
            assert.is_true(s:close())
            t:sync("detached")
            local again <close> = assert(socket.socket{fileno = fd})
            again:settimeout(net.LIMIT)
            assert.equal(fd, again:fileno())
            assert.equal(MESSAGE, again:recv(1024))
        end, function(s, t)
            t:sync("detached")
            send_message(s)
        end},
}

parity.describe("TCP:", function()
    local function create(address)
        return assert(socket.create_connection({address.host, address.port}, net.LIMIT))
    end

    for _, case in ipairs(BASICS) do
        local name <const>, this <const>, other <const> = table.unpack(case)
        parity.case(name, {transports = parity.STREAMS}, this, other)
        parity.case("G6/119 by create_connection: " .. name,
            {transports = parity.TCP, connect = create}, this, other)
    end

    -- No multiple of anything, so that whatever is lost or twice shows.
    local LARGE <const> = ("0123456789 and so on, again and again;"):rep((16 << 20) // 38 + 1)
        :sub(1, (16 << 20) + 1)

    parity.case("G6/111 sendall of 16 MiB and a byte, to a slow reader",
        {transports = parity.BYTES},
        function(s)
            local pieces <const> = {}
            for i = 1, 20 do
                pieces[i] = assert(s:recv(4096))
                task.sleep(0.002)
            end
            pieces[21] = net.drain(s)
            assert.is_true(LARGE == table.concat(pieces), "not what was sent")
        end,
        function(s)
            assert.equal(#LARGE, s:sendall(LARGE))
            assert.is_true(s:close())
        end)
end)
