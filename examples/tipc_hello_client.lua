-- Sends each line you type to the TIPC service, and prints what comes back.
--   first terminal:   lua5.4 examples/tipc_hello_server.lua [service]
--   second terminal:  lua5.4 examples/tipc_hello_client.lua [service]

local socket <const> = require "tidewire.socket"

local SERVICE <const> = assert(tonumber(arg[1] or 18888), "the service must be a number")

io.stdout:setvbuf("line")

local client <close>, message, code = socket.socket(socket.AF_TIPC, socket.SOCK_RDM)
if code == "EAFNOSUPPORT" then
    print "this kernel has no TIPC: try `sudo modprobe tipc`"
    os.exit(2)
end
assert(client, message)
client:settimeout(5)

for line in io.lines() do
    -- Instance 5 of the service, wherever it is: the domain 0 means anywhere.
    assert(client:sendto(line, {socket.TIPC_ADDR_NAME, SERVICE, 5, 0}))
    print((assert(client:recv(1024))))
end
