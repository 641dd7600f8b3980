--- Requests with conditions (RFC 9110 13): whether the client has what it asks for
-- already, or asks for something else than there is by now.

local date <const> = require "tidewire.http.date"

local conditional <const> = {}

-- Whether a list of tags has this one. Strong comparison: a weak tag is like none.
local function has(list, etag, strong)
    if list == "*" then
        return true
    elseif strong and etag:find("^W/") then
        return false
    elseif list == etag then
        return true
    end
    local opaque <const> = etag:match '".*'
    for weak, tag in list:gmatch '(W?/?)("[^"]*")' do
        if tag == opaque and (not strong or weak == "") then
            return true
        end
    end
    return false
end

--- Checks the conditions of a request for what has this tag and time, in the order
-- of RFC 9110 13.2.2. Dates that are malformed are ignored.
-- @param req a GET or HEAD request
-- @param etag as it is sent, with its quotes
-- @param mtime seconds
-- @return 412 (not what is asked for), 304 (the client has it), or nil
function conditional.check(req, etag, mtime)
    local tags = req:header "if-match"
    local time = not tags and req:header "if-unmodified-since"
    time = time and date.parse(time)
    if tags and not has(tags, etag, true) or time and mtime > time then
        return 412
    end
    tags = req:header "if-none-match"
    time = not tags and req:header "if-modified-since"
    time = time and date.parse(time)
    if tags and has(tags, etag, false) or time and mtime <= time then
        return 304
    end
end

--- Whether the ranges that a request asks for are of what there is: If-Range (RFC
-- 9110 13.1.5) is not there, or names it exactly.
-- @param etag as above
-- @param modified Last-Modified as it is sent, nil where that is too recent to tell
-- two versions apart
function conditional.same(req, etag, modified)
    local value <const> = req:header "if-range"
    if not value then
        return true
    end
    return value == modified or value == etag and not etag:find("^W/")
end

return conditional
