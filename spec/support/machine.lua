-- What the specs of spec/kernel need besides sockets: commands that set the
-- machine up, and a list of what has really carried data, for the end.

local assert <const> = require "luassert"
local net <const> = require "spec.support.net"
local socket <const> = require "tidewire.socket"

local machine <const> = {}

--- Runs a shell command, made as by string.format; raises if it fails.
function machine.run(format, ...)
    local command <const> = format:format(...)
    assert(os.execute(command), command)
end

--- A socket with the usual timeout.
function machine.socket(...)
    local s <const> = assert(socket.socket(...))
    s:settimeout(net.LIMIT)
    return s
end

--- Notes what has carried data, such as "TIPC stream".
function machine.carried(what)
    local path <const> = os.getenv "TIDEWIRE_CARRIED"
    if not path then return end
    local list <close> = assert(io.open(path, "a"))
    assert(list:write(what, "\n"))
end

return machine
