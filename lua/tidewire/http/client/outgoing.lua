--- Requests on their way out: checked once, then written as often as redirects
-- and connections that have gone stale demand.

local codec <const> = require "tidewire.http_core"
local core <const> = require "tidewire.core"
local credentials <const> = require "tidewire.http.client.credentials"
local headers <const> = require "tidewire.http.headers"
local inflate <const> = require "tidewire.http.client.inflate"
local upload <const> = require "tidewire.http.client.upload"
local url <const> = require "tidewire.http.url"

local outgoing <const> = {}

local AGENT <const> = "tidewire/" .. core._VERSION

--- Methods that may be sent again when nobody knows whether they have been done
-- (RFC 9110 9.2.2).
outgoing.idempotent = { GET = true, HEAD = true, OPTIONS = true, PUT = true,
    DELETE = true, TRACE = true }

-- Methods that are expected to have a body: its absence is said.
local WITH_BODY <const> = { POST = true, PUT = true, PATCH = true }

-- What describes a body, and goes with it.
local OF_BODY <const> = { "Content-Type", "Content-Length", "Content-Encoding",
    "Content-Language", "Content-Location" }

-- What was meant for one place alone.
local OF_PLACE <const> = { "Authorization", "Cookie", "Host", "Proxy-Authorization" }

local function method_of(given)
    local method <const> = given == nil and "GET" or given
    if type(method) ~= "string" or not codec.is_token(method) then
        error(("method %q: not a token"):format(tostring(method)), 0)
    elseif method:upper() == "CONNECT" then
        error("method CONNECT: see the option tunnel", 0)
    end
    return method:upper()
end

--- Why a URL cannot be asked for; nil if it can.
function outgoing.unusable(u)
    if u.scheme ~= "http" and u.scheme ~= "https" then
        return ("URL %q: neither http nor https"):format(tostring(u))
    elseif not u.host or u.host == "" or u.port == 0 then
        return ("URL %q: no host, or port 0"):format(tostring(u))
    end
end

--- The URL of a request, which must be http, or https, with a host.
-- @param given text, or what url.parse returns
-- @return the URL, parsed; or nil, message, "EINVAL"
function outgoing.url(given)
    if type(given) == "string" then
        local u <const>, message <const>, code <const> = url.parse(given)
        if not u then
            return nil, message, code
        end
        given = u
    end
    local why <const> = outgoing.unusable(given)
    if why then
        return nil, why, "EINVAL"
    end
    return given
end

-- Framing is ours: what else would be a way to write one request into another.
local function set_length(body, h)
    if h["transfer-encoding"] then
        error("header Transfer-Encoding: a function as the body is sent chunked", 0)
    end
    local declared <const> = h:all "content-length"
    if #declared == 0 then
        return
    end
    local length <const> = #declared == 1 and declared[1]:find "^%d+$"
        and math.tointeger(tonumber(declared[1]))
    if not length or length ~= (body and body.length or length) or not body and length > 0 then
        error("header Content-Length: not that of the body", 0)
    end
    if body then
        body.length = length
    end
    h:remove "content-length"
end

--- A request from checked options: method, url, headers, body, auth = {user,
-- password}; the URL is `u`. Raises what is wrong with them.
-- @return a table of method, url (parsed), headers, body (of upload), and auth
function outgoing.new(o, u)
    local body <const> = upload.new(o.body)
    local h <const> = headers.new(o.headers)
    set_length(body, h)
    local auth = o.auth
    if auth == nil and u.userinfo then
        auth = { u.user, u.password }
    end
    return { method = method_of(o.method), url = u, headers = h, body = body,
        auth = auth and credentials.basic(auth[1], auth[2]) }
end

--- A URL as it may be shown: without a password.
function outgoing.shown(u)
    return url.build(setmetatable({ userinfo = false }, { __index = u }))
end

local function same_place(a, b)
    return a.scheme == b.scheme and a.host == b.host and
        (a.port or url.ports[a.scheme]) == (b.port or url.ports[b.scheme])
end

--- What a request becomes when a response with that status sends it to `u`: after
-- 301, 302 and 303 a GET, unless it was a HEAD; otherwise the same (RFC 9110 15.4).
-- Credentials and cookies do not go to another place.
function outgoing.redirected(request, status, u)
    local h <const> = headers.new(request.headers)
    local next_one <const> = { method = request.method, url = u, headers = h,
        body = request.body, auth = request.auth }
    if status <= 303 then
        next_one.method = request.method == "HEAD" and "HEAD" or "GET"
        next_one.body = nil
        for _, name in ipairs(OF_BODY) do
            h:remove(name)
        end
    end
    if not same_place(request.url, u) then
        next_one.auth = u.userinfo and credentials.basic(u.user, u.password)
        for _, name in ipairs(OF_PLACE) do
            h:remove(name)
        end
    end
    return next_one
end

-- Sets a field that the caller has not set.
local function default(h, name, value)
    if value and not h[name] then
        h:add(name, value)
    end
end

local function frame(request, h)
    local body <const> = request.body
    if body and body.length then
        h:set("Content-Length", body.length)
    elseif body then
        h:set("Transfer-Encoding", "chunked")
    elseif WITH_BODY[request.method] then
        h:set("Content-Length", 0)
    end
    default(h, "Content-Type", body and body.kind)
end

-- What comes after the method.
local function target_of(u, absolute)
    local path <const> = u.path == "" and "/" or u.path
    local target <const> = path .. (u.query and "?" .. u.query or "")
    return absolute and ("%s://%s%s"):format(u.scheme, url.hostport(u), target) or target
end

--- The head of a request as it is sent.
-- @param way how it is sent: `absolute` (to a proxy), `proxy_auth`, `close` (the
-- connection is for this request alone), `upgrade` (a protocol), `expect`,
-- `decompress`
function outgoing.head(request, way)
    local u <const> = request.url
    local h <const> = headers.new { { "Host", request.headers.host or url.hostport(u) } }
    for name, value in pairs(request.headers) do
        if name:lower() ~= "host" then
            h:add(name, value)
        end
    end
    default(h, "User-Agent", AGENT)
    default(h, "Accept", "*/*")
    default(h, "Accept-Encoding", way.decompress and inflate.accepted)
    default(h, "Authorization", request.auth)
    default(h, "Proxy-Authorization", way.proxy_auth)
    default(h, "Expect", way.expect and "100-continue")
    if way.upgrade then
        h:set("Connection", "Upgrade"):set("Upgrade", way.upgrade)
    else
        default(h, "Connection", way.close and "close")
    end
    frame(request, h)
    return ("%s %s HTTP/1.1\r\n%s\r\n"):format(request.method,
        target_of(u, way.absolute), tostring(h))
end

return outgoing
