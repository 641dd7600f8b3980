-- Signals: Ctrl-C stops a script wherever it waits; other signals change nothing.

local net <const> = require "spec.support.net"
local peer <const> = require "spec.support.peer"
local socket <const> = require "tidewire.socket"

-- What each script does once it has said that it is ready: it waits for ever.
local WAITS <const> = {
    ["accept"] = [[
        local server = assert(socket.create_server{"127.0.0.1", 0})
        %s server:accept()]],
    ["accept with a timeout"] = [[
        local server = assert(socket.create_server{"127.0.0.1", 0})
        server:settimeout(15)
        %s server:accept()]],
    ["recv"] = [[
        local a, b = socket.socketpair()
        %s a:recv(1)]],
    ["recv with a timeout"] = [[
        local a, b = socket.socketpair()
        a:settimeout(15)
        %s a:recv(1)]],
    ["recv in nested coroutines"] = [[
        local a, b = socket.socketpair()
        coroutine.wrap(function()
            coroutine.wrap(function() %s a:recv(1) end)()
        end)()]],
    ["recvfrom"] = [[
        local u = assert(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        assert(u:bind{"127.0.0.1", 0})
        %s u:recvfrom(1)]],
    ["recv_into"] = [[
        local a, b = socket.socketpair()
        %s a:recv_into(socket.buffer(10))]],
    ["sendall"] = [[
        local a, b = socket.socketpair()
        %s a:sendall(("x"):rep(64 << 20))]],
    ["sendall with a timeout"] = [[
        local a, b = socket.socketpair()
        a:settimeout(15)
        %s a:sendall(("x"):rep(64 << 20))]],
    ["send in a loop"] = [[
        local a, b = socket.socketpair()
        %s while true do a:send(("x"):rep(100000)) end]],
    ["connect"] = [[
        local server, held = assert(socket.socket()), {}
        assert(server:bind{"127.0.0.1", 0}) server:listen(0)
        for i = 1, 4 do
            held[i] = socket.socket()
            held[i]:settimeout(0.05)
            held[i]:connect(server:getsockname())
        end
        local s = assert(socket.socket())
        %s s:connect(server:getsockname())]],
    ["connect over AF_UNIX"] = [[
        local server, held = assert(socket.socket(socket.AF_UNIX)), {}
        assert(server:bind "") server:listen(0)
        for i = 1, 4 do
            held[i] = socket.socket(socket.AF_UNIX)
            held[i]:settimeout(0.05)
            held[i]:connect(server:getsockname())
        end
        local s = assert(socket.socket(socket.AF_UNIX))
        %s s:connect(server:getsockname())]],
    ["lines"] = [[
        local a, b = socket.socketpair()
        %s for line in a:makefile():lines() do end]],
    ["flush"] = [[
        local a, b = socket.socketpair()
        local f = a:makefile("w", 1 << 20)
        f:write(("x"):rep((1 << 20) - 1))
        %s f:flush()]],
}

local TIDY <const> = [[local tidy <close> =
    setmetatable({}, {__close = function() say "tidied up" end}) ]]

local names <const> = {}
for name in pairs(WAITS) do names[#names + 1] = name end
table.sort(names)

describe("Ctrl-C stops a script in", function()
    for _, name in ipairs(names) do
        it("G12/220 " .. name, function()
            local child <close> = peer.start(TIDY .. WAITS[name]:format("say 'ready'"))
            child:expect("ready")
            peer.await_sleep(child)
            local began <const> = socket.monotonic()
            peer.signal(child, "INT")
            local output <const>, status <const> = child:finish()
            assert.is_true(socket.monotonic() - began < 3, "not at once")
            assert.is_truthy(output:find("interrupted!", 1, true), output)
            assert.is_truthy(output:find("tidied up", 1, true), output)
            assert.equal(1, status)
        end)
    end

    it("a way that pcall sees, and the socket goes on working", function()
        local server <close> = assert(socket.create_server{"127.0.0.1", 0})
        server:settimeout(net.LIMIT)
        local child <close> = peer.start([[
            local s = assert(socket.create_connection({"127.0.0.1", tonumber(...)}))
            s:sendall("ready")
            local ok, message = pcall(s.recv, s, 100)
            assert(not ok and message:find "interrupted!", message)
            s:sendall("again")
            say(s:recv(100))
            s:settimeout(5)
            say(s:recv(100))
        ]], server:getsockname().port)
        local conn <close> = assert(server:accept())
        assert.equal("ready", conn:recv(100))
        peer.await_sleep(child)
        peer.signal(child, "INT")
        conn:settimeout(net.LIMIT)
        assert.equal("again", conn:recv(100))
        conn:sendall("one")
        child:expect("one")
        conn:sendall("two")
        local output <const>, status <const> = child:finish()
        assert.same({"one\ntwo\n", 0}, {output, status})
    end)
end)

describe("signals without a meaning", function()
    -- Stops and continues the child as fast as a shell can until it ends: each time
    -- the kernel cuts its waiting short.
    local function storm(child)
        os.execute(("i=0; while [ $i -lt 1000000 ] && kill -STOP %d 2>/dev/null; do "
            .. "kill -CONT %d 2>/dev/null; i=$((i+1)); done"):format(child.pid, child.pid))
        peer.signal(child, "CONT 2>/dev/null")
    end

    it("neither stretch nor cut a timeout", function()
        local child <close> = peer.start[[
            local a, b = socket.socketpair()
            local server = assert(socket.create_server({"127.0.0.1", 0}, {backlog = 0}))
            local listener, f = server, a:makefile()
            for _, s in ipairs{a, b, server} do s:settimeout(0.2) end
            for i = 1, 4 do
                local c = assert(socket.socket())
                c:settimeout(0.05)
                if c:connect(server:getsockname()) then KEPT = {KEPT, c} end
            end
            local hole, c = server:getsockname(), socket.socket()
            server = assert(socket.create_server{"127.0.0.1", 0})
            server:settimeout(0.2)
            c:settimeout(0.2)
            say "ready"
            local calls = {
                connect = function() return c:connect(hole) end,
                recv = function() return a:recv(1) end,
                accept = function() return server:accept() end,
                read = function() return f:read() end,
                sendall = function() return b:sendall(("x"):rep(16 << 20)) end,
            }
            for _, name in ipairs{"recv", "accept", "read", "sendall", "connect"} do
                local start = socket.monotonic()
                local _, _, code = calls[name]()
                local took = socket.monotonic() - start
                say(name, code, took >= 0.2 and "not early", took < 10 and "not late")
            end
        ]]
        child:expect("ready")
        storm(child)
        local output <const>, status <const> = child:finish()
        local expected = "ready\n"
        for _, name in ipairs{"recv", "accept", "read", "sendall", "connect"} do
            expected = expected .. name .. "\ttimeout\tnot early\tnot late\n"
        end
        assert.equal(expected, output)
        assert.equal(0, status)
    end)

    it("lose no data", function()
        local server <close> = assert(socket.create_server{"127.0.0.1", 0})
        server:settimeout(net.LIMIT)
        local child <close> = peer.start([[
            local s = assert(socket.create_connection({"127.0.0.1", tonumber(...)}))
            local total = 0
            for i = 1, 1000 do
                local data = ("<I4"):pack(i):rep(1000)
                assert(s:sendall(data) == 4000)
            end
            assert(s:shutdown(socket.SHUT_WR))
            local data, _, code = s:recv(100000, socket.MSG_WAITALL)
            say(#data)
        ]], server:getsockname().port)
        local conn <close> = assert(server:accept())
        conn:settimeout(net.LIMIT)
        local f <close> = assert(conn:makefile())
        for i = 1, 1000 do
            if i % 20 == 0 then
                peer.signal(child, "STOP")
                peer.signal(child, "CONT")
            end
            assert.equal(("<I4"):pack(i):rep(1000), f:read_exact(4000))
        end
        conn:sendall(("y"):rep(100000))
        assert.equal("100000\n", (child:finish()))
    end)
end)
