--- URLs by RFC 3986: taken apart, put together, and resolved against another one.

local query <const> = require "tidewire.http.query"

local url <const> = {}
local url_mt <const> = { __name = "url" }

--- The ports of the schemes that have one here.
url.ports = { http = 80, ws = 80, https = 443, wss = 443 }

-- Bytes that are not ASCII go over the wire encoded (RFC 3987 3.1).
local function ascii(text)
    return text and text:gsub("[\128-\255]+", query.escape)
end

-- An IPv6 address is known without its brackets, its zone without %25 (RFC 6874).
local function split_host(text)
    local ip <const>, zone <const>, port <const> =
        text:match "^%[([%x:]*:[%x:.]*)([^%]]*)%](.*)$"
    if not ip then
        return text:match "^([A-Za-z0-9._~-]*)(.*)$"
    elseif zone == "" then
        return ip:lower(), port
    end
    local name <const> = zone:match "^%%25([A-Za-z0-9._~-]+)$"
    return name and ip:lower() .. "%" .. name, port
end

-- Sets the parts of an authority; or what is wrong with it.
local function authority(u, text)
    local userinfo <const>, rest <const> = text:match "^([^@]*)@(.*)$"
    if userinfo then
        if userinfo:find "[^A-Za-z0-9._~!$&'()*+,;=:%%-]" then
            return "bad user name or password"
        end
        u.userinfo = userinfo
        local user <const>, password <const> = userinfo:match "^([^:]*):?(.*)$"
        u.user, u.password = query.unescape(user), query.unescape(password)
        if u.user:find(":", 1, true) then -- where would it end? (RFC 7617 2)
            return "bad user name or password"
        end
    end
    local host <const>, port <const> = split_host(rest or text)
    if not host or not (port == "" or port:find "^:%d*$") then
        return "bad host"
    end
    u.host, u.port = host:lower(), math.tointeger(tonumber(port:sub(2)))
    if #port > 6 or u.port and u.port > 65535 then
        return "bad port"
    end
end

--- Takes a URL or a relative reference apart. Bytes over 0x7f in path and query
-- become percent-encoded.
-- @return a table with those of scheme, userinfo, user, password (both decoded),
-- host (of IPv6 without brackets), port, path (perhaps empty), query and fragment
-- that are there, which tostring puts together again; or nil, message, "EINVAL"
function url.parse(text)
    if text:find "[\0-\32\127]" then
        return nil, ("URL %q: control bytes or spaces"):format(text), "EINVAL"
    end
    local u <const> = setmetatable({}, url_mt)
    local rest, fragment <const> = text:match "^([^#]*)#?(.*)$"
    u.fragment = #rest < #text and ascii(fragment) or nil
    local scheme <const>, opaque <const> = rest:match "^(%a[A-Za-z0-9+.-]*):(.*)$"
    if scheme then
        u.scheme, rest = scheme:lower(), opaque
    end
    local hierarchy <const>, after <const> = rest:match "^([^?]*)%??(.*)$"
    u.query = #hierarchy < #rest and ascii(after) or nil
    local place <const>, path <const> = hierarchy:match "^//([^/]*)(.*)$"
    u.path = ascii(path or hierarchy)
    local wrong <const> = place and authority(u, place)
    if wrong then
        return nil, ("URL %q: %s"):format(text, wrong), "EINVAL"
    end
    return u
end

--- host[:port] as in a Host field: IPv6 in brackets without its zone, the port
-- only if it is not the scheme's.
function url.hostport(u)
    local host <const> = u.host:find(":", 1, true)
        and ("[%s]"):format(u.host:match "^[^%%]*") or u.host
    if u.port and u.port ~= url.ports[u.scheme] then
        return host .. ":" .. u.port
    end
    return host
end

-- The authority as it stands in a URL.
local function place_of(u)
    local host = u.host
    if host:find(":", 1, true) then
        host = ("[%s]"):format((host:gsub("%%", "%%25")))
    end
    return "//" .. (u.userinfo and u.userinfo .. "@" or "") .. host ..
        (u.port and ":" .. u.port or "")
end

--- Puts the parts together (RFC 3986 5.3).
function url.build(u)
    local path = u.path or ""
    if u.host and path:find "^[^/]" then
        path = "/" .. path
    elseif not u.host and path:find "^//" then
        path = "/." .. path
    end
    return (u.scheme and u.scheme .. ":" or "") .. (u.host and place_of(u) or "") ..
        path .. (u.query and "?" .. u.query or "") ..
        (u.fragment and "#" .. u.fragment or "")
end

url_mt.__tostring = url.build

--- The path without "." and ".." segments (RFC 3986 5.2.4).
function url.remove_dots(path)
    local root <const>, rest <const> = path:match "^(/?)(.*)$"
    local out, n = {}, 0
    for segment, slash in (rest .. "/"):gmatch "([^/]*)(/)" do
        if segment == ".." then
            n = math.max(n - 1, 0)
        elseif segment ~= "." then
            n = n + 1
            out[n] = segment .. slash
        end
    end
    local last <const> = rest:match "[^/]*$"
    local joined <const> = root .. table.concat(out, "", 1, n)
    local folder <const> = last == "." or last == ".."
    return folder and joined or joined:sub(1, -2)
end

-- What a reference's path is in relation to a base (RFC 3986 5.2.3).
local function merge(base, path)
    if base.host and base.path == "" then
        return "/" .. path
    end
    return (base.path:match "^.*/" or "") .. path
end

-- Sets the path and the query that a reference without an authority leads to.
local function set_path(u, base, ref)
    if ref.path == "" then
        u.path, u.query = base.path, ref.query or base.query
    else
        local path <const> = ref.path:find "^/" and ref.path or merge(base, ref.path)
        u.path, u.query = url.remove_dots(path), ref.query
    end
end

local PLACE <const> = { "userinfo", "user", "password", "host", "port" }

local function parsed(u)
    if type(u) == "string" then
        return url.parse(u)
    end
    return u
end

--- What a reference means that stands in the document `base` (RFC 3986 5.2.2).
-- Both are texts, or what parse returns.
-- @return as parse
function url.resolve(base, ref)
    local message, code
    base, message, code = parsed(base)
    if not base then
        return nil, message, code
    end
    ref, message, code = parsed(ref)
    if not ref then
        return nil, message, code
    end
    local u <const> = setmetatable({ fragment = ref.fragment }, url_mt)
    local from <const> = (ref.scheme or ref.host) and ref or base
    for _, key in ipairs(PLACE) do
        u[key] = from[key]
    end
    u.scheme = ref.scheme or base.scheme
    if from == ref then
        u.path, u.query = url.remove_dots(ref.path), ref.query
    else
        set_path(u, base, ref)
    end
    return u
end

return url
