--- Failures that are a client's doing, and the statuses that tell it so.

local failure <const> = {}
local failure_mt <const> = {
    __name = "http.failure",
    __tostring = function(self) return self.message end,
}

local STATUS <const> = {
    EBADMSG = 400, EMSGSIZE = 413, ENOTSUP = 415, timeout = 408, ECONNRESET = 400,
}

--- The status for what reading a request failed with: "EMSGSIZE" is 413. 500 for
-- a code that is not about the request.
function failure.status(code)
    return STATUS[code] or 500
end

--- Raises a table {status, message, code}: a server answers with that status, by
-- default the code's.
function failure.raise(message, code, status)
    error(setmetatable({ status = status or failure.status(code), message = message,
        code = code }, failure_mt), 0)
end

return failure
