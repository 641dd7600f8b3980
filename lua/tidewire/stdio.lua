--- The process's own input and output as streams that wait like sockets: a task
-- that reads the keyboard lets the others run. Nothing about the descriptors is
-- changed. What the io library has read ahead is not seen here.

local core <const> = require "tidewire.core"

return {
    --- For reading: lines, read, read_until, ...
    stdin = core.stdio(0, "r"),
    --- For writing, not buffered unless setvbuf says so.
    stdout = core.stdio(1, "w"),
    stderr = core.stdio(2, "w"),
}
