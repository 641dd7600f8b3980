-- Case 254 of the parity list: the 17 cases that Python's selectors have. There is
-- no selector object here that sockets are registered with: task.select takes a
-- list of them, so that registering is to be in the list, a key is an index, and
-- nothing is left to be unregistered or closed. It waits to read; who waits to
-- write is a task, as in the last case but one.

local net <const> = require "spec.support.net"
local peer <const> = require "spec.support.peer"
local socket <const> = require "tidewire.socket"
local task <const> = require "tidewire.task"
local turns <const> = require "spec.support.turns"

for _, place in ipairs{turns.places[1], turns.places[3]} do
    local where <const>, run <const> = " " .. place[1], place[2]
    local function case(name, f)
        it("G14/254 " .. name .. where, function() run(f) end)
    end

    describe("select", function()
        case("register: takes sockets and streams, nothing else", function()
            local here <const>, there <const>, _ <close> = net.pairs(2)
            local stream <const> = assert(here[2]:makefile())
            there[2]:send("to a stream\n")
            assert.same({2, true}, {task.select{here[1], stream}})
            stream:close()
            for _, bad in ipairs{1, "x", {}, io.stdout, -1, here[1]:fileno()} do
                net.raises("item 2: ", task.select, {here[1], bad})
            end
        end)

        case("register twice: takes one socket as often as it is in the list", function()
            local here <const>, there <const>, _ <close> = net.pairs(1)
            local a <const> = here[1]
            net.fails("timeout", task.select{a, a, timeout = 0.001})
            there[1]:send("v")
            assert.same({1, true}, {task.select{a, a, a}})
        end)

        case("unregister: forgets what is not in the list any more", function()
            local here <const>, there <const>, _ <close> = net.pairs(2)
            net.fails("timeout", task.select{here[1], here[2], timeout = 0.001})
            there[2]:send("v")
            net.fails("timeout", task.select{here[1], timeout = 0.001})
            assert.equal("v", here[2]:recv(1))
        end)

        case("unregister after close: says which one is closed", function()
            local here <const>, _, _ <close> = net.pairs(2)
            task.spawn(function() here[2]:close() end)
            assert.same({2, nil, "select: closed", "closed"}, {task.select(here)})
            local got <const> = table.pack(task.select(here))
            assert.equal("closed", got[got.n])
        end)

        case("unregister after close and reuse: the number's next owner is another", function()
            local here <const>, there <const>, _ <close> = net.pairs(1)
            local a <const>, b <const> = net.pair()
            local fd <const> = a:fileno()
            net.fails("timeout", task.select{a, here[1], timeout = 0.001})
            a:close()
            local c <const>, d <const> = net.pair()
            assert.equal(fd, c:fileno())
            b:send("to nobody")
            net.fails("timeout", task.select{here[1], c, timeout = 0.001})
            d:send("to c")
            assert.same({2, true}, {task.select{here[1], c}})
            there[1]:send("v")
            assert.same({1, true}, {task.select{here[1], c}})
            for _, s in ipairs{b, c, d} do s:close() end
        end)

        case("modify: another list is another choice", function()
            local here <const>, there <const>, _ <close> = net.pairs(3)
            there[3]:send("v")
            for _ = 1, 3 do
                net.fails("timeout", task.select{here[1], here[2], timeout = 0})
                assert.same({1, true}, {task.select{here[3], here[1]}})
                assert.same({3, true}, {task.select(here)})
            end
        end)

        case("get_key: gives the place in the list", function()
            local here <const>, there <const>, _ <close> = net.pairs(5)
            local names <const> = {}
            for i, s in ipairs(here) do names[s] = "number " .. i end
            for _, i in ipairs{5, 2, 4} do
                there[i]:send("v")
                assert.equal("number " .. i, names[here[(task.select(here))]])
                assert.equal("v", here[i]:recv(1))
            end
        end)

        case("select: finds what can be read, an end, and somebody to accept", function()
            local here <const>, there <const>, _ <close> = net.pairs(2)
            local server <close> = assert(socket.create_server{"127.0.0.1", 0})
            local items <const> = {here[1], here[2], server, timeout = net.LIMIT}
            there[2]:close()
            assert.same({2, true}, {task.select(items)})
            items[2] = task.event()
            local client <close> = assert(socket.create_connection(server:getsockname()))
            assert.same({3, true}, {task.select(items)})
            there[1]:send("v")
            assert.same({1, true}, {task.select(items)})
            assert.is_truthy(client)
        end)

        case("timeout: 0 looks, more waits, none waits for ever", function()
            local here <const>, there <const>, _ <close> = net.pairs(1)
            local a <const> = here[1]
            net.quick(function() net.fails("timeout", task.select{a, timeout = 0}) end)
            turns.takes(0.05, function() net.fails("timeout", task.select{a, timeout = 0.05}) end)
            net.raises("timeout", task.select, {a, timeout = -1})
            local sender <close> = task.spawn(function()
                task.sleep(0.02)
                there[1]:send("v")
            end)
            turns.takes(0.01, function() assert.same({1, true}, {task.select{a}}) end)
            sender:join(net.LIMIT)
        end)

        case("empty: with nothing but a timeout sleeps", function()
            turns.takes(0.01, function() net.fails("timeout", task.select{timeout = 0.01}) end)
            net.fails("timeout", task.select{timeout = 0})
        end)

        case("selector: one loop serves many", function()
            local here <const>, there <const>, _ <close> = net.pairs(50)
            here.timeout = net.LIMIT
            for i, s in ipairs(there) do
                task.spawn(function()
                    task.sleep(i % 7 * 0.0003)
                    s:send(tostring(i))
                end)
            end
            for _ = 1, 50 do
                local i <const> = task.select(here)
                assert.equal(tostring(i), here[i]:recv(10))
            end
        end)

        case("read and write: a task each", function()
            local here <const>, there <const>, _ <close> = net.pairs(1)
            net.fill(here[1])
            here[1]:settimeout(net.LIMIT)
            local writer <const> = task.spawn(function() return here[1]:sendall("the end") end)
            net.fails("timeout", task.select{here[1], timeout = 0.005})
            assert.equal("waiting", writer:status())
            there[1]:send("v")
            assert.same({1, true}, {task.select{here[1]}})
            there[1]:settimeout(0.02)
            assert.is_true(#net.drain(there[1]) > 7)
            assert.equal(7, writer:join(net.LIMIT))
        end)
    end)
end

describe("select", function()
    it("G14/254 above FD_SETSIZE: takes descriptors of any number", function()
        local open <close>, here, there = setmetatable({}, {__close = function(list)
            for _, s in ipairs(list) do s:close() end
        end}), {timeout = net.LIMIT}, {}
        repeat
            local a <const>, b <const>, code <const> = socket.socketpair()
            if code == "EMFILE" then return pending("descriptors: " .. b) end
            open[#open + 1], open[#open + 2] = a, b
            here[#here + 1], there[#there + 1] = a, b
        until assert(a, b):fileno() > 1100
        for i = #here, 1, -101 do
            there[i]:send("v")
            assert.same({i, true}, {task.select(here)})
            assert.equal("v", here[i]:recv(1))
        end
    end)

    it("G14/254 interrupt: a signal that the script hears does not shorten the wait", function()
        local child <close> = peer.start[[
            local task = require "tidewire.task"
            local usr1 <close> = assert(task.signal "USR1")
            local a <close>, b = assert(socket.socketpair())
            local heard = 0
            local _ <close> = task.spawn(function()
                while usr1:wait() do
                    heard = heard + 1
                    say("heard")
                end
            end)
            say "ready"
            local start = socket.monotonic()
            while heard < 2 do task.select{a, timeout = 0.05} end
            local index, message, code = task.select{a, timeout = 0.1}
            say(index, code, socket.monotonic() - start >= 0.1, b ~= nil)
            b:close()
        ]]
        child:expect("^ready\n")
        for _ = 1, 2 do
            assert(peer.signal(child, "USR1"))
            child:expect("^heard\n")
        end
        local output <const>, status <const> = child:finish()
        assert.matches("nil\ttimeout\ttrue\ttrue\n$", output)
        assert.equal(0, status)
    end)
end)
