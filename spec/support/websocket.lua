-- What the specs of WebSockets share: ends without a handshake, raw frames.

local socket <const> = require "tidewire.socket"
local found <const>, connection <const> = pcall(require, "tidewire.websocket.connection")

local support <const> = { found = found,
    reason = "the module is not built: libwslay-dev or nettle-dev was not installed" }

local OPTIONS <const> = { max_message = 1000000, max_fragments = 100, max_pending = 200000,
    ping_interval = false, pong_timeout = 5, write_timeout = 5, close_timeout = 2 }

local function with(given)
    local o <const> = setmetatable({}, { __index = OPTIONS })
    for key, value in pairs(given or {}) do
        o[key] = value
    end
    return o
end

--- A stream that has a socket to itself.
function support.stream(s)
    local stream <const> = s:makefile "rw"
    s:close()
    return stream
end

--- One side of a connection; and the other one as a socket.
function support.one(client, given)
    local a <const>, b <const> = assert(socket.socketpair(socket.AF_INET))
    b:settimeout(10)
    return connection.new(support.stream(a), client, with(given), {}), b
end

--- A server's and a client's side of one connection.
function support.both(given, clients)
    local a <const>, b <const> = assert(socket.socketpair(socket.AF_INET))
    return connection.new(support.stream(a), false, with(given), {}),
        connection.new(support.stream(b), true, with(clients or given), {})
end

--- A frame; those of clients have a mask.
function support.frame(first, payload, masked, claimed)
    local n <const> = claimed or #payload
    local bit <const> = masked and 0x80 or 0
    local head = n < 126 and ("B"):pack(n | bit) or n < 65536 and (">BI2"):pack(126 | bit, n)
        or (">BI8"):pack(127 | bit, n)
    if masked then
        head = head .. "\1\2\3\4"
        payload = payload:gsub("()(.)", function(at, byte)
            return string.char(byte:byte() ~ ((at - 1) % 4 + 1))
        end)
    end
    return string.char(first) .. head .. payload
end

--- Reads frames of a server from a socket: a list of {first, payload}, until the
-- connection ends, or so many.
function support.frames(peer, count)
    local stream <const>, list <const> = peer:makefile("r", 0), {}
    while #list < (count or math.huge) do
        local head <const> = stream:read_exact(2)
        if not head then
            break
        end
        local first <const>, n = head:byte(1, 2)
        assert(n < 128, "a mask")
        n = n == 126 and (">I2"):unpack(stream:read_exact(2)) or
            n == 127 and (">I8"):unpack(stream:read_exact(8)) or n
        list[#list + 1] = { first, n > 0 and stream:read_exact(n) or "" }
    end
    return list
end

return support
