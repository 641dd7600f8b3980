-- Coroutines inside tasks: what waits in one passes outward, and the coroutine
-- goes on where it was. Foreign schedulers are in nested_foreign_spec.lua.

local net <const> = require "spec.support.net"
local task <const> = require "tidewire.task"
local turns <const> = require "spec.support.turns"

-- The numbers 1 to n as lines, sent with pauses by a task; the reading stream.
local function numbers(n)
    local a <const>, b <const> = net.pair()
    task.spawn(function()
        for i = 1, n do
            b:sendall(i .. "\n")
            task.sleep(i % 2 * 0.0003)
        end
        b:close()
    end)
    return a:makefile(), a
end

-- A generator of what arrives as lines.
local function lines(f)
    return coroutine.wrap(function()
        local line = f:read()
        while line do
            coroutine.yield(tonumber(line))
            line = f:read()
        end
    end)
end

local function case(name, f)
    for _, place in ipairs(turns.places) do
        it(name .. " " .. place[1], function() place[2](f) end)
    end
end

describe("a generator that reads from a socket", function()
    case("in a for loop", function()
        local f <close>, s <const> = numbers(20)
        local n = 0
        for i in lines(f) do
            n = n + 1
            assert.equal(n, i)
        end
        assert.equal(20, n)
        s:close()
    end)

    case("three deep: producer, filter, consumer", function()
        local f <close>, s <const> = numbers(30)
        local function filter(source, keep)
            return coroutine.wrap(function()
                for i in source do
                    task.yield()
                    if keep(i) then coroutine.yield(i) end
                end
            end)
        end
        local got <const> = {}
        local even <const> = filter(lines(f), function(i) return i % 2 == 0 end)
        for i in filter(even, function(i) return i % 3 == 0 end) do got[#got + 1] = i end
        assert.same({6, 12, 18, 24, 30}, got)
        s:close()
    end)

    case("two in step", function()
        local f <close>, s <const> = numbers(10)
        local kept <const>, s2 <const> = numbers(10)
        local g <close> = kept
        local x <const>, y <const> = lines(f), lines(g)
        for i = 1, 10 do assert.same({i, i}, {x(), y()}) end
        assert.same({nil, nil}, {x(), y()})
        s:close()
        s2:close()
    end)

    case("inside pcall, xpcall, metamethods, iterators and __close", function()
        local f <close>, s <const> = numbers(12)
        local co <const> = coroutine.wrap(function()
            local function read() return tonumber(f:read()) end
            local mt <const> = {__index = read, __add = read, __call = read, __eq = function()
                return read() == 4
            end, __lt = function() return read() == 5 end, __concat = read, __len = read}
            local t <const> = setmetatable({}, mt)
            coroutine.yield(select(2, pcall(read)))
            coroutine.yield(select(2, xpcall(read, debug.traceback)))
            coroutine.yield(t.x)
            coroutine.yield(t == setmetatable({}, mt) and 4)
            coroutine.yield(t < t and 5)
            coroutine.yield(t + 1)
            coroutine.yield(t .. "")
            coroutine.yield(#t)
            coroutine.yield(t())
            local function once(_, last) return not last and read() or nil end
            for v in once do coroutine.yield(v) end
            do
                local _ <close> = setmetatable({}, {__close = function()
                    coroutine.yield(read())
                end})
            end
            local ok <const>, v <const> = pcall(function()
                local _ <close> = setmetatable({}, {__close = function() error(read(), 0) end})
                error "not this one"
            end)
            coroutine.yield(not ok and v)
        end)
        for i = 1, 12 do assert.equal(i, co()) end
        co()
        s:close()
    end)

    case("passes values and errors as without tidewire", function()
        local f <close>, s <const> = numbers(3)
        local co <const> = coroutine.create(function(...)
            local first <const> = f:read()
            local x <const>, y <const> = coroutine.yield(first, ...)
            local second <const> = f:read()
            local none <const> = select("#", coroutine.yield(x, y, second))
            f:read()
            error({none})
        end)
        assert.same({true, "1", nil, "b", nil, n = 5},
            table.pack(coroutine.resume(co, nil, "b", nil)))
        assert.same({true, nil, 7, "2", n = 4}, table.pack(coroutine.resume(co, nil, 7)))
        local ok <const>, e <const> = coroutine.resume(co)
        assert.same({false, 0, "dead"}, {ok, e[1], coroutine.status(co)})
        s:close()
    end)

    case("an error passes through nested coroutines with its place", function()
        local f <close>, s <const> = numbers(1)
        local outer <const> = coroutine.wrap(function()
            coroutine.wrap(function()
                coroutine.wrap(function()
                    f:read()
                    error "deep"
                end)()
            end)()
        end)
        local ok <const>, message <const> = pcall(outer)
        assert.is_false(ok)
        assert.is_truthy(message:find "nested_spec.lua:%d+: deep$")
        s:close()
    end)
end)

describe("coroutine.close through suspended generators", function()
    case("closes their sockets, which may wait for it", function()
        local before <const> = net.descriptors()
        local f <const>, s <const> = numbers(5)
        local order <const> = {}
        local function layer(n)
            return coroutine.create(function()
                local _ <close> = setmetatable({}, {__close = function()
                    order[#order + 1] = n
                    task.sleep(0.0005)
                end})
                local inner <close> = n < 3 and setmetatable({co = layer(n + 1)}, {
                    __close = function(self) assert(coroutine.close(self.co)) end,
                }) or s
                while true do
                    if n == 3 then
                        coroutine.yield(f:read())
                    else
                        coroutine.yield(select(2, coroutine.resume(inner.co)))
                    end
                end
            end)
        end
        local co <const> = layer(1)
        assert.same({true, "1"}, {coroutine.resume(co)})
        assert.same({true, "2"}, {coroutine.resume(co)})
        assert.is_true(coroutine.close(co))
        assert.same({3, 2, 1}, order)
        assert.equal("dead", coroutine.status(co))
        f:close()
        net.fails("closed", s:recv(1))
        turns.eventually(function() return net.descriptors() <= before end)
    end)
end)

describe("cancelling a task that waits three coroutines deep", function()
    it("unwinds them all, innermost first", function()
        local a <close>, kept <const> = net.pair()
        local b <close> = kept
        local order <const> = {}
        local function deep(n)
            local _ <close> = setmetatable({}, {__close = function(_, e)
                order[#order + 1] = n .. tostring(e)
            end})
            if n == 3 then return a:recv(1) end
            return coroutine.wrap(deep)(n + 1)
        end
        local t <const> = turns.start(deep, 1)
        t:cancel()
        net.fails("cancelled", t:join(net.LIMIT))
        assert.same({"3cancelled", "2cancelled", "1cancelled"}, order)
        b:send("v")
        assert.equal("v", a:recv(1))
    end)

    it("can be survived by one of them for its own last words", function()
        local said <const>, never <const> = {}, task.event()
        local function say(x) said[#said + 1] = x end
        local t <const> = turns.start(function()
            local co <const> = coroutine.create(function()
                local ok <const>, e <const> = pcall(never.wait, never)
                say(not ok and tostring(e))
                coroutine.yield("yielded")
                say((pcall(never.wait, never)))
                return "returned"
            end)
            say(select(2, coroutine.resume(co)))
            say(select(2, coroutine.resume(co)))
            never:wait()
        end)
        t:cancel()
        net.fails("cancelled", t:join(net.LIMIT))
        assert.same({"cancelled", "yielded", false, "returned"}, said)
    end)

    it("by a timeout around the whole, then the generator goes on", function()
        turns.inside(function()
            local a <close>, kept <const> = net.pair()
            local b <close> = kept
            local co <const> = coroutine.create(function()
                while true do
                    coroutine.yield(select(3, pcall(a.recv, a, 1)) or "got it")
                end
            end)
            net.fails("timeout", task.timeout(0.001, function()
                coroutine.resume(co)
                task.sleep(net.LIMIT)
            end))
            b:send("v")
            assert.equal("suspended", coroutine.status(co))
            coroutine.resume(co)
            assert.is_true(coroutine.close(co))
        end)
    end)
end)

describe("generators that are abandoned", function()
    it("are garbage, with the sockets they hold", function()
        turns.inside(function()
            local before <const> = net.descriptors()
            local weak <const> = setmetatable({}, {__mode = "k"})
            for _ = 1, 20 do
                local f <const>, s <const> = numbers(3)
                local next_line <const> = lines(f)
                weak[next_line] = true
                assert.equal(1, next_line())
                s:close()
                f:close()
            end
            turns.eventually(function() return net.descriptors() <= before end)
            assert.is_nil((next(weak)))
        end)
    end)
end)
