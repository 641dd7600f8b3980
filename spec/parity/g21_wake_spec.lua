-- Closing what somebody waits for (case 367 of the parity list), over every
-- transport. The peer may be a task or another process; who closes is a task.

local net <const> = require "spec.support.net"
local parity <const> = require "spec.support.parity"
local socket <const> = require "tidewire.socket"
local task <const> = require "tidewire.task"

local RECEIVES <const> = {
    recv = function(s) return s:recv(10) end,
    recvfrom = function(s) return s:recvfrom(10) end,
    recv_into = function(s) return s:recv_into(socket.buffer(10)) end,
    recvfrom_into = function(s) return s:recvfrom_into(socket.buffer(10)) end,
}

-- Sends without an end, in pieces that SCTP takes too: the results of the last.
local function pour(s)
    local piece <const> = ("x"):rep(4096)
    while true do
        local results <const> = table.pack(s:sendall(piece))
        if not results[1] then return table.unpack(results, 1, results.n) end
    end
end

-- Closes the socket as soon as everybody else waits.
local function close_later(s)
    return task.spawn(function()
        task.sleep(0.001)
        assert(s:close())
    end)
end

parity.describe("close", function()
    for name, receive in pairs(RECEIVES) do
        parity.case("G21/367 wakes who waits in " .. name, {transports = parity.ALL},
            function(s)
                s:settimeout(nil)
                local closer <close> = close_later(s)
                assert.matches("^" .. name .. ".*: closed$", (net.fails("closed", receive(s))))
                closer:join(net.LIMIT)
                assert.equal("closed socket", socket.type(s))
                net.fails("closed", receive(s))
            end)
    end

    parity.case("G21/367 wakes who waits in sendall", {transports = parity.STREAMS},
        function(s)
            s:settimeout(nil)
            local closer <close> = close_later(s)
            local _, sent <const> = net.fails("closed", pour(s))
            assert.is_true(sent < 4096)
            closer:join(net.LIMIT)
        end)

    parity.case("G21/367 wakes who waits in accept", {transports = parity.STREAMS, raw = true},
        function(s)
            s:settimeout(nil)
            local closer <close> = close_later(s)
            assert.equal("accept: closed", (net.fails("closed", s:accept())))
            closer:join(net.LIMIT)
        end)

    parity.case("G21/367 wakes a reader and a writer at once", {transports = parity.STREAMS},
        function(s)
            s:settimeout(nil)
            local reader <close> = task.spawn(function() return (select(3, s:recv(1))) end)
            local writer <close> = task.spawn(function() return (select(3, pour(s))) end)
            task.sleep(0.01)
            assert(s:close())
            assert.equal("closed", reader:join(net.LIMIT))
            assert.equal("closed", writer:join(net.LIMIT))
        end)

    parity.case("G21/367 leaves other sockets of the connection alone",
        {transports = parity.ALL},
        function(s, t)
            local copy <close> = assert(s:dup())
            local reader <close> = task.spawn(function() return copy:recv(10) end)
            local closer <close> = close_later(s)
            net.fails("closed", s:recv(1))
            closer:join(net.LIMIT)
            t:sync("closed")
            assert.equal("to a copy", reader:join(net.LIMIT))
        end,
        function(s, t)
            t:sync("closed")
            t:send(s, "to a copy")
        end)
end)
