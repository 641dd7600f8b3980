--- The options of an HTTP server: what each may be, and is if it is not given.

local options <const> = require "tidewire.options"
local socket <const> = require "tidewire.socket"

local server_options <const> = {}

-- What the engine is given, which checks it; times in seconds, false: none.
local ENGINE <const> = {
    max_line = 8192, max_head = 32768, max_fields = 100, max_body = 8 << 20,
    header_timeout = 10, body_timeout = 60, idle_timeout = 60, write_timeout = 30,
    linger_timeout = 2,
}

local function of_type(name)
    return { "a " .. name, function(value) return type(value) == name end }
end

local function is_callable(value)
    local mt <const> = getmetatable(value)
    return type(value) == "function" or type(mt) == "table" and mt.__call ~= nil
end

local TEXT <const> = { "a string", function(value)
    return type(value) == "string" and value ~= ""
end }

-- The others: what they must be, and whether a value is.
local OWN <const> = {
    host = TEXT, path = TEXT, listen = of_type "boolean", onerror = of_type "function",
    handler = { "a function", is_callable },
    log = { "a function", function(value) return not value or type(value) == "function" end },
    port = { "0 to 65535", function(value)
        return math.type(value) == "integer" and value >= 0 and value <= 65535
    end },
    backlog = { "an integer", function(value) return math.type(value) == "integer" end },
    listener = { "a socket", function(value) return socket.type(value) == "socket" end },
    handler_timeout = { "seconds, more than 0, or false", function(value)
        return not value or math.type(value) ~= nil and value > 0
    end },
    max_connections = { "an integer, more than 0, or false", function(value)
        return not value or math.type(value) == "integer" and value > 0
    end },
}

local KNOWN <const> = setmetatable({}, {
    __index = function(_, name) return OWN[name] or ENGINE[name] end,
})

--- Raises what is wrong with the options.
-- @param level as for error: whom to blame
-- @return the options
function server_options.check(given, level)
    given = options.check(given, KNOWN, level + 1)
    for name, rule in pairs(OWN) do
        local value <const> = given[name]
        if (value ~= nil or name == "handler") and not rule[2](value) then
            error(("%s: must be %s, got %s"):format(name, rule[1], tostring(value)), level + 1)
        end
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
