-- Child processes whose resolver we know: one that is slow, and one that knows
-- what we want it to know. See peer.lua for what their scripts have.

local busted <const> = require "busted"
local net <const> = require "spec.support.net"
local peer <const> = require "spec.support.peer"
local process <const> = dofile("examples/lib/process.lua")

local resolver <const> = {}

-- -- a slow one: the C library reads the file that HOSTALIASES names before it
-- asks a name server, so a FIFO there makes it as slow as we like.

local slow <const> = {}
local slow_mt <const> = {__index = slow, __close = function(self) self:remove() end}

--- A slow resolver, to be closed, or for which to call remove() in the end.
function resolver.slow()
    local fifo <const> = net.path()
    assert(os.execute("mkfifo " .. fifo))
    return setmetatable({fifo = fifo}, slow_mt)
end

function slow:remove()
    os.remove(self.fifo)
end

--- Starts a script for which looking up "slow" does not end before release().
function slow:start(script)
    return peer.start_with("export HOSTALIASES=" .. self.fifo, script)
end

--- Lets one lookup go on, if there is one that waits.
function slow:release()
    return os.execute(("dd if=/dev/null of=%s oflag=nonblock conv=notrunc 2>/dev/null")
        :format(self.fifo))
end

--- nil, or why this system's resolver cannot be made slow.
function slow:missing()
    local child <close> = self:start[[
        say(select(3, socket.getaddrinfo("slow", 80, {timeout = 0.1})))
    ]]
    return child:finish() ~= "timeout\n" and
        "this C library or nsswitch.conf has no HOSTALIASES" or nil
end

-- -- one that knows only what is in a hosts file of its own, for which it sees
-- other files in /etc than everybody else.

local WITHIN <const> = [[sh -c 'mount --bind "$1" /etc/hosts &&
    mount --bind "$2" /etc/nsswitch.conf && shift 2 && exec "$@"' sh ]]

local known <const> = {}
local known_mt <const> = {__index = known, __close = function(self) self:remove() end}

--- The first of the ways to call unshare that works here.
function resolver.unshare(what)
    for _, way in ipairs{"unshare -" .. what, "unshare -r" .. what} do
        if os.execute(way .. " true 2>/dev/null") then return way end
    end
end

--- A resolver that knows what that text for /etc/hosts says; ditto.
function resolver.knowing(hosts)
    return setmetatable({hosts = net.file(hosts), switch = net.file "hosts: files\n"}, known_mt)
end

function known:remove()
    os.remove(self.hosts)
    os.remove(self.switch)
end

function known:within()
    return ("%s %s%s %s "):format(resolver.unshare "m", WITHIN, self.hosts, self.switch)
end

--- Starts a script that has this resolver.
function known:start(script, ...)
    return peer.start_within(self:within(), script, ...)
end

--- nil, or why there can be no such resolver here.
function known:missing()
    local may <const> = resolver.unshare "m" and
        select(2, process.start(self:within() .. "true"):finish()) == 0
    return not may and "/etc/hosts cannot be replaced for one process" or nil
end

--- busted's `it`, for cases that are skipped where there can be no such resolver as
--- find() returns; skip is a function that calls `pending`, which only the spec's
--- own can do when a case runs.
function resolver.it_with(find, skip)
    return function(name, f)
        busted.it(name, function()
            local reason <const> = find():missing()
            if reason then return skip(reason) end
            return f()
        end)
    end
end

return resolver
