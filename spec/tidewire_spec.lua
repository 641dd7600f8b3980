-- require "tidewire", and what loading the modules does to the program.

local net <const> = require "spec.support.net"
local peer <const> = require "spec.support.peer"
local socket <const> = require "tidewire.socket"
local tidewire <const> = require "tidewire"

describe("tidewire", function()
    it("loads its modules when they are first used", function()
        assert.equal(socket, tidewire.socket)
        assert.equal(socket, rawget(tidewire, "socket"))
        assert.is_nil(tidewire.no_such_module)
        assert.matches("^%d+%.%d+%.%d+", tidewire._VERSION)
        assert.equal(tidewire._VERSION, socket._VERSION)
    end)

    it("does not load what is not asked for", function()
        local output <const>, status <const> = peer.run[[
            package.loaded["tidewire.socket"] = nil
            local tidewire = require "tidewire"
            say(package.loaded["tidewire.socket"])
            local _ = tidewire.socket
            say(type(package.loaded["tidewire.socket"]))
        ]]
        assert.same({"nil\ntable\n", 0}, {output, status})
    end)

    it("adds no global, and no signal handler", function()
        local output <const>, status <const> = peer.run[[
            local names = {}
            for name in pairs(_G) do names[#names + 1] = name end
            package.loaded["tidewire.socket"] = nil
            package.loaded["tidewire.core"] = nil
            require "tidewire.socket"
            local count = 0
            for _ in pairs(_G) do count = count + 1 end
            say(count == #names)
            local status = io.open("/proc/self/status"):read("a")
            local inherited = io.popen("cat /proc/self/status"):read("a")
            say(status:match("SigIgn:%s*(%x+)") == inherited:match("SigIgn:%s*(%x+)"))
            local caught = tonumber(status:match("SigCgt:%s*(%x+)"), 16)
            say(caught & 1 << 12 == 0) -- SIGPIPE
        ]]
        assert.same({"true\ntrue\ntrue\n", 0}, {output, status})
    end)

    it("waits with the backend that the environment names", function()
        assert.equal(os.getenv "TIDEWIRE_BACKEND" or "epoll", socket.backend())
        for _, name in ipairs{"poll", "epoll"} do
            local child <close> = peer.start_with(
                "export TIDEWIRE_BACKEND=" .. name, "say(socket.backend())")
            assert.equal(name .. "\n", (child:finish()))
        end
        local child <close> = peer.start_with("export TIDEWIRE_BACKEND=abacus", "")
        local output <const>, status <const> = child:finish()
        assert.equal(1, status)
        assert.is_truthy(output:find("unknown backend 'abacus'", 1, true))
    end)

    it("keeps the metatables of its types to itself", function()
        local s <close> = net.udp()
        for _, v in ipairs{s, s:getsockname(), socket.buffer(1), s:makefile()} do
            assert.equal("locked", getmetatable(v))
            assert.is_false(pcall(setmetatable, v, {}))
        end
    end)
end)
