--- What handlers' requests have that is written in Lua: the body as a whole, and
-- the fields as objects.

local core <const> = require "tidewire.http_core"
local headers <const> = require "tidewire.http.headers"

local methods <const>, lazy <const> = core.request, core.lazy

-- What is kept with a request under names that no script uses by accident.
local BODY <const>, TRAILERS <const> = "whole body", "trailer fields"

local function collect(self)
    local pieces <const> = {}
    local piece, message, code = self:read()
    while piece do
        pieces[#pieces + 1] = piece
        piece, message, code = self:read()
    end
    if code == "eof" then
        return table.concat(pieces)
    end
    return nil, message, code
end

--- The whole body as a string, again the same when it is asked for again.
-- @return the body; or nil, message, code as req:read does
function methods:body()
    local body, message, code = self[BODY]
    if not body then
        body, message, code = collect(self)
        self[BODY] = body
    end
    return body, message, code
end

function lazy.headers(self)
    return headers.new(self:fields())
end

-- Only once the body has been read to its end is there anything.
function lazy.trailers(self)
    local fields <const> = self[TRAILERS]
    return fields and headers.new(fields)
end

return methods
