--- The options of HTTP clients and of their requests: what they must be, and are if
-- they are not given.

local options <const> = require "tidewire.options"
local url <const> = require "tidewire.http.url"

local client_options <const> = {}

-- The options of a request and their defaults; "" where there is none.
local REQUEST <const> = {
    method = "", url = "", headers = "", body = "", auth = "",
    timeout = 30, stream = "", redirects = 10, keep_alive = true,
    max_body = "", max_head = 32768, decompress = true, max_ratio = 200,
    proxy = "", tunnel = "", socket = "", connect = "",
    expect = "", upgrade = "",
}

-- Those of a client besides.
local CLIENT <const> = setmetatable({ max_idle = 64, max_idle_per_host = 8, idle_timeout = 60 },
    { __index = REQUEST })

local function or_default(value, default)
    if value == nil and default ~= "" then
        return default
    end
    return value
end

local rules <const> = options.rules
local URL <const> = getmetatable(url.parse "")

-- What they must be, where nothing else tells.
local RULES <const> = {
    auth = { "{user, password}, or false", function(value)
        return value == false or type(value) == "table" and type(value[1]) == "string"
            and (value[2] == nil or type(value[2]) == "string")
    end },
    headers = rules.tbl, timeout = rules.seconds_or_false, stream = rules.boolean,
    redirects = rules.count_or_false, keep_alive = rules.boolean, decompress = rules.boolean,
    max_body = rules.count_or_false, max_head = rules.count, max_ratio = rules.factor_or_false,
    proxy = { "a URL, \"env\" or false", function(value)
        return not value or type(value) == "string"
    end },
    tunnel = rules.boolean, socket = rules.text, connect = rules.func,
    expect = { "seconds or a boolean", function(value)
        return type(value) == "boolean" or rules.seconds_or_false[2](value)
    end },
    max_idle = rules.count, max_idle_per_host = rules.count, idle_timeout = rules.seconds,
}

--- The options of a request, as a table of one's own. Raises if there is another.
function client_options.copy(given, level)
    local o <const> = {}
    for name, value in pairs(options.check(given, REQUEST, level + 1)) do
        o[name] = value
    end
    return o
end

--- A request's options, completed by the client's and by the defaults. Raises what
-- is wrong with them.
-- @param level as for error: whom to blame
function client_options.complete(defaults, given, level)
    options.check(given, REQUEST, level + 1)
    options.values(given, RULES, level + 1)
    if type(given.url) ~= "string" and getmetatable(given.url) ~= URL then
        error("url: string expected, got " .. type(given.url), level + 1)
    end
    local o <const> = {}
    for name, default in pairs(REQUEST) do
        o[name] = or_default(or_default(given[name], defaults[name]), default)
    end
    if o.expect then
        o.expect = o.expect == true and 1 or o.expect
    end
    if (o.connect or o.socket) and o.proxy or o.connect and o.socket then
        error("options: only one of connect, socket and proxy can be", level + 1)
    end
    return o
end

--- A client's options, with their defaults. Raises what is wrong with them.
function client_options.client(given, level)
    given = options.check(given, CLIENT, level + 1)
    options.values(given, RULES, level + 1)
    return setmetatable({}, { __index = function(_, name)
        return or_default(given[name], CLIENT[name])
    end })
end

return client_options
