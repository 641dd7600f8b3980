-- Every example of a server and its client in turns, run for real; the guided demo;
-- the README. The examples of many tasks: chat_, web_ and forwarder_examples_spec.lua;
-- of other families and options: socket_examples_spec.lua; of the web:
-- http_examples_spec.lua.

local net <const> = require "spec.support.net"
local process <const> = dofile("examples/lib/process.lua")
local cases <const> = dofile("spec/interop/cases.lua")
local pair <const> = dofile("spec/interop/pair.lua")
local socket <const> = require "tidewire.socket"

local TERMINATED <const> = 128 + 15

-- Run by other specs.
local WITH_TASKS <const> = {"task_chat_server", "task_chat_client", "chat_room",
    "web_responder", "web_responder_plain", "forwarder", "http_hello", "files",
    "server_sent_events", "web_chat"}

local OTHERS <const> = {"http_get", "ports", "interfaces", "seqpacket_pair", "unix_datagram_server",
    "unix_datagram_client", "multicast_responder", "multicast_discover", "ping",
    "tipc_hello_server", "tipc_hello_client", "handover_front", "handover_worker"}

local function sorted_names()
    local names <const> = {}
    for name in pairs(cases) do names[#names + 1] = name end
    table.sort(names)
    return names
end

local function read_file(path)
    local file <close> = assert(io.open(path))
    return file:read("a")
end

local function start_example(name, host, port, typed)
    return process.start(process.lua("lua5.4", "examples/" .. name .. ".lua", host, port),
        typed)
end

-- Starts an example server on a free port.
local function start_server(name, typed)
    local server <const> = start_example(name, "127.0.0.1", 0, typed)
    return server, tonumber(server:expect("^listening on 127%.0%.0%.1:(%d+)\n"))
end

-- A port of this machine on which nobody listens.
local function unused_port()
    local sock <close> = assert(socket.socket())
    assert(sock:bind({"127.0.0.1", 0}))
    return sock:getsockname().port
end

describe("the example", function()
    for _, name in ipairs(sorted_names()) do
        it(name .. " says what its tutorial says", function()
            local case <const> = cases[name]
            local server <const>, client <const> = pair.run(case,
                pair.command("lua", name .. "_server"),
                pair.command("lua", name .. "_client"))
            assert.equal(case.client.says, client.text)
            assert.equal(case.server.says, server.text)
            assert.equal(0, client.status)
            assert.equal(case.server.ends and 0 or TERMINATED, server.status)
        end)
    end

    it("directory holds no script that no case runs", function()
        local run <const> = {["examples/demo.lua"] = true}
        for _, list in ipairs {WITH_TASKS, OTHERS} do
            for _, name in ipairs(list) do run["examples/" .. name .. ".lua"] = true end
        end
        for name in pairs(cases) do
            run["examples/" .. name .. "_server.lua"] = true
            run["examples/" .. name .. "_client.lua"] = true
        end
        local listing <close> = assert(io.popen("ls examples/*.lua"))
        for path in listing:lines() do
            assert.is_true(run[path], path .. " is run by no case")
        end
    end)
end)

describe("an example client", function()
    for _, name in ipairs(sorted_names()) do
        it(name .. " ends cleanly with its input", function()
            local server <close>, port = start_server(name .. "_server", "")
            local client <close> = start_example(name .. "_client", "127.0.0.1", port, "")
            local output, status = client:finish()
            assert.equal(cases[name].client.prompt or "", output)
            assert.equal(0, status)
            local _, server_status = server:kill()
            assert.equal(TERMINATED, server_status)
        end)
    end

    it("can end the chat from the server's keyboard", function()
        local server <close>, port = start_server("chat_server", "byebye\n")
        local client <close> = start_example("chat_client", "127.0.0.1", port, "hello\n")
        local output, status = client:finish()
        assert.equal("client input: the server says: byebye\n", output)
        assert.equal(0, status)
        server:expect("^server input: 127%.0%.0%.1:%d+ has left!\n")
    end)
end)

describe("an example server", function()
    for _, name in ipairs {"chat", "hello"} do
        it(name .. " ends cleanly when its keyboard does", function()
            local server <close>, port = start_server(name .. "_server", "")
            local client <close> = start_example(name .. "_client", "127.0.0.1", port,
                "hello\n")
            local _, status = server:finish()
            assert.equal(0, status)
            _, status = client:finish()
            assert.equal(0, status)
        end)
    end

    it("survives a client that vanishes", function()
        local server <close>, port = start_server("hello_server", "hi\nhi again\n")
        local said <const>, pid_file <const> = os.tmpname(), os.tmpname()
        -- This client's keyboard is our pipe, so it stays until it is killed.
        local client <const> = assert(io.popen(("exec 2>/dev/null; timeout 20 sh -c %s >%s")
            :format(process.quote("echo $$ >" .. pid_file .. "; exec env "
                .. process.lua("lua5.4", "examples/hello_client.lua", "127.0.0.1", port)),
                said), "w"))
        client:write("hello\n")
        client:flush()
        server:expect("^client: hello\n")
        os.execute("kill -9 " .. read_file(pid_file))
        client:close()
        os.remove(said)
        os.remove(pid_file)
        server:expect("client 127%.0%.0%.1:%d+ exit!\n")

        local second <close> = start_example("hello_client", "127.0.0.1", port, "hello\n")
        local output, status = second:finish()
        assert.equal("client: server: hi again\nclient: ", output)
        assert.equal(0, status)
    end)

    for _, name in ipairs {"echo", "echo_checked", "time", "tcp_skeleton"} do
        it(name .. " survives a client that resets the connection", function()
            local server <close>, port = start_server(name .. "_server")
            local client <const> = assert(socket.create_connection({"127.0.0.1", port}))
            assert(client:sendall("x"))
            assert(client:setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                string.pack("i4i4", 1, 0)))
            client:close()
            local second <close> = assert(socket.create_connection({"127.0.0.1", port}, 10))
            assert(second:sendall("X"))
            assert.matches("X$", (assert(second:recv(1024))))
            local _, status = server:kill()
            assert.equal(TERMINATED, status)
        end)
    end
end)

describe("a bad argument", function()
    -- The lua5.4 command adds its traceback below the line that says what is wrong.
    local function complaint(name, host, port)
        local child <close> = start_example(name, host, port, "hello\n")
        local output, status = child:finish()
        assert.equal(1, status)
        return output
    end

    local NO_HOST <const> = ("x"):rep(64) -- longer than a name may be: no lookup needed

    for _, name in ipairs(sorted_names()) do
        for _, side in ipairs {"_server", "_client"} do
            it("is named by " .. name .. side, function()
                assert.matches("^[^\n]*the port must be a number",
                    complaint(name .. side, "127.0.0.1", "http"))
                assert.matches(NO_HOST .. ":1: ", complaint(name .. side, NO_HOST, 1), 1, true)
            end)
        end
    end

    for _, name in ipairs(WITH_TASKS) do
        it("is named by " .. name, function()
            assert.matches("^[^\n]*the port must be a number",
                complaint(name, name == "forwarder" and "http" or "127.0.0.1", "http"))
        end)
    end

    it("is one line and nothing else from the checked pair", function()
        local child <close> = start_example("echo_checked_client", "127.0.0.1", unused_port())
        local output, status = child:finish()
        assert.equal(1, status)
        assert.matches("^Connecting failure. Error code: ECONNREFUSED "
            .. "Message: connect 127%.0%.0%.1:%d+: Connection refused\n$", output)
        local _ <close>, port = start_server("echo_checked_server")
        local second <close> = start_example("echo_checked_server", "127.0.0.1", port)
        output, status = second:finish()
        assert.equal(1, status)
        assert.matches("^Socket created!\nBinding failure. Error code: EADDRINUSE "
            .. "Message: bind 127%.0%.0%.1:%d+: Address already in use\n$", output)
    end)
end)

describe("the guided demo", function()
    it("runs every pair, succeeds, and takes less than ten seconds", function()
        local begun <const> = socket.monotonic()
        local demo <close> = process.start(process.lua("lua5.4", "examples/demo.lua"))
        local output, status = demo:finish()
        assert.equal(0, status, output)
        assert.is_true(socket.monotonic() - begun < 10)
        for _, name in ipairs(sorted_names()) do
            assert.matches(name .. "_server.lua", output, 1, true)
            assert.matches(name .. "_client.lua", output, 1, true)
        end
        for _, list in ipairs {WITH_TASKS, OTHERS} do
            for _, name in ipairs(list) do
                assert.matches("examples/" .. name .. ".lua", output, 1, true)
            end
        end
    end)

    it("fails when an example misbehaves", function()
        local broken <close> = process.start("TIDEWIRE_LUA=false lua5.4 examples/demo.lua")
        local _, status = broken:finish()
        assert.equal(1, status)
    end)
end)

describe("the README", function()
    it("shows a program of ten lines that runs as printed", function()
        local program <const> = read_file("README.md"):match("```lua\n(.-)```")
        local path <const> = net.file(program)
        local child <close> = process.start(process.lua("lua5.4", path))
        local output, status = child:finish()
        os.remove(path)
        assert.equal(0, status, output)
        assert.matches("^127%.0%.0%.1:%d+ says hello\n$", output)
        assert.equal(10, select(2, program:gsub("\n", "")))
    end)
end)
