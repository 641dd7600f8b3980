-- Where a call waits, and how: in a task, on the main thread, and inside what
-- Lua cannot suspend.

local net <const> = require "spec.support.net"
local socket <const> = require "tidewire.socket"
local task <const> = require "tidewire.task"
local turns <const> = require "spec.support.turns"

local REFUSAL <const> = "cannot wait for another task here"

-- Counts the turns of a task that goes on while somebody else waits.
local function ticker()
    local count = 0
    local t <const> = task.spawn(function()
        while true do
            count = count + 1
            task.sleep(0.0005)
        end
    end)
    return t, function() return count end
end

-- A module in a file whose body calls `f`; found by package.path or a searcher.
local function by_require(f)
    local dir <const> = net.path()
    local name <const> = "waits_" .. dir:match "[^/]*$"
    local path <const> = dir .. name .. ".lua"
    local file <const> = assert(io.open(path, "w"))
    file:write("return {package.loaded['waits.f']()}")
    file:close()
    local before <const> = package.path
    package.loaded["waits.f"] = f
    package.path = dir .. "?.lua"
    local ok <const>, result <const> = pcall(require, name)
    package.path = before
    package.loaded[name], package.loaded["waits.f"] = nil, nil
    os.remove(path)
    if not ok then error(result, 0) end
    return result[1]
end

local function by_preload(f)
    package.preload["waits.preloaded"] = f
    local ok <const>, result <const> = pcall(require, "waits.preloaded")
    package.preload["waits.preloaded"], package.loaded["waits.preloaded"] = nil, nil
    if not ok then error(result, 0) end
    return result
end

local function by_searcher(f)
    local result
    table.insert(package.searchers, 1, function(name)
        if name == "waits.searched" then result = f() end
        return "not here"
    end)
    pcall(require, "waits.searched")
    table.remove(package.searchers, 1)
    return result
end

-- What Lua calls so that it cannot be suspended: functions that call f once and
-- return its result.
local NOT_SUSPENDABLE <const> = {
    ["a sort function"] = function(f)
        local result
        table.sort({1, 2}, function(a, b)
            result = result or f()
            return a < b
        end)
        return result
    end,
    ["a gsub callback"] = function(f)
        return (("x"):gsub("x", function() return tostring(f()) end))
    end,
    ["the body of a module"] = by_require,
    ["a preloaded module"] = by_preload,
    ["a searcher"] = by_searcher,
    ["__tostring"] = function(f)
        return tostring(setmetatable({}, {__tostring = function() return tostring(f()) end}))
    end,
    ["string.format"] = function(f)
        return ("%s"):format(setmetatable({}, {__tostring = function() return tostring(f()) end}))
    end,
    ["a reader of load"] = function(f)
        local result
        assert(load(function()
            if result == nil then
                result = f()
                return ""
            end
        end))
        return result
    end,
    ["a hook"] = function(f)
        local result
        debug.sethook(function()
            debug.sethook()
            result = f()
        end, "l")
        local _ = 1
        debug.sethook()
        return result
    end,
    ["__close of a coroutine that is closed"] = function(f)
        local result
        local co <const> = coroutine.create(function()
            local _ <close> = setmetatable({}, {__close = function() result = f() end})
            coroutine.yield()
        end)
        coroutine.resume(co)
        assert(coroutine.close(co))
        return result
    end,
    ["a finalizer"] = function(f)
        local result
        do setmetatable({}, {__gc = function() result = f() end}) end
        collectgarbage()
        return result
    end,
    ["a coroutine in a sort function"] = function(f)
        local result
        table.sort({1, 2}, function(a, b)
            result = result or coroutine.wrap(function()
                return coroutine.wrap(f)()
            end)()
            return a < b
        end)
        return result
    end,
    ["a sort function in a coroutine"] = function(f)
        return coroutine.wrap(function()
            local result
            table.sort({1, 2}, function(a, b)
                result = result or f()
                return a < b
            end)
            return result
        end)()
    end,
}

-- Those for whom tasks cannot run even on the main thread.
local NEVER <const> = {["a finalizer"] = true}

local function with_pair(f)
    local a <close>, kept <const> = net.pair()
    local b <close> = kept
    f(a, b)
end

for name, inside in pairs(NOT_SUSPENDABLE) do
    for _, place in ipairs(turns.places) do
        local where <const>, run <const> = name .. " " .. place[1], place[2]
        local in_task <const> = where:find(" in a task$") or where:find(" deep in a task$")

        describe(where, function()
            it("a socket is waited for", function()
                run(function()
                    with_pair(function(a)
                        a:settimeout(0.002)
                        local code
                        turns.takes(0.002, function()
                            code = inside(function() return select(3, a:recv(1)) end)
                        end)
                        assert.equal("timeout", code)
                    end)
                end)
            end)

            it("what arrives is received", function()
                run(function()
                    local child <close> = assert(socket.create_server{"127.0.0.1", 0})
                    local c <close> = assert(socket.create_connection(child:getsockname()))
                    local s <close> = assert(child:accept())
                    c:send("hello")
                    s:settimeout(net.LIMIT)
                    assert.equal("hello", inside(function() return s:recv(10) end))
                    c:shutdown(socket.SHUT_WR)
                    assert.equal("eof", inside(function() return select(3, s:recv(10)) end))
                end)
            end)

            it("a socket with settimeout(0) is not waited for", function()
                run(function()
                    with_pair(function(a)
                        a:settimeout(0)
                        assert.equal("EAGAIN", inside(function() return select(3, a:recv(1)) end))
                    end)
                end)
            end)

            it("sleeping and yielding work", function()
                run(function()
                    turns.takes(0.002, function()
                        assert.equal("true", tostring(inside(function()
                            task.yield()
                            return task.sleep(0.002)
                        end)))
                    end)
                end)
            end)

            it("waiting for a task " .. ((in_task or NEVER[name]) and "is refused" or "works"),
                function()
                    run(function()
                        local e <const>, ch <const> = task.event(), task.channel()
                        local t <const> = task.spawn(function()
                            task.yield()
                            e:set()
                            ch:send("v")
                            return "joined"
                        end)
                        local function wait()
                            local ok <const>, message <const> = pcall(e.wait, e)
                            if not ok then return tostring(message) end
                            local _ <const>, v <const> = task.select{ch}
                            return v .. t:join()
                        end
                        local got <const> = inside(wait)
                        if in_task or NEVER[name] then
                            assert.is_truthy(got:find(REFUSAL, 1, true), got)
                            -- Nothing is broken: everything can be waited for elsewhere.
                            assert.is_true(e:wait(net.LIMIT))
                            assert.equal("v", ch:receive(net.LIMIT))
                            assert.equal("joined", t:join(net.LIMIT))
                        else
                            assert.equal("vjoined", got)
                        end
                    end)
                end)
        end)
    end
end

describe("a wait on the main thread", function()
    local WAITS <const> = {
        recv = function(a) assert.equal("v", a:recv(1)) end,
        ["recv in a coroutine"] = function(a)
            assert.equal("v", coroutine.wrap(function() return a:recv(1) end)())
        end,
        ["recv in a sort function"] = function(a)
            assert.equal("v", NOT_SUSPENDABLE["a sort function"](function() return a:recv(1) end))
        end,
        ["a stream"] = function(a)
            local f <close> = a:makefile()
            assert.equal("v", f:read(1))
        end,
        ["readiness"] = function(a) assert.equal(1, (task.select{a})) end,
    }
    for name, wait in pairs(WAITS) do
        it("runs tasks meanwhile: " .. name, function()
            with_pair(function(a, b)
                local t <const>, count <const> = ticker()
                task.spawn(function()
                    for _ = 1, 5 do task.sleep(0.001) end
                    b:send("v")
                end)
                wait(a)
                assert.is_true(count() > 2)
                t:cancel()
                net.fails("cancelled", t:join(net.LIMIT))
            end)
        end)
    end

    it("with settimeout(0) runs none", function()
        with_pair(function(a)
            local ran = false
            local t <const> = task.spawn(function() ran = true end)
            a:settimeout(0)
            net.fails("EAGAIN", a:recv(1))
            assert.is_false(ran)
            t:join(net.LIMIT)
            assert.is_true(ran)
        end)
    end)

    it("in a finalizer runs none, and the tasks go on afterwards", function()
        with_pair(function(a)
            a:settimeout(0.003)
            local t <const>, count <const> = ticker()
            task.yield()
            local before <const> = count()
            local code <const> = NOT_SUSPENDABLE["a finalizer"](function()
                return select(3, a:recv(1))
            end)
            assert.same({"timeout", before}, {code, count()})
            task.sleep(0.003)
            assert.is_true(count() > before)
            t:cancel()
            t:join(net.LIMIT)
        end)
    end)
end)
