-- What the specs about tasks need: cases that leave nothing behind, failures
-- nobody has asked about, sizes that suit the interpreter.

local assert <const> = require "luassert"
local net <const> = require "spec.support.net"
local socket <const> = require "tidewire.socket"
local task <const> = require "tidewire.task"

local tasks <const> = {}

-- What is made on first use is no leak: the resolver's thread, its descriptor.
assert(socket.getaddrinfo("localhost", 80))

-- A collection at each request for memory: what is many elsewhere is few there.
tasks.stressed = (os.getenv "TIDEWIRE_LUA" or ""):find("gcstress", 1, true) ~= nil

--- n, or a thousandth of it where each task costs a full collection.
function tasks.many(n)
    return tasks.stressed and math.max(n // 1000, 10) or n
end

--- What the handler of failures has been called with in this case.
tasks.failures = {}

local function collect(err, failed)
    local list <const> = tasks.failures
    list[#list + 1] = {err = err, task = failed}
end

--- The failures so far, once what is garbage has been collected; forgets them.
function tasks.take_failures()
    collectgarbage()
    collectgarbage()
    local list <const> = tasks.failures
    tasks.failures = {}
    return list
end

-- What of earlier cases is on its way to its end gets there.
local function await_others()
    for _ = 1, 1000 do
        if #task.list() == 0 then return end
        task.sleep(0.001)
    end
end

-- What there is; less, afterwards, is what others have ended.
local function measure()
    local live <const> = {}
    for i, t in ipairs(task.list()) do
        live[i] = ("%s (%s)"):format(t.spawned, t.where or t.state)
    end
    return {descriptors = net.descriptors(), live = live}
end

--- busted's `it`, for cases that leave neither a task nor a descriptor nor a
--- failure that they have not taken.
function tasks.checked(it)
    return function(name, f)
        it(name, function()
            await_others()
            local before <const> = measure()
            tasks.failures = {}
            task.onerror(collect)
            local _ <close> = setmetatable({}, {__close = function() task.onerror(nil) end})
            f()
            local after <const> = measure()
            if after.descriptors > before.descriptors or #after.live > #before.live then
                assert.same(before, after)
            end
            assert.same({}, tasks.take_failures())
        end)
    end
end

--- Declares a case twice: on the main thread, and in a task.
function tasks.both(it, name, f)
    it(name .. " [main thread]", f)
    it(name .. " [task]", function()
        local t <close> = task.spawn(function()
            f()
            return true
        end)
        assert.is_true(t:join(4 * net.LIMIT))
    end)
end

--- A to-be-closed value that sets list[#list + 1] = name.
function tasks.tidy(list, name)
    return setmetatable({}, {__close = function() list[#list + 1] = name end})
end

--- The number of the line that calls, as "file:line" with an offset.
function tasks.line(offset)
    local info <const> = debug.getinfo(2, "Sl")
    return ("%s:%d"):format(info.short_src, info.currentline + (offset or 0))
end

--- Checks that the rest is what pcall returns for a cancelled wait.
function tasks.cancelled(ok, err)
    assert.is_false(ok)
    assert.is_true(rawequal(task.cancelled, err), "not task.cancelled: " .. tostring(err))
end

--- Joins a task that has been cancelled, with a limit.
function tasks.gone(t)
    net.fails("cancelled", t:join(net.LIMIT))
    assert.equal("cancelled", t:status())
end

--- A task that waits until it is cancelled, which is counted in `ended`.
function tasks.sleeper(spawn, ended, name)
    return spawn(function()
        local _ <close> = tasks.tidy(ended, name or "sleeper")
        task.sleep(3600)
    end)
end

return tasks
