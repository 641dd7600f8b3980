-- Connected pairs of every family (cases 321 to 324 of the parity list).

local net <const> = require "spec.support.net"
local peer <const> = require "spec.support.peer"
local socket <const> = require "tidewire.socket"
local task <const> = require "tidewire.task"

local STREAM <const>, DGRAM <const> = socket.SOCK_STREAM, socket.SOCK_DGRAM
local INET <const>, INET6 <const>, UNIX <const> =
    socket.AF_INET, socket.AF_INET6, socket.AF_UNIX
local HOSTS <const> = {[INET] = "127.0.0.1", [INET6] = "::1"}

-- A pair with the usual limit.
local function pair(...)
    local a <const>, b <const> = assert(socket.socketpair(...))
    a:settimeout(net.LIMIT)
    b:settimeout(net.LIMIT)
    return a, b
end

local function both_ways(a, b)
    assert.equal(4, a:send("to b"))
    assert.equal("to b", b:recv(100))
    assert.equal(4, b:send("to a"))
    assert.equal("to a", a:recv(100))
end

describe("socketpair", function()
    it("G18/321 is of AF_UNIX, a stream, without arguments", function()
        local a <close>, b <const> = assert(socket.socketpair())
        for _, s in ipairs{a, b} do
            assert.same({UNIX, STREAM, 0}, {s.family, s.type, s.proto})
            assert.equal("", s:getsockname().path)
            assert.equal("", s:getpeername().path)
            assert.is_nil(s:gettimeout())
        end
        b:close()
    end)

    it("G18/322 carries data both ways", function()
        for _, kind in ipairs{STREAM, DGRAM, socket.SOCK_SEQPACKET} do
            local a <close>, b <const> = pair(UNIX, kind)
            both_ways(a, b)
            b:close()
        end
    end)

    for family, host in pairs(HOSTS) do
        local it <const> = family == INET6 and net.it6(it) or it
        for kind, name in pairs{[STREAM] = "a stream", [DGRAM] = "of datagrams"} do
            local label <const> = ("%s, %s"):format(host, name)
            it("G18/323 is made over loopback where the kernel makes none: " .. label, function()
                local a <close>, b <const> = pair(family, kind)
                for _, s in ipairs{a, b} do
                    assert.same({family, kind, 0}, {s.family, s.type, s.proto})
                    assert.is_false(s:get_inheritable())
                    assert.equal(host, s:getsockname().host)
                end
                assert.equal(a:getsockname(), b:getpeername())
                assert.equal(b:getsockname(), a:getpeername())
                both_ways(a, b)
                b:close()
                if kind == STREAM then net.fails("eof", a:recv(1)) end
            end)
        end

        it("G18/323 leaves nothing open but the pair: " .. host, function()
            local before <const> = net.descriptors()
            local a <const>, b <const> = pair(family)
            assert.equal(before + 2, net.descriptors_now())
            a:close()
            b:close()
            assert.equal(before, net.descriptors_now())
        end)
    end

    it("G18/323 has the default timeout, or none of SOCK_NONBLOCK, over loopback too", function()
        for _, host in ipairs(net.hosts()) do
            local family <const> = host == "::1" and INET6 or INET
            for _, kind in ipairs{STREAM, DGRAM} do
                for _, default in ipairs{0, 2.5} do
                    socket.setdefaulttimeout(default)
                    local a <close>, b <const> = socket.socketpair(family, kind)
                    socket.setdefaulttimeout(nil)
                    assert.same({default, default}, {a:gettimeout(), b:gettimeout()})
                    b:close()
                end
                local a <close>, b <const> =
                    assert(socket.socketpair(family, kind | socket.SOCK_NONBLOCK))
                assert.same({0, 0, kind}, {a:gettimeout(), b:gettimeout(), b.type})
                net.fails("EAGAIN", b:recv(1))
                b:close()
            end
        end
    end)

    it("G18/323 can be made by a task, and by many at once", function()
        local before <const> = net.descriptors()
        local other <const> = net.without_ipv6() and INET or INET6
        task.scope(function(scope)
            for i = 1, 20 do
                scope:spawn(function()
                    local a <close>, b <const> = pair(i % 2 == 0 and INET or other)
                    both_ways(a, b)
                    b:close()
                end)
            end
        end)
        assert.equal(before, net.descriptors())
    end)

    it("G18/323 takes a protocol, and no type that loopback does not have", function()
        local a <close>, b <const> = pair(INET, DGRAM, socket.IPPROTO_UDP)
        assert.equal(socket.IPPROTO_UDP, a.proto)
        both_ways(a, b)
        b:close()
        net.fails("EPROTONOSUPPORT", socket.socketpair(INET, STREAM, socket.IPPROTO_UDP))
        -- Without SCTP there is no such type; with it, the kernel makes no pair of it.
        local none <const>, _, code <const> = socket.socketpair(INET, socket.SOCK_SEQPACKET)
        assert.is_nil(none)
        assert.is_true(code == "ESOCKTNOSUPPORT" or code == "EOPNOTSUPP", code)
        net.fails("EAFNOSUPPORT", socket.socketpair(9999))
        net.raises("family: integer expected", socket.socketpair, "x")
        net.raises("type: integer expected", socket.socketpair, INET, "x")
        net.raises("proto: integer expected", socket.socketpair, INET6, STREAM, "x")
    end)

    -- A stranger gets in between: called once the listener listens, or once an end
    -- of a pair of datagram sockets has a name.
    local STRANGER <const> = [[
        local name, kind, in_task = ...
        local family, host = socket.AF_INET, "127.0.0.1"
        kind = socket[kind]
        local sample <close> = assert(socket.socket(family, kind))
        local methods <const> = debug.getmetatable(sample).__index
        local original <const> = methods[name]
        local stranger <const> = assert(socket.socket(family, kind))
        local came
        methods[name] = function(s, ...)
            local results <const> = table.pack(original(s, ...))
            if not came then
                came = assert(stranger:connect(host, s:getsockname().port))
                if kind == socket.SOCK_DGRAM then assert(stranger:send("boo")) end
            end
            return table.unpack(results, 1, results.n)
        end
    ]]

    it("G18/324 fails when a stranger is connected instead, and leaks nothing", function()
        local script <const> = STRANGER .. [[
            local function try()
                local before = assert(socket.socket())
                local number = before:fileno()
                before:close()
                collectgarbage("stop")
                local a, message, code = socket.socketpair(family, kind)
                collectgarbage("restart")
                assert(a == nil and came)
                local after <close> = assert(socket.socket())
                say(code, message:gsub(":%d+:", ":port:"), after:fileno() == number)
            end
            if in_task then
                assert(require "tidewire.task".spawn(try)):join()
            else
                try()
            end
        ]]
        for _, mode in ipairs{false, true} do
            local output <const>, status <const> =
                peer.run(script, "listen", "SOCK_STREAM", mode or nil)
            assert.equal("ECONNABORTED\tsocketpair 127.0.0.1:port: a stranger connected\t"
                .. "true\n", output)
            assert.equal(0, status)
        end
    end)

    it("G18/324 throws away what a stranger sent before the ends were connected", function()
        local output <const>, status <const> = peer.run(STRANGER .. [[
            local a, b = assert(socket.socketpair(family, kind))
            assert(came)
            a:settimeout(0)
            say(select(3, a:recv(10)))
            say(stranger:send("again") and select(3, a:recv(10)))
            assert(b:send("from b"))
            a:settimeout(10)
            say(a:recv(10))
        ]], "bind", "SOCK_DGRAM")
        assert.equal("EAGAIN\nEAGAIN\nfrom b\n", output)
        assert.equal(0, status)
    end)
end)
