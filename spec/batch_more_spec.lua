-- Batches: what happens half way, and to what a batch held before.

local net <const> = require "spec.support.net"
local socket <const> = require "tidewire.socket"
local task <const> = require "tidewire.task"
local tasks <const> = require "spec.support.tasks"

local it <const> = tasks.checked(it)

local function contents(batch)
    local list <const> = {}
    for data in batch:each() do list[#list + 1] = data end
    return list
end

local function numbered(first, last)
    local list <const> = {}
    for i = first, last do list[#list + 1] = tostring(i) end
    return list
end

describe("sendmany", function()
    it("counts what went before its time was up", function()
        local a <const>, b <close> = net.pair(socket.SOCK_DGRAM)
        local batch <const> = socket.batch(numbered(1, 1000))
        a:settimeout(0.02)
        local _, sent = net.fails("timeout", a:sendmany(batch))
        assert.is_true(sent > 0 and sent < 1000)
        for i = 1, sent do assert.equal(tostring(i), b:recv(10)) end
        a:settimeout(0)
        _, sent = net.fails("EAGAIN", a:sendmany(batch, 501))
        for i = 501, 500 + sent do assert.equal(tostring(i), b:recv(10)) end
        a:close()
    end)

    it("ends when the socket is closed, or the task cancelled", function()
        local a <const>, b <close> = net.pair(socket.SOCK_DGRAM)
        local batch <const> = socket.batch(numbered(1, 1000))
        local sender = task.spawn(a.sendmany, a, batch)
        task.yield()
        assert.equal("waiting", sender:status())
        net.fails("EBUSY", a:sendmany(batch))
        sender:cancel()
        tasks.gone(sender)
        sender = task.spawn(a.sendmany, a, batch)
        task.yield()
        a:close()
        local _, sent <const> = net.fails("closed", sender:join(net.LIMIT))
        assert.equal(0, sent)
        assert.equal("1", b:recv(10))
    end)

    it("stops where somebody empties the batch meanwhile", function()
        local a <const>, b <close> = net.pair(socket.SOCK_DGRAM)
        local batch <const> = socket.batch(numbered(1, 1000))
        local sender <const> = task.spawn(a.sendmany, a, batch)
        task.yield()
        batch:clear()
        b:settimeout(0)
        local got = 0
        while b:recv(10) do got = got + 1 end
        assert.equal(got, sender:join(net.LIMIT))
        a:close()
    end)
end)

describe("recvmany", function()
    it("replaces what the batch held, and needs none of it", function()
        local a <const>, b <close> = net.udp(), net.udp()
        local to <const> = b:getsockname()
        local batch <const> = socket.batch(3, 10)
        for round = 1, 3 do
            batch:clear():add("short", to):add("", to)
            a:sendmany({"0123456789", "x" .. round, "0123456789ab"}, to)
            local got <const> = {}
            repeat
                b:recvmany(batch)
                table.move(contents(batch), 1, #batch, #got + 1, got)
            until #got == 3
            assert.same({"0123456789", "x" .. round, "0123456789"}, got)
            assert.equal(a:getsockname(), batch:address(#batch))
        end
        a:close()
    end)

    it("keeps empty packets that others follow", function()
        local a <const>, b <close> = net.pair(socket.SOCK_SEQPACKET)
        local batch <const> = socket.batch(2, 10)
        for _, text in ipairs{"x", "", "y"} do a:send(text) end
        a:close()
        assert.equal(2, b:recvmany(batch))
        assert.same({"x", ""}, contents(batch))
        assert.equal(1, b:recvmany(batch))
        assert.same({"y"}, contents(batch))
        net.fails("eof", b:recvmany(batch))
        net.fails("eof", b:recvmany(batch))
    end)

    it("ends when the socket is closed under it", function()
        local s <close> = net.udp()
        local receiver <const> = task.spawn(s.recvmany, s, socket.batch(2, 10))
        task.yield()
        s:close()
        net.fails("closed", receiver:join(net.LIMIT))
    end)
end)
