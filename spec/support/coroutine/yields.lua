-- What a coroutine can yield across, and what it cannot.

local check <const> = require "spec.support.coroutine.check"

local yield <const> = coroutine.yield
local BOUNDARY <const> = "attempt to yield across a C-call boundary"

-- Runs f in a coroutine, giving back what it yields, times ten; returns what f
-- returned and all that it yielded.
local function run(f, ...)
    local co <const> = coroutine.create(f)
    local yielded <const> = {}
    local values = table.pack(coroutine.resume(co, ...))
    while coroutine.status(co) == "suspended" do
        yielded[#yielded + 1] = values[2]
        values = table.pack(coroutine.resume(co, values[2] * 10))
    end
    assert(values[1], values[2])
    return table.concat(yielded, ","), table.unpack(values, 2, values.n)
end

-- An object all of whose metamethods yield: the event's number comes back.
local function yielding()
    local mt <const> = {}
    for i, name in ipairs{"add", "sub", "mul", "div", "mod", "pow", "unm", "idiv", "band", "bor",
        "bxor", "shl", "shr", "bnot", "concat", "len", "eq", "lt", "le", "index", "call"} do
        mt["__" .. name] = function() return yield(i) end
    end
    mt.__newindex = function(_, _, v) yield(v) end
    return setmetatable({}, mt), setmetatable({}, mt)
end

return {
    {"across pcall", function()
        check.values("1,2 true 10 20", run(function()
            return pcall(function() return yield(1), yield(2) end)
        end))
        check.values("1 false 10", run(function()
            return pcall(function() error(yield(1), 0) end)
        end))
        check.values("1 true true true 10", run(pcall, pcall, pcall, yield, 1))
    end},

    {"across xpcall, whose handler still works afterwards", function()
        local function handler(e) return "handled " .. e end
        check.values("1 true 10", run(xpcall, yield, handler, 1))
        check.values("1 false handled 10", run(xpcall, function()
            error(yield(1), 0)
        end, handler))
    end},

    {"not in xpcall's handler", function()
        local ok <const>, message <const> = coroutine.resume(coroutine.create(function()
            local e
            xpcall(error, function()
                local _
                _, e = pcall(yield)
            end)
            return e
        end))
        check.values("true " .. BOUNDARY, ok, message)
    end},

    {"across every metamethod", function()
        local a <const>, b <const> = yielding()
        check.values("1,2,3,4,5,6,7,8 10 20 30 40 50 60 70 80", run(function()
            return a + b, a - 1, 2 * b, a / b, a % b, a ^ b, -a, a // b
        end))
        check.values("9,10,11,12,13,14,15,16 90 100 110 120 130 140 150 160", run(function()
            return a & b, a | 1, 2 ~ b, a << b, a >> b, ~a, a .. "x", #a
        end))
        check.values("17,18,19,18,19 true true true true true", run(function()
            return a == b, a < b, a <= b, a > b, a >= b
        end))
        check.values("20,20,21,21 200 200 210 210", run(function()
            return a.x, a[1], a(), b(1)
        end))
        check.values("7,8", run(function() a.x = 7 b[1] = 8 end))
    end},

    {"across a concatenation of many", function()
        local a <const> = yielding()
        check.values("15 x150", run(function() return "x" .. a .. "y" .. "z" end))
        check.values("15,15 150 y150", run(function() return a .. "y", "y" .. (1 .. a) end))
    end},

    {"in the iterator of a generic for", function()
        check.values("1,2,3 60", run(function()
            local sum = 0
            for v in function(_, i) return i < 3 and yield(i + 1) // 10 or nil end, nil, 0 do
                sum = sum + v * 10
            end
            return sum
        end))
    end},

    {"in what pairs calls", function()
        local t <const> = setmetatable({}, {__pairs = function()
            return next, {yield(1)}, nil
        end})
        check.values("1 11", run(function()
            local sum = 0
            for k, v in pairs(t) do sum = sum + k + v end
            return sum
        end))
    end},

    {"when a <close> variable goes out of scope", function()
        check.values("1,2 a b", run(function()
            local _ <close> = check.closing(function() yield(2) end)
            local _ <close> = check.closing(function() yield(1) end)
            return "a", "b"
        end))
        check.values("1,2,3 end", run(function()
            for i = 1, 3 do
                local _ <close> = check.closing(function() yield(i) end)
                goto continue
                ::continue::
            end
            return "end"
        end))
    end},

    {"when an error closes a <close> variable under pcall", function()
        check.values("1,2 false boom", run(pcall, function()
            local _ <close> = check.closing(function(_, e) assert(e == "boom") yield(2) end)
            local _ <close> = check.closing(function(_, e) assert(e == "boom") yield(1) end)
            error("boom", 0)
        end))
    end},

    {"in what dofile runs", function()
        local path <const> = os.tmpname()
        local file <const> = assert(io.open(path, "w"))
        file:write "local x = coroutine.yield(1) return x, coroutine.yield(2)"
        file:close()
        local yielded <const>, a <const>, b <const> = run(dofile, path)
        os.remove(path)
        check.values("1,2 10 20", yielded, a, b)
    end},

    {"not in table.sort's comparison", function()
        check.inside(function()
            check.raises(BOUNDARY, table.sort, {1, 2, 3}, yield)
            check.raises(BOUNDARY, table.sort, {1, 2, 3}, function(a, b) return yield(a < b) end)
            check.raises(BOUNDARY, table.sort, {yielding()})
        end)
    end},

    {"not in string.gsub's replacement", function()
        check.inside(function()
            check.raises(BOUNDARY, string.gsub, "abc", ".", yield)
            check.raises(BOUNDARY, string.gsub, "abc", ".", function(c) return (yield(c)) end)
            check.raises(BOUNDARY, string.gsub, "abc", ".", (yielding()))
        end)
    end},

    {"not in what else C calls", function()
        check.inside(function()
            local a <const> = yielding()
            check.raises(BOUNDARY, tostring, setmetatable({}, {__tostring = yield}))
            check.raises(BOUNDARY, ipairs({}), a, 0)
            check.raises(BOUNDARY, table.concat, a, "", 1, 2)
            check.values("nil " .. BOUNDARY, load(yield))
            package.preload["spec.yields"] = yield
            local ok <const>, message <const> = pcall(require, "spec.yields")
            package.preload["spec.yields"] = nil
            check.values("false " .. BOUNDARY, ok, message)
        end)
    end},

    {"not in a hook", function()
        local ok, message
        check.inside(function()
            debug.sethook(function()
                debug.sethook()
                ok, message = pcall(yield)
            end, "l")
            local _ = 1
        end)
        check.values("false " .. BOUNDARY, ok, message)
    end},

    {"not across a refused boundary, but after it", function()
        local f <const> = coroutine.wrap(function()
            assert(not pcall(table.sort, {1, 2, 3}, yield))
            assert(coroutine.isyieldable())
            yield(20)
            return 30
        end)
        check.values("20 30", f(), f())
    end},

    {"a refused yield ends a coroutine like any error", function()
        local co <const> = coroutine.create(table.sort)
        check.failed(BOUNDARY, coroutine.resume(co, {1, 2, 3}, yield))
        check.values("dead", coroutine.status(co))
    end},

    {"not outside of a coroutine", function(where)
        if where == "main" then
            local OUTSIDE <const> = "attempt to yield from outside a coroutine"
            check.raises(OUTSIDE, yield)
            check.raises(OUTSIDE, yield, 1, 2)
            check.raises(OUTSIDE, table.sort, {1, 2, 3}, yield)
            check.raises(OUTSIDE, function()
                yield(1)
            end)
        end
    end},

    {"a coroutine in what C calls may itself yield to there", function()
        local function body(...)
            local a, b = ...
            while true do
                a, b = yield(a < b)
            end
        end
        local t <const> = {3, 1, 2, 5, 4}
        table.sort(t, coroutine.wrap(body))
        check.values("1 2 3 4 5", table.unpack(t))
        local count = coroutine.wrap(function()
            for i = 1, math.huge do yield(tostring(i)) end
        end)
        check.values("1-2-3 3", string.gsub("a-a-a", "a", count))
        local pieces <const> = {"return ", "1 ", "+ 2", nil}
        count = coroutine.wrap(function()
            for i = 1, 4 do yield(pieces[i]) end
        end)
        check.values("3", assert(load(count))())
    end},

    {"wrap's function as a metamethod, a module's loader, a hook and a finalizer", function()
        local counter <const> = function()
            return coroutine.wrap(function() for i = 1, 100 do yield(i) end end)
        end
        local mt <const> = {__index = counter(), __add = counter(), __call = counter()}
        local o <const> = setmetatable({}, mt)
        check.values("1 2 1 2 1 2", o.x, o.y, o + 1, 1 + o, o(), o(1))
        package.preload["spec.counter"] = counter()
        check.values("1", (require "spec.counter"))
        package.preload["spec.counter"], package.loaded["spec.counter"] = nil, nil
        local lines, collected = 0, false
        check.inside(function()
            local hook <const> = coroutine.wrap(function()
                while true do lines = lines + 1 yield() end
            end)
            debug.sethook(hook, "l")
            local _ = 1
            debug.sethook()
            setmetatable({}, {__gc = coroutine.wrap(function() collected = true yield() end)})
        end)
        collectgarbage()
        assert(lines >= 2 and collected)
    end},
}
