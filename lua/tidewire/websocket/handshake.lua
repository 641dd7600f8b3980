--- The opening handshake of RFC 6455 4, both sides of it, without I/O. No
-- extension is ever offered or agreed on, permessage-deflate neither: what is
-- compressed costs memory for each connection, and CPU for each receiver.

local core <const> = require "tidewire.ws_core"

local handshake <const> = {}

local TOKEN <const> = "^[!#$%%&'*+%-.^_`|~A-Za-z0-9]+$"

-- The elements of a comma-separated list, as they are.
local function elements(value)
    local list <const> = {}
    for element in (value or ""):gmatch "[^,]+" do
        list[#list + 1] = element:match "^[ \t]*(.-)[ \t]*$"
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

local DEFAULT_PORTS <const> = { http = ":80", https = ":443" }

-- host[:port] in lower case, without the scheme's own port.
local function place(scheme, host)
    local port <const> = DEFAULT_PORTS[scheme] or ""
    host = host:lower()
    return port ~= "" and host:sub(-#port) == port and host:sub(1, -#port - 1) or host
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

--- The fields of a client's request, as a list of {name, value}, and the
-- Sec-WebSocket-Accept that answers them.
function handshake.request(options)
    local key <const> = core.key()
    local fields <const> = {
        { "Upgrade", "websocket" }, { "Connection", "Upgrade" },
        { "Sec-WebSocket-Key", key }, { "Sec-WebSocket-Version", "13" },
    }
    for _, protocol in ipairs(options.protocols or {}) do
        if not protocol:find(TOKEN) then
            error(("protocols: %q is not a token"):format(protocol), 3)
        end
    end
    if options.protocols and options.protocols[1] then
        fields[#fields + 1] =
            { "Sec-WebSocket-Protocol", table.concat(options.protocols, ", ") }
    end
    if options.origin then
        fields[#fields + 1] = { "Origin", options.origin }
    end
    return fields, core.answer(key)
end

--- Checks a server's answer.
-- @return true and the sub-protocol or nil; or nil, message
function handshake.verify(status, headers, answer, protocols)
    if status ~= 101 then
        return nil, ("the server answered %d"):format(status)
    elseif (headers.upgrade or ""):lower() ~= "websocket" or
        not has(headers.connection, "upgrade") then
        return nil, "the server does not upgrade to websocket"
    elseif headers["sec-websocket-accept"] ~= answer then
        return nil, "Sec-WebSocket-Accept does not answer our key"
    elseif headers["sec-websocket-extensions"] then
        return nil, "the server chose an extension"
    end
    local protocol <const> = headers["sec-websocket-protocol"]
    if protocol and choose({ protocol }, protocols) == nil then
        return nil, "the server chose a sub-protocol that was not offered"
    end
    return true, protocol
end

return handshake
