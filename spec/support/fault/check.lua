-- What scenarios use instead of assert: a failure must come as nil, a message
-- and a code, and is raised as "message [CODE]", which the fault host expects.

--- Passes the values through if the first is true.
return function(...)
    if (...) then return ... end
    local _, message <const>, code <const> = ...
    if type(message) ~= "string" or type(code) ~= "string" then
        error(("not a proper failure: %s, %s"):format(message, code), 2)
    end
    error(("%s [%s]"):format(message, code), 0)
end
