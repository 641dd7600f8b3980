--- Options tables: keys are checked, so that a misspelt one raises.

local options = {}

--- Raises unless `given` is nil or a table with none but `known` keys.
-- @param given the caller's table, or nil
-- @param known a table whose keys are the options there are
-- @param level as for error: whom to blame
-- @return `given`, or an empty table
function options.check(given, known, level)
    if given == nil then
        return {}
    end
    if type(given) ~= "table" then
        error("options: table expected, got " .. type(given), level + 1)
    end
    for key in pairs(given) do
        if known[key] == nil then
            error(("unknown option '%s'"):format(tostring(key)), level + 1)
        end
    end
    return given
end

local function of_type(name)
    return { "a " .. name, function(value) return type(value) == name end }
end

-- A rule for values that may be false instead: none.
local function or_false(rule)
    return { rule[1] .. ", or false", function(value)
        return value == false or rule[2](value)
    end }
end

local function number(words, integral, least)
    return { words, function(value)
        return (integral and math.type(value) == "integer" or not integral and
            math.type(value) ~= nil) and value >= least
    end }
end

local COUNT <const> = number("an integer, not negative", true, 0)
local MOST <const> = number("an integer, more than 0", true, 1)
local SECONDS <const> = number("seconds, not negative", false, 0)
local TIME <const> = { "seconds, more than 0", function(value)
    return math.type(value) ~= nil and value > 0
end }

-- Functions, and objects that can be called as if they were.
local function is_callable(value)
    local mt <const> = getmetatable(value)
    return type(value) == "function" or type(mt) == "table" and mt.__call ~= nil
end

--- What options may have to be: words for it, and whether a value is it.
options.rules = {
    text = { "a string that is not empty", function(value)
        return type(value) == "string" and value ~= ""
    end },
    boolean = of_type "boolean", func = of_type "function", tbl = of_type "table",
    callable = { "a function", is_callable },
    func_or_false = or_false(of_type "function"),
    integer = { "an integer", function(value) return math.type(value) == "integer" end },
    count = COUNT, count_or_false = or_false(COUNT),
    most = MOST, most_or_false = or_false(MOST),
    factor_or_false = or_false(number("a number, at least 1", false, 1)),
    seconds = SECONDS, seconds_or_false = or_false(SECONDS),
    time = TIME, time_or_false = or_false(TIME),
}

-- A value as it is said to be wrong: "8080" is not 8080.
local function shown(value)
    return type(value) == "string" and ("%q"):format(value) or tostring(value)
end

--- Raises unless all values are what their rules want; what has no rule may be
-- anything.
-- @param rules name -> {words, function(value)}, such as options.rules has
-- @param level as for error: whom to blame
function options.values(given, rules, level)
    for name, value in pairs(given) do
        local rule <const> = rules[name]
        if rule and not rule[2](value) then
            error(("%s: must be %s, got %s"):format(name, rule[1], shown(value)), level + 1)
        end
    end
end

--- Returns what a pcall did; what that has caught, which is the fault of the function's
-- caller who calls this, is raised as his.
function options.blame(ok, ...)
    if not ok then
        error((...), (...) ~= "not enough memory" and 3 or 0)
    end
    return ...
end

return options
