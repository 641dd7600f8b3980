-- task.list: what everybody is doing, for people.

local net <const> = require "spec.support.net"
local socket <const> = require "tidewire.socket"
local task <const> = require "tidewire.task"
local tasks <const> = require "spec.support.tasks"
local turns <const> = require "spec.support.turns"

local it <const> = tasks.checked(it)

describe("list", function()
    local function entry(name)
        for _, t in ipairs(task.list()) do
            if t.name == name then return t end
        end
    end

    it("says who waits where for what, since when", function()
        local a <const>, b <const> = net.pair()
        local before <const> = socket.monotonic()
        local reader <const> = turns.start(function() return a:recv(10) end):setname "reader"
        local where <const> = tasks.line(-1)
        local got <const> = entry "reader"
        assert.is_true(got.since > before - 0.3 and got.since <= socket.monotonic())
        got.since = nil
        assert.same({name = "reader", state = "waiting", what = "recv", mode = "r",
            fd = a:fileno(), where = where, spawned = got.spawned}, got)
        assert.is_truthy(got.spawned:find "^%./spec/support/turns%.lua:%d+$"
            or got.spawned:find "^spec/support/turns%.lua:%d+$")
        b:send("x")
        assert.equal("x", reader:join(net.LIMIT))
        assert.is_nil(entry "reader")
        a:close()
        b:close()
    end)

    it("looks into coroutines, writers, sleepers and those that are ready", function()
        local a <const>, b <const> = net.pair()
        net.fill(a)
        a:settimeout(nil)
        local where
        local list <const> = {
            turns.start(function()
                coroutine.wrap(function()
                    local co <const> = coroutine.create(function()
                        where = tasks.line(1)
                        a:send("more")
                    end)
                    coroutine.resume(co)
                end)()
            end):setname "writer",
            turns.start(function() task.sleep(3600) end):setname "sleeper",
            task.spawn(task.sleep, 0):setname "ready",
        }
        local writer <const>, sleeper <const> = entry "writer", entry "sleeper"
        assert.same({"waiting", "send", "w", a:fileno(), where}, {writer.state, writer.what,
            writer.mode, writer.fd, writer.where})
        assert.same({"waiting", "sleep"}, {sleeper.state, sleeper.what, sleeper.fd})
        assert.equal("ready", entry("ready").state)
        assert.is_nil(entry("ready").where)
        task.spawn(function()
            task.current():setname "me"
            list[#list + 1] = entry("me").state
        end)
        for i = 1, 3 do list[i]:cancel() end
        task.run()
        assert.equal("running", list[4])
        a:close()
        b:close()
    end)
end)
