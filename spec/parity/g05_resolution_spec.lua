-- Name resolution (cases 82 to 93, 105 and 106 of the parity list): each once on
-- the main thread and once in a task. The others are in g05_hosts_spec.

local net <const> = require "spec.support.net"
local peer <const> = require "spec.support.peer"
local resolver <const> = require "spec.support.resolver"
local socket <const> = require "tidewire.socket"
local tasks <const> = require "spec.support.tasks"

local INET <const>, INET6 <const> = socket.AF_INET, socket.AF_INET6
local STREAM <const>, DGRAM <const> = socket.SOCK_STREAM, socket.SOCK_DGRAM
local lookup <const> = socket.getaddrinfo

local function case(name, f)
    tasks.both(it, name, f)
end

-- What a list of entries says, as text to compare.
local function say(list)
    local out <const> = {}
    for i, e in ipairs(list) do
        out[i] = ("%d %d %d %q %s"):format(e.family, e.type, e.proto, e.canonname, e.addr)
    end
    return table.concat(out, "\n")
end

-- The one entry there is.
local function only(list, ...)
    assert.is_table(list, (...))
    assert.equal(1, #list)
    return list[1]
end

describe("getaddrinfo", function()
    case("G5/82 takes names, numbers and nil", function()
        for _, host in ipairs{"localhost", "127.0.0.1", false, "::1"} do
            local list <const> = assert(lookup(host or nil, 80))
            assert.is_true(#list > 0)
            for _, e in ipairs(list) do
                assert.equal(5, #e)
            end
        end
    end)

    case("G5/83 takes a port as a number, a name, a numeral or nil", function()
        for _, host in ipairs{"localhost", "127.0.0.1"} do
            for given, port in pairs{[80] = 80, http = 80, ["80"] = 80, [false] = 0} do
                assert.equal(port, lookup(host, given or nil)[1].addr.port)
            end
        end
    end)

    case("G5/84 honours family, type, proto and AI_PASSIVE", function()
        for _, host in ipairs{"localhost", "127.0.0.1"} do
            for _, e in ipairs(assert(lookup(host, nil, INET, STREAM))) do
                assert.same({INET, STREAM}, {e.family, e.type})
            end
            for _, e in ipairs(assert(lookup(host, nil, 0, DGRAM))) do
                assert.equal(DGRAM, e.type)
            end
            for _, e in ipairs(assert(lookup(host, nil, 0, 0, socket.IPPROTO_TCP))) do
                assert.same({STREAM, socket.IPPROTO_TCP}, {e.type, e.proto})
            end
        end
        for _, e in ipairs(assert(lookup(nil, 0, 0, STREAM, 0, socket.AI_PASSIVE))) do
            assert.equal(e.family == INET6 and "::" or "0.0.0.0", e.addr.host)
        end
        for _, e in ipairs(assert(lookup(nil, 0, 0, STREAM))) do
            assert.equal(e.family == INET6 and "::1" or "127.0.0.1", e.addr.host)
        end
    end)

    case("G5/85 takes the same by name", function()
        for key, given in pairs{family = {INET}, type = {0, STREAM},
            proto = {0, 0, socket.SOL_TCP or socket.IPPROTO_TCP},
            flags = {0, 0, 0, socket.AI_PASSIVE}} do
            local by_place <const> = assert(lookup(nil, 0, table.unpack(given)))
            assert.equal(say(by_place), say(assert(lookup(nil, 0, {[key] = given[#given]}))))
        end
        assert.equal(say(assert(lookup("localhost", 80, INET, STREAM))),
            say(assert(lookup("localhost", 80, {family = INET, type = STREAM}))))
    end)

    case("G5/86 AI_NUMERICSERV with nil port does no harm", function()
        for _, host in ipairs{"localhost", "127.0.0.1"} do
            assert.equal(0, lookup(host, nil, 0, 0, 0, socket.AI_NUMERICSERV)[1].addr.port)
        end
        net.fails("EAI_NONAME", lookup(nil, nil, 0, 0, 0, socket.AI_NUMERICSERV))
    end)

    case("G5/87 no port is too far out to be refused properly", function()
        for _, host in ipairs{"localhost", "127.0.0.1", false} do
            for _, port in ipairs{-1, -65536, -2^31 - 1, math.mininteger, -2^63 - 1,
                tostring(2^31 | 0), "9223372036854775808", "18446744073709551616",
                "-9223372036854775809", "18446744073709551696", "65536"} do
                net.fails("EAI_SERVICE", lookup(host or nil, port))
            end
            for _, port in ipairs{2^31, 2^62, math.maxinteger} do
                net.raises("port: must be", lookup, host or nil, port)
            end
            for _, port in ipairs{2^63, 2^64, -2^70, 1/0, 0/0} do
                net.raises("port: integer expected", lookup, host or nil, port)
            end
        end
    end)

    case("G5/88 the port 65536 is not 0", function()
        net.raises("port: must be", lookup, "127.0.0.1", 65536)
        net.raises("port: must be", lookup, "localhost", 65536)
        assert.equal(65535, lookup("127.0.0.1", 65535)[1].addr.port)
    end)

    case("G5/89 says what is wrong", function()
        net.fails("EAI_NONAME", lookup("", 80))
        net.fails("EAI_NONAME", lookup(nil, nil))
        for _, host in ipairs{"localhost", "127.0.0.1"} do
            net.fails("EAI_SERVICE", lookup(host, "no such service"))
            net.fails("EAI_SERVICE", lookup(host, -1))
            net.fails("EAI_FAMILY", lookup(host, 80, 12345))
            net.fails("EAI_SOCKTYPE", lookup(host, 80, 0, 12345))
        end
    end)

    case("G5/90 AI_NUMERICHOST and AI_CANONNAME", function()
        net.fails("EAI_NONAME", lookup("localhost", 80, {flags = socket.AI_NUMERICHOST}))
        for _, host in ipairs{"localhost", "127.0.0.1", "::1"} do
            local list = assert(lookup(host, 80, {flags = socket.AI_CANONNAME}))
            assert.is_true(#list[1].canonname > 0)
            list = assert(lookup(host, 80))
            for _, e in ipairs(list) do
                assert.equal("", e.canonname)
            end
        end
    end)

    case("G5/91 an IPv6 address is one entry, in lower case", function()
        local e <const> = only(lookup("ff02::1de:c0:face:8D", 1234, 0, DGRAM, socket.IPPROTO_UDP))
        assert.same({INET6, DGRAM, socket.IPPROTO_UDP, ""}, {table.unpack(e, 1, 4)})
        assert.same({"ff02::1de:c0:face:8d", 1234, 0, 0}, {e.addr:unpack()})
    end)

    case("G5/92 a scope may be an interface's name", function()
        for _, i in ipairs(assert(socket.if_nameindex())) do
            local e <const> = only(lookup("ff02::1de:c0:face:8D%" .. i.name, 1234, 0, DGRAM))
            assert.same({"ff02::1de:c0:face:8d", 1234, 0, i.index}, {e.addr:unpack()})
        end
    end)

    case("G5/93 a scope may be a number", function()
        local e <const> = only(lookup("ff02::1de:c0:face:8D%42", 1234, 0, DGRAM))
        assert.same({"ff02::1de:c0:face:8d", 1234, 0, 42}, {e.addr:unpack()})
    end)
end)

describe("a failure of the resolver", function()
    case("G5/105 has a name with a number, and a text", function()
        for text, code in pairs{
            ["Name or service not known"] = {"EAI_NONAME", lookup("a..b", 80)},
            ["Servname not supported for ai_socktype"] = {"EAI_SERVICE", lookup("::1", -1)},
            ["ai_family not supported"] = {"EAI_FAMILY", lookup("::1", 80, 12345)},
            ["ai_socktype not supported"] = {"EAI_SOCKTYPE", lookup("::1", 80, 0, 12345)},
            ["Bad value for ai_flags"] = {"EAI_BADFLAGS", lookup("::1", 80, {flags = 1 << 30})},
        } do
            local message <const> = net.fails(code[1], table.unpack(code, 2, 4))
            assert.equal("integer", math.type(socket[code[1]]))
            assert.is_truthy(message:find(": " .. text, 1, true), message)
        end
    end)
end)

describe("a failure of the system", function()
    it("G5/105 is no failure of the resolver", function()
        local child <close> = peer.start_with("ulimit -n 20", [[
            assert(socket.getaddrinfo("localhost", 80)) -- makes the resolver
            local held, file = {}
            repeat
                file = io.open "/dev/null"
                held[#held + 1] = file
            until not file
            say(socket.getaddrinfo("localhost", 80))
        ]])
        assert.same({"nil\tlookup localhost:80: Too many open files\tEMFILE\n", 0},
            {child:finish()})
    end)
end)

describe("looking up", function()
    for _, how in ipairs{"cancelled", "timeout"} do
        it("G5/106 holds up nobody, and can be given up: " .. how, function()
            local slow <close> = resolver.slow()
            local reason <const> = slow:missing()
            if reason then return pending(reason) end
            local child <close> = slow:start(([[
                local task, how, turns = require "tidewire.task", "%s", 0
                local limit = how == "timeout" and 0.3 or nil
                local t = task.spawn(socket.getaddrinfo, "slow", 80, {timeout = limit})
                task.spawn(function()
                    repeat
                        task.sleep(0.01)
                        turns = turns + 1
                    until turns == 5
                    if how == "cancelled" then t:cancel() end
                end)
                say(select(3, t:join()))
                say(turns)
            ]]):format(how))
            assert.same({how .. "\n5\n", 0}, {child:finish()})
        end)
    end
end)
