-- Sends ICMP echo requests and times the replies; IPv4, and for root only.
--   sudo lua5.4 examples/ping.lua [host [count]]

local socket <const> = require "tidewire.socket"

local HOST <const> = arg[1] or "127.0.0.1"
local COUNT <const> = assert(tonumber(arg[2] or 3), "the count must be a number")
local ECHO <const>, REPLY <const>, HEADER <const> = 8, 0, ">BBI2I2I2"
local ID <const> = math.random(0, 0xffff)

io.stdout:setvbuf("line")

local address <const> = assert(socket.gethostbyname(HOST))
local s <close>, message, code =
    socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
if not s then
    print(("ping %s: raw sockets are for root: %s"):format(address, message))
    os.exit(code == "EPERM" and 2 or 1)
end
assert(s:setoption("icmp_filter", ~(1 << REPLY))) -- hear replies only

local function request(seq)
    local data <const> = "tidewire tidewire"
    local blank <const> = HEADER:pack(ECHO, 0, 0, ID, seq) .. data
    return HEADER:pack(ECHO, 0, socket.checksum(blank), ID, seq) .. data
end

-- Waits for the reply of that number: its length and time to live; or nil, message.
local function reply(seq, deadline)
    repeat
        s:settimeout(math.max(deadline - socket.monotonic(), 1e-9))
        local packet, why = s:recvfrom(2048)
        if not packet then return nil, why end
        local head <const> = (packet:byte(1) & 15) * 4 -- the IP header's length
        local kind <const>, _, _, id <const>, number <const> = HEADER:unpack(packet, head + 1)
        if kind == REPLY and id == ID and number == seq then
            return #packet - head, packet:byte(9)
        end
    until false
end

print(("ping %s (%s)"):format(HOST, address))
local answered = 0
for seq = 1, COUNT do
    local start <const> = socket.monotonic()
    assert(s:sendto(request(seq), address, 0))
    local size <const>, ttl <const> = reply(seq, start + 1)
    local took <const> = (socket.monotonic() - start) * 1000
    answered = answered + (size and 1 or 0)
    print(size and ("%d bytes from %s: number %d, ttl %d, %.3f ms"):format(size, address, seq,
        ttl, took) or ("no reply to number %d"):format(seq))
end
print(("%d sent, %d answered"):format(COUNT, answered))
os.exit(answered == COUNT)
