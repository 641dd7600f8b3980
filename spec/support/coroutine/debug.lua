-- The debug library on coroutines.

local check <const> = require "spec.support.coroutine.check"

local TOP <const> = "stack traceback:"
local YIELD <const> = "\n\t[C]: in function 'coroutine.yield'"

-- A coroutine suspended two calls deep; the lines it waits in.
local function nested()
    local lines <const> = {}
    local function inner(a, b)
        local c <const> = a + b
        lines[1] = check.here(1)
        local d <const> = coroutine.yield(c)
        return d
    end
    local co <const> = coroutine.create(function(x)
        lines[2] = check.here(1)
        local y = inner(x, 1)
        return y, x
    end)
    check.values("true 11", coroutine.resume(co, 10))
    return co, lines, inner
end

-- Where a function begins, as tracebacks say it.
local function begins(f)
    local info <const> = debug.getinfo(f, "S")
    return ("in function <%s:%d>"):format(info.short_src, info.linedefined)
end

-- Runs f with a hook in a coroutine of its own; returns the events: which,
-- and the function's name or (for a line) nothing.
local function events(mask, f)
    local list <const> = {}
    check.inside(function()
        debug.sethook(function(event)
            local info <const> = debug.getinfo(2, "nS")
            list[#list + 1] = event .. (info.what == "C" and " " .. info.name or "")
        end, mask)
        f()
        debug.sethook()
    end)
    return table.concat(list, ", ")
end

return {
    {"the library's functions are C functions with their names", function()
        for _, name in ipairs{"close", "create", "isyieldable", "resume", "running", "status",
            "wrap", "yield"} do
            local info <const> = debug.getinfo(coroutine[name], "S")
            check.values("C [C] =[C] -1", info.what, info.short_src, info.source, info.linedefined)
        end
        assert(package.loaded.coroutine == coroutine)
        check.values("C", debug.getinfo(coroutine.wrap(print), "S").what)
    end},

    {"traceback of a coroutine that did not start, or ended", function()
        check.values(TOP, debug.traceback(coroutine.create(print)))
        local co <const> = coroutine.create(print)
        coroutine.close(co)
        check.values(TOP, debug.traceback(co))
        local done <const> = coroutine.create(math.abs)
        coroutine.resume(done, 1)
        check.values(TOP, debug.traceback(done))
    end},

    {"traceback of a suspended coroutine", function()
        local body <const> = function()
            coroutine.yield()
        end
        local co <const> = check.started(body)
        local line <const> = ("%s:%d: "):format(check.here():match "^(.-):",
            debug.getinfo(body, "S").linedefined + 1)
        local stack <const> = TOP .. YIELD .. "\n\t" .. line .. begins(body)
        check.values(stack, debug.traceback(co))
        check.values(stack, debug.traceback(co, nil))
        check.values("message\n" .. stack, debug.traceback(co, "message"))
        check.values("5\n" .. stack, debug.traceback(co, 5))
        local t <const> = {}
        assert(debug.traceback(co, t) == t)
        check.values("m\n" .. TOP .. "\n\t" .. line .. begins(body), debug.traceback(co, "m", 1))
        check.values(TOP, debug.traceback(co, nil, 2))
    end},

    {"traceback of nested calls in a coroutine", function()
        local co <const>, lines <const> = nested()
        local trace <const> = debug.traceback(co)
        local start <const> = TOP .. YIELD .. "\n\t" .. lines[1] .. "in upvalue 'inner'\n\t"
            .. lines[2]
        check.values(start, trace:sub(1, #start))
    end},

    {"traceback of a coroutine that failed still shows where", function()
        local line
        local function fail()
            line = check.here(1)
            error "boom"
        end
        local co <const> = coroutine.create(function() fail() end)
        assert(not coroutine.resume(co))
        local start <const> = TOP .. "\n\t[C]: in function 'error'\n\t" .. line
            .. "in upvalue 'fail'"
        check.values(start, debug.traceback(co):sub(1, #start))
        assert(not coroutine.close(co))
        check.values(TOP, debug.traceback(co))
    end},

    {"traceback of a normal coroutine ends in resume", function()
        local co, trace
        co = coroutine.create(function()
            local inner <const> = coroutine.create(function() trace = debug.traceback(co) end)
            coroutine.resume(inner)
        end)
        assert(coroutine.resume(co))
        local start <const> = TOP .. "\n\t[C]: in function 'coroutine.resume'\n\t"
        check.values(start, trace:sub(1, #start))
        local wrapped <const> = coroutine.create(function()
            local f <const> = coroutine.wrap(debug.traceback)
            local got <const> = f((coroutine.running()))
            return got
        end)
        local _, got <const> = coroutine.resume(wrapped)
        local form <const> = "^" .. TOP .. "\n\t%[C%]: in [^\n]+\n\t[^\n]+: in function <[^\n]+>$"
        assert(got:find(form), got)
    end},

    {"traceback in a coroutine does not go on into its resumer", function()
        local trace <const> = check.inside(function() return (debug.traceback()) end)
        assert(trace:find "^stack traceback:\n\t[^\n]+: in function <[^\n]+>$", trace)
    end},

    {"getinfo of a coroutine's levels", function()
        local co <const>, lines <const>, inner <const> = nested()
        assert(debug.getinfo(co, 0, "f").func == coroutine.yield)
        local info <const> = debug.getinfo(co, 1, "Slnfu")
        assert(info.func == inner and info.what == "Lua" and info.name == "inner")
        check.values(lines[1], ("%s:%d: "):format(info.short_src, info.currentline))
        check.values("2 false 3", info.nparams, info.isvararg, info.nups)
        check.values(lines[2]:match ":(%d+): $", debug.getinfo(co, 2, "l").currentline)
        assert(debug.getinfo(co, 3) == nil and debug.getinfo(co, -1) == nil)
        assert(debug.getinfo(coroutine.create(print), 0) == nil)
        assert(debug.getinfo(co, inner, "S").linedefined == info.linedefined)
        check.values("false", (pcall(debug.getinfo, co, 1, "?")))
    end},

    {"getinfo names resume and wrap's function", function()
        local outer
        outer = coroutine.create(function()
            local function ask() return debug.getinfo(outer, 0, "nSf") end
            local _, info = coroutine.resume(coroutine.create(ask))
            assert(info.func == coroutine.resume and info.name == "resume" and info.what == "C")
            local wrapped <const> = coroutine.wrap(ask)
            info = wrapped()
            assert(info.func == wrapped and info.name == "wrapped" and info.what == "C")
            return true
        end)
        check.values("true true", coroutine.resume(outer))
    end},

    {"locals of a suspended coroutine are read and set", function()
        local co <const> = nested()
        check.values("a 10", debug.getlocal(co, 1, 1))
        check.values("c 11", debug.getlocal(co, 1, 3))
        check.values("nil", debug.getlocal(co, 1, 50))
        check.values("x 10", debug.getlocal(co, 2, 1))
        check.values("x", debug.setlocal(co, 2, 1, "changed"))
        check.values("false", (pcall(debug.getlocal, co, 9, 1)))
        check.values("true y changed", coroutine.resume(co, "y"))
    end},

    {"locals of a coroutine that failed are still there", function()
        local co <const> = coroutine.create(function()
            local kept = "kept"
            error(kept)
        end)
        assert(not coroutine.resume(co))
        check.values("kept kept", debug.getlocal(co, 1, 1))
    end},

    {"a hook is of one coroutine", function()
        local lines = 0
        local function hook() lines = lines + 1 end
        local co <const> = coroutine.create(function()
            local a = 1
            coroutine.yield(a)
            a = a + 1
            return a
        end)
        local before <const> = debug.gethook()
        debug.sethook(co, hook, "l")
        assert(debug.gethook() == before)
        local f <const>, mask <const>, count <const> = debug.gethook(co)
        assert(f == hook)
        check.values("l 0", mask, count)
        check.values("true 1", coroutine.resume(co))
        local seen <const> = lines
        assert(seen == 2, seen)
        check.inside(function()
            local _ = 1
        end)
        assert(lines == seen)
        check.values("true 2", coroutine.resume(co))
        assert(lines == 4, lines)
        debug.sethook(co)
        assert(debug.gethook(co) == nil)
    end},

    {"what a hook sees of resume, wrap's function and yield", function()
        local co <const> = check.started(function() coroutine.yield() end)
        local w <const> = coroutine.wrap(function() coroutine.yield() end)
        check.values("return sethook, line, call, line, call resume, return resume, line, call w, "
            .. "return w, line, call status, return status, line, return, line, call sethook",
            events("crl", function()
                coroutine.resume(co)
                w()
                coroutine.status(co)
            end))
        local list <const> = {}
        local inner <const> = coroutine.create(function()
            coroutine.yield()
        end)
        debug.sethook(inner, function(event) list[#list + 1] = event end, "crl")
        check.values("true", coroutine.resume(inner))
        check.values("call line call", table.unpack(list))
        check.values("true", coroutine.resume(inner))
        check.values("call line call return line return", table.unpack(list))
    end},

    {"a hook that raises stops a loop without end", function()
        local co <const> = coroutine.create(function()
            while true do end
        end)
        debug.sethook(co, function() error("enough", 0) end, "", 1000)
        check.failed("enough", coroutine.resume(co))
        check.values("dead", coroutine.status(co))
        local f <const> = coroutine.wrap(function()
            debug.sethook(function() error("enough", 0) end, "", 1000)
            while true do end
        end)
        check.raises("enough", f)
    end},

    {"a hook may resume coroutines", function()
        local sum = 0
        local add <const> = coroutine.wrap(function()
            while true do
                sum = sum + 1
                coroutine.yield()
            end
        end)
        check.inside(function()
            debug.sethook(function()
                add()
                assert(coroutine.resume(coroutine.create(math.abs), 1))
            end, "l")
            debug.sethook()
        end)
        assert(sum >= 1)
    end},
}
