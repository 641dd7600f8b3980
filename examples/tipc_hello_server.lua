-- Says hello over TIPC, where servers are known by a service and an instance, not by
-- the machine that they run on. Needs a kernel with the module `tipc`.
--   first terminal:   lua5.4 examples/tipc_hello_server.lua [service]
--   second terminal:  lua5.4 examples/tipc_hello_client.lua [service]

local socket <const> = require "tidewire.socket"

local SERVICE <const> = assert(tonumber(arg[1] or 18888), "the service must be a number")

io.stdout:setvbuf("line")

local server <close>, message, code = socket.socket(socket.AF_TIPC, socket.SOCK_RDM)
if code == "EAFNOSUPPORT" then
    print "this kernel has no TIPC: try `sudo modprobe tipc`"
    os.exit(2)
end
assert(server, message)
-- Instances 0 to 9 of the service, everywhere in the cluster.
assert(server:bind {socket.TIPC_ADDR_NAMESEQ, SERVICE, 0, 9, socket.TIPC_CLUSTER_SCOPE})
print("listening on " .. tostring(server:getsockname()))

while true do
    local data, client = assert(server:recvfrom(1024))
    print(("%s says: %s"):format(client, data))
    server:sendto("hello, " .. data, client)
end
