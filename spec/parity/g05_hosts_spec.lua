-- Names of hosts and of addresses (cases 94 to 104 of the parity list): each
-- once on the main thread and once in a task.

local net <const> = require "spec.support.net"
local resolver <const> = require "spec.support.resolver"
local socket <const> = require "tidewire.socket"
local tasks <const> = require "spec.support.tasks"

local NUMERIC <const> = socket.NI_NUMERICHOST | socket.NI_NUMERICSERV

local BAD <const> = {"0.1.1.~1", "1+.1.1.1", "::1q", "::1::2", "1:1:1:1:1:1:1:1:1"}

local function case(name, f)
    tasks.both(it, name, f)
end

-- Checks that the rest is a failure of the resolver's, whichever.
local function unresolved(...)
    local value <const>, message <const>, code <const> = ...
    assert.is_nil(value)
    assert.is_string(message)
    assert.matches("^EAI_%u+$", code)
end

describe("getnameinfo", function()
    case("G5/94 getnameinfo on a host name fails", function()
        net.fails("EAI_NONAME", socket.getnameinfo({"mail.python.org", 0}, 0))
        net.fails("EAI_NONAME", socket.getnameinfo({"localhost", 0}, 0))
        net.fails("EAI_NONAME", socket.getnameinfo({"localhost", 0}, NUMERIC))
        net.fails("EAI_NONAME", socket.getnameinfo({"x", 0, 0, 0}, 0))
    end)

    case("G2/42 nonsense does no harm", function()
        for _, host in ipairs{"x", "", "\xff", ("x"):rep(70000), "::1::2", "1.2.3.4.5"} do
            net.fails("EAI_NONAME", socket.getnameinfo({host, 0}))
            net.fails("EAI_NONAME", socket.getnameinfo({host, 0, 0, 0}, NUMERIC))
        end
    end)

    case("G5/95 writes the scope of an address", function()
        for _, i in ipairs(assert(socket.if_nameindex())) do
            assert.same({"ff02::1de:c0:face:8d%" .. i.name, "1234"},
                {socket.getnameinfo({"ff02::1de:c0:face:8D", 1234, 0, i.index}, NUMERIC)})
        end
        assert.same({"ff02::1de:c0:face:8d%424242", "1234"},
            {socket.getnameinfo({"ff02::1de:c0:face:8D", 1234, 0, 424242}, NUMERIC)})
    end)

    case("G5/96 writes numbers, if it is told to", function()
        assert.same({"127.0.0.1", "80"}, {socket.getnameinfo({"127.0.0.1", 80}, NUMERIC)})
        assert.same({"127.0.0.1", "80"},
            {socket.getnameinfo(socket.address("127.0.0.1", 80), NUMERIC)})
        net.fails("EAI_NONAME",
            socket.getnameinfo({"127.0.0.1", 80}, NUMERIC | socket.NI_NAMEREQD))
    end)

    case("G5/97 refuses what is no address", function()
        net.raises("has too many elements", socket.getnameinfo, {"127.0.0.1", 80, 0, 0}, 0)
        net.raises("flowinfo: must be 0 to 1048575, got 1048576",
            socket.getnameinfo, {"::1", 80, 0x100000}, 0)
    end)
end)

describe("gethostbyname and gethostbyaddr", function()
    case("G5/98 leave numbers as they are", function()
        for _, text in ipairs{"127.0.0.1", "10.0.0.1", "255.255.255.255"} do
            assert.equal(text, socket.gethostbyname(text))
        end
        local _ <const>, _ <const>, addrs <const> = assert(socket.gethostbyaddr("127.0.0.1"))
        assert.same({"127.0.0.1"}, addrs)
    end)

    case("G5/99 know no malformed numbers", function()
        for _, text in ipairs(BAD) do
            unresolved(socket.gethostbyname(text))
            unresolved(socket.gethostbyaddr(text))
        end
    end)

    case("G5/100 gethostbyname knows the wildcards", function()
        assert.equal("0.0.0.0", socket.gethostbyname "")
        assert.equal("255.255.255.255", socket.gethostbyname "<broadcast>")
    end)

    case("G5/101 agree about this machine", function()
        local name <const> = assert(socket.gethostname())
        local ip <const> = socket.gethostbyname(name, 2)
        local first <const>, names <const> = socket.gethostbyaddr(ip or "", 2)
        if not first then
            pending "this machine's name cannot be looked up"
            return
        end
        assert.matches("^%d+%.%d+%.%d+%.%d+$", ip)
        table.insert(names, first)
        table.insert(names, name)
        local full <const> = socket.getfqdn(ip, 2)
        local known = false
        for _, each in ipairs(names) do
            known = known or each == full
        end
        assert.is_true(known, full)
    end)
end)

describe("getfqdn", function()
    case("G5/102 takes the wildcards for this machine", function()
        local name <const> = socket.getfqdn()
        assert.is_true(#name > 0)
        assert.equal(name, socket.getfqdn "0.0.0.0")
        assert.equal(name, socket.getfqdn "::")
        assert.equal(name, socket.getfqdn "")
    end)

    case("G5/103 leaves a name as it is that cannot be looked up", function()
        assert.equal("a..b", socket.getfqdn "a..b")
        assert.equal("::1::2", socket.getfqdn "::1::2")
    end)
end)

describe("what is known of a host", function()
    local SCRIPT <const> = [[
        local task = require "tidewire.task"
        local function run()
            local name, aliases, addrs = assert(socket.gethostbyname_ex "localhost")
            say(name, table.concat(aliases, ","), table.concat(addrs, ","))
            say(select(2, socket.gethostbyaddr "10.1.2.3"))
        end
        if arg[1] == "task" then task.spawn(run):join() else run() end
    ]]

    for _, where in ipairs{"main thread", "task"} do
        it(("G5/104 is its name, aliases and addresses [%s]"):format(where), function()
            local known <close> = resolver.knowing "127.0.0.1 localhost me myself\n"
            local reason <const> = known:missing()
            if reason then return pending(reason) end
            local child <close> = known:start(SCRIPT, where)
            assert.same({"localhost\tme,myself\t127.0.0.1\n" ..
                "lookup 10.1.2.3: Unknown host\tHOST_NOT_FOUND\n", 0}, {child:finish()})
        end)
    end

    case("G5/104 is three results", function()
        local name <const>, aliases <const>, addrs <const> =
            assert(socket.gethostbyname_ex "localhost")
        assert.is_string(name)
        assert.is_table(aliases)
        assert.equal("127.0.0.1", addrs[1])
    end)
end)
