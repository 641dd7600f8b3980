--- What handlers' requests have that is written in Lua: the body as a whole, the
-- fields as objects, and what they all mean.

local accept <const> = require "tidewire.http.accept"
local cookies <const> = require "tidewire.http.cookies"
local core <const> = require "tidewire.http_core"
local failure <const> = require "tidewire.http.failure"
local headers <const> = require "tidewire.http.headers"
local join <const> = require "tidewire.http.join"
local json <const> = require "tidewire.http.json"
local multipart <const> = require "tidewire.http.multipart"
local options <const> = require "tidewire.options"
local query <const> = require "tidewire.http.query"

local methods <const>, lazy <const> = core.request, core.lazy

local FORM_OPTIONS <const> = { max = true, max_body = true }
local JSON_OPTIONS <const> = { max_body = true, force = true }

-- What is kept with a request under names that no script uses by accident.
local BODY <const>, TRAILERS <const> = "whole body", "trailer fields"

--- The whole body as a string, again the same when it is asked for again.
-- @return the body; or nil, message, code as req:read does
function methods:body()
    local body, message, code = self[BODY]
    if not body then
        body, message, code = join(self)
        self[BODY] = body
    end
    return body, message, code
end

--- An iterator over the pieces of the body; raises what is answered with the status
-- for it (413 for more than max_body) if not all of it can be read.
function methods:pieces()
    return function()
        local piece <const>, message <const>, code <const> = self:read()
        if not piece and code ~= "eof" then
            failure.raise(message, code)
        end
        return piece
    end
end

--- req.headers: the fields as an object, see headers.lua.
function lazy.headers(self)
    return headers.new(self:fields())
end

--- req.trailers: ditto, those behind a chunked body; nil before its end, and if
-- there are none.
function lazy.trailers(self)
    local fields <const> = self[TRAILERS]
    return fields and headers.new(fields)
end

--- req.cookies: a table name -> value.
function lazy.cookies(self)
    return cookies.parse(self:header "Cookie")
end

-- The type of the content, in lower case and without parameters; "" for none.
local function type_of(self)
    return (self:header "Content-Type" or ""):lower():match "^[^; \t]*"
end

-- nil, message, code for a content of another type.
local function unexpected(self, wanted)
    return nil, ("the content is %q, not %s"):format(type_of(self), wanted), "ENOTSUP"
end

-- The body, of `max` bytes at most, if that is given.
local function limited_body(self, max)
    self.max_body = max or self.max_body
    return self:body()
end

--- The pairs of the query: see query.decode, for the results too.
function methods:args(o)
    return query.decode(self.query, o)
end

--- The fields of a form that came as application/x-www-form-urlencoded.
-- @param o options: max = 1000 fields; max_body in bytes, instead of the server's
-- @return as query.decode; or nil, message, code as req:body, or "ENOTSUP" for a
-- content of another type
function methods:form(o)
    o = options.check(o, FORM_OPTIONS, 2)
    if type_of(self) ~= "application/x-www-form-urlencoded" then
        return unexpected(self, "a form")
    end
    local text <const>, message <const>, code <const> = limited_body(self, o.max_body)
    if not text then
        return nil, message, code
    end
    return query.decode(text, { max = o.max })
end

--- The value that came as JSON; null is json.null. Only content that says it is
-- JSON is read: browsers send nothing else to other sites without being asked.
-- @param o options: max_body in bytes, instead of the server's; force: whatever
-- type the content has
-- @return the value, which may be false; or nil, message, code as req:body and
-- json.decode, or "ENOTSUP" for a content of another type
function methods:json(o)
    o = options.check(o, JSON_OPTIONS, 2)
    local kind <const> = type_of(self)
    if not (o.force or kind:find "^[^/]+/json$" or kind:find "%+json$") then
        return unexpected(self, "JSON")
    end
    local text <const>, message <const>, code <const> = limited_body(self, o.max_body)
    if not text then
        return nil, message, code
    end
    return json.decode(text)
end

--- The parts of a form with files, one by one as they come:
-- `for part in req:multipart() do`; see multipart.read for what else there is, and
-- for the limits. One more is here: total, bytes of all, instead of the server's
-- max_body. Raises what is answered with 415 if the content is no such form.
function methods:multipart(limits)
    local others <const> = {}
    for name, value in pairs(limits or others) do
        others[name] = name ~= "total" and value or nil
    end
    self.max_body = limits and limits.total or self.max_body
    local form <const>, message <const>, code <const> =
        multipart.read(self, self:header "Content-Type", others)
    if not form then
        failure.raise(message, code)
    end
    return form
end

--- Which of some types the client would rather have (its Accept field).
-- @param offers a list of types, the server's favourite first
-- @return one of them; nil if the client takes none
function methods:accepts(offers)
    return accept.best(self:header "Accept", offers)
end

return methods
