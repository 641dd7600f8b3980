-- Failures (cases 375 to 380 of the parity list). Where Python has a tree of
-- exceptions, a failure here is three values: nil, a message for people, and a
-- code, which is a text that never changes.

local net <const> = require "spec.support.net"
local parity <const> = require "spec.support.parity"
local peer <const> = require "spec.support.peer"
local socket <const> = require "tidewire.socket"
local task <const> = require "tidewire.task"

local errno <const> = socket.errno

assert(socket.getaddrinfo("localhost", 80)) -- the resolver's thread is no leak

-- One failure of each origin: code, function, whether the system has a number.
local FAILURES <const> = {
    {"ECONNREFUSED", function()
        return socket.create_connection({"127.0.0.1", net.unused_port()})
    end, true},
    {"EAI_NONAME", function() return socket.getaddrinfo("a..b", 80) end},
    {"timeout", function()
        local s <close> = net.udp()
        s:settimeout(0.001)
        return s:recv(1)
    end},
    {"closed", function()
        local s <const> = assert(socket.socket())
        s:close()
        return s:recv(1)
    end},
    {"eof", function()
        local a <close>, b <const> = net.pair()
        b:close()
        return a:recv(1)
    end},
    {"cancelled", function()
        local t <close> = task.spawn(task.sleep, 3600)
        t:cancel()
        return t:join()
    end},
}

describe("a failure", function()
    it("G22/375 has the same shape wherever it comes from; its code tells which", function()
        local seen <const> = {}
        for _, case in ipairs(FAILURES) do
            net.fails(case[1], case[2]())
            assert.is_nil(seen[case[1]])
            seen[case[1]] = true
        end
    end)

    it("G22/375 of the resolver has a number among the constants, others in errno", function()
        for _, case in ipairs(FAILURES) do
            local code <const> = case[1]
            assert.equal(case[3] or false, errno[code] ~= nil)
            assert.equal(code:find "^EAI_" ~= nil, math.type(socket[code]) == "integer")
        end
    end)

    it("G22/376 says in words what failed, where, and why", function()
        local addr <const> = socket.address("127.0.0.1", net.unused_port())
        local s <close> = assert(socket.socket())
        local message <const>, code <const> = select(2, s:connect(addr))
        assert.equal(("connect %s: Connection refused"):format(addr), message)
        assert.equal("ECONNREFUSED", code)
        assert.equal("ECONNREFUSED", errno[errno.ECONNREFUSED])
        assert.equal(errno[code], s:connect_ex(addr))
        local u <close> = net.udp()
        assert.equal("sendto 127.0.0.1:9: Message too long", (net.fails("EMSGSIZE",
            u:sendto(("x"):rep(70000), "127.0.0.1", 9))))
        assert.equal("lookup a..b: Name or service not known",
            (net.fails("EAI_NONAME", socket.gethostbyname "a..b")))
    end)

    it("G22/377 has the code that C has for it", function()
        local path <const> = net.path()
        local s <close> = assert(socket.socket(socket.AF_UNIX))
        net.fails("ENOENT", s:connect(path))
        local server <close> = assert(socket.create_server(path, {family = socket.AF_UNIX}))
        net.fails("EADDRINUSE", socket.create_server(path, {family = socket.AF_UNIX}))
        server:close()
        net.fails("ECONNREFUSED", s:connect(path))
        assert(os.remove(path))
        local u <close> = net.udp()
        local refused <const> = select(3, u:sendto("x", "<broadcast>", 9))
        assert.is_true(refused == "EACCES" or refused == "ENETUNREACH", refused)
        u:settimeout(0)
        net.fails("EAGAIN", u:recv(1))
        local hole <const>, held <close> = net.black_hole()
        local c <close> = assert(socket.socket())
        c:settimeout(0)
        net.fails("EINPROGRESS", c:connect(hole))
        net.fails("EALREADY", c:connect(hole))
        assert.is_true(#held > 1)
    end)

    it("G22/377 has a code that stays the same for every error of the system", function()
        for _, name in ipairs{"EAGAIN", "EINPROGRESS", "EALREADY", "EPIPE", "ESHUTDOWN",
            "ECONNREFUSED", "ECONNRESET", "ECONNABORTED", "ENOENT", "EEXIST", "EACCES", "EPERM",
            "EINTR", "ENOTDIR", "EISDIR", "ECHILD", "ESRCH", "ETIMEDOUT"} do
            assert.equal(name, errno[errno[name]])
        end
        assert.equal(errno.EAGAIN, errno.EWOULDBLOCK)
    end)

    it("G22/379 is one line when assert stops at it", function()
        local port <const> = net.unused_port()
        local output <const>, status <const> = peer.run([[
            local s = assert(socket.socket())
            assert(s:connect("127.0.0.1", tonumber((...))))
        ]], port)
        assert.matches("^%S+ %S+:2: connect 127.0.0.1:" .. port .. ": Connection refused\n",
            output)
        assert.equal(1, status)
    end)

    -- busted's own assert is another one than a script's.
    it("G22/380 is raised by assert, which is the raising mode there is", function()
        local output <const>, status <const> = peer.run([[
            local s, port = assert(socket.socket()), tonumber((...))
            local ok, raised = pcall(function()
                return assert(s:connect("127.0.0.1", port))
            end)
            say(ok, (raised:gsub("^.*:%d+: connect", "connect")))
            say(socket.strict)
            local a, b = assert(socket.socketpair()) -- passes on all that succeeds
            say(socket.type(a), socket.type(b), assert(b:close()))
        ]], net.unused_port())
        assert.matches("^false\tconnect 127.0.0.1:%d+: Connection refused\n"
            .. "nil\nsocket\tsocket\ttrue\n$", output)
        assert.equal(0, status)
    end)
end)

describe("a mistake in the script", function()
    it("G22/378 is raised, and names the argument and the function", function()
        local s <close> = net.udp()
        local function raised(f) return select(2, pcall(f)) end
        assert.matches("bad argument #1 to 'bind' %(port: must be 0 to 65535, got 65536%)",
            raised(function() s:bind{"127.0.0.1", 65536} end))
        assert.matches("bad argument #1 to 'connect' %(address: ",
            raised(function() s:connect(true) end))
        assert.matches("bad argument #2 to 'connect' %(port: integer expected",
            raised(function() s:connect("127.0.0.1", "http") end))
        assert.matches("bad argument #1 to 'sendto' %(data: ",
            raised(function() s:sendto(5, "127.0.0.1", 9) end))
        assert.matches("bad argument #3 to 'sendto' %(address: ",
            raised(function() s:sendto("x", 0, true) end))
        assert.matches("bad argument #1 to 'recv' %(size: ",
            raised(function() s:recv(-1) end))
        assert.matches("bad argument #1 to 'inet_aton' %(text: string expected, got 5%)",
            raised(function() socket.inet_aton(5) end))
        -- The place that is blamed is the caller's.
        assert.matches("^[^:]*g22_errors_spec.lua:%d+: ", raised(function() s:recv "1" end))
    end)
end)

parity.describe("a failure", function()
    parity.case("G22/377 of sending to who has gone is EPIPE or ECONNRESET",
        {transports = {"tcp", "tcp6", "unix"}},
        function(s, t)
            t:sync("gone")
            local code
            for _ = 1, 1000 do
                local n
                n, _, code = s:send("x")
                if not n then break end
            end
            assert.is_true(code == "EPIPE" or code == "ECONNRESET", code)
        end,
        function(s, t)
            s:close()
            t:sync("gone")
        end)

    parity.case("G22/377 of a connection that was reset is ECONNRESET", {transports = parity.TCP},
        function(s, t)
            t:sync("reset")
            net.fails("ECONNRESET", s:recv(1))
        end,
        function(s, t)
            assert(s:setoption("linger", 0))
            s:close()
            t:sync("reset")
        end)

    parity.case("G22/377 of sending after one's own end is EPIPE", {transports = parity.STREAMS},
        function(s)
            assert(s:shutdown(socket.SHUT_WR))
            net.fails("EPIPE", s:send("x"))
            local _, sent <const> = net.fails("EPIPE", s:sendall("x"))
            assert.equal(0, sent)
        end)
end)
