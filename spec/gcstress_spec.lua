-- Nothing that C holds may be left to the collector: the scenarios of
-- spec/support/fault with a full collection at every request for memory, and
-- the interpreter with which `make gcstress` runs the whole suite.

local net <const> = require "spec.support.net"
local process <const> = dofile("examples/lib/process.lua")

local TESTS <const> = (os.getenv "TIDEWIRE_BUILD" or "build") .. "/test/"

-- The output and status of a command.
local function run(...)
    local words <const> = {}
    for i, word in ipairs {...} do words[i] = process.quote(word) end
    local child <close> = process.start(table.concat(words, " "))
    return child:finish()
end

local function stress(where, text)
    local path <const> = net.file(text)
    local output <const>, status <const> =
        run("GCSTRESS=" .. where, TESTS .. "gcstress_host", path)
    os.remove(path)
    return output, status
end

-- What is still there of what nothing holds, after one call.
local PROBE <const> = [[
    local socket = require "tidewire.socket"
    local weak = setmetatable({}, {__mode = "k"})
    local function survives(f, ...)
        weak[{}] = true
        f(...)
        return next(weak) ~= nil
    end
    collectgarbage "stop"
    print(survives(math.floor, 1), survives(string.rep, "x", 100),
        survives(socket.buffer, 100))
]]

describe("a collection at every request for memory", function()
    it("harms no scenario", function()
        local backend <const> = os.getenv "TIDEWIRE_BACKEND" or "epoll"
        local listing <close> = assert(io.popen("ls spec/support/fault/*.lua"))
        for path in listing:lines() do
            if not path:find "check.lua$" then
                local output <const>, status <const> =
                    run(TESTS .. "fault_host", "collect", "once", backend, path)
                assert.equal(0, status, output)
                assert.is_true(tonumber(output:match "(%d+) collections") > 20, output)
            end
        end
    end)

    it("can be had everywhere", function()
        local output <const>, status <const> = stress("all", PROBE)
        assert.same({"true\tfalse\tfalse\n", 0}, {output, status})
    end)

    it("can be had while our own functions run", function()
        local output <const>, status <const> = stress("ours", PROBE)
        assert.same({"true\ttrue\tfalse\n", 0}, {output, status})
    end)

    it("leaves errors and their status as they are", function()
        local output <const>, status <const> = stress("ours", "error 'as it is'")
        assert.matches("as it is", output)
        assert.equal(1, status)
    end)
end)
