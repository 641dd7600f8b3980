-- The examples of families, types and options: each runs as its first lines say, and
-- says clearly what it lacks.

local example <const> = require "spec.support.example"
local net <const> = require "spec.support.net"
local process <const> = dofile("examples/lib/process.lua")
local socket <const> = require "tidewire.socket"

-- Runs an example to its end: what it says, and its exit status.
local function run(name, ...)
    local child <close> = process.start(example.command(name, ...))
    return child:finish()
end

describe("the example of ports", function()
    it("tells the ranges, and what some services have", function()
        local output <const>, status <const> = run "ports"
        assert.equal(0, status)
        assert.matches("    0 to  1023  well%-known ports", output)
        assert.matches("\nthis system gives out %d+ to %d+\n", output)
        assert.matches("\nfor example %d+\n", output)
        assert.matches("\nhttp: 80/tcp, one of the well%-known ports\n", output)
        assert.matches("\nhttps: 443/tcp", output)
    end)

    it("looks up what it is asked for", function()
        local output <const> = run("ports", "domain", 22, "no such", 70000, -1, 1.5)
        assert.matches("\ndomain: 53/tcp.-\ndomain: 53/udp.-\nssh: 22/tcp", output)
        assert.matches("\nno such: no service that /etc/services knows\n"
            .. "70000: ports are 0 to 65535\n%-1: ports are 0 to 65535\n1.5: no service", output)
    end)
end)

describe("the example of interfaces", function()
    it("lists loopback and its address, and whatever else there is", function()
        local output <const>, status <const> = run "interfaces"
        assert.equal(0, status)
        assert.matches("^1 lo up mtu %d+ 00:00:00:00:00:00\n    127.0.0.1/8\n", output)
        local listing <close> = assert(io.popen "ls /sys/class/net")
        for name in listing:lines() do
            assert.is_truthy(output:find(" " .. name .. " ", 1, true), name)
        end
    end)
end)

describe("the example of SOCK_SEQPACKET", function()
    it("keeps packets apart, and tells an empty one from the end", function()
        local output <const>, status <const> = run("seqpacket_pair", "a", "", "bcd")
        assert.equal("1 bytes: a\n0 bytes: \n3 bytes: bcd\n"
            .. "the other side says: end of stream\n", output)
        assert.equal(0, status)
        assert.matches("^5 bytes: first\n", (run "seqpacket_pair"))
    end)
end)

describe("the example of datagrams within a machine", function()
    it("answers whoever has a name", function()
        local name <const> = "tidewire spec " .. net.path()
        local server <close> = process.start(example.command("unix_datagram_server", name))
        server:expect("^listening on @" .. name:gsub("%p", "%%%0") .. "\n")
        -- Nobody can answer this one.
        local stranger <close> = assert(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
        assert(stranger:sendto("nameless", "\0" .. name))
        server:expect("^nil says: nameless\n")
        local client <close> = process.start(example.command("unix_datagram_client", name),
            "hello\nabc\n")
        local output <const>, status <const> = client:finish()
        assert.equal("olleh\ncba\n", output)
        assert.equal(0, status)
        server:expect("^@%x+ says: abc\n")
        assert.equal(example.TERMINATED, (select(2, server:kill())))
    end)

    it("says that there is no server", function()
        local output <const>, status <const> = run("unix_datagram_client", "nobody's name")
        assert.matches("connect @nobody's name: Connection refused", output, 1, true)
        assert.equal(1, status)
    end)
end)

describe("the example of passing a connection on", function()
    it("is answered by another process than the one that accepts", function()
        local name <const> = "tidewire spec " .. net.path()
        local worker <close> = process.start(example.command("handover_worker", name))
        worker:expect("^listening on @")
        local front <close>, port = example.serve("handover_front", name)
        local first <close>, stream = example.visit(port)
        local second <close>, other = example.visit(port)
        for text, one in pairs{hello = stream, ["and you"] = other} do
            assert(one:write(text, "\n"))
            assert.equal(text:upper(), one:read())
        end
        front:expect("^handed over 127.0.0.1:%d+\n")
        -- It lives on when the process that has accepted it is gone.
        assert.equal(example.TERMINATED, (select(2, front:kill())))
        assert(stream:write("still there?\n"))
        assert.equal("STILL THERE?", stream:read())
        worker:expect("^answering: still there%?\n")
        assert.is_truthy(first and second)
    end)

    it("says that there is no worker", function()
        local output <const>, status <const> = run("handover_front", "127.0.0.1", 0, "no name")
        assert.matches("connect @no name: Connection refused", output, 1, true)
        assert.equal(1, status)
        assert.matches("the port must be a number", (run("handover_front", "127.0.0.1", "x")))
    end)
end)

describe("the example of multicast", function()
    local GROUP <const> = "239.255.71.3"

    it("finds all that answer, in two processes and more", function()
        local first <close> = process.start(
            example.command("multicast_responder", "the first", GROUP, 0))
        local port <const> = first:expect("^listening on " .. GROUP .. ":(%d+)\n")
        local second <close> = process.start(
            example.command("multicast_responder", "the second", GROUP, port))
        second:expect("^listening on ")
        local output <const>, status <const> = run("multicast_discover", GROUP, port)
        assert.matches("found the first at 127.0.0.1\n", output, 1, true)
        assert.matches("found the second at 127.0.0.1\n", output, 1, true)
        assert.matches("\n2 found\n$", output)
        assert.equal(0, status)
        first:expect("^asked by 127.0.0.1:%d+\n")
    end)

    it("says that nobody answers, and what is wrong with its arguments", function()
        local output <const>, status <const> = run("multicast_discover", GROUP,
            net.unused_port(socket.SOCK_DGRAM))
        assert.equal("nobody answers\n", output)
        assert.equal(0, status)
        assert.matches("the port must be a number", (run("multicast_discover", GROUP, "x")))
        assert.matches("the port must be a number",
            (run("multicast_responder", "x", GROUP, "x")))
        assert.matches("interface nosuch0: No such device",
            (run("multicast_responder", "x", GROUP, 0, "nosuch0")), 1, true)
        assert.matches("127.0.0.1: not a multicast address",
            (run("multicast_responder", "x", "127.0.0.1", 0)), 1, true)
    end)
end)

describe("the example of ping", function()
    it("is answered by this machine, for root", function()
        local s <close>, _, code = socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)
        if not s then return pending("raw sockets need privileges: " .. code) end
        local output <const>, status <const> = run("ping", "localhost", 2)
        assert.matches("^ping localhost %(127.0.0.1%)\n"
            .. "25 bytes from 127.0.0.1: number 1, ttl 64, %d+%.%d+ ms\n"
            .. "25 bytes from 127.0.0.1: number 2, .-\n2 sent, 2 answered\n$", output)
        assert.equal(0, status)
    end)

    it("says that it is for root, to others", function()
        local nobody <const> = "setpriv --reuid 65534 --clear-groups "
        local root <close> = io.popen "id -u"
        local prefix <const> = root:read("l") == "0" and nobody or ""
        if prefix ~= "" and not os.execute(prefix .. "true 2>/dev/null") then
            return pending "setpriv, of util-linux, cannot make us nobody"
        end
        local child <close> = process.start(prefix .. example.command "ping")
        local output <const>, status <const> = child:finish()
        assert.equal("ping 127.0.0.1: raw sockets are for root: "
            .. "socket: Operation not permitted\n", output)
        assert.equal(2, status)
    end)

    it("says what is wrong with its arguments", function()
        assert.matches("lookup a..b: ", (run("ping", "a..b")), 1, true)
        assert.matches("the count must be a number", (run("ping", "127.0.0.1", "x")))
    end)
end)

describe("the example of TIPC", function()
    it("says hello, or that this kernel has none", function()
        local s <close>, message = socket.socket(socket.AF_TIPC, socket.SOCK_RDM)
        local service <const> = 18888 + net.unused_port()
        if s then
            local server <close> = process.start(example.command("tipc_hello_server", service))
            server:expect("^listening on ")
            local client <close> = process.start(
                example.command("tipc_hello_client", service), "world\n")
            assert.equal("hello, world\n", (client:finish()))
            return server:expect("says: world\n")
        end
        for _, name in ipairs{"tipc_hello_server", "tipc_hello_client"} do
            local output <const>, status <const> = run(name, service)
            assert.equal("this kernel has no TIPC: try `sudo modprobe tipc`\n", output, message)
            assert.equal(2, status)
        end
    end)
end)
