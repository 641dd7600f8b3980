-- Signals that arrive while a case runs, again and again: SIGALRM with a handler of
-- its own (see alarm.c), as no script can install one.

local assert <const> = require "luassert"

local path <const> = (os.getenv "TIDEWIRE_BUILD" or "build") .. "/test/alarm.so"
local alarm <const> = assert(package.loadlib(path, "luaopen_alarm"))()

local storm_mt <const> = {__close = alarm.stop}

local signals <const> = {count = alarm.count}

--- A signal every so many seconds, until the value that is returned is closed. It
--- interrupts system calls, and else does nothing.
function signals.every(seconds)
    alarm.start(seconds)
    return setmetatable({}, storm_mt)
end

--- A signal once so many seconds have passed, whose handler makes the main thread
--- raise "alarm!", wherever it is. To be closed, too.
function signals.raise_after(seconds)
    alarm.start(seconds, 1)
    return setmetatable({}, storm_mt)
end

--- Checks that a signal that arrives in the middle of f() makes it raise that
--- error, and at once.
function signals.abort(f)
    local _ <close> = signals.raise_after(0.05)
    local ok <const>, message <const> = pcall(f)
    assert.is_false(ok, "not interrupted")
    assert.matches("alarm!$", tostring(message))
end

return signals
