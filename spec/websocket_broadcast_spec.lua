-- One message to many WebSockets: none is waited for, none can hold up the others.

local support <const> = require "spec.support.websocket"
local tasks <const> = require "spec.support.tasks"
local task <const> = require "tidewire.task"

-- Fewer where every request for memory collects.
local CLIENTS <const> = tasks.stressed and 30 or 1000

describe("websocket.broadcast", function()
    if not support.found then
        pending(support.reason)
        return
    end
    local broadcast <const> = require "tidewire.websocket".broadcast

    it("reaches a thousand clients", function()
        local servers <const>, got, reading <const> = {}, 0, {}
        for i = 1, CLIENTS do
            local server <const>, client <const> = support.both()
            servers[server] = i
            reading[i] = task.spawn(function()
                for _, expected in ipairs { "one", "two", ("three"):rep(10000) } do
                    local data <const> = client:receive(10)
                    got = got + (data == expected and 1 or 0)
                end
            end)
        end
        assert.equal(CLIENTS, broadcast(servers, "one"))
        assert.equal(CLIENTS, broadcast(servers, "two"))
        assert.equal(CLIENTS, broadcast(servers, ("three"):rep(10000), "binary"))
        for i = 1, CLIENTS do
            reading[i]:join(10)
        end
        assert.equal(3 * CLIENTS, got)
    end)

    it("takes lists, sets, values of a table, iterators, and both sides", function()
        local a <const>, b <const> = support.both()
        local c <const>, d <const> = support.both()
        local function check(receivers)
            assert.equal(2, broadcast(receivers, "hello", "binary"))
            assert.same({ "hello", "binary" }, { b:receive(5) })
            assert.same({ "hello", "binary" }, { c:receive(5) })
        end
        check { a, d }
        check { [a] = true, [d] = {} }
        check { ann = a, dora = d, other = {}, 5 }
        local list <const> = { a, d }
        check(function()
            return table.remove(list)
        end)
        assert.equal(0, broadcast({}, "nobody"))
    end)

    it("passes over those that are closed or being closed", function()
        local a <const>, _ <const> = support.both { close_timeout = 0.05 }
        local b <const>, c <const> = support.both()
        a:drop("closed", "gone")
        assert.equal(1, broadcast({ a, b }, "x"))
        assert.equal("x", c:receive(5))
        local closing <const> = task.spawn(b.close, b)
        task.yield()
        assert.equal("closing", b.state)
        assert.equal(0, broadcast({ a, b }, "x"))
        assert.equal("closed", select(3, c:receive(5)))
        closing:join()
    end)

    it("drops a receiver that is too slow, and no other", function()
        local slow <const>, peer <const> = support.one(false, { max_pending = 50000 })
        local fast <const>, client <const> = support.both()
        local data <const> = ("x"):rep(10000)
        local ends <const> = task.spawn(slow.receive, slow)
        local sent = 0
        while slow.state == "open" do
            sent = sent + 1
            broadcast({ slow, fast }, data)
            assert.equal(data, client:receive(5))
            assert.is_true(slow:buffered() <= 50000 + 10004)
        end
        assert.equal(1013, slow.close_code)
        assert.same({ nil, "receive: too slow a receiver", "ENOBUFS" }, { ends:join(5) })
        assert.equal(1, broadcast({ slow, fast }, "still here"))
        assert.equal("still here", client:receive(5))
        local stream <const>, size = peer:makefile "r", 0
        repeat
            local piece <const> = stream:read_some(65536)
            size = size + (piece and #piece or 0)
        until not piece
        assert.is_true(size < sent * 10004)
    end)

    it("puts up with receivers that vanish in the middle", function()
        local servers <const>, kept <const> = {}, {}
        for i = 1, 100 do
            local server <const>, peer <const> = support.one(false)
            servers[i] = server
            task.spawn(server.receive, server)
            if i % 3 == 0 then
                peer:close()
            elseif i % 3 == 1 then
                peer:setoption("linger", 0)
                peer:close()
            else
                kept[#kept + 1] = peer
            end
        end
        task.yield()
        for i = 1, 5 do
            broadcast(servers, tostring(i))
            task.sleep(0.001)
        end
        for _, peer in ipairs(kept) do
            assert.equal("\x81\1" .. "1\x81\1" .. "2\x81\1" .. "3\x81\1" .. "4\x81\1" .. "5",
                peer:recv(100))
        end
        local open = 0
        for _, server in ipairs(servers) do
            open = open + (server.state == "open" and 1 or 0)
        end
        assert.equal(#kept, open)
    end)

    it("raises when misused", function()
        assert.error_matches(function() broadcast({}, "\xff") end, "UTF%-8")
        assert.error_matches(function() broadcast({}, "x", "close") end, "kind")
        assert.error_matches(function() broadcast("x", "x") end, "table")
    end)
end)
