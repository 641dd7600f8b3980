-- Sizes, orders and habits that break careless libraries.

local net <const> = require "spec.support.net"
local peer <const> = require "spec.support.peer"
local socket <const> = require "tidewire.socket"

describe("a huge size", function()
    it("is a limit, not an amount of memory", function()
        local output <const>, status <const> = peer.run[[
            local function peak()
                return tonumber(io.open("/proc/self/status"):read("a"):match("VmPeak:%s*(%d+)"))
            end
            local a, b = socket.socketpair()
            local u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            u:bind{"127.0.0.1", 0}
            b:settimeout(0)
            local function get(f, ...)
                a:sendall("0123456789")
                local data, _, code = f(...)
                if not data then assert(code == "EAGAIN", code) b:recv(100) end
                return data or code
            end
            local f = b:makefile("r", 0)
            get(b.recv, b, 1 << 20) get(b.recvfrom, b, 1 << 20)
            u:sendto("x", u:getsockname()) u:recvfrom(4 << 20)
            local before = peak()
            for _, size in ipairs{1 << 31, 1 << 40, 1 << 62, math.maxinteger} do
                say(get(b.recv, b, size), get(b.recvfrom, b, size))
                u:sendto("datagram", u:getsockname())
                say((u:recvfrom(size)))
                for _, name in ipairs{"read", "read_exact", "peek"} do
                    say(get(f[name], f, size))
                    f:read_some(1000)
                end
                say(get(f.read_some, f, size), get(f.read_until, f, "9", size))
                a:sendall(("<I8"):pack(size >> 8) .. "short")
                say(select(3, f:read_frame("<I8", size)))
                f:read_some(1000)
            end
            say(peak() - before < 32 * 1024 and "small" or peak() - before)
        ]]
        local once <const> = "0123456789\t0123456789\ndatagram\n" .. ("EAGAIN\n"):rep(3)
            .. "0123456789\t0123456789\nEAGAIN\n"
        assert.equal(once:rep(4) .. "small\n", output)
        assert.equal(0, status)
    end)

    it("is refused where it cannot be", function()
        local s <close> = net.udp()
        for _, bad in ipairs{-1, 2^63, -2^63, 0/0, math.huge, 1.5} do
            net.raises("size: ", s.recv, s, bad)
            net.raises("size: ", s.recvfrom, s, bad)
        end
        net.raises("size: ", socket.buffer, 1 << 40)
        net.raises("count: ", s:makefile().read, s:makefile(), -1)
    end)

    it("of what a peer sends without end is limited", function()
        local output <const>, status <const> = peer.run[[
            local a, b = socket.socketpair()
            a:settimeout(0)
            b:settimeout(0)
            local f = b:makefile("r", {max = 1 << 20})
            local piece, sent, code = ("x"):rep(65536), 0, nil
            for _ = 1, 2000 do
                local n = a:send(piece)
                sent = sent + (n or 0)
                code = select(3, f:read("l"))
                if code ~= "EAGAIN" then break end
            end
            say(code, sent < 3 << 20)
            f:unread("one more")
            say(select(3, f:read("a")), select(3, f:read_until("\n")))
        ]]
        assert.equal("EMSGSIZE\ttrue\nEMSGSIZE\tEMSGSIZE\n", output)
        assert.equal(0, status)
    end)
end)

describe("bytes that are no text", function()
    it("go through everything unchanged", function()
        local all = {}
        for byte = 0, 255 do all[#all + 1] = string.char(byte) end
        all = table.concat(all)
        local a <close>, b <const> = net.pair()
        local f <close> = assert(a:makefile("rw"))
        local g <close> = assert(b:makefile("rw"))
        f:write_frame("I2", all)
        f:write(all, "\n", all):flush()
        assert.equal(all, g:read_frame("I2"))
        assert.equal(all, g:read_exact(256))
        assert.equal("\n", g:read(1))
        assert.equal(all:sub(1, 11), g:read_until("\n"))
        assert.equal(all:sub(12), g:read_some(1000))
        local u <close> = net.udp()
        u:sendto(all, u:getsockname())
        assert.equal(all, u:recv(1000))
        b:close()
    end)
end)

describe("closing at the wrong time", function()
    it("does no harm in a loop over lines", function()
        local a <close>, b <const> = net.pair()
        local f <const> = assert(a:makefile())
        b:sendall("one\ntwo\nthree\n")
        local seen = 0
        local ok <const>, message <const> = pcall(function()
            for _ in f:lines() do
                seen = seen + 1
                f:close()
            end
        end)
        assert.same({1, false}, {seen, ok})
        assert.matches("closed", message)
        b:close()
    end)

    it("does no harm by hand, through metamethods", function()
        local a <const>, b <const> = net.pair()
        local f <const> = assert(a:makefile("rw"))
        for _, object in ipairs{a, f, b} do
            local mt <const> = debug.getmetatable(object)
            mt.__close(object)
            mt.__gc(object)
            mt.__gc(object)
            assert.matches("closed", tostring(object))
        end
        net.fails("closed", f:read())
        net.fails("closed", a:recv(1))
    end)

    it("does no harm in any order at the end of the program", function()
        local output <const>, status <const> = peer.run[[
            -- Finalizers run in reverse: these use what is closed by then.
            for i = 1, 10 do
                local a, b = socket.socketpair()
                local f = a:makefile("rw")
                a:settimeout(0.001)
                f:write("not sent")
                GLOBAL = {GLOBAL, a, b, f, setmetatable({}, {__gc = function()
                    pcall(a.recv, a, 1)
                    pcall(f.flush, f)
                    pcall(f.close, f)
                    pcall(b.connect, b, "x")
                    pcall(socket.socket)
                    pcall(socket.getaddrinfo, "localhost", 80)
                    pcall(socket.monotonic)
                    pcall(tostring, a)
                end})}
                LATE = setmetatable({LATE}, {__gc = function()
                    pcall(f.read, f)
                    pcall(a.sendall, a, "x")
                    a:close()
                    f:close()
                    b:detach()
                end})
            end
            socket.getaddrinfo("localhost", 80)
            say "end"
        ]]
        assert.same({"end\n", 0}, {output, status})
    end)

    it("does no harm when the program exits at once", function()
        for _, how in ipairs{"os.exit(3, true)", "os.exit(3)"} do
            local child <close> = peer.start([[
                local server = assert(socket.create_server{"127.0.0.1", 0})
                local c = assert(socket.create_connection(server:getsockname(), 5))
                c:makefile("w"):write("x")
            ]] .. how)
            local output <const>, status <const> = child:finish()
            assert.same({"", 3}, {output, status})
        end
    end)
end)

describe("a coroutine", function()
    it("may wait in the middle of a generator", function()
        local a <close>, b <const> = net.pair()
        local function words(s)
            return coroutine.wrap(function()
                local f <close> = assert(s:makefile())
                for line in f:lines() do
                    for word in line:gmatch("%S+") do coroutine.yield(word) end
                end
            end)
        end
        b:sendall("one two\nthree\n")
        b:close()
        local out <const> = {}
        for word in words(a) do out[#out + 1] = word end
        assert.same({"one", "two", "three"}, out)
    end)

    it("may be dropped while it holds a socket", function()
        local before <const> = net.descriptors()
        for _ = 1, 20 do
            local a <const>, b <const> = net.pair()
            local co <const> = coroutine.wrap(function()
                local held <close> = a
                coroutine.yield(held:fileno())
            end)
            co()
            b:close()
        end
        assert.equal(before, net.descriptors())
    end)

    it("may wait where Lua cannot yield", function()
        local a <close>, b <const> = net.pair()
        b:sendall("xyz")
        assert.equal("x-y-z-", (("abc"):gsub(".", function() return a:recv(1) .. "-" end)))
        a:settimeout(0.01)
        local list <const> = {3, 1, 2}
        table.sort(list, function(x, y)
            net.fails("timeout", a:recv(1))
            return x < y
        end)
        assert.same({1, 2, 3}, list)
        b:close()
    end)
end)

describe("very many arguments", function()
    it("are read and written", function()
        local a <close>, b <const> = net.pair()
        local f <close> = assert(a:makefile("w"))
        local pieces <const> = {}
        for i = 1, 5000 do pieces[i] = i % 10 end
        assert.equal(f, f:write(table.unpack(pieces)))
        f:flush()
        assert.equal(table.concat(pieces), b:recv(5000, socket.MSG_WAITALL))
        b:close()
    end)
end)

describe("very many sockets", function()
    it("at once all work", function()
        local server <close> = assert(socket.create_server({"127.0.0.1", 0}, {backlog = 500}))
        server:settimeout(net.LIMIT)
        local clients <const>, conns <const> = {}, {}
        for i = 1, 200 do
            clients[i] = assert(socket.create_connection(server:getsockname(), 5))
            local conn <const>, from <const> = assert(server:accept())
            conns[from] = conn
            conn:settimeout(net.LIMIT)
        end
        for i, client in ipairs(clients) do
            client:sendall("client " .. i)
        end
        for i, client in ipairs(clients) do
            assert.equal("client " .. i, conns[client:getsockname()]:recv(100))
            conns[client:getsockname()]:close()
            client:close()
        end
    end)
end)
