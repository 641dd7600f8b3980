--- The opening handshake of RFC 6455 4, both sides of it, without I/O. No
-- extension is ever offered or agreed on, permessage-deflate neither: what is
-- compressed costs memory for each connection, and CPU for each receiver.

local core <const> = require "tidewire.ws_core"
local headers <const> = require "tidewire.http.headers"
local http_core <const> = require "tidewire.http_core"
local parameters <const> = require "tidewire.http.parameters"
local url <const> = require "tidewire.http.url"

local handshake <const> = {}

-- The elements of a comma-separated list, as they are.
local function elements(value)
    local list <const> = {}
    for element in (value or ""):gmatch "[^,]+" do
        list[#list + 1] = parameters.trim(element)
    end
    return list
end

local function has(value, token)
    for _, element in ipairs(elements(value)) do
        if element:lower() == token then
            return true
        end
    end
    return false
end

-- host[:port] in lower case, without the scheme's own port.
local function place(scheme, host)
    local port <const> = url.ports[scheme] and ":" .. url.ports[scheme]
    host = host:lower()
    return port and host:sub(-#port) == port and host:sub(1, -#port - 1) or host
end

-- Whether pages of that origin may connect. Only browsers say where a page is
-- from, and only they run pages of others with what the user may do.
local function allowed(origin, req, origins)
    if origin == nil or origins == "*" then
        return true
    elseif type(origins) == "function" then
        return origins(origin, req)
    elseif origins then
        for _, one in ipairs(origins) do
            if one:lower() == origin:lower() then
                return true
            end
        end
        return false
    end
    local scheme <const>, host <const> = origin:lower():match "^(%a[%w+.-]*)://([^/]+)$"
    return scheme ~= nil and place(scheme, host) == place(scheme, req:header "host" or "")
end

-- The first of the client's sub-protocols that is ours too, or nil.
local function choose(offered, ours)
    if type(ours) == "function" then
        return ours(offered)
    end
    for _, protocol in ipairs(offered) do
        for _, mine in ipairs(ours or {}) do
            if mine == protocol then
                return protocol
            end
        end
    end
end

-- What is wrong with a request before any policy: status and message, or nil.
local function malformed(req)
    if req.method ~= "GET" or req.version ~= "1.1" then
        return 400, "a WebSocket begins with GET and HTTP/1.1"
    elseif not has(req:header "upgrade", "websocket") then
        return 426, "this is a WebSocket"
    elseif not has(req:header "connection", "upgrade") then
        return 400, "Connection does not name Upgrade"
    elseif req:header "sec-websocket-version" ~= "13" then
        return 426, "the version must be 13"
    end
end

--- Checks a request.
-- @return the Sec-WebSocket-Accept and the sub-protocol or nil; or nil, message,
-- status
function handshake.check(req, options)
    local status <const>, message <const> = malformed(req)
    if status then
        return nil, message, status
    end
    local answer <const> = core.answer(req:header "sec-websocket-key" or "")
    if not answer then
        return nil, "Sec-WebSocket-Key is not 16 bytes in base64", 400
    elseif not allowed(req:header "origin", req, options.origins) then
        return nil, "pages of that origin may not connect", 403
    end
    return answer, choose(elements(req:header "sec-websocket-protocol"), options.protocols)
end

--- The headers of a client's request, and the Sec-WebSocket-Accept that answers
-- them. Raises what is wrong with the options.
function handshake.request(given)
    local key <const> = core.key()
    local h <const> = headers.new(given.headers)
        :set("Sec-WebSocket-Key", key):set("Sec-WebSocket-Version", "13")
    if given.protocols and given.protocols[1] then
        for _, protocol in ipairs(given.protocols) do
            if not http_core.is_token(protocol) then
                error(("protocols: %q is not a token"):format(protocol), 0)
            end
        end
        h:set("Sec-WebSocket-Protocol", table.concat(given.protocols, ", "))
    end
    if given.origin then
        h:set("Origin", given.origin)
    end
    return h, core.answer(key)
end

--- Checks a server's answer.
-- @return true and the sub-protocol or nil; or nil, message
function handshake.verify(response, answer, protocols)
    local h <const> = response.headers
    if response.status ~= 101 then
        return nil, ("the server answered %d %s"):format(response.status, response.reason)
    elseif (h.upgrade or ""):lower() ~= "websocket" or not has(h.connection, "upgrade") then
        return nil, "the server does not upgrade to websocket"
    elseif h["sec-websocket-accept"] ~= answer then
        return nil, "Sec-WebSocket-Accept does not answer our key"
    elseif h["sec-websocket-extensions"] then
        return nil, "the server chose an extension"
    end
    local protocol <const> = h["sec-websocket-protocol"]
    if protocol and choose({ protocol }, protocols) == nil then
        return nil, "the server chose a sub-protocol that was not offered"
    end
    return true, protocol
end

return handshake
