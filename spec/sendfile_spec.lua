-- s:sendfile: what the numbered cases (spec/parity/g15_sendfile_spec.lua) leave
-- out: waiting, pipes, objects, failures half way.

local net <const> = require "spec.support.net"
local peer <const> = require "spec.support.peer"
local socket <const> = require "tidewire.socket"
local task <const> = require "tidewire.task"
local tasks <const> = require "spec.support.tasks"

local it <const> = tasks.checked(it)

local BIG <const> = ("0123456789abcdef"):rep(1 << 16) -- more than a pair holds

local function file_with(text)
    local file <const> = assert(io.tmpfile())
    assert(file:write(text))
    return file
end

-- Sends `file` while a task takes what comes: what that was, and the results.
local function transfer(file, ...)
    local a <close>, b <const> = net.pair()
    local receiver <const> = task.spawn(net.drain, b)
    local results <const> = table.pack(a:sendfile(file, ...))
    a:close()
    local got <const> = receiver:join(net.LIMIT)
    b:close()
    return got, table.unpack(results, 1, results.n)
end

-- Counts up while others wait.
local function ticking()
    local ticks <const> = {n = 0}
    local clock <const> = task.spawn(function()
        while true do
            task.sleep(0.005)
            ticks.n = ticks.n + 1
        end
    end)
    return ticks, clock
end

describe("sendfile of a file", function()
    it("sends what is written but not flushed", function()
        local file <close> = file_with "first"
        file:seek("set", 2)
        file:write "LL" -- now buffered
        assert.same({"fiLLt", 5}, {transfer(file)})
        file:seek("set", 0)
        file:write "F"
        assert.same({"FiLL", 4}, {transfer(file, 0, 4)})
        assert.equal("t", file:read "a")
    end)

    it("keeps the position after a failure", function()
        local a <close>, b <const> = net.pair()
        local file <close> = file_with(BIG)
        a:settimeout(0.02)
        local _, _, code <const>, sent <const> = a:sendfile(file, 5)
        assert.equal("timeout", code)
        assert.equal(5 + sent, file:seek())
        b:close()
        local _, count <const> = net.fails("EPIPE", a:sendfile(file, 7))
        assert.same({0, 7}, {count, file:seek()})
    end)

    it("keeps it when the task is cancelled", function()
        local a <close>, other <const> = net.pair()
        local b <close> = other
        local file <close> = file_with(BIG)
        local sender <const> = task.spawn(a.sendfile, a, file)
        task.yield()
        sender:cancel()
        tasks.gone(sender)
        a:shutdown(socket.SHUT_WR)
        assert.equal(#net.drain(b), file:seek())
    end)

    it("has others run meanwhile", function()
        local file <close> = file_with(BIG)
        local a <close>, other <const> = net.pair()
        local b <close> = other
        local sender <const> = task.spawn(a.sendfile, a, file)
        local ticks <const>, clock <const> = ticking()
        while ticks.n < 3 do task.sleep(0.001) end
        assert.equal("waiting", sender:status())
        clock:cancel()
        tasks.gone(clock)
        local stream <close> = b:makefile("r", {max = #BIG})
        assert.is_true(stream:read_exact(#BIG) == BIG)
        assert.equal(#BIG, sender:join(net.LIMIT))
    end)

    it("lets others have their turn while it need not wait", function()
        local file <close> = assert(io.open "/dev/zero")
        local a <close>, other <const> = net.tcp()
        local b <close> = other
        local room <const> = socket.buffer(1 << 20)
        local receiver <const> = task.spawn(function()
            while b:recv_into(room, 0, socket.MSG_TRUNC) do end
        end)
        local sender <const> = task.spawn(a.sendfile, a, file)
        local ticks <const>, clock <const> = ticking()
        while ticks.n < 3 do task.sleep(0.001) end
        for _, t in ipairs{clock, sender, receiver} do
            t:cancel()
            tasks.gone(t)
        end
    end)

    it("has one sender at a time", function()
        local file <close> = file_with(BIG)
        local a <close>, other <const> = net.pair()
        local b <close> = other
        local sender <const> = task.spawn(a.sendfile, a, file)
        task.yield()
        local _, count <const> = net.fails("EBUSY", a:sendfile(file))
        assert.equal(0, count)
        net.fails("EBUSY", a:send("x"))
        sender:cancel()
        tasks.gone(sender)
        assert.equal("0123", b:recv(4))
    end)

    it("ends when the socket is closed under it", function()
        local file <close> = file_with(BIG)
        local a <close>, other <const> = net.pair()
        local b <close> = other
        local sender <const> = task.spawn(a.sendfile, a, file)
        task.yield()
        a:close()
        local _, count <const> = net.fails("closed", sender:join(net.LIMIT))
        assert.equal(#net.drain(b), count)
        assert.equal(count, file:seek())
    end)

    it("ends when the file is closed under it", function()
        local file <const> = file_with(BIG)
        local a <close>, other <const> = net.pair()
        local b <close> = other
        local sender <const> = task.spawn(a.sendfile, a, file)
        task.yield()
        file:close()
        local got <const> = b:recv(#BIG)
        local _, count <const> = net.fails("closed", sender:join(net.LIMIT))
        a:close()
        assert.equal(#got + #net.drain(b), count)
    end)

    it("fails where there is nothing to read, or nowhere to send", function()
        local file <close> = file_with "text"
        local a <close>, b <const> = net.pair()
        local output <close> = assert(io.open("/dev/null", "w"))
        local folder <close> = assert(io.open "/tmp")
        net.fails("EBADF", a:sendfile(output))
        net.fails("EISDIR", a:sendfile(folder))
        local s <close> = assert(socket.socket())
        local _, _, code <const>, count <const> = s:sendfile(file)
        assert.is_truthy(code == "ENOTCONN" or code == "EPIPE", code)
        assert.equal(0, count)
        a:close()
        b:close()
        net.fails("closed", a:sendfile(file))
        net.fails("closed", a:sendfile {read = print})
    end)

    it("can be interrupted while it sends as fast as it can", function()
        local child <close> = peer.start [[
            local a, b = socket.create_server{"127.0.0.1", 0}
            local c = socket.create_connection(a:getsockname())
            local s = a:accept()
            io.popen("sleep 0.2; kill -INT $PPID")
            say(pcall(c.sendfile, c, io.open "/dev/zero"))
        ]]
        assert.matches("interrupted!", (child:finish()), 1, true)
    end)
end)

describe("sendfile of what has no positions", function()
    it("sends a pipe as it comes, with others running", function()
        local pipe <close> = io.popen "echo one; sleep 0.1; echo two"
        local ticks <const>, clock <const> = ticking()
        assert.same({"one\ntwo\n", 8}, {transfer(pipe)})
        assert.is_true(ticks.n > 2)
        clock:cancel()
        tasks.gone(clock)
    end)

    it("sends what the io library has read ahead, first", function()
        local pipe <close> = io.popen "seq 1000"
        assert.equal("1", pipe:read "l")
        assert.same({"2\n", 2}, {transfer(pipe, 0, 2)})
        assert.equal("3", pipe:read "l")
        local got <const> = transfer(pipe)
        assert.equal("4\n", got:sub(1, 2))
        assert.equal("999\n1000\n", got:sub(-9))
    end)

    it("takes no more from a pipe than it sends", function()
        local pipe <close> = io.popen "seq 1000"
        assert.same({"1\n2\n3", 5}, {transfer(pipe, nil, 5)})
        assert.equal("\n4\n5", pipe:read(4))
    end)

    it("has no offset there", function()
        local pipe <close> = io.popen "echo x"
        assert.same({"", nil, "sendfile: Illegal seek", "ESPIPE", 0}, {transfer(pipe, 1)})
        assert.equal("x", pipe:read "l")
    end)

    it("has one deadline for reading and sending", function()
        local pipe <close> = io.popen "echo x; while sleep 0.01; do echo y; done"
        local a <close>, other <const> = net.pair()
        local b <close> = other
        a:settimeout(0.1)
        local sent
        net.takes(0.1, function() sent = select(2, net.fails("timeout", a:sendfile(pipe))) end)
        assert.is_true(sent >= 2)
        b:close() -- and the pipe's writer ends
    end)

    it("reads objects by their method", function()
        local asked <const> = {}
        local object <const> = {read = function(self, n)
            asked[#asked + 1] = n
            self.left = (self.left or 3) - 1
            return self.left >= 0 and ("x"):rep(math.min(n, 1000)) or nil
        end}
        assert.same({("x"):rep(2500), 2500}, {transfer(object, 0, 2500)})
        assert.equal(500, asked[3])
        local stingy <const> = {read = function() return "" end}
        assert.same({"", 0}, {transfer(stingy)})
        local generous <const> = {read = function() return "abcdef" end}
        assert.same({"abcdefab", 8}, {transfer(generous, 0, 8)})
    end)

    it("reads streams of other sockets", function()
        local c <close>, d <const> = net.pair()
        c:sendall("from far away")
        local stream <close> = d:makefile()
        assert.same({"from far", 8}, {transfer(stream, 0, 8)})
        c:close()
        assert.same({" away", 5}, {transfer(stream)})
        d:close()
    end)

    it("starts at the offset where an object can seek", function()
        local places <const> = {}
        local object <const> = {seek = function(_, whence, at)
            places[#places + 1] = whence .. at
            return at
        end, read = function() return nil end}
        assert.same({"", 0}, {transfer(object)})
        assert.same({"", 0}, {transfer(object, 77)})
        assert.same({"set0", "set77"}, places)
        local a <close>, b <const> = net.pair()
        net.raises("offset: the file cannot seek", a.sendfile, a, {read = print}, 1)
        b:close()
    end)

    it("passes on the failures of an object", function()
        local function failing(...)
            local results <const> = table.pack("abc", nil, ...)
            return {read = function()
                local all <const> = {table.unpack(results, 1, results.n)}
                results[1] = nil
                if all[1] then return all[1] end
                return table.unpack(all, 2, results.n)
            end}
        end
        assert.same({"abc", 3}, {transfer(failing("end of stream", "eof"))})
        assert.same({"abc", nil, "sendfile: broken", "EIO", 3}, {transfer(failing("broken"))})
        assert.same({"abc", nil, "sendfile: no", "ENOSPC", 3},
            {transfer(failing("no", socket.errno.ENOSPC))})
        assert.same({"abc", nil, "sendfile: odd", "EODD", 3}, {transfer(failing("odd", "EODD"))})
        assert.same({"", nil, "sendfile: stuck", "EIO", 0}, {transfer {
            read = print, seek = function() return nil, "stuck" end}})
        local a <close>, other <const> = net.pair()
        local b <close> = other
        net.raises("read returned a number", a.sendfile, a, {read = function() return 5 end})
        net.raises("oh dear", a.sendfile, a, {read = function() error "oh dear" end})
        b:close()
    end)

    it("counts what went before the peer left", function()
        local a <close>, b <const> = net.pair()
        local n = 0
        local object <const> = {read = function()
            n = n + 1
            if n == 3 then b:close() end
            return "xyz"
        end}
        local _, count <const> = net.fails("EPIPE", a:sendfile(object))
        assert.equal(6, count)
    end)
end)
