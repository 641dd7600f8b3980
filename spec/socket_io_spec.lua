-- Sending and receiving on streams; datagrams are in socket_dgram_spec.

local net <const> = require "spec.support.net"
local peer <const> = require "spec.support.peer"
local socket <const> = require "tidewire.socket"

describe("a stream", function()
    for host, it in pairs{["127.0.0.1"] = it, ["::1"] = net.it6(it)} do
        it("over " .. host .. " carries bytes both ways", function()
            local a <close>, b <const> = net.tcp(host)
            local all <const> = {}
            for byte = 0, 255 do all[#all + 1] = string.char(byte) end
            local data <const> = table.concat(all)
            assert.equal(256, a:sendall(data))
            assert.equal(data, b:recv(1000, socket.MSG_WAITALL | socket.MSG_PEEK):sub(1, 256))
            assert.equal(data:sub(1, 100), b:recv(100))
            assert.equal(data:sub(101), b:recv(1000))
            assert.equal(5, b:send("reply"))
            assert.equal("reply", a:recv(100))
            b:close()
        end)
    end

    it("is received in pieces of the size asked for", function()
        local a <close>, b <const> = net.tcp()
        a:sendall("abcdefgh")
        a:close()
        assert.equal("abc", b:recv(3))
        assert.equal("", b:recv(0))
        assert.equal("de", b:recv(2))
        local rest <const>, code <const> = net.drain(b)
        assert.same({"fgh", "eof"}, {rest, code})
        assert.equal("end of stream", (net.fails("eof", b:recv(1))))
        assert.equal("", b:recv(0))
        b:close()
    end)

    it("has no sender's address in recvfrom", function()
        local a <close>, b <const> = net.tcp()
        local c <close>, d <const> = net.pair()
        for s, r in pairs{[a] = b, [c] = d} do
            s:sendall("x")
            assert.same({"x", n = 2}, table.pack(r:recvfrom(10)))
            s:close()
            net.fails("eof", r:recvfrom(1))
            r:close()
        end
    end)

    it("can be looked at, waited for whole, and not waited for", function()
        local a <close>, b <const> = net.tcp()
        net.fails("EAGAIN", b:recv(10, socket.MSG_DONTWAIT))
        a:sendall("12345")
        assert.equal("12345", b:recv(5, socket.MSG_WAITALL | socket.MSG_PEEK))
        assert.equal("12", b:recv(2, socket.MSG_PEEK))
        assert.equal("12345", b:recv(100))
        net.fails("EAGAIN", b:recv(10, socket.MSG_DONTWAIT))
        b:settimeout(nil)
        net.fails("EAGAIN", b:recv(10, socket.MSG_DONTWAIT))
        b:close()
    end)

    it("can send a part of a string or a buffer", function()
        local a <close>, b <const> = net.tcp()
        local buffer <const> = socket.buffer("0123456789")
        assert.equal(3, a:send("abcdef", 0, 2, 4))
        assert.equal(2, a:sendall("abcdef", 0, -2))
        assert.equal(10, a:sendall(buffer))
        assert.equal(3, a:send(buffer, 0, -3))
        assert.equal(0, a:sendall("abc", 0, 4))
        assert.equal(0, a:sendall(""))
        assert.equal(0, a:send("abc", nil, 3, 2))
        assert.equal(3, a:send("abc", 0, math.mininteger, math.maxinteger))
        a:close()
        assert.equal("bcdef0123456789789abc", (net.drain(b)))
        b:close()
    end)

    it("carries urgent data", function()
        local a <close>, b <const> = net.tcp()
        assert(a:send("ab!", socket.MSG_OOB))
        assert.equal("ab", b:recv(100))
        assert.equal("!", b:recv(1, socket.MSG_OOB))
        b:close()
    end)
end)

describe("recv_into", function()
    it("fills a buffer where it is told", function()
        local a <close>, b <const> = net.tcp()
        local buffer <const> = socket.buffer("..........")
        a:sendall("abcdefgh")
        assert.equal(3, b:recv_into(buffer, 3))
        assert.equal("abc.......", buffer:string())
        assert.equal(2, b:recv_into(buffer, 2, 0, 9))
        assert.equal("abc.....de", buffer:string())
        assert.equal(3, b:recv_into(buffer, 0, 0, 5))
        assert.equal("abc.fgh.de", buffer:string())
        assert.equal(0, b:recv_into(socket.buffer(0)))
        assert.equal(0, b:recv_into(buffer, nil, nil, 11))
        a:close()
        net.fails("eof", b:recv_into(buffer))
        assert.equal("abc.fgh.de", buffer:string())
        b:close()
    end)

end)

describe("the end of a stream", function()
    it("of one direction leaves the other open", function()
        local a <close>, b <const> = net.tcp()
        assert.is_true(a:shutdown(socket.SHUT_WR))
        net.fails("eof", b:recv(10))
        net.fails("EPIPE", a:send("x"))
        assert.equal(5, b:sendall("reply"))
        assert.equal("reply", a:recv(10))
        assert.is_true(b:shutdown(socket.SHUT_WR))
        net.fails("eof", a:recv(10))
        b:close()
    end)

    it("comes after all data", function()
        local a <close>, b <const> = net.tcp()
        a:sendall("last words")
        assert.is_true(a:shutdown(socket.SHUT_RDWR))
        assert.same({"last words", "eof", "end of stream"}, {net.drain(b)})
        b:close()
    end)

    it("is the kernel's to refuse", function()
        local s <close> = assert(socket.socket())
        net.fails("ENOTCONN", s:shutdown(socket.SHUT_WR))
        net.fails("EINVAL", s:shutdown(77))
        net.fails("ENOTCONN", s:recv(1))
        net.fails("EPIPE", s:send("x"))
        net.fails("EPIPE", s:sendall("x"))
    end)
end)

describe("a peer that resets", function()
    local function reset(s)
        assert(s:setoption("linger", 0))
        s:close()
    end

    it("fails a receive", function()
        local a <close>, b <const> = net.tcp()
        reset(b)
        net.fails("ECONNRESET", a:recv(1))
        net.fails("eof", a:recv(1))
    end)

    it("fails a send, with no signal and how far it got", function()
        local a <close>, b <const> = net.tcp()
        b:setoption("rcvbuf", 4096)
        a:settimeout(0.05)
        local big <const> = ("x"):rep(8 << 20)
        local _, sent <const> = net.fails("timeout", a:sendall(big))
        a:settimeout(net.LIMIT)
        reset(b)
        local value <const>, message <const>, code <const>, more <const> =
            a:sendall(big, 0, sent + 1)
        assert.is_nil(value)
        assert.is_true(code == "ECONNRESET" or code == "EPIPE", code)
        assert.matches("^sendall.*: ", message)
        assert.equal(0, more)
        net.fails("EPIPE", a:send("x"))
    end)

    it("sends no SIGPIPE", function()
        local child <close> = peer.start_plain[[
            for _, kind in ipairs{socket.SOCK_STREAM, socket.SOCK_SEQPACKET} do
                local a, b = socket.socketpair(socket.AF_UNIX, kind)
                b:close()
                say(select(3, a:send "x"), (select(3, a:sendall "x")))
                say(select(3, a:send("x", socket.MSG_DONTWAIT)))
                local f = a:makefile "w"
                f:write "x"
                say(select(3, f:flush()))
            end
            local s = socket.socket()
            say(select(3, s:send "x"), select(3, s:sendto("x", "127.0.0.1", 1)))
        ]]
        local output <const>, status <const> = child:finish()
        assert.equal(("EPIPE\tEPIPE\nEPIPE\nEPIPE\n"):rep(2) .. "EPIPE\tEPIPE\n", output)
        assert.equal(0, status)
    end)

    it("does not take back what has been received", function()
        for _, make in ipairs{net.tcp, net.pair} do
            local a <close>, b <const> = make()
            assert(a:sendall("for b, which never reads"))
            assert(b:sendall("for a"))
            reset(b)
            assert.equal("fo", a:recv(2))
            local data <const>, code <const> = net.drain(a)
            assert.same({"r a", "ECONNRESET"}, {data, code})
            net.fails("eof", a:recv(1))
        end
    end)
end)

describe("much data", function()
    -- Every eight bytes are different, so nothing can be lost or swapped.
    -- Less where every request for memory collects: the reader has a minute.
    local BLOCKS <const>, SIZE <const> = net.LIMIT > 10 and 160 or 800, 65536

    local function block(k)
        local words <const> = {}
        for i = 1, SIZE // 8 do
            words[i] = ("<I8"):pack(k << 32 | i)
        end
        return table.concat(words)
    end

    it("all arrives at a slow reader in another process", function()
        local server <close> = assert(socket.create_server{"127.0.0.1", 0})
        server:settimeout(net.LIMIT)
        local child <close> = peer.start([[
            local s = assert(socket.create_connection({"127.0.0.1", tonumber(...)}, 10))
            s:setoption("rcvbuf", 16384)
            local idle = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            idle:settimeout(0.001)
            local sum = assert(io.popen("md5sum", "w"))
            local total, next_pause = 0, 0
            local data, _, code = s:recv(20000)
            while data do
                total = total + #data
                sum:write(data)
                if total > next_pause then
                    idle:recv(1)
                    next_pause = next_pause + (1 << 20)
                end
                data, _, code = s:recv(20000)
            end
            say(total, code)
            sum:close()
        ]], server:getsockname().port)
        local blocks <const> = {}
        for k = 1, BLOCKS do blocks[k] = block(k) end
        local data <const> = table.concat(blocks)
        local conn <const> = assert(server:accept())
        conn:settimeout(60)
        assert.equal(BLOCKS * SIZE, conn:sendall(data))
        conn:close()
        assert.equal(("%d\teof\n"):format(#data), (child:expect("eof") and child.output))
        local path <const> = net.path()
        local file <close> = assert(io.open(path, "w"))
        file:write(data)
        file:close()
        local sum <close> = assert(io.popen("md5sum < " .. path))
        local expected <const> = sum:read("l")
        os.remove(path)
        assert.is_truthy(child:finish():find(expected, 1, true))
    end)
end)
