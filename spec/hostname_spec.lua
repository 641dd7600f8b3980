-- Names of hosts and of addresses. Lookups the other way are in lookup_spec.

local net <const> = require "spec.support.net"
local peer <const> = require "spec.support.peer"
local resolver <const> = require "spec.support.resolver"
local socket <const> = require "tidewire.socket"
local task <const> = require "tidewire.task"

local NUMERIC <const> = socket.NI_NUMERICHOST | socket.NI_NUMERICSERV

-- A resolver that knows these hosts and no others.
local HOSTS <const> = [[
127.0.0.1 localhost
10.1.2.3 tw tidewire.test another
10.1.2.4 tw
fd00::7 six.tidewire.test six
]]
local known

-- Runs a script there, which has show(...); returns what it has said.
local function there(script)
    local child <close> = known:start([[
        local function show(...)
            local out = table.pack(...)
            for i = 1, out.n do
                local v = out[i]
                out[i] = type(v) == "table" and "{" .. table.concat(v, " ") .. "}" or tostring(v)
            end
            say(table.concat(out, " "))
        end
    ]] .. script)
    local output <const>, status <const> = child:finish()
    assert.equal(0, status, output)
    return output
end

describe("names of hosts", function()
    setup(function() known = resolver.knowing(HOSTS) end)
    teardown(function() known:remove() end)

    local when_possible <const> = resolver.it_with(function() return known end,
        function(reason) pending(reason) end)

    when_possible("stand for the host alone: port and flow are as given", function()
        if net.without_ipv6() then return pending(net.without_ipv6()) end
        local loop <close> = resolver.knowing "::1 loop6\n"
        local child <close> = loop:start [[
            local s <close> = assert(socket.socket(socket.AF_INET6, socket.SOCK_DGRAM))
            assert(s:setsockopt(socket.IPPROTO_IPV6, socket.IPV6_FLOWINFO_SEND, 1))
            s:settimeout(10)
            assert(s:connect{"loop6", 9, 5})
            say(s:getpeername():unpack())]]
        assert.same({"::1\t9\t5\t0\n", 0}, {child:finish()})
    end)

    when_possible("gethostbyaddr tells by name or number", function()
        assert.equal([[
tw {tidewire.test another} {10.1.2.3}
tw {} {10.1.2.4}
tw {tidewire.test another} {10.1.2.3}
six.tidewire.test {six} {fd00::7}
six.tidewire.test {six} {fd00::7}
]], there[[
            for _, host in ipairs{"10.1.2.3", "10.1.2.4", "another", "fd00::7", "six"} do
                show(socket.gethostbyaddr(host))
            end
        ]])
    end)

    when_possible("gethostbyname_ex tells of all its IPv4 addresses", function()
        assert.equal([[
tw {tidewire.test another} {10.1.2.3 10.1.2.4}
tw {tidewire.test another} {10.1.2.3}
10.9.9.9 {} {10.9.9.9}
127.1 {} {127.0.0.1}
]], there[[
            for _, host in ipairs{"tw", "another", "10.9.9.9", "127.1"} do
                show(socket.gethostbyname_ex(host))
            end
        ]])
    end)

    when_possible("say what they do not know", function()
        assert.equal([[
nil lookup 10.9.9.9: Unknown host HOST_NOT_FOUND
nil lookup fd00::8: Unknown host HOST_NOT_FOUND
nil lookup elsewhere: Name or service not known EAI_NONAME
nil lookup elsewhere: Name or service not known EAI_NONAME
nil lookup fd00::7: Address family for hostname not supported EAI_ADDRFAMILY
nil lookup : Name or service not known EAI_NONAME
nil lookup : Name or service not known EAI_NONAME
]], there[[
            show(socket.gethostbyaddr "10.9.9.9")
            show(socket.gethostbyaddr "fd00::8")
            show(socket.gethostbyaddr "elsewhere")
            show(socket.gethostbyname_ex "elsewhere")
            show(socket.gethostbyname_ex "fd00::7")
            show(socket.gethostbyaddr "")
            show(socket.gethostbyname_ex "")
        ]])
    end)

    when_possible("getfqdn takes the first with a dot", function()
        assert.equal([[
tidewire.test tidewire.test six.tidewire.test localhost
elsewhere 10.9.9.9 ::1 a b
tidewire.test elsewhere
]], there[[
            local f = socket.getfqdn
            show(f "tw", f "10.1.2.3", f "six", f "127.0.0.1")
            show(f "elsewhere", f "10.9.9.9", f "::1", f "\n a b\t")
            show(f("  another "), f(" elsewhere\n"))
        ]])
    end)

    when_possible("getfqdn without a name is this machine's", function()
        local name <const> = socket.gethostname()
        assert.equal((name .. "\n"):rep(5), there[[
            say(socket.getfqdn())
            for _, name in ipairs{"", "  ", "0.0.0.0", "::"} do say(socket.getfqdn(name)) end
        ]])
    end)

    when_possible("getnameinfo tells of an address", function()
        assert.equal([[
tw http
tw 80
10.1.2.3 http
six.tidewire.test domain
10.9.9.9 65534
nil lookup 10.9.9.9:65534: Name or service not known EAI_NONAME
]], there[[
            local f = socket.getnameinfo
            show(f{"10.1.2.3", 80})
            show(f({"10.1.2.3", 80}, socket.NI_NUMERICSERV))
            show(f({"10.1.2.3", 80}, socket.NI_NUMERICHOST))
            show(f(socket.address("fd00::7", 53), socket.NI_DGRAM))
            show(f{"10.9.9.9", 65534})
            show(f({"10.9.9.9", 65534}, socket.NI_NAMEREQD))
        ]])
    end)

    it("a lookup that must not wait says so, unless it has its answer", function()
        net.fails("EAGAIN", socket.gethostbyaddr("127.0.0.1", 0))
        net.fails("EAGAIN", socket.gethostbyname_ex("localhost", 0))
        net.fails("EAGAIN", socket.gethostbyname("localhost", 0))
        net.fails("EAGAIN", socket.getnameinfo({"127.0.0.1", 80}, 0, 0))
        net.fails("EAGAIN", socket.getaddrinfo("localhost", 80, {timeout = 0}))
        assert.equal("localhost", socket.getfqdn("localhost", 0))
        assert.equal("127.0.0.1", socket.gethostbyname("127.0.0.1", 0))
        assert.equal("10.1.2.3", socket.gethostbyname_ex("10.1.2.3", 0))
        assert.equal("10.1.2.3", socket.getnameinfo({"10.1.2.3", 80}, NUMERIC, 0))
        assert.is_table(socket.getaddrinfo("127.0.0.1", 80, {timeout = 0}))
    end)

    it("refuse misuse", function()
        for _, name in ipairs{"gethostbyname", "gethostbyname_ex", "gethostbyaddr"} do
            net.raises("host: string expected", socket[name])
            net.raises("host: contains a NUL byte", socket[name], "127.0.0.1\0")
            net.raises("timeout: ", socket[name], "127.0.0.1", -1)
        end
        net.raises("name: string expected, got 5", socket.getfqdn, 5)
        net.raises("name: contains a NUL byte", socket.getfqdn, "a\0")
    end)
end)

describe("getnameinfo", function()
    it("writes numbers for whoever wants them", function()
        for host, expected in pairs{["127.0.0.1"] = "127.0.0.1", ["127.1"] = "127.0.0.1",
            ["::1"] = "::1", ["FF02::1%lo"] = "ff02::1%lo", ["ff02::1%4242"] = "ff02::1%4242",
            ["::ffff:1.2.3.4"] = "::ffff:1.2.3.4"} do
            assert.same({expected, "1234"}, {socket.getnameinfo({host, 1234}, NUMERIC)})
            assert.same({expected, "0"},
                {socket.getnameinfo({host = host, port = 0}, NUMERIC)})
        end
        assert.equal("ff02::1%4242", socket.getnameinfo({"ff02::1", 1, 5, 4242}, NUMERIC))
        assert.equal("ff02::1%lo",
            socket.getnameinfo(socket.address("ff02::1%1", 80), NUMERIC))
    end)

    it("takes numeric hosts only", function()
        for _, host in ipairs{"localhost", "", "<broadcast>", "a..b", "::1::2",
            "fe80::1%no such", "1.2.3.4 "} do
            net.fails("EAI_NONAME", socket.getnameinfo({host, 80}, NUMERIC))
            net.fails("EAI_NONAME", socket.getnameinfo{host = host, port = 80})
        end
        net.fails("EAI_NONAME", socket.getnameinfo{"localhost", 80, 0, 0})
        net.fails("EAI_FAMILY", socket.getnameinfo(socket.address "/run/x"))
        net.fails("EAI_FAMILY", socket.getnameinfo{family = 16, 0, 0})
        net.fails("EAI_BADFLAGS", socket.getnameinfo({"::1", 80}, 1 << 20))
        net.fails("EAI_NONAME",
            socket.getnameinfo({"::1", 80}, NUMERIC | socket.NI_NAMEREQD))
    end)

    it("refuses misuse", function()
        local f <const> = socket.getnameinfo
        for _, bad in ipairs{"127.0.0.1", 5, true, io.stdout} do
            net.raises("address: table or address expected", f, bad, 80)
        end
        net.raises("address: table or address expected", f)
        net.raises("host: string expected, got nil", f, {})
        net.raises("host: string expected, got number", f, {5, 80})
        net.raises("host: contains a NUL byte", f, {"127.0.0.1\0", 80})
        net.raises("port: integer expected", f, {"127.0.0.1"})
        net.raises("port: must be 0 to 65535, got 65536", f, {"127.0.0.1", 65536})
        net.raises("has too many elements", f, {"127.0.0.1", 80, 0})
        net.raises("has too many elements", f, {"::1", 80, 0, 0, 0})
        net.raises("flowinfo: must be 0 to 1048575", f, {"::1", 80, 0x100000})
        net.raises("scope_id: must be 0 to 4294967295", f, {"::1", 80, 0, -1})
        net.raises("flags: integer expected", f, {"::1", 80}, "0")
        net.raises("timeout: ", f, {"::1", 80}, 0, -1)
    end)
end)

describe("what is numeric", function()
    it("needs neither a thread nor a descriptor", function()
        local output <const>, status <const> = peer.run[[
            local function used()
                local status <close> = io.open("/proc/self/status")
                local fds = 0
                for fd = 0, 63 do
                    local info <close> = io.open("/proc/self/fdinfo/" .. fd)
                    fds = fds + (info and 1 or 0)
                end
                return status:read("a"):match("Threads:%s*(%d+)") .. " " .. fds
            end
            local NUMERIC = socket.NI_NUMERICHOST | socket.NI_NUMERICSERV
            local s <close> = assert(socket.create_server{"127.1", 0})
            local port = s:getsockname().port
            s:settimeout(0.001)
            assert(select(3, s:accept()) == "timeout")
            local before = used() -- with what every wait needs
            for _, host in ipairs{"127.0.0.1", "127.1", "0x7f000001", "2130706433"} do
                local c <close> = assert(socket.create_connection({host, port}, 5))
                local d <close> = socket.socket()
                d:settimeout(5)
                assert(d:connect(host, port))
                local u <close> = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                assert(u:sendto("x", host, port))
                assert(socket.gethostbyname(host) == "127.0.0.1")
                assert(socket.gethostbyname_ex(host) == host)
                assert(socket.getnameinfo({host, 80}, NUMERIC) == "127.0.0.1")
                assert(socket.address(host, 80).host == "127.0.0.1")
            end
            for _, host in ipairs{"127.1", "::1", "ff02::1%lo", "ff02::1%42", "fe80::1%none",
                false} do
                for _, port in ipairs{80, -1, "80", "65536", ""} do
                    socket.getaddrinfo(host or nil, port)
                end
            end
            assert(not socket.getaddrinfo("localhost", 80, {flags = socket.AI_NUMERICHOST}))
            assert(not socket.getaddrinfo("::1", "http", {flags = socket.AI_NUMERICSERV}))
            assert(not socket.address("localhost", 80))
            assert(not socket.getnameinfo{"localhost", 80})
            assert(used() == before, used())
            assert(socket.getaddrinfo("localhost", 80))
            assert(used() ~= before)
            say "ok"
        ]]
        assert.equal("ok\n", output)
        assert.equal(0, status)
    end)
end)

describe("many lookups at once", function()
    it("do no harm, and go on beside each other", function()
        local before <const> = net.descriptors()
        local tasks <const> = {}
        for i = 1, 60 do
            tasks[i] = task.spawn(function()
                if i % 3 == 0 then return socket.getfqdn("localhost") end
                if i % 3 == 1 then return socket.gethostbyaddr("127.0.0.1") end
                return socket.getnameinfo{"127.0.0.1", 80}
            end)
        end
        for _, t in ipairs(tasks) do
            assert.is_string(t:join(net.LIMIT))
        end
        assert.is_true(net.descriptors() <= before + 1) -- the resolver's own
    end)
end)
