-- Child processes that run a piece of Lua, for what one process cannot show:
-- signals, limits, a slow peer, what is printed at exit. What the child writes
-- (stdout and stderr together) is read line by line, see examples/lib/process.lua;
-- it is ended after a minute whatever happens.

local net <const> = require "spec.support.net"
local process <const> = dofile("examples/lib/process.lua")
local socket <const> = require "tidewire.socket"

local peer <const> = {}

process.limit = 60 -- seconds

-- On one line, so that the script's own line numbers are right.
local PREAMBLE <const> = [[os.remove(arg[0]) io.stdout:setvbuf "line" ]]
    .. [[local socket = require "tidewire.socket" local function say(...) print(...) end ]]

local function command(script, ...)
    return process.lua("lua5.4", net.file(PREAMBLE .. script), ...)
end

--- Starts a script, which has `socket`, `say` (print) and its arguments.
function peer.start(script, ...)
    return process.start(command(script, ...))
end

--- Ditto, after some shell code, such as "ulimit -n 20" or "X=1; export X".
function peer.start_with(shell, script, ...)
    return process.start("sh -c " .. process.quote(shell .. "; exec " .. command(script, ...)))
end

--- Ditto, by a command that takes another one as its arguments: "unshare -u".
function peer.start_within(prefix, script, ...)
    return process.start(prefix .. " " .. command(script, ...))
end

--- Ditto, with all signals doing what they do by default, whatever the process
--- that runs the specs ignores.
function peer.start_plain(script, ...)
    return process.start("--default-signal " .. command(script, ...))
end

--- Runs a script to its end; returns its output and exit status.
function peer.run(script, ...)
    local child <close> = peer.start(script, ...)
    return child:finish()
end

--- Sends a signal to the child (and goes on).
function peer.signal(child, name)
    return os.execute(("kill -%s %d"):format(name, child.pid))
end

local function state(pid)
    local file <close> = io.open("/proc/" .. pid .. "/stat")
    return file and file:read("a"):match("%) (%a)")
end

--- Waits until the child sleeps in the kernel; raises if it does not soon.
function peer.await_sleep(child)
    local deadline <const> = socket.monotonic() + 10
    local asleep = 0
    while asleep < 50 do
        asleep = state(child.pid) == "S" and asleep + 1 or 0
        if socket.monotonic() > deadline then
            error("the child is not asleep: " .. tostring(state(child.pid)), 2)
        end
    end
end

return peer
