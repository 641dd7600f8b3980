-- Scripts in a network of their own, where nothing can be disturbed: loopback, and
-- a virtual cable between "v0" (which has fe80::1) and "v1".

local peer <const> = require "spec.support.peer"
local process <const> = dofile("examples/lib/process.lua")

local netns <const> = {}

local SET_UP <const> = "ip link set lo up && ip link add v0 type veth peer name v1"
    .. " && ip link set v0 addrgenmode none up && ip link set v1 addrgenmode none up"
    .. " && ip addr add fe80::1/64 dev v0 nodad"

-- A command that runs its arguments there.
local function within(set_up)
    return ('unshare -r -n sh -c %s sh'):format(
        process.quote(set_up .. ' && exec "$@"'))
end

local reason

--- Why there can be none here; nil if there can.
function netns.missing()
    if reason == nil then
        local ok <const> = os.execute(within(SET_UP) .. " true >/dev/null 2>&1")
        reason = not ok
            and "unshare and ip cannot make a network with a virtual cable" or false
    end
    return reason or nil
end

--- Runs a script (see peer.lua) there; returns its output and exit status.
function netns.run(script, ...)
    local child <close> = peer.start_within(within(SET_UP), script, ...)
    return child:finish()
end

return netns
