-- Many datagrams at a time: recvmany, sendmany, and what they fill and empty.

local net <const> = require "spec.support.net"
local socket <const> = require "tidewire.socket"
local task <const> = require "tidewire.task"
local turns <const> = require "spec.support.turns"

-- All data of a batch, with commas between.
local function contents(batch)
    local all <const> = {}
    for data in batch:each() do all[#all + 1] = data end
    return table.concat(all, ",")
end

-- Two UDP sockets that are given to f on the main thread and in a task.
local function both(what, f)
    for _, place in ipairs{turns.places[1], turns.places[3]} do
        it(what .. ", " .. place[1], function()
            place[2](function()
                local a <close> = net.udp()
                local b <close> = net.udp()
                f(a, b)
            end)
        end)
    end
end

describe("a batch", function()
    it("holds what is added, up to its capacity", function()
        local to <const> = socket.address("127.0.0.1", 9)
        local batch <const> = socket.batch(3, 5)
        assert.equal(0, #batch)
        assert.equal(batch, batch:add("one"))
        batch:add("", to):add(socket.buffer("three"))
        assert.same({3, 3, 5}, {#batch, batch:capacity()})
        assert.same({"one"}, {batch:get(1)})
        assert.same({"", to}, {batch:get(2)})
        assert.equal("three", batch:get(3))
        assert.equal(to, batch:address(2))
        assert.is_nil(batch:address(1))
        assert.equal("batch (3 of 3 datagrams)", tostring(batch))
        net.raises("the batch is full", batch.add, batch, "four")
        assert.equal(batch, batch:set(2, "two"))
        assert.same({"two"}, {batch:get(2)})
        assert.equal("one,two,three", contents(batch))
        assert.equal(0, #batch:clear())
        assert.equal("", contents(batch))
        net.raises("i: must be 1 to 0, got 1", batch.get, batch, 1)
        net.raises("data: 6 bytes, a slot has 5", batch.add, batch, "123456")
    end)

    it("is made of a list, too", function()
        local to <const> = socket.address("127.0.0.1", 9)
        local other <const> = socket.address("::1", 9)
        local batch <const> = socket.batch({"a", socket.buffer("bc"), {"def", other}, ""}, to)
        assert.same({4, 4, 3}, {#batch, batch:capacity()})
        assert.same({"a", to}, {batch:get(1)})
        assert.same({"bc", to}, {batch:get(2)})
        assert.same({"def", other}, {batch:get(3)})
        assert.equal(0, #socket.batch{})
        net.raises("data: string or buffer expected", socket.batch, {"a", 5})
        net.raises("address: address object expected", socket.batch, {{"a", "::1"}})
        local many <const> = {}
        for i = 1, 1025 do many[i] = "x" end
        net.raises("0 to 1024 entries", socket.batch, many)
    end)

    it("has limits", function()
        net.raises("capacity: must be 1 to 1024, got 1025", socket.batch, 1025, 1)
        net.raises("capacity: must be 1 to 1024, got 0", socket.batch, 0, 1)
        net.raises("size: must be 0 to 1048576, got -1", socket.batch, 1, -1)
        net.raises("larger than 256 MiB", socket.batch, 1024, 1 << 20)
    end)
end)

describe("recvmany and sendmany", function()
    both("carry many datagrams, and where they come from", function(a, b)
        assert.equal(3, a:sendmany({"one", "", "three"}, b:getsockname()))
        local batch <const> = socket.batch(8, 100)
        local got = 0
        while got < 3 do got = got + assert(b:recvmany(batch)) end
        if #batch == 3 then
            assert.equal("one,,three", contents(batch))
            for i = 1, 3 do assert.equal(a:getsockname(), batch:address(i)) end
        end
    end)

    both("send back what was received, as it lies", function(a, b)
        a:connect(b:getsockname())
        assert.equal(4, a:sendmany{"1", "22", "333", "4444"})
        local batch <const> = socket.batch(64, 100)
        local back <const> = socket.batch(64, 100)
        local got = {}
        while #got < 4 do
            local came <const> = assert(b:recvmany(batch))
            assert.equal(came, #batch)
            assert.equal(#batch, b:sendmany(batch))
            local n <const> = #got
            while #got < n + #batch do
                assert(a:recvmany(back))
                for data in back:each() do got[#got + 1] = data end
            end
        end
        assert.same({"1", "22", "333", "4444"}, got)
    end)

    both("send some of the slots", function(a, b)
        local to <const> = b:getsockname()
        local batch <const> = socket.batch({"a", "b", "c", "d"}, to)
        assert.equal(2, a:sendmany(batch, 2, 3))
        assert.equal("b", b:recv(9))
        assert.equal("c", b:recv(9))
        assert.equal(0, a:sendmany(batch, 5))
        assert.equal(0, a:sendmany(batch, 3, 2))
        assert.equal(1, a:sendmany(batch, 4))
        assert.equal("d", b:recv(9))
        net.raises("first: must be 1 to 5, got 6", a.sendmany, a, batch, 6)
        net.raises("last: must be 0 to 4, got 5", a.sendmany, a, batch, 1, 5)
    end)

    both("tell what was cut off", function(a, b)
        a:sendmany({"12345", "1234"}, b:getsockname())
        local batch <const> = socket.batch(1, 4)
        assert.equal(1, b:recvmany(batch))
        assert.same({"1234", true}, {batch:get(1), batch:truncated(1)}, {1})
        assert.is_true(batch:truncated(1))
        assert.equal(1, b:recvmany(batch))
        assert.is_false(batch:truncated(1))
        a:sendto("123456", b:getsockname())
        assert.equal(1, b:recvmany(batch, socket.MSG_TRUNC))
        assert.equal("1234", batch:get(1))
    end)

    both("wait, and no longer than they may", function(a, b)
        local batch <const> = socket.batch(4, 100)
        b:settimeout(0.01)
        net.fails("timeout", b:recvmany(batch))
        b:settimeout(0)
        net.fails("EAGAIN", b:recvmany(batch))
        assert.equal(0, #batch)
        b:settimeout(net.LIMIT)
        net.fails("EAGAIN", b:recvmany(batch, socket.MSG_DONTWAIT))
        a:sendto("x", b:getsockname())
        assert.equal(1, b:recvmany(batch))
    end)

    it("let others run while they wait", function()
        local a <close> = net.udp()
        local b <close> = net.udp()
        local batch <const> = socket.batch(4, 100)
        local reader <close> = task.spawn(function() return b:recvmany(batch) end)
        task.yield()
        net.fails("EBUSY", b:recvmany(batch))
        a:sendto("x", b:getsockname())
        assert.equal(1, reader:join())
    end)

    it("say how many were sent before a failure", function()
        local a <close> = net.udp()
        local b <close> = net.udp()
        local six <const> = socket.address("::1", 9)
        local message <const>, sent = net.fails("EAFNOSUPPORT",
            a:sendmany{{"1", b:getsockname()}, {"2", b:getsockname()}, {"3", six}})
        assert.equal(2, sent)
        assert.matches("^sendmany", message)
        net.fails("EDESTADDRREQ", a:sendmany{"to nobody"})
        a:close()
        net.fails("closed", a:sendmany{"x"})
        net.fails("closed", a:recvmany(socket.batch(1, 1)))
    end)

    it("wait until the receiver has room", function()
        local a <close>, b <const> = net.pair(socket.SOCK_DGRAM)
        local many <const> = {}
        for i = 1, 1000 do many[i] = ("%04d"):format(i) .. ("x"):rep(1000) end
        local writer <close> = task.spawn(function() return a:sendmany(many) end)
        local batch <const> = socket.batch(7, 2000)
        local expected = 1
        while expected <= 1000 do
            assert(b:recvmany(batch))
            for data, address in batch:each() do
                assert.equal(expected, tonumber(data:sub(1, 4)))
                assert.equal(1004, #data)
                assert.is_nil(address)
                expected = expected + 1
            end
        end
        assert.equal(1000, writer:join())
        b:close()
    end)

    it("find the end of a connection of packets", function()
        local a <close>, b <const> = net.pair(socket.SOCK_SEQPACKET)
        a:sendmany{"one", "two"}
        a:close()
        local batch <const> = socket.batch(8, 10)
        assert.equal(2, b:recvmany(batch))
        assert.equal("one,two", contents(batch))
        net.fails("eof", b:recvmany(batch))
        b:close()
    end)

    it("are for datagrams", function()
        local a <close>, b <const> = net.pair(socket.SOCK_STREAM)
        net.raises("must not be of type SOCK_STREAM", a.recvmany, a, socket.batch(1, 1))
        net.raises("must not be of type SOCK_STREAM", a.sendmany, a, {"x"})
        b:close()
        local s <close> = net.udp()
        net.raises("has no slots", s.recvmany, s, socket.batch{})
    end)

    it("bring no descriptors along", function()
        local before <const> = net.descriptors()
        local a <close>, b <const> = net.pair(socket.SOCK_DGRAM)
        assert(socket.send_fds(a, {"with a descriptor"}, {0}))
        local batch <const> = socket.batch(2, 100)
        assert.equal(1, b:recvmany(batch))
        assert.equal("with a descriptor", batch:get(1))
        assert.equal(before + 2, net.descriptors())
        b:close()
    end)
end)

describe("datagrams joined by the kernel", function()
    it("are told apart, and go back as they were", function()
        local a <close> = net.udp()
        local b <close> = net.udp()
        if not b:setoption("udp_gro", true) then return pending "no UDP_GRO" end
        assert(a:setoption("udp_segment", 100))
        assert.equal(250, a:sendto(("a"):rep(100) .. ("b"):rep(100) .. ("c"):rep(50),
            b:getsockname()))
        assert(a:setoption("udp_segment", 0))
        local batch <const> = socket.batch(4, 65536)
        local sizes <const> = {}
        repeat
            assert(b:recvmany(batch))
            for data, from in batch:each() do
                assert.equal(a:getsockname(), from)
                sizes[#sizes + 1] = data:sub(1, 1) .. #data
            end
            assert.equal(#batch, b:sendmany(batch))
        until #sizes >= 3
        assert.same({"a100", "b100", "c50"}, sizes)
        if #batch == 1 then assert.equal(100, batch:segment(1)) end
        for _, size in ipairs{100, 100, 50} do assert.equal(size, #a:recv(1000)) end
    end)

    it("are there only when asked for", function()
        local a <close> = net.udp()
        local b <close> = net.udp()
        a:sendto("alone", b:getsockname())
        local batch <const> = socket.batch(1, 10)
        assert.equal(1, b:recvmany(batch))
        assert.is_nil(batch:segment(1))
    end)
end)
