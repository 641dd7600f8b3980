-- What timeouts do (cases 230 to 242 of the parity list).

local net <const> = require "spec.support.net"
local parity <const> = require "spec.support.parity"
local socket <const> = require "tidewire.socket"
local task <const> = require "tidewire.task"
local turns <const> = require "spec.support.turns"

-- Long enough to tell waiting from not waiting.
local SHORT <const> = 0.06

local RECEIVES <const> = {
    recv = function(s) return s:recv(10) end,
    recvfrom = function(s) return s:recvfrom(10) end,
    recv_into = function(s) return s:recv_into(socket.buffer(10)) end,
    recvfrom_into = function(s) return s:recvfrom_into(socket.buffer(10)) end,
}

parity.describe("a timeout", function()
    parity.case("G13/230 of accept is kept", {transports = parity.STREAMS, raw = true},
        function(s)
            s:settimeout(SHORT)
            net.takes(SHORT, function()
                assert.equal("accept: timed out", (net.fails("timeout", s:accept())))
            end)
        end)

    parity.case("G13/231 of 0 does not let accept wait", {transports = parity.STREAMS, raw = true},
        function(s)
            s:settimeout(0)
            net.quick(function() net.fails("EAGAIN", s:accept()) end)
            s:setblocking(false)
            net.fails("EAGAIN", s:accept())
        end)

    parity.case("G13/232 of 0 does not let a receive wait", {transports = parity.ALL},
        function(s, t)
            s:settimeout(0)
            for _, receive in pairs(RECEIVES) do
                net.quick(function() net.fails("EAGAIN", receive(s)) end)
            end
            t:sync("now")
            t:sync("sent")
            assert.equal("now", s:recv(10))
            net.fails("EAGAIN", s:recv(10))
        end,
        function(s, t)
            t:sync("now")
            t:send(s, "now")
            t:sync("sent")
        end)

    parity.case("G13/233 of every kind of receive is kept, without being early",
        {transports = parity.ALL},
        function(s)
            s:settimeout(SHORT)
            for name, receive in pairs(RECEIVES) do
                net.takes(SHORT, function()
                    local message <const> = net.fails("timeout", receive(s))
                    assert.matches("^" .. name .. ".*: timed out$", message)
                end)
            end
        end)

    parity.case("G13/234 of send and sendall is kept when nobody reads",
        {transports = parity.STREAMS},
        function(s)
            local piece <const> = ("X"):rep(200000)
            s:settimeout(SHORT)
            for _ = 1, 1000 do
                local n <const>, _, code <const> = s:send(piece)
                if not n then
                    assert.equal("timeout", code)
                    break
                end
            end
            net.takes(SHORT, function() net.fails("timeout", s:send("x")) end)
            net.takes(SHORT, function()
                assert.equal(0, select(2, net.fails("timeout", s:sendall("x"))))
            end)
        end)

    parity.case("G13/234 of sendto is kept when the receiver is full",
        {transports = {"unix_dgram"}},
        function(s, t)
            s:settimeout(SHORT)
            local code
            for _ = 1, 100000 do
                local n
                n, _, code = s:sendto("X", t.address)
                if not n then break end
            end
            assert.equal("timeout", code)
            net.takes(SHORT, function() net.fails("timeout", s:sendto("X", t.address)) end)
        end)

    for _, place in ipairs(turns.places) do
        local where <const>, run <const> = " " .. place[1], place[2]

        it("G13/235 of connect is kept when nobody accepts" .. where, function()
            run(function()
                local addr <const>, held <close> = net.black_hole()
                assert.is_true(#held > 1)
                net.takes(SHORT, function()
                    local s <close> = assert(socket.socket())
                    s:settimeout(SHORT)
                    assert.equal(("connect %s: timed out"):format(addr),
                        (net.fails("timeout", s:connect(addr))))
                end)
            end)
        end)

        it("G13/236 of connect_ex is kept: ETIMEDOUT" .. where, function()
            run(function()
                local addr <const>, held <close> = net.black_hole()
                assert.is_true(#held > 1)
                net.takes(SHORT, function()
                    local s <close> = assert(socket.socket())
                    s:settimeout(SHORT)
                    assert.equal(socket.errno.ETIMEDOUT, s:connect_ex(addr))
                end)
            end)
        end)
    end

    -- Little fits between the two, so that there is always some progress.
    parity.case("G13/237 of sendall is for the whole: slow draining does not extend it",
        {transports = {"tcp", "tcp6", "unix"}, connect = function(address, t)
            local s <const> = t:new()
            assert(s:setoption("rcvbuf", 4096))
            assert(s:connect(address))
            return s
        end},
        function(s)
            assert(s:setoption("sndbuf", 4096))
            s:settimeout(0.3)
            local data <const> = ("x"):rep(16 << 20)
            net.takes(0.3, function()
                local _, sent <const> = net.fails("timeout", s:sendall(data))
                assert.is_true(sent > 0 and sent < #data, tostring(sent))
            end)
            s:close()
        end,
        function(s)
            while s:recv(1024) do task.sleep(0.01) end
        end)

    parity.case("G13/237 of sendall leaves no doubt about how much was sent",
        {transports = {"tcp", "tcp6", "unix", "mptcp"}}, -- SCTP sends all or nothing
        function(s, t)
            local data <const> = ("0123456789"):rep(1 << 20)
            s:settimeout(SHORT)
            local _, sent <const> = net.fails("timeout", s:sendall(data))
            assert.is_true(sent > 0 and sent < #data)
            local _, more <const> = net.fails("timeout", s:sendall(data, 0, sent + 1))
            s:settimeout(0)
            local _, last <const> = net.fails("EAGAIN", s:sendall(data, 0, sent + more + 1))
            s:close()
            t:sync("closed", sent + more + last)
            assert.equal(data:sub(1, sent + more + last), data:sub(1, t:sync("received")))
        end,
        function(s, t)
            local length <const> = t:sync("closed")
            local data <const> = net.drain(s)
            assert.equal(length, #data)
            assert.equal(("0123456789"):rep(#data // 10 + 1):sub(1, #data), data)
            t:sync("received", #data)
        end)

    parity.case("G13/238 does not stick: the next call has all its time again",
        {transports = parity.ALL},
        function(s, t)
            s:settimeout(SHORT)
            for i = 1, 3 do
                net.takes(SHORT, function() net.fails("timeout", s:recv(1)) end)
                t:sync("next")
                s:settimeout(net.LIMIT)
                assert.equal(tostring(i), s:recv(1))
                s:settimeout(SHORT)
            end
        end,
        function(s, t)
            for i = 1, 3 do
                t:sync("next")
                t:send(s, tostring(i))
            end
        end)

    parity.case("G13/238 is no hindrance while there is something to do",
        {transports = parity.ALL},
        function(s, t)
            s:settimeout(1e-9)
            t:sync("sent")
            local data, code
            for _ = 1, 1000000 do
                data, _, code = s:recv(1)
                if data then break end
                assert.equal("timeout", code)
            end
            assert.equal("x", data)
        end,
        function(s, t)
            s:settimeout(1e-9)
            t:send(s, "x")
            t:sync("sent")
        end)

    parity.case("G13/239 of none lets a client wait as long as it takes",
        {transports = {"tcp"}, connect = function(address)
            return assert(socket.create_connection(address))
        end},
        function(s, t)
            t:sync("connected")
            task.sleep(0.2)
            assert(s:sendall("done!"))
        end,
        function(s, t)
            assert.is_nil(s:gettimeout())
            t:sync("connected")
            local start <const> = socket.monotonic()
            assert.equal("done!", s:recv(100))
            assert.is_true(socket.monotonic() - start > 0.1)
        end)

    parity.case("G13/240 of create_connection is that of what follows",
        {transports = {"tcp", "unix"}, connect = function(address)
            return assert(socket.create_connection(address, SHORT))
        end},
        function(_, t) t:sync("timed out") end,
        function(s, t)
            assert.equal(SHORT, s:gettimeout())
            net.takes(SHORT, function() net.fails("timeout", s:recv(1)) end)
            t:sync("timed out")
        end)

    for _, place in ipairs{turns.places[1], turns.places[3]} do
        it("G13/241 has a code of its own, the kernel's is another " .. place[1], function()
            place[2](function()
                local addr <const>, held <close> = net.black_hole()
                assert.is_true(#held > 1)
                local s <close> = assert(socket.socket())
                s:settimeout(0.01)
                assert.matches(": timed out$", (net.fails("timeout", s:connect(addr))))
                assert.is_nil(socket.errno.timeout)
                -- The kernel gives up after the first packet that it sends again.
                local t <close> = assert(socket.socket())
                assert(t:setoption("syncnt", 1))
                assert(t:setoption("user_timeout", 0.05))
                assert.equal(("connect %s: Connection timed out"):format(addr),
                    (net.fails("ETIMEDOUT", t:connect(addr))))
                assert.is_truthy(socket.errno.ETIMEDOUT)
            end)
        end)
    end

    -- An IPv4 packet with a UDP datagram whose checksum is wrong.
    local function corrupt(port)
        local lo <const>, data <const> = socket.inet_aton "127.0.0.1", "corrupt"
        return (">BBI2I2I2BBI2"):pack(0x45, 0, 0, 0, 0, 64, socket.IPPROTO_UDP, 0) .. lo .. lo
            .. (">I2I2I2I2"):pack(9, port, 8 + #data, 1) .. data
    end

    -- How many such this system has thrown away.
    local function thrown_away()
        local file <close> = assert(io.open "/proc/net/snmp")
        local names <const>, numbers <const> = file:read("a"):match("\nUdp:([^\n]+)\nUdp:([^\n]+)")
        local next_number <const> = numbers:gmatch "%d+"
        for name in names:gmatch "%a+" do
            local number <const> = next_number()
            if name == "InCsumErrors" then return tonumber(number) end
        end
    end

    parity.case("G13/242 is not prolonged by an event that turns out to be nothing",
        {transports = {"udp"}},
        function(s, t)
            local raw <close>, message =
                socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP)
            t:sync("able", raw ~= nil)
            if not raw then return pending("raw sockets need privileges: " .. message) end
            local before <const> = thrown_away()
            s:settimeout(0.1)
            net.takes(0.1, function() net.fails("timeout", s:recv(100)) end)
            t:sync("sent")
            s:settimeout(net.LIMIT)
            assert.equal("right", s:recv(100))
            assert.is_true(thrown_away() > before)
        end,
        function(s, t)
            if not t:sync("able") then return end
            local raw <close> = assert(
                socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW))
            for _ = 1, 20 do
                assert(raw:sendto(corrupt(t.address.port), "127.0.0.1", 0))
                task.sleep(0.01)
            end
            t:sync("sent")
            t:send(s, "right")
        end)
end)
