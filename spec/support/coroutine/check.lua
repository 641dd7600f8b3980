-- What the cases about coroutines check with: plain errors, so that they run
-- in an interpreter that has nothing but the standard library.

local check <const> = {}

local function text(...)
    local words <const> = table.pack(...)
    for i = 1, words.n do
        words[i] = tostring(words[i])
    end
    return table.concat(words, " ")
end

--- Checks that the values, as words, are those: check.values("true 1 nil", ...).
function check.values(expected, ...)
    local got <const> = text(...)
    if got ~= expected then
        error(("expected: %s\ngot: %s"):format(expected, got), 2)
    end
end

--- Checks that a call which returned these values (true or false, message) was
--- a failure with exactly that error object, and nothing more.
function check.failed(expected, ...)
    local ok <const>, message <const> = ...
    if ok ~= false or not rawequal(message, expected) or select("#", ...) ~= 2 then
        error(("expected a failure: %s\ngot: %s"):format(expected, text(...)), 2)
    end
end

--- Checks that f(...) raises exactly that.
function check.raises(expected, f, ...)
    local ok <const>, message <const> = pcall(f, ...)
    if ok or not rawequal(message, expected) then
        error(("expected an error: %s\ngot: %s"):format(expected, text(ok, message)), 2)
    end
end

--- Checks that f(...) refuses its first argument for its type.
function check.refuses(name, expected, f, ...)
    local ok <const>, message <const> = pcall(f, ...)
    local pattern <const> = ("^bad argument #1 to '%s' %%(%s%%)$"):format(name, expected)
    if ok or not message:find(pattern) then
        error(("expected: %s\ngot: %s"):format(pattern, text(ok, message)), 2)
    end
end

--- The place `offset` lines after the caller's, as error messages begin with.
function check.here(offset)
    local info <const> = debug.getinfo(2, "Sl")
    return ("%s:%d: "):format(info.short_src, info.currentline + (offset or 0))
end

--- A coroutine that has run up to its first yield.
function check.started(f, ...)
    local co <const> = coroutine.create(f)
    assert(coroutine.resume(co, ...))
    assert(coroutine.status(co) == "suspended")
    return co
end

--- Runs f in a coroutine that yields nothing; returns its results.
function check.inside(f, ...)
    return coroutine.wrap(f)(...)
end

--- An object for a <close> variable.
function check.closing(f)
    return setmetatable({}, {__close = f})
end

--- The numbers from 1 to n.
function check.numbers(n)
    local t <const> = {}
    for i = 1, n do
        t[i] = i
    end
    return t
end

--- The main thread, wherever this is called.
function check.main()
    return debug.getregistry()[1] -- LUA_RIDX_MAINTHREAD
end

return check
