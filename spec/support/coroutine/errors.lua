-- Errors that end a coroutine, and how resume and wrap's function report them.

local check <const> = require "spec.support.coroutine.check"

local DEAD <const> = "cannot resume dead coroutine"

local function throw(...)
    error(...)
end

return {
    {"an error ends the coroutine, and resume returns it", function()
        local co <const> = coroutine.create(function() error("boom", 0) end)
        check.failed("boom", coroutine.resume(co))
        check.values("dead", coroutine.status(co))
    end},

    {"the message says where in the coroutine the error was", function()
        local co <const> = coroutine.create(function()
            coroutine.yield(check.here(1))
            error "boom"
        end)
        local _, place <const> = coroutine.resume(co)
        check.failed(place .. "boom", coroutine.resume(co))
    end},

    {"an error after a yield is reported by the resume that led to it", function()
        local co <const> = check.started(function()
            coroutine.yield()
            coroutine.yield()
            error {}
        end)
        check.values("true", coroutine.resume(co))
        local ok <const>, e <const> = coroutine.resume(co)
        assert(ok == false and type(e) == "table" and next(e) == nil)
    end},

    {"an error object of any type is passed on as it is", function()
        local objects <const> = {{}, print, io.stdout, coroutine.running(), true, false, 12, 1.5,
            setmetatable({}, {__tostring = function() return "object" end})}
        for _, e in ipairs(objects) do
            check.failed(e, coroutine.resume(coroutine.create(error), e))
            check.failed(e, coroutine.resume(coroutine.create(throw), e))
            check.raises(e, coroutine.wrap(throw), e)
            check.raises(e, function()
                coroutine.wrap(throw)(e)
            end)
        end
    end},

    {"an error object may be nil", function()
        check.failed(nil, coroutine.resume(coroutine.create(error)))
        check.failed(nil, coroutine.resume(coroutine.create(throw), nil))
        check.raises(nil, coroutine.wrap(error))
        check.raises(nil, function()
            coroutine.wrap(error)(nil)
        end)
    end},

    {"an error with a level", function()
        local place = {}
        local function fail(level)
            place[1] = check.here(1)
            error("boom", level)
        end
        local function body(level)
            place[2] = check.here(1)
            fail(level)
        end
        for level, expected in pairs{[0] = "", [1] = 1, [2] = 2, [3] = ""} do
            local ok <const>, message <const> = coroutine.resume(coroutine.create(body), level)
            check.values("false " .. (place[expected] or "") .. "boom", ok, message)
        end
    end},

    {"errors of Lua's own have their place", function()
        for _, bad in ipairs{
            {"attempt to perform arithmetic on a nil value", function(x) return x + 1 end},
            {"attempt to call a nil value", function(x) return (x()) end},
            {"attempt to index a nil value", function(x) return x.y end},
            {"attempt to compare number with nil", function(x) return 1 < x end},
        } do
            local line <const> = debug.getinfo(bad[2], "S").linedefined
            local start <const> = check.here():gsub("%d+: $", line .. ": ") .. bad[1]
            local ok <const>, message <const> = coroutine.resume(coroutine.create(bad[2]))
            assert(ok == false and message:sub(1, #start) == start, message)
        end
        check.failed("assertion failed!", coroutine.resume(coroutine.create(assert), false))
        check.failed("why", coroutine.resume(coroutine.create(assert), nil, "why"))
    end},

    {"wrap's function puts its caller's place before a string", function()
        local f <const> = coroutine.wrap(function() error("boom", 0) end)
        check.raises(check.here(1) .. "boom", function()
            f()
        end)
        local inner
        local g <const> = coroutine.wrap(function()
            inner = check.here(1)
            error "boom"
        end)
        local outer <const> = check.here(1)
        local _, message <const> = pcall(function() g() end)
        check.values(outer .. inner .. "boom", message)
    end},

    {"wrap's function called from C has no place to add", function()
        check.raises("boom", coroutine.wrap(function() error("boom", 0) end))
        local f <const> = coroutine.wrap(function(place) error(place, 0) end)
        check.values("false x", select(2, pcall(pcall, f, "x")))
        check.failed("y", coroutine.resume(coroutine.create(coroutine.wrap(error)), "y", 0))
    end},

    {"wrap's function in a loop adds the loop's place", function()
        local place
        local ok <const>, message <const> = pcall(function()
            local f <const> = coroutine.wrap(function(_, i)
                coroutine.yield(i)
                error("boom", 0)
            end)
            place = check.here(1)
            for _ in f, nil, 1 do
                assert(true)
            end
        end)
        check.values("false " .. place .. "boom", ok, message)
    end},

    {"places pile up through nested wraps, numbers get none", function()
        local function nest(n, e)
            if n == 0 then error(e, 0) end
            return (coroutine.wrap(nest)(n - 1, e))
        end
        local place <const> = check.here(-2)
        check.raises(place:rep(5) .. "boom", nest, 5, "boom")
        check.raises(12, nest, 5, 12)
        local t <const> = {}
        check.raises(t, nest, 5, t)
    end},

    {"wrap on a dead coroutine", function()
        local f <const> = coroutine.wrap(function() end)
        check.values("", f())
        check.raises(DEAD, f)
        check.raises(check.here(1) .. DEAD, function()
            f(1, 2, 3)
        end)
        local g <const> = coroutine.wrap(error)
        check.raises("boom", g, "boom", 0)
        check.raises(DEAD, g)
        check.raises(check.here(1) .. DEAD, function()
            g()
        end)
    end},

    {"an error passes through nested resumes as their result", function()
        local e <const> = {}
        local co <const> = coroutine.create(function()
            local inner <const> = coroutine.create(function()
                return coroutine.resume(coroutine.create(error), e)
            end)
            return coroutine.resume(inner)
        end)
        local a <const>, b <const>, c <const>, d <const> = coroutine.resume(co)
        check.values("true true false", a, b, c)
        assert(d == e)
    end},

    {"an error that a pcall inside catches does not end the coroutine", function()
        local co <const> = coroutine.create(function()
            local ok <const>, message <const> = pcall(error, "inside", 0)
            coroutine.yield(ok, message)
            return "goes on"
        end)
        check.values("true false inside", coroutine.resume(co))
        check.values("true goes on", coroutine.resume(co))
    end},

    {"an error in an error handler", function()
        local co <const> = coroutine.create(function()
            local ok <const> = xpcall(error, function() error "again" end, "first")
            coroutine.yield(ok)
            return "goes on"
        end)
        check.values("true false", coroutine.resume(co))
        check.values("true goes on", coroutine.resume(co))
    end},

    {"a handler in a coroutine sees the stack of the error", function()
        local function failing_function() error("boom", 0) end
        local co <const> = coroutine.create(function()
            return xpcall(function() failing_function() return 1 end, debug.traceback)
        end)
        local ok <const>, caught <const>, trace <const> = coroutine.resume(co)
        check.values("true false", ok, caught)
        assert(trace:find("^boom\nstack traceback:\n\t%[C%]: in function 'error'"), trace)
        assert(trace:find("in upvalue 'failing_function'", 1, true), trace)
        assert(trace:find("[C]: in function 'xpcall'", 1, true), trace)
    end},

    {"a handler outside sees the call of wrap's function, not what is inside", function()
        local trace
        local f <const> = coroutine.wrap(function() error("boom", 0) end)
        local place <const> = check.here(2)
        local function call()
            f()
        end
        local ok <const>, e <const> = xpcall(call, function(message)
            trace = debug.traceback()
            return message
        end)
        check.values("false " .. place .. "boom", ok, e)
        local wanted <const> = "[C]: in upvalue 'f'\n\t" .. place .. "in function <"
        assert(trace:find(wanted, 1, true), trace)
        assert(not trace:find("'error'", 1, true), trace)
    end},

    {"a stack overflow in a coroutine is its error, and nobody else's", function()
        local function deep() return 1 + deep() end
        for _ = 1, 2 do
            local co <const> = coroutine.create(deep)
            local ok <const>, message <const> = coroutine.resume(co)
            assert(ok == false and message:find("stack overflow", 1, true), message)
            check.values("dead", coroutine.status(co))
            check.values("false", (pcall(coroutine.wrap(deep))))
        end
    end},

    {"resume is no pcall for the arguments it is given", function()
        check.values("false", (pcall(coroutine.resume)))
        check.values("true false x", pcall(coroutine.resume, coroutine.create(error), "x", 0))
    end},
}
