-- Tidewire's side of every row, written as a script would write it.
-- Arguments as every peer's: CASE TRANSPORT WHERE COUNT (see harness.c).

local socket = require "tidewire.socket"

local MESSAGE <const>, BLOCK <const> = 64, 64 * 1024

local function reach(transport, where)
    if transport == "pair" then
        return assert(socket.socket{ family = socket.AF_UNIX, fileno = tonumber(where) })
    end
    local s = assert(socket.create_connection({ "127.0.0.1", tonumber(where) }))
    assert(s:setoption("nodelay", true))
    return s
end

local cases = {}

function cases.echo(s)
    while true do
        local data = s:recv(MESSAGE)
        if not data then return end
        s:sendall(data)
    end
end

function cases.send(s, count)
    local block <const> = ("x"):rep(BLOCK)
    for _ = 1, count // BLOCK do
        assert(s:sendall(block))
    end
end

function cases.recv(s, count)
    local buffer <const> = socket.buffer(BLOCK)
    local got = 0
    assert(s:sendall("r"))
    while got < count do
        got = got + assert(s:recv_into(buffer))
    end
    assert(s:sendall("d"))
end

local function report_heap(s)
    collectgarbage()
    collectgarbage()
    assert(s:sendall(("%d\n"):format(collectgarbage("count") * 1024)))
end

function cases.memory(s, count)
    local hold = {}
    for i = 1, 2 * count do hold[i] = false end
    report_heap(s)
    s:recv(1)
    for i = 1, 2 * count, 2 do
        hold[i], hold[i + 1] = socket.socketpair()
        assert(hold[i], hold[i + 1])
    end
    report_heap(s)
    return hold
end

local case, transport, where, count = table.unpack(arg)
local s <close> = reach(transport, where)
local held <const> = cases[case](s, tonumber(count))
s:recv(1) -- the harness closes when it has read the clocks
return held
