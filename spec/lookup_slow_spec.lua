-- Lookups that take long.

local net <const> = require "spec.support.net"
local peer <const> = require "spec.support.peer"
local resolver <const> = require "spec.support.resolver"
local socket <const> = require "tidewire.socket"

local PRELUDE <const> = [[
    local task = require "tidewire.task"
    local function took(limit, f, ...)
        local start = socket.monotonic()
        local value, _, code = f(...)
        local time = socket.monotonic() - start
        assert(time >= limit, "early")
        assert(time < limit + 2, "late")
        return code or value
    end
]]

local slow

local function start(script)
    return slow:start(PRELUDE .. script)
end

local function alive(child)
    local file <close> = io.open("/proc/" .. child.pid .. "/stat")
    return file ~= nil
end

describe("a slow lookup", function()
    setup(function() slow = resolver.slow() end)
    teardown(function() slow:remove() end)

    local when_possible <const> = resolver.it_with(function() return slow end,
        function(reason) pending(reason) end)

    when_possible("is cut off by the timeout of whoever needs it", function()
        local child <close> = start[[
            local s = socket.socket()
            local u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            s:settimeout(0.1)
            u:settimeout(0.1)
            say(took(0.1, socket.getaddrinfo, "slow", 80, {timeout = 0.1}))
            say(took(0.1, s.connect, s, "slow", 80))
            say(took(0.1, s.connect_ex, s, "slow", 80))
            say(took(0.1, s.bind, s, "slow", 80))
            say(took(0.1, u.sendto, u, "x", "slow", 80))
            say(took(0.1, socket.create_connection, {"slow", 80}, 0.1))
            say(took(0.1, socket.gethostbyname, "slow", 0.1))
            say(took(0.1, socket.gethostbyname_ex, "slow", 0.1))
            say(took(0.1, socket.gethostbyaddr, "slow", 0.1))
            say(took(0.1, socket.getfqdn, "slow", 0.1))
        ]]
        local output <const>, status <const> = child:finish()
        assert.equal(("timeout\n"):rep(9) .. "slow\n", output)
        assert.equal(0, status)
    end)

    when_possible("is cut off by what cuts off its task", function()
        local child <close> = start[[
            for _, name in ipairs{"getaddrinfo", "gethostbyname", "gethostbyname_ex",
                "gethostbyaddr", "getfqdn"} do
                local f = socket[name]
                say(took(0.05, task.timeout, 0.05, f, "slow"))
                local t <close> = task.spawn(f, "slow")
                task.sleep(0.01)
                t:cancel()
                say(took(0, t.join, t))
            end
        ]]
        local output <const>, status <const> = child:finish()
        assert.equal(("timeout\ncancelled\n"):rep(5), output)
        assert.equal(0, status)
    end)

    when_possible("holds up neither other lookups nor other sockets", function()
        local child <close> = start[[
            for _ = 1, 15 do -- fewer than there may be threads
                assert(took(0.01, socket.getaddrinfo, "slow", 80, {timeout = 0.01}) == "timeout")
            end
            local server = assert(socket.create_server{"127.0.0.1", 0})
            local s = assert(socket.create_connection({"localhost",
                server:getsockname().port}, 5))
            local conn = server:accept()
            conn:sendall("hello")
            say(s:recv(10))
            say(select(3, socket.getaddrinfo("a..b", 80)))
        ]]
        assert.equal("hello\nEAI_NONAME\n", (child:finish()))
    end)

    when_possible("may end after nobody wants it any more", function()
        local child <close> = start[[
            for _ = 1, 20 do -- more than there are threads
                assert(took(0.01, socket.getaddrinfo, "slow", 80, {timeout = 0.01}) == "timeout")
            end
            say "stuck"
            local list, message = socket.getaddrinfo("localhost", 80, {timeout = 10})
            say(list and #list > 0, message)
            collectgarbage()
            say(#assert(socket.getaddrinfo("localhost", 80, {timeout = 10})) > 0)
        ]]
        child:expect("stuck")
        peer.await_sleep(child)
        local deadline <const> = socket.monotonic() + net.LIMIT
        while alive(child) and socket.monotonic() < deadline do slow:release() end
        local output <const>, status <const> = child:finish()
        assert.equal("stuck\ntrue\tnil\ntrue\n", output)
        assert.equal(0, status)
    end)

    when_possible("does not keep the program from ending", function()
        local began <const> = socket.monotonic()
        local child <close> = start[[
            say(took(0.01, socket.getaddrinfo, "slow", 80, {timeout = 0.01}))
        ]]
        local output <const>, status <const> = child:finish()
        assert.same({"timeout\n", 0}, {output, status})
        assert.is_true(socket.monotonic() - began < 5)
    end)

    when_possible("is interrupted by Ctrl-C", function()
        local child <close> = start[[
            say "ready"
            socket.getaddrinfo("slow", 80)
        ]]
        child:expect("ready")
        peer.await_sleep(child)
        peer.signal(child, "INT")
        local output <const>, status <const> = child:finish()
        assert.is_truthy(output:find("interrupted!", 1, true))
        assert.equal(1, status)
    end)
end)
