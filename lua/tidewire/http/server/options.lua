--- The options of an HTTP server: what each may be, and is if it is not given.

local options <const> = require "tidewire.options"
local socket <const> = require "tidewire.socket"

local server_options <const> = {}
local rules <const> = options.rules

-- What the engine is given, which checks it; times in seconds, false: none.
local ENGINE <const> = {
    max_line = 8192, max_head = 32768, max_fields = 100, max_body = 8 << 20,
    header_timeout = 10, body_timeout = 60, idle_timeout = 60, write_timeout = 30,
    linger_timeout = 2,
}

-- The others, and what they must be.
local OWN <const> = {
    host = { "a string", function(value) return type(value) == "string" end },
    path = rules.text, listen = rules.boolean, backlog = rules.integer,
    onerror = rules.func, log = rules.func_or_false,
    handler = rules.callable,
    port = { "an integer from 0 to 65535", function(value)
        return math.type(value) == "integer" and value >= 0 and value <= 65535
    end },
    listener = { "a socket", function(value) return socket.type(value) == "socket" end },
    handler_timeout = rules.time_or_false, max_connections = rules.most_or_false,
}

local KNOWN <const> = setmetatable({}, {
    __index = function(_, name) return OWN[name] or ENGINE[name] end,
})

--- Raises what is wrong with the options.
-- @param level as for error: whom to blame
-- @return the options
function server_options.check(given, level)
    given = options.check(given, KNOWN, level + 1)
    options.values(given, OWN, level + 1)
    if given.handler == nil then
        error("handler: must be a function, got nil", level + 1)
    end
    return given
end

--- A table of those that are the engine's.
function server_options.engine(given)
    local all <const> = {}
    for name, default in pairs(ENGINE) do
        local value <const> = given[name]
        all[name] = value == nil and default or value
    end
    return all
end

return server_options
