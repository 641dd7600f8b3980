-- A child process of task_signal_spec.lua: which signals are blocked before,
-- while and after one is awaited.

local task <const> = require "tidewire.task"

local function print_mask()
    local file <close> = assert(io.open "/proc/self/status")
    print(file:read("a"):match "SigBlk:%s*0*(%x+)")
end

print_mask()
local s <const> = assert(task.signal "USR1")
print_mask()
s:close()
print_mask()
