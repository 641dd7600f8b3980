-- The transports that the cases of parity.lua run over: how sockets of each are
-- made and bound, and how their addresses travel to another process.

local assert <const> = require "luassert"
local net <const> = require "spec.support.net"
local socket <const> = require "tidewire.socket"

local transports <const> = {}

local methods <const> = {}
local transport_mt <const> = {__index = methods}

local function ip(kind, proto)
    return {family = socket.AF_INET, type = kind, proto = proto, host = "127.0.0.1"}
end

local function ip6(kind, proto)
    return {family = socket.AF_INET6, type = kind, proto = proto, host = "::1"}
end

local function unix(kind)
    return {family = socket.AF_UNIX, type = kind, proto = 0}
end

local STREAM <const>, DGRAM <const> = socket.SOCK_STREAM, socket.SOCK_DGRAM

local all <const> = {
    tcp = ip(STREAM, 0),
    tcp6 = ip6(STREAM, 0),
    udp = ip(DGRAM, 0),
    udp6 = ip6(DGRAM, 0),
    unix = unix(STREAM),
    unix_dgram = unix(DGRAM),
    unix_seqpacket = unix(socket.SOCK_SEQPACKET),
    udplite = ip(DGRAM, socket.IPPROTO_UDPLITE),
    udplite6 = ip6(DGRAM, socket.IPPROTO_UDPLITE),
    sctp = ip(STREAM, socket.IPPROTO_SCTP),
    mptcp = ip(STREAM, socket.IPPROTO_MPTCP or 262),
    mptcp6 = ip6(STREAM, socket.IPPROTO_MPTCP or 262),
}

-- A connection of messages: each has a sender, as datagrams have.
all.sctp.named = true

for name, transport in pairs(all) do
    transport.name = name
    transport.stream = transport.type ~= DGRAM
    setmetatable(transport, transport_mt)
end

--- Lists of names, by what they have in common. SEQPACKET is in none of them.
transports.groups = {
    STREAMS = {"tcp", "tcp6", "unix", "sctp", "mptcp"},
    DATAGRAMS = {"udp", "udp6", "unix_dgram", "udplite", "udplite6"},
    ALL = {"tcp", "tcp6", "unix", "sctp", "mptcp", "udp", "udp6", "unix_dgram", "udplite",
        "udplite6"},
    -- Those without messages in them, of which one direction may end alone.
    BYTES = {"tcp", "tcp6", "unix", "mptcp"},
    TCP = {"tcp", "tcp6"},
    UDP = {"udp", "udp6"},
    UDPLITE = {"udplite", "udplite6"},
}

--- The transport of that name.
function transports.get(name)
    return all[name] or error("no such transport: " .. name, 3)
end

--- A new socket with that timeout.
function methods:new(timeout)
    local s <const> = assert(socket.socket(self.family, self.type, self.proto))
    s:settimeout(timeout)
    return s
end

--- Ditto, bound to an address of this machine that is free.
function methods:bound(timeout)
    local s <const> = self:new(timeout)
    assert(s:bind(self.host and {self.host, 0} or net.path()))
    return s
end

--- Closes a socket, and removes the file that it was bound to.
function methods:close(s)
    local path <const> = not self.host and s:fileno() ~= -1 and s:getsockname()[1]
    if path and path:find("^/") then os.remove(path) end
    s:close()
end

--- An address as plain values, and made from them.
function methods.pack(_, address)
    return address:unpack()
end

function methods:unpack(...)
    return assert(socket.address(self.host and {...} or (...)))
end

-- What a system says that does not have something.
local ABSENT <const> = {EAFNOSUPPORT = true, EPROTONOSUPPORT = true,
    ESOCKTNOSUPPORT = true, EADDRNOTAVAIL = true, ENODEV = true, EPERM = true}

-- Connects to itself, as far as that goes; nil, message, code.
local function try(self)
    local s <close>, message, code =
        socket.socket(self.family, self.type, self.proto)
    if not s or not self.host then return s, message, code end
    return s:bind{self.host, 0}
end

--- Why this system cannot use the transport; nil if it can.
function methods:missing()
    if self.tried == nil then
        local ok <const>, message <const>, code <const> = try(self)
        self.tried = not ok and ABSENT[code] and message or false
    end
    return self.tried or nil
end

return transports
