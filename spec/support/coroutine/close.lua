-- coroutine.close, and <close> variables of a coroutine.

local check <const> = require "spec.support.coroutine.check"

-- Returns a list and a function that makes objects which note in it who is
-- closed with which error.
local function notes()
    local list <const> = {}
    return list, function(name, fail)
        return check.closing(function(_, e)
            list[#list + 1] = name .. ":" .. tostring(e)
            if fail then error(fail, 0) end
        end)
    end
end

-- A coroutine suspended with three <close> variables, some of which fail.
local function pending(note, x, y, z)
    return check.started(function()
        local _ <close> = note("x", x)
        local _ <close> = note("y", y)
        do
            local _ <close> = note("z", z)
            coroutine.yield()
        end
    end)
end

return {
    {"close ends a suspended coroutine", function()
        local co <const> = check.started(coroutine.yield)
        check.values("true", coroutine.close(co))
        check.values("dead", coroutine.status(co))
        check.failed("cannot resume dead coroutine", coroutine.resume(co))
        check.values("true", coroutine.close(co))
    end},

    {"close ends one that never ran", function()
        local called = false
        local co <const> = coroutine.create(function() called = true end)
        check.values("true", coroutine.close(co))
        check.values("dead", coroutine.status(co))
        check.failed("cannot resume dead coroutine", coroutine.resume(co, 1))
        assert(not called)
    end},

    {"close of one that has returned", function()
        local co <const> = coroutine.create(math.abs)
        check.values("true 1", coroutine.resume(co, -1))
        check.values("true", coroutine.close(co))
        check.values("true", coroutine.close(co))
    end},

    {"close after an error returns the error, once", function()
        for _, e in ipairs{"boom", 12, {}, true} do
            local co <const> = coroutine.create(error)
            check.failed(e, coroutine.resume(co, e, 0))
            check.failed(e, coroutine.close(co))
            check.values("dead", coroutine.status(co))
            check.values("true", coroutine.close(co))
        end
    end},

    {"close after an error and a vain resume still returns the error", function()
        local co <const> = coroutine.create(error)
        check.failed("boom", coroutine.resume(co, "boom", 0))
        check.failed("cannot resume dead coroutine", coroutine.resume(co))
        check.failed("boom", coroutine.close(co))
    end},

    {"close closes pending variables, the last one first, without an error", function()
        local list <const>, note <const> = notes()
        local co <const> = pending(note)
        assert(#list == 0)
        check.values("true", coroutine.close(co))
        check.values("z:nil y:nil x:nil", table.unpack(list))
        check.values("true", coroutine.close(co))
        assert(#list == 3)
    end},

    {"an error while closing goes to those that follow, and is the result", function()
        local list <const>, note <const> = notes()
        local co <const> = pending(note, nil, "bad y", nil)
        check.failed("bad y", coroutine.close(co))
        check.values("z:nil y:nil x:bad y", table.unpack(list))
        check.values("dead", coroutine.status(co))
    end},

    {"the last error while closing is the result", function()
        local list <const>, note <const> = notes()
        local e <const> = {}
        check.failed(e, coroutine.close(pending(note, e, "bad y", "bad z")))
        check.values("z:nil y:bad z x:bad y", table.unpack(list))
    end},

    {"resume leaves variables open after an error, close closes them", function()
        local list <const>, note <const> = notes()
        local co <const> = coroutine.create(function()
            local _ <close> = note "x"
            local _ <close> = note "y"
            error("boom", 0)
        end)
        check.failed("boom", coroutine.resume(co))
        check.values("dead 0", coroutine.status(co), #list)
        check.failed("boom", coroutine.close(co))
        check.values("y:boom x:boom", table.unpack(list))
    end},

    {"an error while closing after an error replaces it", function()
        local list <const>, note <const> = notes()
        local co <const> = coroutine.create(function()
            local _ <close> = note "x"
            local _ <close> = note("y", "worse")
            error("boom", 0)
        end)
        check.failed("boom", coroutine.resume(co))
        check.failed("worse", coroutine.close(co))
        check.values("y:boom x:worse", table.unpack(list))
    end},

    {"wrap's function closes variables before it raises the error", function()
        local list <const>, note <const> = notes()
        local f <const> = coroutine.wrap(function(e)
            local _ <close> = note "x"
            local _ <close> = note "y"
            coroutine.yield(1)
            error(e, 0)
        end)
        check.values("1 0", f "boom", #list)
        check.raises("boom", f)
        check.values("y:boom x:boom", table.unpack(list))
        check.raises("cannot resume dead coroutine", f)
        assert(#list == 2)
    end},

    {"wrap's function raises the error of closing, with its caller's place", function()
        local list <const>, note <const> = notes()
        local function body()
            local _ <close> = note("x", "worst")
            local _ <close> = note("y", "worse")
            error {}
        end
        check.raises("worst", coroutine.wrap(body))
        check.raises(check.here(1) .. "worst", function()
            coroutine.wrap(body)()
        end)
        assert(list[2] == "x:worse" and list[4] == "x:worse" and list[1]:find "^y:table: ")
    end},

    {"wrap's function closes what an error in another wrap's function ends", function()
        local list <const>, note <const> = notes()
        local inner <const> = coroutine.wrap(function()
            local _ <close> = note "inner"
            error({}, 0)
        end)
        local outer <const> = coroutine.wrap(function()
            local _ <close> = note "outer"
            inner()
        end)
        assert(not pcall(outer))
        assert(#list == 2 and list[1]:find "^inner:table" and list[2]:find "^outer:table")
    end},

    {"close of the running coroutine", function()
        local RUNNING <const> = "cannot close a running coroutine"
        check.raises(RUNNING, coroutine.close, (coroutine.running()))
        local f <const> = coroutine.wrap(function()
            local self <const> = coroutine.running()
            check.raises(RUNNING, coroutine.close, self)
            check.raises(check.here(1) .. RUNNING, function()
                coroutine.close(self)
            end)
            coroutine.yield "alive"
            return "still"
        end)
        check.values("alive still", f(), f())
    end},

    {"close of a normal coroutine", function()
        local NORMAL <const> = "cannot close a normal coroutine"
        local self <const> = coroutine.running()
        check.values("false " .. NORMAL, check.inside(pcall, coroutine.close, self))
        check.values("false " .. NORMAL, check.inside(pcall, coroutine.close, check.main()))
        local outer
        outer = coroutine.create(function()
            check.inside(function() check.raises(NORMAL, coroutine.close, outer) end)
            return "alive"
        end)
        check.values("true alive", coroutine.resume(outer))
    end},

    {"a coroutine may be closed by another than its resumer", function()
        local list <const>, note <const> = notes()
        local co <const> = pending(note)
        check.values("true", check.inside(coroutine.close, co))
        check.values("z:nil y:nil x:nil", table.unpack(list))
    end},

    {"what is closed may use coroutines", function()
        local got <const> = {}
        local co
        co = check.started(function()
            local _ <close> = check.closing(function()
                for i in coroutine.wrap(function()
                    coroutine.yield(1)
                    coroutine.yield(2)
                end) do got[#got + 1] = i end
                got[#got + 1] = coroutine.running() == co
                got[#got + 1] = coroutine.close(check.started(coroutine.yield))
            end)
            coroutine.yield()
        end)
        check.values("true", coroutine.close(co))
        check.values("1 2 true true", table.unpack(got))
    end},

    {"close closes coroutines that hold coroutines", function()
        local closed = 0
        local function body(n)
            local co <const> = n > 0 and check.started(body, n - 1)
            local _ <close> = check.closing(function()
                closed = closed + 1
                if co then assert(coroutine.close(co)) end
            end)
            coroutine.yield()
        end
        check.values("true 11", coroutine.close(check.started(body, 10)), closed)
    end},

    {"what close calls cannot yield", function()
        local co <const> = check.started(function()
            local _ <close> = check.closing(coroutine.yield)
            coroutine.yield()
        end)
        check.failed("attempt to yield across a C-call boundary", coroutine.close(co))
        check.values("dead", coroutine.status(co))
    end},

    {"close inside pcall: the coroutine's pcall catches nothing", function()
        local caught = false
        local list <const>, note <const> = notes()
        local co <const> = check.started(function()
            pcall(function()
                local _ <close> = note("x", "bad")
                coroutine.yield()
            end)
            caught = true
        end)
        check.failed("bad", coroutine.close(co))
        check.values("x:nil false", list[1], caught)
    end},
}
