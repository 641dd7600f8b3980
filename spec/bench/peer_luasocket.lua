-- LuaSocket's side of every row. It cannot adopt a descriptor, so where the
-- others inherit one end of a socketpair it connects to a Unix socket.
-- Arguments as every peer's: CASE TRANSPORT WHERE COUNT (see harness.c).

local socket = require "socket"
local unix = require "socket.unix"

local MESSAGE <const>, BLOCK <const> = 64, 64 * 1024

local function reach(transport, where)
    if transport == "unix" then
        local s = assert(unix.stream())
        assert(s:connect(where))
        return s
    end
    local s = assert(socket.connect("127.0.0.1", tonumber(where)))
    assert(s:setoption("tcp-nodelay", true))
    return s
end

local cases = {}

function cases.echo(s)
    while true do
        local data = s:receive(MESSAGE)
        if not data then return end
        s:send(data)
    end
end

function cases.send(s, count)
    local block <const> = ("x"):rep(BLOCK)
    for _ = 1, count // BLOCK do
        assert(s:send(block))
    end
end

function cases.recv(s, count)
    assert(s:send("r"))
    for _ = 1, count // BLOCK do
        assert(s:receive(BLOCK))
    end
    assert(s:send("d"))
end

local function report_heap(s)
    collectgarbage()
    collectgarbage()
    assert(s:send(("%d\n"):format(collectgarbage("count") * 1024)))
end

function cases.memory(s, count)
    local path <const> = os.tmpname()
    os.remove(path)
    local server = assert(unix.stream())
    assert(server:bind(path))
    assert(server:listen(1))
    local hold = {}
    for i = 1, 2 * count do hold[i] = false end
    report_heap(s)
    s:receive(1)
    for i = 1, 2 * count, 2 do
        hold[i] = assert(unix.stream())
        assert(hold[i]:connect(path))
        hold[i + 1] = assert(server:accept())
    end
    os.remove(path)
    report_heap(s)
    return hold
end

local case, transport, where, count = table.unpack(arg)
local s = reach(transport, where)
local held <const> = cases[case](s, tonumber(count))
s:receive(1) -- the harness closes when it has read the clocks
return held
