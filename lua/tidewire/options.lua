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

return options
