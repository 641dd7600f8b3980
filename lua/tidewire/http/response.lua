--- Answers in one call: methods of the second thing that a handler gets.

local cookies <const> = require "tidewire.http.cookies"
local core <const> = require "tidewire.http_core"
local failure <const> = require "tidewire.http.failure"
local json <const> = require "tidewire.http.json"
local options <const> = require "tidewire.options"
local query <const> = require "tidewire.http.query"

local methods <const> = core.response

local function answer(self, kind, body)
    if not self:get "Content-Type" then
        self:set("Content-Type", kind)
    end
    return self:send(body)
end

--- Answers with text; in UTF-8, unless a Content-Type has been set. What it
-- returns res:send does.
function methods:text(text)
    return answer(self, "text/plain; charset=utf-8", text)
end

--- Ditto, with a page.
function methods:html(page)
    return answer(self, "text/html; charset=utf-8", page)
end

--- Ditto, with a value as JSON; see json.encode for what that may be.
function methods:json(value)
    return answer(self, "application/json", options.blame(pcall(json.encode, value)))
end

--- Answers with a status that is an error.
-- @param status 400 to 599; or the code that reading the request failed with:
-- "EMSGSIZE" is 413
-- @param text what to say instead of the status's name
function methods:error(status, text)
    status = type(status) == "string" and failure.status(status) or status
    if math.type(status) ~= "integer" or status < 400 or status > 599 then
        error("status: 400 to 599 expected, got " .. tostring(status), 2)
    end
    self.status = status
    self:set("Content-Type", "text/plain; charset=utf-8")
    return self:send((text or ("%d %s"):format(status, core.reason(status)):match "^.*%S") .. "\n")
end

local REDIRECTS <const> = { [301] = true, [302] = true, [303] = true, [307] = true, [308] = true }

--- Sends the client elsewhere.
-- @param location a URL, or a reference relative to the request's own; what may not
-- be in one is percent-encoded, line ends and other control bytes raise
-- @param status 302 (the method becomes GET in practice), 303 (it does), 307 (it
-- stays), and for ever: 301 (as 302), 308 (it stays)
function methods:redirect(location, status)
    status = status or 302
    if not REDIRECTS[status] then
        error("status: 301, 302, 303, 307 or 308 expected, got " .. tostring(status), 2)
    elseif type(location) ~= "string" or location:find "[\0-\31\127]" then
        error("location: string without control bytes expected", 2)
    end
    self.status = status
    self:set("Location", (location:gsub("[^!#-;=?-Z[%]_a-z~]", query.escape)))
    return self:send()
end

--- Sets a cookie, besides those that have been set; see cookies.format.
-- @param value false deletes it
function methods:cookie(name, value, attributes)
    self:add("Set-Cookie", options.blame(pcall(cookies.format, name, value, attributes)))
end

return methods
