-- The HTTP server in a host that forks: the child has a copy of everything, and none
-- of it is the child's own.

local net <const> = require "spec.support.net"
local process <const> = dofile("examples/lib/process.lua")

local HOST <const> = (os.getenv "TIDEWIRE_BUILD" or "build") .. "/test/fork_host "

-- For the scripts: the path of a Unix socket, and what its server says.
local COMMON <const> = [[
    local http = require "tidewire.http"
    local path = os.tmpname()
    os.remove(path)
    local function get()
        local r, _, code = http.get("http://x/", {socket = path, timeout = 5,
            keep_alive = false})
        return r and r.body or code
    end
]]

-- What a script prints that can fork.
local function forking(script)
    local path <const> = net.file(COMMON .. script)
    local child <close> = process.start(HOST .. path)
    local output <const>, status <const> = child:finish()
    os.remove(path)
    return output, status
end

describe("a child made by fork", function()
    it("may end in the middle of a request, with the server still open", function()
        local output <const>, status <const> = forking [[
            local task = require "tidewire.task"
            local server <close> = assert(http.server{path = path, handler = function(_, res)
                print(fork(function() end))
                res:send(("x"):rep(1000000))
            end})
            task.spawn(function()
                print(#get(), #get())
                server:stop()
                print(get())
            end)
            print(server:run())
        ]]
        assert.equal("0\n0\n1000000\t1000000\nENOENT\ntrue\n", output)
        assert.equal(0, status)
    end)

    it("may close its copy of the server, and cannot use it", function()
        local output <const>, status <const> = forking [[
            local socket = require "tidewire.socket"
            local server = assert(http.server{path = path, handler = function(_, res)
                res:send "here"
            end})
            local run = server:start()
            print(get())
            print(fork(function()
                print(get())
                server:stop()
                server:close()
                print((server:add(socket.socketpair())))
            end))
            print(get())
            print(fork(function() server:close() end))
            print(get())
            server:close()
            print(run:join(5), get())
        ]]
        assert.equal("here\nECHILD\nnil\n0\nhere\n0\nhere\ntrue\tENOENT\n", output)
        assert.equal(0, status)
    end)
end)
