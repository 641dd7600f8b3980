-- status, running, isyieldable, and the arguments that are refused.

local check <const> = require "spec.support.coroutine.check"

local DEAD <const> = "cannot resume dead coroutine"
local BUSY <const> = "cannot resume non-suspended coroutine"

-- Every value that is not a coroutine.
local others <const> = {
    ["number"] = 1, ["string"] = "x", ["boolean"] = true, ["table"] = {},
    ["function"] = print,
}

return {
    {"create returns a new coroutine each time, and does not start it", function()
        local called = false
        local function f() called = true end
        local a <const>, b <const> = coroutine.create(f), coroutine.create(f)
        assert(type(a) == "thread" and a ~= b and tostring(a):find "^thread: ")
        assert(coroutine.wrap(f) ~= coroutine.wrap(f))
        assert(not called and coroutine.status(a) == "suspended")
        check.values("1", select("#", coroutine.create(f)))
        check.values("1", select("#", coroutine.wrap(f)))
    end},

    {"status is suspended, running, normal, dead", function()
        local outer, inner
        outer = coroutine.create(function()
            check.values("running suspended", coroutine.status(outer), coroutine.status(inner))
            assert(coroutine.resume(inner))
            check.values("running suspended", coroutine.status(outer), coroutine.status(inner))
            coroutine.yield()
            assert(coroutine.resume(inner))
            check.values("running dead", coroutine.status(outer), coroutine.status(inner))
        end)
        inner = coroutine.create(function()
            check.values("normal running", coroutine.status(outer), coroutine.status(inner))
            coroutine.yield()
            check.values("normal running", coroutine.status(outer), coroutine.status(inner))
        end)
        check.values("suspended", coroutine.status(outer))
        assert(coroutine.resume(outer))
        check.values("suspended suspended", coroutine.status(outer), coroutine.status(inner))
        assert(coroutine.resume(outer))
        check.values("dead dead", coroutine.status(outer), coroutine.status(inner))
    end},

    {"status after an error, and of what never ran", function()
        local co <const> = coroutine.create(error)
        check.values("suspended", coroutine.status(co))
        coroutine.resume(co)
        check.values("dead", coroutine.status(co))
        local never <const> = coroutine.create(error)
        coroutine.close(never)
        check.values("dead", coroutine.status(never))
    end},

    {"status of the coroutine that runs, and of the main thread", function(where)
        local self <const>, is_main <const> = coroutine.running()
        check.values("running", coroutine.status(self))
        assert(is_main == (where == "main") and (self == check.main()) == is_main)
        check.values("normal", check.inside(coroutine.status, self))
        check.values("normal", check.inside(coroutine.status, check.main()))
    end},

    {"running returns the coroutine, and whether it is the main one", function(where)
        local self <const>, is_main <const> = coroutine.running()
        assert(type(self) == "thread" and is_main == (where == "main"))
        local co
        co = coroutine.create(function()
            for _ = 1, 3 do
                local got <const>, main <const> = coroutine.running()
                assert(got == co and main == false)
                assert(check.inside(coroutine.running) ~= co)
                coroutine.yield()
            end
        end)
        for _ = 1, 3 do
            assert(coroutine.resume(co))
            assert(coroutine.running() == self)
        end
        check.values("2", select("#", coroutine.running()))
    end},

    {"isyieldable is false on the main thread, true in a coroutine", function(where)
        assert(coroutine.isyieldable() == (where ~= "main"))
        assert(coroutine.isyieldable((coroutine.running())) == (where ~= "main"))
        assert(coroutine.isyieldable(check.main()) == false)
        check.values("true", check.inside(coroutine.isyieldable))
        check.inside(function()
            check.values("true true", pcall(coroutine.isyieldable))
            assert(coroutine.isyieldable((coroutine.running())))
            assert(not coroutine.isyieldable(check.main()))
        end)
    end},

    {"isyieldable of a coroutine that does not run", function()
        local co <const> = coroutine.create(coroutine.yield)
        check.values("true", coroutine.isyieldable(co))
        assert(coroutine.resume(co))
        check.values("true", coroutine.isyieldable(co))
    end},

    {"isyieldable is false in what C calls, also for who asks from elsewhere", function()
        local function blocked()
            local self <const> = coroutine.running()
            assert(not coroutine.isyieldable() and not coroutine.isyieldable(self))
            assert(not check.inside(coroutine.isyieldable, self))
            check.values("true", check.inside(coroutine.isyieldable))
            return false
        end
        check.inside(function()
            local count = 0
            table.sort({1, 2}, function() count = count + 1 return blocked() end)
            string.gsub("x", "x", function() count = count + 1 blocked() end)
            tostring(setmetatable({}, {__tostring = function()
                count = count + 1
                blocked()
                return ""
            end}))
            load(function() count = count + 1 blocked() end)
            assert(count >= 4 and coroutine.isyieldable())
        end)
    end},

    {"isyieldable is false in a finalizer", function()
        local got
        check.inside(function()
            setmetatable({}, {__gc = function() got = {coroutine.isyieldable()} end})
            collectgarbage()
        end)
        assert(got and got[1] == false)
    end},

    {"a dead coroutine is not resumed", function()
        local co <const> = coroutine.create(function() end)
        assert(coroutine.resume(co))
        check.failed(DEAD, coroutine.resume(co))
        check.failed(DEAD, coroutine.resume(co, 1, 2, 3))
        local failed <const> = coroutine.create(error)
        check.failed("first", coroutine.resume(failed, "first"))
        check.failed(DEAD, coroutine.resume(failed))
        check.failed(DEAD, coroutine.resume(failed, 1, 2, 3))
        check.values("dead dead", coroutine.status(co), coroutine.status(failed))
    end},

    {"a coroutine does not resume itself", function()
        local self <const> = coroutine.running()
        check.failed(BUSY, coroutine.resume(self))
        local co
        co = coroutine.create(function()
            check.failed(BUSY, coroutine.resume(co, 1, 2))
            check.values("running", coroutine.status(co))
            coroutine.yield(1)
            check.failed(BUSY, coroutine.resume(co))
            return 2
        end)
        check.values("true 1", coroutine.resume(co))
        check.values("true 2", coroutine.resume(co))
    end},

    {"nor one that waits for it, nor the main thread", function()
        local self <const> = coroutine.running()
        local outer
        outer = coroutine.create(function()
            check.inside(function()
                check.values("normal", coroutine.status(outer))
                check.failed(BUSY, coroutine.resume(outer, 1))
                check.failed(BUSY, coroutine.resume(self))
                check.failed(BUSY, coroutine.resume(check.main()))
            end)
            return "untouched"
        end)
        check.values("true untouched", coroutine.resume(outer))
    end},

    {"wrap's function does not resume itself", function()
        local closed = false
        local f
        f = coroutine.wrap(function()
            local _ <close> = check.closing(function() closed = true end)
            check.raises(BUSY, f, 1)
            check.raises(check.here(1) .. BUSY, function()
                f()
            end)
            check.raises(BUSY, coroutine.wrap(f))
            assert(not closed)
            coroutine.yield(1)
            return 2
        end)
        check.values("1 false", f(), closed)
        check.values("2 true", f(), closed)
    end},

    {"create and wrap want a function", function()
        for name, v in pairs(others) do
            if name ~= "function" then
                local expected <const> = "function expected, got " .. name
                check.refuses("coroutine.create", expected, coroutine.create, v)
                check.refuses("coroutine.wrap", expected, coroutine.wrap, v)
            end
        end
        local callable <const> = setmetatable({}, {__call = print})
        for _, name in ipairs{"create", "wrap"} do
            local f <const> = coroutine[name]
            assert(not pcall(f, callable) and not pcall(f, (coroutine.running())))
            check.refuses("coroutine." .. name, "function expected, got no value", f)
            check.refuses("coroutine." .. name, "function expected, got nil", f, nil)
        end
    end},

    {"resume, status and close want a coroutine", function()
        for _, name in ipairs{"resume", "status", "close"} do
            local f <const> = coroutine[name]
            for kind, v in pairs(others) do
                check.refuses("coroutine." .. name, "%a+ expected, got " .. kind, f, v)
            end
            check.refuses("coroutine." .. name, "%a+ expected, got no value", f)
            check.refuses("coroutine." .. name, "%a+ expected, got nil", f, nil)
            local wrapped <const> = coroutine.wrap(print)
            check.refuses("coroutine." .. name, "%a+ expected, got function", f, wrapped)
        end
        check.refuses("coroutine.isyieldable", "%a+ expected, got number", coroutine.isyieldable, 1)
    end},

    {"a refusal names the function and the place of the call", function()
        local here <const> = check.here()
        for name, f in pairs{
            create = function() coroutine.create(1) end, wrap = function() coroutine.wrap(1) end,
            resume = function() coroutine.resume(1) end, close = function() coroutine.close(1) end,
            status = function() coroutine.status(1) end,
        } do
            local _, message <const> = pcall(f)
            local line <const> = debug.getinfo(f, "S").linedefined
            local place <const> = here:gsub("%d+: $", line .. ": ")
            local start <const> = place .. "bad argument #1 to '" .. name .. "' ("
            assert(message:sub(1, #start) == start, message)
        end
    end},

    {"more arguments than needed do no harm", function()
        check.values("thread", type(coroutine.create(print, 1, 2)))
        check.values("5", coroutine.wrap(math.abs, 1, 2)(-5))
        local co <const> = coroutine.create(print)
        check.values("suspended", coroutine.status(co, 1, 2))
        check.values("true", coroutine.close(co, 1, 2))
    end},
}
