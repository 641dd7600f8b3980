-- Depths, counts and memory.

local check <const> = require "spec.support.coroutine.check"

-- How deep f can be nested by `enter`, which calls f(depth) and raises again
-- what that raised; and the error at the end.
local function depth(enter)
    local deepest = 0
    local function f(n)
        deepest = n
        enter(f, n + 1)
    end
    local ok <const>, message <const> = pcall(f, 1)
    assert(not ok)
    return deepest, message
end

local function raise(ok, message)
    if not ok then error(message, 0) end
end

local function resuming(f, n)
    raise(coroutine.resume(coroutine.create(f), n))
end

local function calling(f, n)
    raise(pcall(f, n))
end

local function wrapping(f, n)
    coroutine.wrap(f)(n)
end

-- Yields with its arguments on its stack, then says how many values it is
-- given, and the first argument.
local function full(...)
    local given <const> = select("#", coroutine.yield())
    return given, (...)
end

-- Makes `count` suspended coroutines that nobody refers to; returns a weak
-- table with them.
local function abandoned(count, new)
    local weak <const> = setmetatable({}, {__mode = "k"})
    for _ = 1, count do
        weak[new()] = true
    end
    return weak
end

local function collected(weak)
    collectgarbage()
    collectgarbage()
    return next(weak) == nil
end

return {
    {"three coroutines deep, each yields to its own resumer", function()
        local f <const> = coroutine.wrap(function(a)
            local g <const> = coroutine.wrap(function(b)
                local h <const> = coroutine.wrap(function(c)
                    local d <const> = coroutine.yield("h" .. c)
                    return "h" .. d
                end)
                coroutine.yield("g" .. h(b + 1))
                return "g" .. h "end"
            end)
            coroutine.yield("f" .. g(a + 1))
            return "f" .. g "ignored"
        end)
        check.values("fgh3 fghend", f(1), f())
    end},

    {"150 coroutines deep, twice", function()
        local function body(n)
            if n == 150 then
                return coroutine.yield(n)
            end
            local co <const> = coroutine.create(body)
            local ok, value = coroutine.resume(co, n + 1)
            while coroutine.status(co) == "suspended" do
                ok, value = coroutine.resume(co, coroutine.yield(value))
            end
            return assert(ok and value) + 1
        end
        local co <const> = coroutine.create(body)
        check.values("true 150", coroutine.resume(co, 1))
        check.values("suspended", coroutine.status(co))
        check.values("true 1149", coroutine.resume(co, 1000))
        check.values("dead", coroutine.status(co))
    end},

    {"150 wraps deep", function()
        local function body(n)
            local inner <const> = n > 0 and coroutine.wrap(body) or function(i) return i end
            for i = 0, 2 do
                coroutine.yield(inner(i == 0 and n - 1 or i) + 1)
            end
            return "end"
        end
        for _, n in ipairs{0, 3, 150} do
            local f <const> = coroutine.wrap(body)
            check.values(("%d %d %d end"):format(n, n + 2, n + 3), f(n), f(1), f(2), f())
        end
    end},

    {"resumes that nest without end are an error", function()
        for _ = 1, 2 do
            local deepest <const>, message <const> = depth(resuming)
            assert(message == "C stack overflow", message)
            assert(deepest >= 150, deepest)
        end
        check.values("1", coroutine.wrap(math.abs)(-1))
    end},

    {"wraps that nest without end are an error", function()
        for _ = 1, 2 do
            local deepest <const>, message <const> = depth(wrapping)
            assert(message:find "^[^ ]*:%d+: .*C stack overflow$", message)
            assert(deepest >= 150, deepest)
        end
        check.values("1", coroutine.wrap(math.abs)(-1))
    end},

    {"a resume takes as much of the C stack as a pcall", function()
        local calls <const>, resumes <const>, wraps <const> =
            depth(calling), depth(resuming), depth(wrapping)
        assert(resumes >= calls and wraps >= calls, calls .. " " .. resumes .. " " .. wraps)
    end},

    {"a coroutine that overflowed may be closed, and others are well", function()
        local closed = 0
        local last
        local function body()
            local _ <close> = check.closing(function() closed = closed + 1 end)
            local co <const> = coroutine.create(body)
            last = last or co
            raise(coroutine.resume(co))
        end
        local co <const> = coroutine.create(body)
        check.failed("C stack overflow", coroutine.resume(co))
        check.failed("C stack overflow", coroutine.close(co))
        check.failed("C stack overflow", coroutine.close(last))
        check.values("dead dead 2", coroutine.status(co), coroutine.status(last), closed)
    end},

    {"too many arguments to resume", function()
        check.inside(function()
            local t <const> = check.numbers(600000)
            local co <const> = coroutine.create(full)
            check.values("true", coroutine.resume(co, table.unpack(t)))
            check.failed("too many arguments to resume", coroutine.resume(co, table.unpack(t)))
            check.values("suspended", coroutine.status(co))
            check.values("true 2 1", coroutine.resume(co, 1, 2))
        end)
    end},

    {"too many arguments to wrap's function", function()
        check.inside(function()
            local TOO_MANY <const> = "too many arguments to resume"
            local t <const> = check.numbers(600000)
            local f <const> = coroutine.wrap(full)
            f(table.unpack(t))
            check.failed(TOO_MANY, pcall(f, table.unpack(t)))
            check.raises(check.here(1) .. TOO_MANY, function()
                f(table.unpack(t))
            end)
            check.values("2 1", f(1, 2))
        end)
    end},

    {"too many results to resume", function()
        local t <const> = check.numbers(600000)
        local co <const> = coroutine.create(function()
            coroutine.yield(table.unpack(t))
            return "end"
        end)
        coroutine.wrap(function(...)
            check.failed("too many results to resume", coroutine.resume(co))
            check.values("suspended 1", coroutine.status(co), (...))
            local last <const> = coroutine.create(function() return table.unpack(t) end)
            check.failed("too many results to resume", coroutine.resume(last))
            check.values("dead", coroutine.status(last))
            check.failed("cannot resume dead coroutine", coroutine.resume(last))
        end)(table.unpack(t))
        check.values("true end", coroutine.resume(co))
    end},

    {"too many results of wrap's function", function()
        local t <const> = check.numbers(600000)
        local closed = false
        local f <const> = coroutine.wrap(function()
            local _ <close> = check.closing(function() closed = true end)
            coroutine.yield(table.unpack(t))
            return "end"
        end)
        coroutine.wrap(function(...)
            check.raises("too many results to resume", f)
            check.values("false 1", closed, (...))
        end)(table.unpack(t))
        check.values("end true", f(), closed)
    end},

    {"many coroutines at once", function()
        local list <const> = {}
        for i = 1, 5000 do
            list[i] = check.started(function(n)
                while true do n = n + coroutine.yield(n) end
            end, i)
        end
        for round = 1, 3 do
            for i, co in ipairs(list) do
                local _, n <const> = coroutine.resume(co, 1)
                assert(n == i + round)
            end
        end
    end},

    {"suspended coroutines are garbage when nobody refers to them", function()
        assert(collected(abandoned(100, function() return check.started(coroutine.yield) end)))
        assert(collected(abandoned(100, function() return coroutine.create(print) end)))
        assert(collected(abandoned(100, function()
            local f <const> = coroutine.wrap(coroutine.yield)
            f()
            return f
        end)))
    end},

    {"so are those that refer to themselves, or to each other", function()
        assert(collected(abandoned(20, function()
            local co
            co = check.started(function()
                local self <const> = co
                coroutine.yield(self)
            end)
            return co
        end)))
        assert(collected(abandoned(20, function()
            local f
            f = coroutine.wrap(function()
                local inner <const> = coroutine.wrap(function() coroutine.yield(f) end)
                inner()
                coroutine.yield(inner)
            end)
            f()
            return f
        end)))
    end},

    {"and those that are dead, closed or failed", function()
        for _, body in ipairs{function() end, error, coroutine.yield} do
            assert(collected(abandoned(20, function()
                local co <const> = coroutine.create(body)
                coroutine.resume(co)
                coroutine.close(co)
                return co
            end)))
        end
    end},

    {"what a garbage coroutine holds is finalized, but not closed", function()
        local finalized, closed = false, false
        check.inside(function()
            check.started(function()
                local _ <const> = setmetatable({}, {__gc = function() finalized = true end})
                local _ <close> = check.closing(function() closed = true end)
                coroutine.yield()
            end)
        end)
        collectgarbage()
        collectgarbage()
        check.values("true false", finalized, closed)
    end},

    {"collections between resumes take nothing away", function()
        local co <const> = check.started(function()
            local t <const> = {}
            for i = 1, 50 do
                t[i] = {coroutine.yield("s" .. i)}
                collectgarbage "step"
            end
            return #t, t[50][1]
        end)
        for i = 1, 49 do
            collectgarbage()
            coroutine.resume(co, "v" .. i)
        end
        check.values("true 50 v50", coroutine.resume(co, "v" .. 50))
    end},
}
