-- Lookups that take long. The C library reads the file that HOSTALIASES names
-- before it asks a name server, so a FIFO there makes it as slow as we like.

local net <const> = require "spec.support.net"
local peer <const> = require "spec.support.peer"
local socket <const> = require "tidewire.socket"

local PRELUDE <const> = [[
    local function took(limit, f, ...)
        local start = socket.monotonic()
        local code = select(3, f(...))
        local time = socket.monotonic() - start
        assert(time >= limit, "early")
        assert(time < limit + 2, "late")
        return code
    end
]]

local fifo

-- Starts a script for which looking up "slow" does not end before release().
local function start(script)
    return peer.start_with("export HOSTALIASES=" .. fifo, PRELUDE .. script)
end

-- Lets one lookup go on, if there is one that waits.
local function release()
    return os.execute(("dd if=/dev/null of=%s oflag=nonblock conv=notrunc 2>/dev/null")
        :format(fifo))
end

local function alive(child)
    local file <close> = io.open("/proc/" .. child.pid .. "/stat")
    return file ~= nil
end

local function possible()
    local child <close> = start[[
        say(select(3, socket.getaddrinfo("slow", 80, {timeout = 0.1})))
    ]]
    return child:finish() == "timeout\n"
end

describe("a slow lookup", function()
    setup(function()
        fifo = net.path()
        assert(os.execute("mkfifo " .. fifo))
    end)

    teardown(function() os.remove(fifo) end)

    local function when_possible(name, f)
        it(name, function()
            if not possible() then
                pending("this C library or nsswitch.conf has no HOSTALIASES")
                return
            end
            f()
        end)
    end

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
        ]]
        local output <const>, status <const> = child:finish()
        assert.equal(("timeout\n"):rep(6), output)
        assert.equal(0, status)
    end)

    when_possible("holds up neither other lookups nor other sockets", function()
        local child <close> = start[[
            for _ = 1, 3 do
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
            for _ = 1, 10 do -- more than there are threads
                assert(took(0.01, socket.getaddrinfo, "slow", 80, {timeout = 0.01}) == "timeout")
            end
            say "stuck"
            local list, message = socket.getaddrinfo("127.0.0.1", 80, {timeout = 10})
            say(list and #list > 0, message)
            collectgarbage()
            say(#assert(socket.getaddrinfo("localhost", 80, {timeout = 10})) > 0)
        ]]
        child:expect("stuck")
        peer.await_sleep(child)
        local deadline <const> = socket.monotonic() + net.LIMIT
        while alive(child) and socket.monotonic() < deadline do release() end
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
