-- Messages with control messages: receiving all that was asked for.

local net <const> = require "spec.support.net"
local socket <const> = require "tidewire.socket"
local task <const> = require "tidewire.task"
local tasks <const> = require "spec.support.tasks"

local checked <const> = tasks.checked(it)

describe("recvmsg with MSG_WAITALL", function()
    local ALL <const> = socket.MSG_WAITALL

    -- What it returns for 20 bytes that come in four pieces; `n` or a string.
    local function in_pieces(receive)
        local a <close>, second <const> = net.tcp()
        local b <close> = second
        local reader <const> = task.spawn(receive, b)
        for i = 1, 4 do
            task.sleep(0.001)
            assert.equal("waiting", reader:status())
            a:sendall(("%05d"):format(i))
        end
        return reader:join()
    end

    checked("waits for all of it", function()
        local text <const> = "00001000020000300004"
        assert.same({text, {}, 0}, {in_pieces(function(s)
            return s:recvmsg(20, 0, ALL)
        end)})
        local buffers <const> = {}
        for i, size in ipairs{0, 3, 0, 9, 1, 2, 0, 5, 0} do buffers[i] = socket.buffer(size) end
        assert.same({20, {}, 0}, {in_pieces(function(s)
            return s:recvmsg_into(buffers, 100, ALL)
        end)})
        local got = ""
        for _, buffer in ipairs(buffers) do got = got .. buffer:string() end
        assert.equal(text, got)
    end)

    checked("takes a list that has become shorter as it is", function()
        local buffers <const> = {socket.buffer(10), socket.buffer(10)}
        local a <close>, second <const> = net.tcp()
        local b <close> = second
        local reader <const> = task.spawn(b.recvmsg_into, b, buffers, 0, ALL)
        a:sendall("0123456789ab")
        while reader:status() ~= "waiting" or buffers[2]:sub(2, 2) ~= "b" do task.yield() end
        buffers[1], buffers[2] = socket.buffer(5), nil
        a:sendall("c")
        assert.equal(12, (reader:join()))
        assert.equal("c", b:recv(10))
    end)

    checked("has more than a mebibyte, too", function()
        local a <close>, second <const> = net.pair()
        local b <close> = second
        local text <const> = ("0123456789"):rep(300000)
        local sender <const> = task.spawn(a.sendall, a, text)
        local data <const> = b:recvmsg(#text, 0, ALL)
        assert.is_true(text == data)
        assert.equal(#text, sender:join())
    end)

    checked("has less at the end, or where it may not wait; else what has come", function()
        local a <const>, second <const> = net.pair()
        local b <close> = second
        a:sendall("some")
        b:settimeout(0)
        assert.equal("some", (b:recvmsg(10, 0, ALL)))
        net.fails("EAGAIN", b:recvmsg(10, 0, ALL))
        a:sendall("some")
        b:settimeout(0.01)
        assert.equal("some", select(2, net.fails("timeout", b:recvmsg(10, 0, ALL))))
        a:sendall("more")
        assert.equal(4, select(2, net.fails("timeout",
            b:recvmsg_into({socket.buffer(9)}, 0, ALL))))
        a:sendall("last")
        a:close()
        assert.equal(4, (b:recvmsg_into({socket.buffer(9)}, 0, ALL)))
        net.fails("eof", b:recvmsg(10, 0, ALL))
    end)

    checked("ends with what brings descriptors", function()
        local a <close>, second <const> = net.pair()
        local b <close> = second
        local reader <const> = task.spawn(socket.recv_fds, b, 100, 5, ALL)
        for _, text in ipairs{"one", "two"} do
            a:sendall(text)
            task.sleep(0.001)
        end
        assert.equal(5, socket.send_fds(a, {"three"}, {0, 1}))
        a:sendall("four")
        local data <const>, fds <const> = reader:join()
        assert.same({"onetwothree", 2}, {data, #fds})
        for _, fd in ipairs(fds) do socket.close(fd) end
        assert.equal("four", b:recv(100))
    end)

    checked("ends with what had descriptors for which there was no room", function()
        local a <close>, second <const> = net.pair()
        local b <close> = second
        assert.equal(3, socket.send_fds(a, {"one"}, {0, 1}))
        a:sendall("two")
        local data <const>, _, flags <const> = b:recvmsg(6, 0, ALL)
        assert.same({"one", socket.MSG_CTRUNC}, {data, flags})
        assert.equal("two", b:recv(100))
    end)
end)
