-- What most specs need: pairs of connected sockets, results checked in one
-- line, time measured, descriptors counted.

local assert <const> = require "luassert"
local socket <const> = require "tidewire.socket"
local task <const> = require "tidewire.task"

local net <const> = {}

-- A limit for what should not wait at all, so that a hang is a failure.
net.LIMIT = 10

-- How late a timeout may be.
local LATE = 0.02

-- Where every request for memory collects, things take their time.
if (os.getenv "TIDEWIRE_LUA" or ""):find("gcstress", 1, true) then
    net.LIMIT = 60
    LATE = 2
end

--- A connected pair over loopback: client, server's side.
function net.tcp(host)
    host = host or "127.0.0.1"
    local family <const> = host:find(":", 1, true) and socket.AF_INET6 or socket.AF_INET
    local server <close> = assert(socket.create_server({host, 0}, {family = family}))
    server:settimeout(net.LIMIT)
    local client <const> = assert(socket.socket(family))
    client:settimeout(net.LIMIT)
    assert(client:connect(server:getsockname()))
    local conn <const> = assert(server:accept())
    conn:settimeout(net.LIMIT)
    return client, conn
end

--- Two sockets of the same kind over AF_UNIX, with the usual limit.
function net.pair(kind)
    local a <const>, b <const> = assert(socket.socketpair(socket.AF_UNIX, kind))
    a:settimeout(net.LIMIT)
    b:settimeout(net.LIMIT)
    return a, b
end

--- Lists of `n` sockets and of their peers, and what closes them all.
function net.pairs(n)
    local here <const>, there <const> = {}, {}
    for i = 1, n do here[i], there[i] = net.pair() end
    return here, there, setmetatable({}, {__close = function()
        for i = 1, n do
            here[i]:close()
            there[i]:close()
        end
    end})
end

--- A UDP socket bound to loopback.
function net.udp(host)
    host = host or "127.0.0.1"
    local family <const> = host:find(":", 1, true) and socket.AF_INET6 or socket.AF_INET
    local s <const> = assert(socket.socket(family, socket.SOCK_DGRAM))
    s:settimeout(net.LIMIT)
    assert(s:bind{host, 0})
    return s
end

local without_ipv6

--- Why IPv6 cannot be used here; nil if it can.
function net.without_ipv6()
    if without_ipv6 == nil then
        local s <close>, message = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        local ok = s
        if s then ok, message = s:bind{"::1", 0} end
        without_ipv6 = not ok and "no IPv6: " .. message
    end
    return without_ipv6 or nil
end

--- The loopback addresses that there are.
function net.hosts()
    return net.without_ipv6() and {"127.0.0.1"} or {"127.0.0.1", "::1"}
end

--- Something like busted's `it`, for what needs IPv6.
function net.it6(it)
    return function(name, f)
        local reason <const> = net.without_ipv6()
        if reason then return require "busted".pending(name .. ": " .. reason) end
        it(name, f)
    end
end

--- A listening socket that accepts nobody, its backlog full; what it holds is
--- closed together with it.
function net.black_hole()
    local server <const> = assert(socket.socket())
    assert(server:bind{"127.0.0.1", 0})
    assert(server:listen(0))
    local held <const> = {server}
    for _ = 1, 8 do
        local s <const> = assert(socket.socket())
        held[#held + 1] = s
        s:settimeout(0.05)
        if not s:connect(server:getsockname()) then break end
    end
    return server:getsockname(), setmetatable(held, {__close = function()
        for _, s in ipairs(held) do s:close() end
    end})
end

--- A port of this machine that nobody has, by neither version of IP.
function net.unused_port(kind)
    local both <const> = not net.without_ipv6()
    local s <close> = assert(socket.socket(both and socket.AF_INET6 or socket.AF_INET, kind))
    if both then s:setoption("v6only", false) end
    assert(s:bind{"", 0})
    return s:getsockname().port
end

--- Checks that the rest is a failure with that code: nil, message, code.
--- Returns the message and whatever comes after the code.
function net.fails(code, ...)
    local value <const>, message <const>, got <const> = ...
    assert.equal("nil/string/" .. code,
        ("%s/%s/%s"):format(type(value), type(message), got))
    return message, select(4, ...)
end

--- Checks that f(...) raises an error with that text in it; returns the error.
function net.raises(text, f, ...)
    local ok <const>, message = pcall(f, ...)
    message = tostring(message)
    assert.is_false(ok, ("nothing raised, but expected: %s"):format(text))
    assert.is_truthy(message:find(text, 1, true),
        ("%q is not in: %s"):format(text, message))
    return message
end

--- Calls f(seconds), again with four times as many while it fails, at first with
--- `least` (0.05 unless told): for what holds only if nothing keeps this process
--- waiting for so long. f leaves nothing behind.
function net.patiently(f, least)
    local ok, err
    for n = 0, 3 do
        ok, err = pcall(f, (least or 0.05) * 4 ^ n)
        if ok then return end
        if rawequal(err, task.cancelled) then break end
    end
    error(err, 0)
end

--- Checks that f() takes at least `seconds`, and at most 20 ms more in the best
--- of at most ten runs: a busy machine may be late, but nothing may ever be early.
function net.takes(seconds, f)
    local took
    for _ = 1, 10 do
        local start <const> = socket.monotonic()
        f()
        took = socket.monotonic() - start
        assert.is_true(took >= seconds, ("%.6f s early"):format(seconds - took))
        if took <= seconds + LATE then return took end
    end
    error(("took %.3f s instead of %.3f"):format(took, seconds), 2)
end

--- Checks that f() does not wait; returns its results.
function net.quick(f)
    local start <const> = socket.monotonic()
    local results <const> = table.pack(f())
    assert.is_true(socket.monotonic() - start < net.LIMIT / 2, "waited")
    return table.unpack(results, 1, results.n)
end

--- A number of /proc/<pid>/status, such as VmHWM in kB.
function net.status(key, pid)
    local file <close> = assert(io.open(("/proc/%s/status"):format(pid or "self")))
    return tonumber(file:read("a"):match(key .. ":%s*(%d+)"))
end

--- How many descriptors this process has open, of the first 1024, once what
--- is garbage has been collected.
function net.descriptors()
    collectgarbage()
    collectgarbage()
    return net.descriptors_now()
end

--- Ditto, with those that only wait for the garbage collector; up to the
--- descriptor `last`.
function net.descriptors_now(last)
    local count = 0
    for fd = 0, last or 1023 do
        local file <close> = io.open("/proc/self/fdinfo/" .. fd)
        count = count + (file and 1 or 0)
    end
    return count
end

--- True if a descriptor is in non-blocking mode.
function net.nonblocking(fd)
    local info <close> = assert(io.open("/proc/self/fdinfo/" .. fd))
    return tonumber(info:read("a"):match("flags:%s*(%d+)"), 8) & 0x800 ~= 0
end

--- A path under /tmp where nothing is yet.
function net.path()
    local name <const> = os.tmpname()
    os.remove(name)
    return name
end

--- A new file under /tmp that holds that text: its path.
function net.file(text)
    local path <const> = os.tmpname()
    local file <close> = assert(io.open(path, "w"))
    assert(file:write(text))
    return path
end

--- Reads to the end of the stream: all data, and what ended it.
function net.drain(s)
    local pieces <const> = {}
    local data, message, code = s:recv(65536)
    while data do
        pieces[#pieces + 1] = data
        data, message, code = s:recv(65536)
    end
    return table.concat(pieces), code, message
end

--- Sends until nothing more fits (or at most 64 MiB); the socket is left
--- without a timeout of its own choosing: settimeout(0).
function net.fill(s)
    s:settimeout(0)
    local total, piece = 0, ("f"):rep(65536)
    for _ = 1, 1024 do
        local n <const> = s:send(piece)
        if not n then break end
        total = total + n
    end
    return total
end

return net
