-- Servers that are measured: each is a program that says "port N" once it
-- listens. It has the last processor to itself, the load another; it ends with
-- us, and may have as many files as the system allows.

local socket = require "tidewire.socket"
local tools = require "tools"

local servers = {}

servers.load_cpu, servers.cpu = tools.processors()
servers.most = (tonumber(tools.output("ulimit -Hn")) or math.maxinteger) - 100

-- A server that nobody stopped: the pipe, made before it, waits for its end.
local mt <const> = { __gc = function(server) os.execute("kill -9 " .. server.pid) end }

-- Some say their port before they listen.
local function await(port)
    for _ = 1, port and 100 or 0 do
        local s <close> = socket.create_connection({ "127.0.0.1", port })
        if s then return end
        os.execute("sleep 0.02")
    end
end

-- Starts one; a server has its process id and its port.
function servers.start(command)
    local run <const> = "echo $$; ulimit -Sn $(ulimit -Hn); "
        .. "exec setpriv --pdeathsig KILL taskset -c %s %s"
    local pipe <const> = assert(io.popen(run:format(servers.cpu, command)))
    local pid <const> = pipe:read("n")
    pipe:read("l")
    local port <const> = (pipe:read("l") or ""):match("^port (%d+)$")
    await(port)
    return setmetatable({ pipe = pipe, pid = pid, port = port }, mt)
end

function servers.stop(server)
    mt.__gc(setmetatable(server, nil))
    server.pipe:close()
end

-- The nanoseconds, user and system, that all its threads have taken so far.
function servers.time(server)
    local sum = 0
    for line in tools.output("cat /proc/" .. server.pid .. "/task/*/schedstat"):gmatch("[^\n]+") do
        sum = sum + tonumber(line:match("^%d+"))
    end
    return sum
end

-- The command that runs a load program (load.h) on its processor.
function servers.load(program, mode, server, connections, seconds)
    return ("taskset -c %s %s %s %s %d %g %d"):format(servers.load_cpu,
        tools.quoted(tools.built .. program), mode, server.port or 0, connections, seconds,
        server.pid)
end

-- The numbers a load program prints about a fresh server; none after a line on
-- stderr. The load waits for the server's end, so that is brought about as soon
-- as there are numbers.
function servers.measure(peer, program, mode, connections, seconds)
    local server <const> = servers.start(peer.command)
    local load <close> = assert(io.popen(servers.load(program, mode, server, connections,
        seconds)))
    local line <const> = load:read("l")
    servers.stop(server)
    if not line then
        io.stderr:write(("%s failed with %d connections\n"):format(peer.name, connections))
        return
    end
    local numbers <const> = {}
    for number in line:gmatch("%S+") do numbers[#numbers + 1] = tonumber(number) end
    return table.unpack(numbers)
end

return servers
