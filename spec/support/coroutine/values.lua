-- Values that go into a coroutine and come out of it.

local check <const> = require "spec.support.coroutine.check"

local function echo(...)
    local values = table.pack(...)
    while true do
        values = table.pack(coroutine.yield(table.unpack(values, 1, values.n)))
    end
end

local function is_numbers(n, ...)
    assert(select("#", ...) == n, select("#", ...))
    local t <const> = {...}
    for i = 1, n do
        assert(t[i] == i)
    end
    return true
end

return {
    {"the first resume's values are the function's arguments", function()
        local co <const> = coroutine.create(function(...) return select("#", ...), ... end)
        check.values("true 4 a nil false nil", coroutine.resume(co, "a", nil, false, nil))
    end},

    {"no value is none, not nil", function()
        local co <const> = coroutine.create(function(...)
            assert(select("#", ...) == 0)
            assert(select("#", coroutine.yield()) == 0)
            assert(select("#", coroutine.yield(nil)) == 1)
            return
        end)
        check.values("true", coroutine.resume(co))
        check.values("true nil", coroutine.resume(co))
        check.values("true", coroutine.resume(co, nil))
        assert(coroutine.status(co) == "dead")
    end},

    {"nils at the end are kept both ways", function()
        local co <const> = coroutine.create(echo)
        check.values("true nil nil nil", coroutine.resume(co, nil, nil, nil))
        check.values("true 1 nil", coroutine.resume(co, 1, nil))
        check.values("true", coroutine.resume(co))
        local f <const> = coroutine.wrap(echo)
        check.values("nil nil", f(nil, nil))
        check.values("", f())
        check.values("x nil", f("x", nil))
    end},

    {"yield returns what resume is given, resume what yield is given", function()
        local co <const> = coroutine.create(function(a, b)
            local c <const> = coroutine.yield(a + b, a - b)
            local d <const>, e <const> = coroutine.yield(c * 2)
            return d, e, "end"
        end)
        check.values("true 30 10", coroutine.resume(co, 20, 10))
        check.values("true 14", coroutine.resume(co, 7))
        check.values("true x y end", coroutine.resume(co, "x", "y"))
        check.failed("cannot resume dead coroutine", coroutine.resume(co))
    end},

    {"the example of the manual", function()
        local said <const> = {}
        local function say(...)
            said[#said + 1] = table.concat({...}, " ")
        end
        local function foo(a)
            say("foo", a)
            return coroutine.yield(2 * a)
        end
        local co <const> = coroutine.create(function(a, b)
            say("co-body", a, b)
            local r <const> = foo(a + 1)
            say("co-body", r)
            local s <const>, t <const> = coroutine.yield(a + b, a - b)
            say("co-body", s, t)
            return b, "end"
        end)
        check.values("true 4", coroutine.resume(co, 1, 10))
        check.values("true 11 -9", coroutine.resume(co, "r"))
        check.values("true 10 end", coroutine.resume(co, "x", "y"))
        check.values("false cannot resume dead coroutine", coroutine.resume(co, "x", "y"))
        assert(table.concat(said, "|") == "co-body 1 10|foo 2|co-body r|co-body x y")
    end},

    {"wrap returns the same values without the true", function()
        local f <const> = coroutine.wrap(function(a)
            local b <const>, c <const> = coroutine.yield(a, nil)
            return c, b
        end)
        assert(type(f) == "function")
        check.values("1 nil", f(1))
        check.values("3 2", f(2, 3))
    end},

    {"values of every type are the same objects on the other side", function()
        local all <const> = {{}, print, function() end, io.stdout, coroutine.running(),
            "text", 1 << 62, 0.5, true, false, ("x"):rep(1000)}
        local co <const> = coroutine.create(echo)
        local f <const> = coroutine.wrap(echo)
        for _, v in ipairs(all) do
            local _, got <const> = coroutine.resume(co, v)
            assert(rawequal(got, v) and rawequal(f(v), v))
            assert(math.type(got) == math.type(v))
        end
        check.values("true 1 1.0 -0.0", coroutine.resume(co, 1, 1.0, -0.0))
    end},

    {"hundreds and thousands of values pass both ways", function()
        for _, n in ipairs{19, 20, 21, 200, 250, 255, 256, 1000, 100000} do
            local t <const> = check.numbers(n)
            local co <const> = coroutine.create(echo)
            local f <const> = coroutine.wrap(echo)
            for _ = 1, 2 do
                assert(is_numbers(n, select(2, coroutine.resume(co, table.unpack(t)))))
                assert(is_numbers(n, f(table.unpack(t))))
            end
            check.values("true", coroutine.resume(co))
        end
    end},

    {"many values are returned at the end, too", function()
        local t <const> = check.numbers(5000)
        local function all() return table.unpack(t) end
        assert(is_numbers(5000, coroutine.wrap(all)()))
        local co <const> = coroutine.create(all)
        assert(is_numbers(5000, select(2, coroutine.resume(co))))
        assert(coroutine.status(co) == "dead")
    end},

    {"a C function may be the body", function()
        check.values("true 3", coroutine.resume(coroutine.create(math.max), 1, 3, 2))
        check.values("1 2", coroutine.wrap(coroutine.yield)(1, 2))
        local co <const> = check.started(coroutine.yield, 1)
        check.values("true a b", coroutine.resume(co, "a", "b"))
        assert(coroutine.status(co) == "dead")
        check.values("true", coroutine.wrap(coroutine.isyieldable)())
        local self <const> = coroutine.create(coroutine.running)
        local _, got <const>, main <const> = coroutine.resume(self)
        assert(got == self and main == false)
        check.failed("boom", coroutine.resume(coroutine.create(error), "boom"))
        check.values("true false boom", coroutine.resume(coroutine.create(pcall), error, "boom"))
    end},

    {"resume and wrap's function may be the body", function()
        local inner <const> = coroutine.create(echo)
        local f <const> = coroutine.wrap(coroutine.resume)
        check.values("true 1 nil", f(inner, 1, nil))
        assert(coroutine.status(inner) == "suspended")
        check.values("1 2", coroutine.wrap(coroutine.wrap(echo))(1, 2))
        local outer <const> = coroutine.create(coroutine.resume)
        local dead <const> = coroutine.create(error)
        check.values("true false oops", coroutine.resume(outer, dead, "oops"))
        local made <const> = coroutine.wrap(coroutine.wrap)(echo)
        check.values("7", made(7))
        check.values("true", coroutine.wrap(coroutine.close)(inner))
        check.values("dead", coroutine.wrap(coroutine.status)(inner))
    end},

    {"a yield in a tail call returns to the caller's caller", function()
        local function tail(...) return coroutine.yield(...) end
        local f <const> = coroutine.wrap(function()
            local sum = 0
            for i = 1, 10 do sum = sum + tail(i) end
            return sum
        end)
        local given = f()
        for i = 1, 9 do
            assert(given == i)
            given = f(i * 10)
        end
        check.values("10 550", given, f(100))
    end},

    {"resume and wrap's function may be called in a tail call", function()
        local co <const> = coroutine.create(echo)
        local w <const> = coroutine.wrap(echo)
        local function f(...) return coroutine.resume(co, ...) end
        local function g(...) return w(...) end
        for i = 1, 3 do
            check.values("true " .. i, f(i))
            check.values(tostring(i), g(i))
        end
    end},

    {"results are adjusted to what the caller wants", function()
        local co <const> = coroutine.create(echo)
        local w <const> = coroutine.wrap(echo)
        local ok <const>, a <const>, b <const> = coroutine.resume(co, 1)
        check.values("true 1 nil", ok, a, b)
        check.values("1 end", (w(1, 2, 3)), "end")
        coroutine.resume(co, 1, 2, 3)
        w(1, 2, 3)
        check.values("true 3 5 6", coroutine.resume(co, #{w(1, 2, 3)}, select(2, w(4, 5, 6))))
    end},
}
