-- sendall with MSG_ZEROCOPY: the kernel reads the data when it likes, and what
-- it reads is always what was given.

local net <const> = require "spec.support.net"
local process <const> = dofile("examples/lib/process.lua")
local socket <const> = require "tidewire.socket"
local task <const> = require "tidewire.task"
local tasks <const> = require "spec.support.tasks"

local it <const> = tasks.checked(it)

local ZEROCOPY <const> = socket.MSG_ZEROCOPY
local TESTS <const> = (os.getenv "TIDEWIRE_BUILD" or "build") .. "/test/"

-- Why there is no such thing here.
local function missing()
    local s <close> = assert(socket.socket())
    local ok <const>, message <const> = s:setoption("zerocopy", true)
    return not ok and message or nil
end

-- A connection over which data may be lent; b takes little that it is not asked
-- for, and the rest stays with a.
local function lending()
    local a <const>, b <const> = net.tcp()
    assert(a:setoption("zerocopy", true))
    assert(b:setoption("rcvbuf", 16384))
    return a, b
end

-- Not so large that the system takes the memory back when it is free.
local SIZE <const> = 120000

local function text(seed)
    return (("%010d"):format(seed)):rep(SIZE // 10)
end

-- Has others take the memory of what is garbage.
local function reuse_memory()
    collectgarbage()
    collectgarbage()
    local others <const> = {}
    for i = 1, 8 do others[i] = ("garbage 0" .. i):rep(SIZE // 10) end
    return others
end

-- All that is notified to a socket and not yet taken.
local function notified(s)
    local data <const>, message <const>, code <const> =
        s:recvmsg(1, 200, socket.MSG_ERRQUEUE)
    return data and "something" or code, message
end

-- A text with something behind it in memory that stays: what was last in memory
-- the system would take back.
local kept <const> = {}
local function covered_text()
    local data <const> = text(7)
    kept[#kept + 1] = ("roof"):rep(SIZE // 3)
    return data
end

-- Sends more than b takes, until the time is up, of a string that is then
-- nobody's: not on this stack.
local function send_in_vain(a)
    a:settimeout(0.05)
    local code <const>, sent <const> = coroutine.wrap(function()
        return select(3, a:sendall(covered_text(), ZEROCOPY))
    end)()
    assert.same({"timeout", SIZE}, {code, sent})
end

describe("sendall without copying", function()
    local function check()
        return missing() and pending(missing())
    end

    it("sends everything, and all memory is free when it returns", function()
        if check() then return end
        local a <close>, b <const> = lending()
        for round = 1, 3 do
            local receiver <const> = task.spawn(function()
                local stream <close> = b:makefile("r", {max = SIZE})
                return stream:read_exact(SIZE)
            end)
            assert.equal(SIZE, a:sendall(text(round), ZEROCOPY))
            assert.equal("EAGAIN", (notified(a)))
            assert.is_true(text(round) == receiver:join(net.LIMIT))
        end
        b:close()
    end)

    it("sends a part, of strings and buffers", function()
        if check() then return end
        local a <close>, b <const> = lending()
        local data <const> = text(5)
        local receiver <const> = task.spawn(function()
            local stream <close> = b:makefile("r", {max = SIZE})
            return stream:read_exact(100000)
        end)
        assert.equal(50000, a:sendall(data, ZEROCOPY, 3, 50002))
        assert.equal(50000, a:sendall(socket.buffer(data), ZEROCOPY, -50000))
        assert.is_true(data:sub(3, 50002) .. data:sub(-50000) == receiver:join(net.LIMIT))
        assert.equal(5, a:sendall("short", ZEROCOPY))
        assert.equal("short", b:recv(100))
        assert.equal(0, a:sendall("", ZEROCOPY))
        b:close()
    end)

    it("keeps what it has not read when the time is up", function()
        if check() then return end
        local a <close>, b <const> = lending()
        send_in_vain(a)
        local others <const> = reuse_memory()
        local got <const> = assert(b:makefile("r", {max = SIZE})):read_exact(SIZE)
        assert.is_true(got == text(7))
        a:settimeout(net.LIMIT)
        assert.equal(20000, a:sendall(("x"):rep(20000), ZEROCOPY))
        assert.equal("EAGAIN", (notified(a)))
        assert.equal(8, #others)
        b:close()
    end)

    it("keeps it when the task is cancelled", function()
        if check() then return end
        local a <close>, b <const> = lending()
        local sender <const> = task.spawn(function() a:sendall(covered_text(), ZEROCOPY) end)
        task.yield()
        sender:cancel()
        tasks.gone(sender)
        local others <const> = reuse_memory()
        a:shutdown(socket.SHUT_WR)
        local got <const> = net.drain(b)
        assert.is_true(got == text(7))
        assert.equal(8, #others)
        b:close()
    end)

    it("resets the connection rather than send what it no longer keeps", function()
        if check() then return end
        local b <const> = (function()
            local a <close>, b <const> = lending()
            send_in_vain(a)
            return b
        end)()
        local others <const> = reuse_memory()
        local got <const>, code <const> = net.drain(b)
        assert.is_true(got == text(7):sub(1, #got))
        assert.is_true(#got < SIZE)
        assert.equal("ECONNRESET", code)
        assert.equal(8, #others)
        b:close()
    end)

    it("keeps it for good when the descriptor is given away", function()
        if check() then return end
        local fd <const>, b <const> = (function()
            local a <const>, b <const> = lending()
            send_in_vain(a)
            return a:detach(), b
        end)()
        local others <const> = reuse_memory()
        local got <const> = assert(b:makefile("r", {max = SIZE})):read_exact(SIZE)
        assert.is_true(got == text(7))
        assert.equal(8, #others)
        assert(socket.close(fd))
        b:close()
    end)

    it("lets a reader wait meanwhile", function()
        if check() then return end
        local a <close>, b <const> = lending()
        send_in_vain(a)
        local reader <const> = task.spawn(a.recv, a, 10)
        task.yield()
        assert.is_truthy(b:recv(SIZE))
        task.sleep(0.01)
        assert.equal("waiting", reader:status())
        b:sendall("answer")
        assert.equal("answer", reader:join(net.LIMIT))
        b:close()
    end)

    it("is what any other sendall is where nothing can be lent", function()
        local a <const>, b <close> = net.pair()
        assert.equal(100000, a:sendall(("x"):rep(100000), ZEROCOPY))
        local stream <const> = b:makefile("r", {max = 100000})
        assert.equal(100000, #stream:read_exact(100000))
        stream:close()
        b:close()
        a:settimeout(0)
        local _, sent <const> = net.fails("EPIPE", a:sendall(("x"):rep(100000), ZEROCOPY))
        assert.equal(0, sent)
        a:close()
        net.fails("closed", a:sendall("x", ZEROCOPY))
    end)

    it("is all that takes the flag", function()
        local a <close>, b <const> = net.tcp()
        local u <close> = net.udp()
        net.fails("EOPNOTSUPP", a:send("x", ZEROCOPY))
        net.fails("EOPNOTSUPP", a:sendmsg({"x"}, nil, ZEROCOPY))
        net.fails("EOPNOTSUPP", u:sendto("x", ZEROCOPY, u:getsockname()))
        net.fails("EOPNOTSUPP", u:sendmany({"x"}, u:getsockname(), ZEROCOPY))
        b:settimeout(0)
        net.fails("EAGAIN", b:recv(1))
        b:close()
    end)

    it("leaves duplicates of the connection what they have not sent", function()
        if check() then return end
        local d <close>, b <const> = (function()
            local a <close>, b <const> = lending()
            send_in_vain(a)
            return assert(a:dup()), b
        end)()
        reuse_memory()
        assert(d:shutdown(socket.SHUT_WR))
        assert.is_true(net.drain(b) == text(7))
        b:close()
    end)

    it("resets it in the hands of others that it does not know of", function()
        if check() then return end
        local d <close>, b <const> = (function()
            local a <close>, b <const> = lending()
            send_in_vain(a)
            return assert(socket.fromfd(a:fileno(), a.family, a.type)), b
        end)()
        reuse_memory()
        d:shutdown(socket.SHUT_WR)
        local got <const>, code <const> = net.drain(b)
        assert.is_true(got == text(7):sub(1, #got))
        assert.equal("ECONNRESET", code)
        b:close()
    end)

    it("is told what it waits for, whoever reads the queue", function()
        if check() then return end
        local a <close>, b <const> = lending()
        local sender <const> = task.spawn(a.sendall, a, text(1), ZEROCOPY)
        task.yield()
        local receiver <const> = task.spawn(net.drain, b)
        while sender:status() ~= "done" do
            assert.equal("EAGAIN", (notified(a)))
            task.yield()
        end
        assert.equal(SIZE, sender:join())
        a:shutdown(socket.SHUT_WR)
        assert.is_true(receiver:join(net.LIMIT) == text(1))
        b:close()
    end)

    it("takes nothing else from the queue", function()
        if check() then return end
        local SO_TIMESTAMPING <const>, TX_SOFTWARE <const>, SOFTWARE <const> = 37, 2, 16
        local a <close>, b <const> = lending()
        assert(a:setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPING, TX_SOFTWARE | SOFTWARE))
        local receiver <const> = task.spawn(net.drain, b)
        assert.equal(SIZE, a:sendall(text(1), ZEROCOPY))
        a:shutdown(socket.SHUT_WR)
        assert.is_true(receiver:join(net.LIMIT) == text(1))
        assert.equal("something", (notified(a)))
        b:close()
    end)

    it("is not disturbed by a forked child that closes its copy", function()
        if check() then return end
        local path <const> = net.file [[
            local net, socket = require "spec.support.net", require "tidewire.socket"
            local a <close>, b = net.tcp()
            a:setoption("zerocopy", true) b:setoption("rcvbuf", 16384)
            local data = ("x"):rep(120000)
            a:settimeout(0.05) a:sendall(data, socket.MSG_ZEROCOPY)
            assert(#b:makefile("r", {max = #data}):read_exact(#data) == #data)
            assert(fork(function() a:recv(1) a:close() end) == 0)
            assert(a:getoption "linger" == false)
            print(a:sendall("y", socket.MSG_ZEROCOPY), a:recvmsg(1, 99, socket.MSG_ERRQUEUE))
        ]]
        local child <close> = process.start(TESTS .. "fork_host " .. path)
        local output <const>, status <const> = child:finish()
        os.remove(path)
        assert.truthy(output:find("^1\tnil.*EAGAIN"), output)
        assert.equal(0, status)
    end)

    it("keeps no more and more of what it has not read", function()
        if check() then return end
        local a <close>, b <const> = lending()
        assert(a:setoption("sndbuf", 2000000))
        send_in_vain(a)
        a:settimeout(0)
        collectgarbage()
        local before <const> = collectgarbage "count"
        for i = 1, 50 do a:sendall(text(i), ZEROCOPY) end
        collectgarbage()
        assert.is_true(collectgarbage "count" - before < 3 * SIZE / 1024)
        b:close()
    end)
end)
