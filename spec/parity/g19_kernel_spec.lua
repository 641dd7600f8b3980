-- Families that few kernels have (cases 332 to 347 of the parity list, as far as
-- they need one). What is to be said about them is in spec/kernel, for a machine
-- that has them (make test-kernel); it is borrowed from there if this one turns out
-- to have them too, and else skipped, with the reason.

local socket <const> = require "tidewire.socket"

-- VSOCK to oneself: the family alone is not enough.
local function vsock_loopback()
    local LOCAL <const>, ANY <const>, VSOCK <const> = 1, 0xffffffff, 40
    local server <close>, message = socket.socket(VSOCK, socket.SOCK_STREAM)
    if not server then return nil, message end
    assert(server:bind{ANY, ANY})
    assert(server:listen())
    local client <close> = assert(socket.socket(VSOCK, socket.SOCK_STREAM))
    client:settimeout(0.2)
    local ok <const>, problem <const> = client:connect{LOCAL, server:getsockname().port}
    return ok, "no loopback: " .. tostring(problem)
end

-- A socket of CAN is of no use without an interface.
local function can_interface()
    local s <close>, message = socket.socket(29, socket.SOCK_RAW, 1)
    if not s then return nil, message end
    return s:bind{"vcan0"}
end

-- A function that tries to make a socket.
local function family(...)
    local arguments <const> = table.pack(...)
    return function()
        local s <close>, message = socket.socket(table.unpack(arguments))
        return s and true, message
    end
end

local FAMILIES <const> = {
    {name = "vsock", has = vsock_loopback,
        "G19/332 a connection to oneself"},
    {name = "tipc", has = family(30, socket.SOCK_RDM),
        "G19/333 a message goes to a name", "G19/334 a connection between names"},
    {name = "can", has = can_interface,
        "G19/336 binding to any interface", "G19/338 loopback and filters",
        "G19/339 frames, and the broadcast manager", "G19/340 ISO-TP and J1939 are bound"},
    {name = "alg", has = family(38, socket.SOCK_SEQPACKET),
        "G19/341 digests", "G19/342 ciphers and random numbers",
        "G19/344 a name that is not too long, but nobody's"},
    {name = "qipcrtr", has = family(42, socket.SOCK_DGRAM),
        "G19/345 binding, and connecting without"},
    {name = "bluetooth", has = family(31, socket.SOCK_SEQPACKET, 0),
        "G19/346 sockets"},
    {name = "rds", has = family(21, socket.SOCK_SEQPACKET),
        "G19/347 messages"},
}

for _, one in ipairs(FAMILIES) do
    describe(one.name .. ":", function()
        local path <const> = ("spec/kernel/kernel_%s_spec.lua"):format(one.name)
        local cases <const> = loadfile(path, "t", _ENV)
        local has <const>, message = one.has()
        if has and cases then return cases() end
        if has then message = "there is no " .. path end
        for _, case in ipairs(one) do
            pending(case .. ": " .. message)
        end
    end)
end
