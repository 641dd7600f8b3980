-- Errors in tasks: who gets them, with which traceback, how often.

local net <const> = require "spec.support.net"
local peer <const> = require "spec.support.peer"
local task <const> = require "tidewire.task"
local tasks <const> = require "spec.support.tasks"
local turns <const> = require "spec.support.turns"

local it <const> = tasks.checked(it)

local function fail(err)
    error(err, 0)
end

describe("the error of a task", function()
    it("is raised by join as it is, unless it is text", function()
        for _, err in ipairs{{}, 42, 1.5, true, false, print, coroutine.create(print), io.stdout,
            setmetatable({}, {__tostring = function() return "says so" end}), task.cancelled} do
            local t <const> = task.spawn(function()
                task.yield()
                error(err)
            end)
            if err == task.cancelled then
                tasks.gone(t)
            else
                local ok <const>, got = pcall(t.join, t)
                assert.is_true(not ok and rawequal(got, err))
                assert.equal("failed", t:status())
            end
        end
        local none <const> = task.spawn(error)
        assert.same({false, n = 2}, table.pack(pcall(none.join, none)))
    end)

    it("gets a traceback if it is text, that crosses the spawn", function()
        local function inner() error("boom") end
        local here <const> = tasks.line(-1)
        local function middle()
            task.yield()
            inner()
            return "not a tail call"
        end
        local t <const> = task.spawn(function() middle() return 1 end)
        local spawned <const> = tasks.line(-1)
        local message <const> = net.raises(here .. ": boom\nstack traceback:\n", t.join, t)
        for _, part in ipairs{"in upvalue 'inner'", "in upvalue 'middle'"} do
            assert.is_truthy(message:find(part, 1, true), message)
        end
        assert.equal(("\n\t(task spawned at %s)"):format(spawned),
            message:match "\n\t%(task spawned at [^\n]*%)$")
    end)

    it("tells of each task that it went through", function()
        local t <const> = task.spawn(function()
            task.spawn(function()
                task.spawn(fail, "deep"):join()
            end):join()
        end)
        local message <const> = net.raises("deep\nstack traceback:", t.join, t)
        local _, times <const> = message:gsub("%(task spawned at spec/task_failure_spec.lua:%d+%)",
            "")
        assert.equal(3, times)
    end)

    it("closes variables first, which may wait", function()
        local seen <const> = {}
        local t <const> = task.spawn(function()
            local _ <close> = setmetatable({}, {__close = function(_, err)
                seen[#seen + 1] = err
                task.sleep(0.001)
                seen[#seen + 1] = "waited"
            end})
            error({"first"})
        end)
        assert.is_false(pcall(t.join, t))
        assert.same({{"first"}, "waited"}, seen)
    end)

    it("may be a stack overflow", function()
        if tasks.stressed then return pending "a collection at each of 200,000 calls" end
        local function deep(n) return 1 + deep(n + 1) end
        local t <const> = task.spawn(deep, 1)
        net.raises("stack overflow", t.join, t)
        local function nested()
            return (("x"):gsub("x", function() task.yield() return nested() end))
        end
        local c <const> = task.spawn(nested)
        net.raises("C stack overflow", c.join, c)
        local function wrapped()
            return 1 + coroutine.wrap(function()
                task.yield()
                return wrapped()
            end)()
        end
        local w <const> = task.spawn(wrapped)
        net.raises("C stack overflow", w.join, w)
    end)

    it("may come from its handling", function()
        local nasty <const> = setmetatable({}, {__close = function() error({"second"}) end})
        local t <const> = task.spawn(function()
            local _ <close> = nasty
            error({"first"})
        end)
        local _, err <const> = pcall(t.join, t)
        assert.same({"second"}, err)
    end)
end)

describe("an error that nobody joins", function()
    it("goes to the handler once, with the handle", function()
        local t <const> = task.spawn(fail, {"lost"}):setname "lost task"
        turns.settle()
        assert.same({}, tasks.take_failures())
        assert.equal("failed", t:status())
        local weak <const> = setmetatable({}, {__mode = "k"})
        for _ = 1, 3 do weak[task.spawn(fail, {"lost"})] = true end
        turns.settle()
        local failures <const> = tasks.take_failures()
        assert.equal(3, #failures)
        for _, f in ipairs(failures) do
            assert.same({"lost"}, f.err)
            assert.equal("failed", f.task:status())
            assert.same({false, f.err}, {pcall(f.task.join, f.task)})
        end
        assert.is_false(pcall(t.join, t))
    end)

    it("is found out about as soon as everybody waits", function()
        collectgarbage "stop"
        local _ <close> = setmetatable({}, {__close = function() collectgarbage "restart" end})
        local taken
        local joined <const> = task.spawn(function() task.yield() fail "joined" end)
        task.spawn(function() taken = pcall(joined.join, joined) end)
        task.spawn(function() task.yield() fail {"a"} end)
        local last <const> = task.spawn(function() task.yield() fail "joined" end)
        task.spawn(function() pcall(last.join, last) end)
        task.sleep(0.001)
        local deadline <const> = os.time() + net.LIMIT
        while #tasks.failures == 0 and os.time() < deadline do task.sleep(0.001) end
        assert.is_false(taken)
        assert.same({"a"}, tasks.failures[1].err)
        assert.equal(1, #tasks.take_failures())
    end)

    it("is found out about by a main thread that waits for a socket alone", function()
        local child <close> = peer.start[[
            local task = require "tidewire.task"
            local a, b = socket.socketpair()
            task.spawn(error, "lost")
            task.yield()
            a:recv(1)
        ]]
        child:expect "error in task %S+: lost"
        child:kill()
    end)

    it("may go to nobody", function()
        task.onerror(false)
        task.spawn(fail, "ignored")
        turns.settle()
        assert.same({}, tasks.take_failures())
    end)

    it("may meet a handler that waits, spawns, or fails", function()
        local seen <const> = {}
        task.onerror(function(err)
            seen[#seen + 1] = err
            task.sleep(0.001)
            task.spawn(function() seen[#seen + 1] = "spawned" end)
            assert.is_false(pcall(task.channel().receive, task.channel()))
            error "the handler fails too"
        end)
        task.spawn(fail, {"lost"})
        turns.settle()
        tasks.take_failures()
        task.run()
        assert.same({{"lost"}, "spawned"}, seen)
    end)

    it("is printed unless told otherwise, at the latest at the end", function()
        local output <const>, status <const> = peer.run[[
            local task = require "tidewire.task"
            local kept = task.spawn(error, "with a handle")
            task.spawn(error, setmetatable({}, {__tostring = function() return "object" end}))
            task.spawn(error):setname "nameless"
            task.spawn(error, setmetatable({}, {__tostring = function() error "not even text" end}))
            warn "@on"
            task.run()
            say "end"
            KEPT = kept
        ]]
        assert.equal(0, status, output)
        for _, text in ipairs{"error in task %S+:2: with a handle\nstack traceback:",
            "error in task %S+: object\n", "error in task %S+: nil\n", "\nend\n",
            "Lua warning: tidewire: the error handler failed: .-not even text"} do
            assert.is_truthy(("\n" .. output):find(text), output)
        end
    end)

    it("checks the handler", function()
        net.raises("function expected, got number", task.onerror, 42)
        net.raises("function expected, got table", task.onerror, {})
    end)
end)

describe("onhog", function()
    local function burn(seconds)
        local deadline <const> = os.clock() + seconds
        repeat until os.clock() >= deadline
    end

    it("reports who runs long without waiting, with the time and the place", function()
        local reports <const> = {}
        task.onhog(0.01, function(seconds, where) reports[#reports + 1] = {seconds, where} end)
        local hog <const> = task.spawn(function()
            for _ = 1, 2 do
                burn(0.02)
                task.yield()
            end
        end)
        local where <const> = tasks.line(-6)
        hog:join()
        task.onhog()
        task.spawn(burn, 0.02):join()
        assert.is_true(#reports >= 2)
        local own = 0
        for _, r in ipairs(reports) do
            assert.is_true(r[1] >= 0.01)
            own = own + (r[2] == where and 1 or 0)
        end
        assert.equal(2, own)
    end)

    it("survives a function that fails", function()
        task.onhog(0, function() error "oops" end)
        assert.is_true(task.spawn(task.sleep, 0):join())
        task.onhog(nil)
    end)

    it("checks its arguments", function()
        net.raises("seconds: number of seconds expected, got string", task.onhog, "x", print)
        net.raises("negative or NaN", task.onhog, -1, print)
        net.raises("function expected, got number", task.onhog, 1, 42)
    end)
end)
