-- create_connection (cases 301 to 311 of the parity list), and the echo of
-- create_server's servers (318 and 319).

local core <const> = require "tidewire.core"
local net <const> = require "spec.support.net"
local parity <const> = require "spec.support.parity"
local socket <const> = require "tidewire.socket"
local turns <const> = require "spec.support.turns"

local INET <const>, INET6 <const> = socket.AF_INET, socket.AF_INET6

assert(socket.getaddrinfo("localhost", 80)) -- the resolver's thread is no leak

-- Until it is closed, every name has these addresses.
local function names(...)
    local original <const>, list <const> = core.getaddrinfo, {}
    for i, addr in ipairs{...} do
        list[i] = {family = addr.family, type = socket.SOCK_STREAM, proto = 6, addr = addr}
    end
    core.getaddrinfo = function() return list end
    return setmetatable({}, {__close = function() core.getaddrinfo = original end})
end

-- The same on the main thread and in a task.
local function case(name, f)
    for _, place in ipairs{turns.places[1], turns.places[3]} do
        it(name .. " " .. place[1], function() place[2](f) end)
    end
end

describe("create_connection", function()
    case("G18/301 says that nobody listens", function()
        local before <const>, port <const> = net.descriptors(), net.unused_port()
        assert.equal(("connect 127.0.0.1:%d: Connection refused"):format(port),
            (net.fails("ECONNREFUSED", socket.create_connection({"127.0.0.1", port}))))
        net.fails("ECONNREFUSED", socket.create_connection({"localhost", port}, 5))
        net.fails("EAI_NONAME", socket.create_connection({"a..b", port}, 5))
        assert.equal(before, net.descriptors_now())
    end)

    case("G18/302 can list an error for each address", function()
        local port <const> = net.unused_port()
        local six <const> = not net.without_ipv6() and "::1" or "127.0.0.3"
        local _ <close> = names(socket.address(six, port), socket.address("127.0.0.1", port),
            socket.address("127.0.0.2", port))
        local last <const>, errors <const> = net.fails("ECONNREFUSED",
            socket.create_connection({"three", port}, 5, {all_errors = true}))
        assert.equal(3, #errors)
        for i, host in ipairs{six, "127.0.0.1", "127.0.0.2"} do
            assert.equal(("connect %s: Connection refused"):format(socket.address(host, port)),
                errors[i].message)
            assert.equal("ECONNREFUSED", errors[i].code)
        end
        assert.equal(errors[3].message, last)
        local _, none <const> = net.fails("ECONNREFUSED",
            socket.create_connection({"three", port}, 5))
        assert.is_nil(none)
    end)

    case("G18/303 says timeout if that is what happened, and spends it once", function()
        local addr <const>, held <close> = net.black_hole()
        local before <const> = net.descriptors()
        assert.is_true(#held > 1)
        net.takes(0.1, function()
            local message <const> = net.fails("timeout", socket.create_connection(addr, 0.1))
            assert.equal(("connect %s: timed out"):format(addr), message)
        end)
        assert.equal(before, net.descriptors_now())
    end)

    case("G18/306 has the default timeout if it is given none", function()
        local server <close> = assert(socket.create_server{"127.0.0.1", 0})
        socket.setdefaulttimeout(42)
        local s <close>, message = socket.create_connection(server:getsockname())
        socket.setdefaulttimeout(nil)
        assert.equal(42, assert(s, message):gettimeout())
        local other <close> = assert(socket.create_connection(server:getsockname()))
        assert.is_nil(other:gettimeout())
    end)

    case("G18/307 has none if it is told so, whatever the default", function()
        local server <close> = assert(socket.create_server{"127.0.0.1", 0})
        for _, none in ipairs{false, {timeout = false}} do
            socket.setdefaulttimeout(30)
            local s <close>, message = socket.create_connection(server:getsockname(), none)
            socket.setdefaulttimeout(nil)
            assert.is_nil(assert(s, message):gettimeout())
        end
    end)

    case("G18/308 takes the timeout as an argument or as an option", function()
        local server <close> = assert(socket.create_server{"127.0.0.1", 0})
        local addr <const> = server:getsockname()
        for _, args in ipairs{{addr, 30}, {addr, {timeout = 30}}, {addr, nil, {timeout = 30}},
            {addr.host, addr.port, 30}, {{addr.host, addr.port}, 30}} do
            local s <close> = assert(socket.create_connection(table.unpack(args, 1, 3)))
            assert.equal(30, s:gettimeout())
            assert.equal(addr, s:getpeername())
        end
    end)

    case("G18/310 refuses misuse at once, and leaks nothing", function()
        local server <close> = assert(socket.create_server{"127.0.0.1", 0})
        local addr <const>, before <const> = server:getsockname(), net.descriptors()
        for _, bad in ipairs{-1, -0.5, 0/0, "5", true} do
            net.raises("timeout", socket.create_connection, addr, bad)
            net.raises("timeout", socket.create_connection, addr, {timeout = bad})
        end
        net.raises("timeout", socket.create_connection, addr, {timeout = {}})
        net.raises("unknown option 'tmeout'", socket.create_connection, addr, {tmeout = 1})
        net.raises("address: table, address or path", socket.create_connection, 80)
        collectgarbage "stop"
        net.fails("EADDRNOTAVAIL", socket.create_connection(addr,
            {source_address = {"192.0.2.77", 0}}))
        net.fails("ECONNREFUSED", socket.create_connection({"127.0.0.1", net.unused_port()}))
        local after <const> = net.descriptors_now()
        collectgarbage "restart"
        assert.equal(before, after)
    end)

    case("G18/311 tries the next address when the first does not answer", function()
        local deaf <const>, held <close> = net.black_hole()
        assert.is_true(#held > 1)
        local server <close> = assert(socket.create_server{"127.0.0.2", 0})
        local refused <const> = socket.address("127.0.0.3", net.unused_port())
        local before <const> = net.descriptors()
        local addresses <close> = names(deaf, refused, server:getsockname())
        local s <close> = assert(socket.create_connection({"three", 80}, 0.6))
        assert.equal(server:getsockname(), s:getpeername())
        assert.equal(0.6, s:gettimeout())
        s:close()
        assert.equal(before, net.descriptors_now())
        assert.is_table(addresses)
        net.takes(0.1, function()
            local _ <close> = names(deaf, deaf)
            net.fails("timeout", socket.create_connection({"two", 80}, 0.1))
        end)
    end)
end)

-- The peer's socket comes from create_connection, with these options.
local function through(opts)
    return function(address) return assert(socket.create_connection(address, opts)) end
end

local SOURCE <const> = {source_address = {"", 0}, timeout = net.LIMIT}

parity.describe("a connection", function()
    parity.case("G18/304 has the family of its address",
        {transports = {"tcp", "tcp6", "unix"}, connect = through{timeout = net.LIMIT}},
        function(s, t) assert.equal(t.kind.family, s.family) end,
        function(s, t)
            assert.same({t.kind.family, socket.SOCK_STREAM}, {s.family, s.type})
            assert.equal(t.kind.host and socket.IPPROTO_TCP or 0, s.proto)
            assert.equal(t.address, s:getpeername())
        end)

    parity.case("G18/305 comes from the source address",
        {transports = {"tcp"}, connect = function(address)
            SOURCE.source_address[2] = net.unused_port()
            return assert(socket.create_connection(address, SOURCE))
        end},
        function(s, t) assert.equal(t:sync("port"), s:getpeername().port) end,
        function(s, t)
            assert.equal(SOURCE.source_address[2], s:getsockname().port)
            t:sync("port", s:getsockname().port)
        end)

    case("G18/305 comes from there also if that is told by place", function()
        local server <close> = assert(socket.create_server{"127.0.0.1", 0})
        local at <const> = server:getsockname()
        for _, source in ipairs{{"127.0.0.2", 0}, socket.address("127.0.0.2", 0),
            {host = "127.0.0.2", port = 0}} do
            for _, options in ipairs{false, {all_errors = true}} do
                local s <close> = assert(socket.create_connection(at, 5, source, options or nil))
                assert.same({"127.0.0.2", 5}, {s:getsockname().host, s:gettimeout()})
                local other <close> = assert(socket.create_connection(at.host, at.port, nil,
                    source, options or nil))
                assert.equal("127.0.0.2", other:getsockname().host)
            end
        end
        net.raises("source_address: twice", socket.create_connection, at, 5, {"127.0.0.2", 0},
            {source_address = {"127.0.0.2", 0}})
        net.raises("unknown option 'all'", socket.create_connection, at, 5, {"127.0.0.2", 0},
            {all = true})
    end)

    parity.case("G18/309 is closed at the end of its scope",
        {transports = parity.TCP, raw = true},
        function(s)
            for _ = 1, 2 do
                local conn <close> = assert(s:accept())
                assert.equal("from a scope", (net.drain(conn)))
            end
        end,
        function(_, t)
            for i = 1, 2 do
                local kept
                do
                    local s <close> = assert(socket.create_connection(t.address))
                    kept = s
                    assert(s:sendall("from a scope"))
                    if i == 2 then assert.is_true(s:close()) end
                end
                assert.equal("closed socket", socket.type(kept))
            end
        end)

    for name, server in pairs{
        ["G18/318 of IPv4 is answered"] = {INET, false, {["127.0.0.1"] = "127.0.0.1"}},
        ["G18/318 of IPv6 is answered"] = {INET6, false, {["::1"] = "::1"}},
        ["G18/319 of either kind is answered by a server of both"] = {INET6, true,
            {["127.0.0.1"] = "::ffff:127.0.0.1", ["::1"] = "::1"}},
    } do
        local family <const>, both <const>, hosts <const> = table.unpack(server)
        local transport <const> = family == INET6 and "tcp6" or "tcp"
        parity.case(name, {transports = {transport}, raw = true},
            function(_, t)
                local s <close> = assert(socket.create_server({"", 0},
                    {family = family, dualstack_ipv6 = both}))
                s:settimeout(net.LIMIT)
                t:sync("port", s:getsockname().port)
                for _ in pairs(hosts) do
                    local conn <close>, from = assert(s:accept())
                    assert.equal(t:sync("connected"), from.host)
                    conn:settimeout(net.LIMIT)
                    assert(conn:sendall(conn:recv(100)))
                end
            end,
            function(_, t)
                local port <const> = t:sync("port")
                for host, shown in pairs(hosts) do
                    local s <close> = assert(socket.create_connection({host, port}, net.LIMIT))
                    t:sync("connected", shown)
                    assert(s:sendall("hello " .. host))
                    assert.equal("hello " .. host, s:recv(100))
                end
            end)
    end
end)
