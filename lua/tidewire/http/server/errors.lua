--- What becomes of errors in handlers, and of handlers that take too long.

local failure <const> = require "tidewire.http.failure"
local task <const> = require "tidewire.task"

local errors <const> = {}

-- An error in words; of a plain table that is raised for its status they are that,
-- and its message.
local function described(err)
    if type(err) ~= "table" or getmetatable(err) or not err.status then
        return tostring(err)
    end
    return ("status %s%s"):format(err.status, err.message and ": " .. tostring(err.message) or "")
end

-- Ditto; there are errors that cannot even say what they are.
local function text_of(err)
    local ok <const>, text <const> = pcall(described, err)
    return ok and text or ("an error without a text (a %s)"):format(type(err))
end

--- Says on stderr what went wrong.
function errors.report(err, req)
    local what <const> = req and ("error while handling %s: "):format(tostring(req)) or ""
    io.stderr:write(("tidewire.http: %s%s\n"):format(what, text_of(err)))
end

--- What is called with an error instead, and may fail itself: then both are reported.
function errors.reporter(onerror)
    return function(err, req)
        local ok <const>, another <const> = pcall(onerror, err, req)
        if not ok then
            errors.report(err, req)
            errors.report("onerror: " .. text_of(another))
        end
    end
end

--- An error's text with where it was raised; other objects, and texts that say it
-- already, stay as they are.
function errors.explain(err)
    if type(err) ~= "string" or err:find("\nstack traceback:\n", 1, true) then
        return err
    end
    return debug.traceback(err, 2)
end

local function explained(handler, req, res)
    local ok <const>, err <const> = xpcall(handler, errors.explain, req, res)
    if not ok then
        error(err, 0)
    end
    return true
end

--- A handler that has so many seconds for a request, and fails then.
function errors.limited(handler, seconds)
    return function(req, res)
        if not task.timeout(seconds, explained, handler, req, res) then
            failure.raise(("the handler took more than %g s"):format(seconds), nil, 503)
        end
    end
end

return errors
