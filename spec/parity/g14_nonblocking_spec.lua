-- Sockets that do not wait, and what accepted sockets inherit (cases 244 to 253
-- of the parity list); selecting is in g14_select_spec.

local net <const> = require "spec.support.net"
local parity <const> = require "spec.support.parity"
local socket <const> = require "tidewire.socket"
local task <const> = require "tidewire.task"

assert(socket.getaddrinfo("localhost", 80)) -- the resolver's thread is no leak

local errno <const> = socket.errno
local SOL <const>, SO_ERROR <const> = socket.SOL_SOCKET, socket.SO_ERROR

-- The peer of a listening socket: connects when it is told to.
local function connect_later(s, t)
    t:sync("now")
    assert(s:connect(t.address))
    t:sync("connected")
end

parity.describe("without waiting", function()
    parity.case("G14/244 accept fails until select says that somebody is there",
        {transports = parity.STREAMS, raw = true},
        function(s, t)
            s:settimeout(0)
            net.quick(function() net.fails("EAGAIN", s:accept()) end)
            t:sync("now")
            t:sync("connected")
            assert.same({1, true}, {task.select{s, timeout = net.LIMIT}})
            local conn <close> = assert(s:accept())
            assert.is_nil(conn:gettimeout())
            net.fails("EAGAIN", s:accept())
        end, connect_later)

    parity.case("G14/245 a receive fails until select says that there is data",
        {transports = parity.ALL},
        function(s, t)
            s:setblocking(false)
            net.quick(function() net.fails("EAGAIN", s:recv(100)) end)
            t:sync("now")
            assert.same({1, true}, {task.select{s, timeout = net.LIMIT}})
            assert.equal("some data", s:recv(100))
            net.fails("EAGAIN", s:recv(100))
        end,
        function(s, t)
            t:sync("now")
            t:send(s, "some data")
        end)

    -- What an accepted socket is like, given the default timeout and the listener's.
    local function inherits(name, default, listener)
        parity.case(name, {transports = parity.STREAMS, raw = true},
            function(s, t)
                s:settimeout(listener)
                t:sync("now")
                t:sync("connected")
                assert.same({1, true}, {task.select{s, timeout = net.LIMIT}})
                socket.setdefaulttimeout(default)
                local conn <close>, message = s:accept()
                socket.setdefaulttimeout(nil)
                assert(conn, message)
                assert.equal(default, conn:gettimeout())
                assert.is_true(conn:getblocking())
                assert.equal(default ~= nil, net.nonblocking(conn:fileno()))
                t:sync("accepted")
                assert.equal("x", conn:recv(1))
            end,
            function(s, t)
                connect_later(s, t)
                t:sync("accepted")
                t:send(s, "x")
            end)
    end

    inherits("G14/246 a listener is of no influence on what it accepts", nil, 10)
    inherits("G14/247 what is accepted has the default timeout", 20, 10)
    inherits("G14/248 what a non-blocking listener accepts is blocking", nil, 0)

    -- Asks, without waiting, until the answer is no longer "under way".
    local function settle(s, address)
        local deadline <const> = socket.monotonic() + net.LIMIT
        local number
        repeat
            number = s:connect_ex(address)
        until number ~= errno.EALREADY and number ~= errno.EINPROGRESS
            or socket.monotonic() > deadline
        return number
    end

    parity.case("G14/249 connecting is under way, then done, then a mistake to repeat",
        {transports = {"tcp", "tcp6", "sctp", "mptcp"}, raw = true},
        function(s, t)
            local conn <close> = assert(s:accept())
            t:sync("connected")
            assert.equal("x", conn:recv(1))
        end,
        function(s, t)
            s:settimeout(0)
            assert.equal(errno.EINPROGRESS, s:connect_ex(t.address))
            local number <const> = settle(s, t.address)
            -- SCTP has no word for the moment when it is done.
            assert.is_true(number == 0 or t.transport == "sctp" and number == errno.EISCONN)
            assert.equal(errno.EISCONN, s:connect_ex(t.address))
            assert.equal(0, s:getsockopt(SOL, SO_ERROR))
            t:sync("connected")
            assert.equal(1, s:send("x"))
            local other <close> = t:new()
            other:settimeout(0)
            net.fails("EINPROGRESS", other:connect(t.address))
        end)

    parity.case("G14/249 connecting to a path is done at once", {transports = {"unix"}, raw = true},
        function(s)
            local conn <close> = assert(s:accept())
            assert.equal("x", conn:recv(1))
        end,
        function(s, t)
            s:settimeout(0)
            assert.equal(0, s:connect_ex(t.address))
            assert.equal(errno.EISCONN, s:connect_ex(t.address))
            assert.equal(1, s:send("x"))
        end)

    parity.case("G14/250 connecting finds out that nobody listens",
        {transports = {"tcp", "tcp6"}, raw = true},
        function(s, t)
            local address <const> = s:getsockname()
            s:close()
            t:sync("closed")
            local a <close> = t:new()
            a:settimeout(0)
            assert.equal(errno.EINPROGRESS, a:connect_ex(address))
            assert.equal(errno.ECONNREFUSED, settle(a, address))
            local b <close> = t:new()
            b:settimeout(0)
            assert.equal(errno.EINPROGRESS, b:connect_ex(address))
            assert.same({1, true}, {task.select{b, timeout = net.LIMIT}})
            assert.equal(errno.ECONNREFUSED, b:getsockopt(SOL, SO_ERROR))
            assert.equal(0, b:getsockopt(SOL, SO_ERROR))
        end,
        function(_, t) t:sync("closed") end)

    parity.case("G14/250 nothing looks a name up", {transports = {"tcp", "udp"}},
        function(_, t)
            local s <close> = t:new()
            s:settimeout(0)
            net.fails("EAGAIN", s:connect("localhost", 80))
            net.fails("EAGAIN", s:connect_ex("localhost", 80))
            net.fails("EAGAIN", s:sendto("x", "localhost", 80))
        end)

    parity.case("G14/251 MSG_DONTWAIT is for one call only", {transports = parity.ALL},
        function(s, t)
            s:settimeout(nil)
            net.quick(function() net.fails("EAGAIN", s:recv(100, socket.MSG_DONTWAIT)) end)
            assert.is_true(s:getblocking())
            assert.is_false(t.mode == "blocking" and net.nonblocking(s:fileno()))
            t:sync("now")
            assert.equal("waited for", s:recv(100))
        end,
        function(s, t)
            t:sync("now")
            task.sleep(0.02)
            t:send(s, "waited for")
        end)

    parity.case("G14/252 a send fails when nothing more fits, and says how much did",
        {transports = parity.STREAMS},
        function(s, t)
            s:settimeout(0)
            -- SCTP sends a message whole or not at all.
            local whole <const> = t.transport == "sctp"
            local piece <const> = ("f"):rep(whole and 4096 or 1 << 20)
            local total, cut, refused = 0, whole, 0
            -- A little later there may be room once more: the peer's system takes its part.
            while refused < 5 do
                local flags <const> = refused % 2 * socket.MSG_DONTWAIT
                local n <const>, _, code <const> = s:send(piece, flags)
                if n then
                    cut = cut or n < #piece
                    total, refused = total + n, 0
                else
                    assert.equal("EAGAIN", code)
                    refused = refused + 1
                    task.sleep(0.002)
                end
            end
            assert.is_true(cut)
            t:sync("full", total)
            t:sync("drained")
            assert.equal(1, s:send("x"))
        end,
        function(s, t)
            local left = t:sync("full")
            while left > 0 do left = left - #assert(s:recv(1 << 20)) end
            t:sync("drained")
            assert.equal("x", s:recv(100))
        end)

    parity.case("G14/253 what shares the descriptor's mode may wait all the same",
        {transports = parity.ALL},
        function(s, t)
            s:settimeout(nil)
            local copy <close> = assert(s:dup())
            copy:settimeout(0)
            assert.is_true(net.nonblocking(s:fileno()))
            assert.is_nil(s:gettimeout())
            net.fails("EAGAIN", copy:recv(100))
            t:sync("now")
            assert.equal("waited for", s:recv(100))
            copy:settimeout(nil)
            assert.is_false(net.nonblocking(s:fileno()))
        end,
        function(s, t)
            t:sync("now")
            task.sleep(0.02)
            t:send(s, "waited for")
        end)
end)
