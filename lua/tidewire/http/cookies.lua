--- Cookies (RFC 6265): read as leniently as servers do, written strictly.

local codec <const> = require "tidewire.http_core"
local date <const> = require "tidewire.http.date"
local options <const> = require "tidewire.options"
local trim <const> = require("tidewire.http.parameters").trim

local cookies <const> = {}

local COOKIES <const> = 256 -- of a request; what comes after them is ignored
local LONGEST <const> = 4096 -- bytes that browsers keep, attributes included

local function is_integer(value)
    return math.type(value) == "integer"
end

local function is_like(pattern)
    return function(value) return type(value) == "string" and value:find(pattern) end
end

local function is_flag(value)
    return value == true
end

-- What the options may be, and what is wrong otherwise.
local OPTIONS <const> = {
    path = { is_like "^/[ -:<-~]*$", "bad path" },
    domain = { is_like "^%.?%w[%w.-]*$", "bad domain" },
    max_age = { is_integer, "max_age: seconds expected" },
    expires = { is_integer, "expires: a time expected" },
    secure = { is_flag, "secure: true expected" },
    httponly = { is_flag, "httponly: true expected" },
    samesite = {
        function(value) return value == "Strict" or value == "Lax" or value == "None" end,
        "samesite: Strict, Lax or None expected",
    },
}

--- Reads the value of a Cookie field.
-- @param text the value; nil for none
-- @return a table name -> value, the first one of a name: browsers send the one with
-- the longest path first. Quotes around a value are taken off, nothing is decoded.
-- What has no name, or no `=`, is left out
function cookies.parse(text)
    local found <const>, n = {}, 0
    for pair in (text or ""):gmatch "[^;]+" do
        local name, value = pair:match "^([^=]*)=(.*)$"
        n = n + 1
        if n > COOKIES then
            break
        end
        name = name and trim(name) or ""
        if name ~= "" and not found[name] then
            value = trim(value)
            found[name] = value:match '^"(.*)"$' or value
        end
    end
    return found
end

local function check(condition, name, why, level)
    if not condition then
        error(("cookie %q: %s"):format(name, why), level + 1)
    end
end

-- A name's beginning may promise how the cookie was set (RFC 6265bis 4.1.3).
local function check_prefix(name, o, level)
    local prefix <const> = name:match "^__[Ss][Ee][Cc][Uu][Rr][Ee]%-"
        or name:match "^__[Hh][Oo][Ss][Tt]%-"
    local host <const> = prefix and prefix:lower() == "__host-"
    check(not prefix or o.secure, name, "must be secure", level + 1)
    check(not host or not o.domain and (o.path or "/") == "/", name,
        "must have no domain, and the path /", level + 1)
end

local function check_options(name, o, level)
    for key, rule in pairs(OPTIONS) do
        check(not o[key] or rule[1](o[key]), name, rule[2], level + 1)
    end
    check(o.samesite ~= "None" or o.secure, name, "samesite None must be secure", level + 1)
    check_prefix(name, o, level + 1)
end

--- Writes the value of a Set-Cookie field. Raises for what may not be in one.
-- @param name a token
-- @param value without control bytes, spaces, and any of `" , ; \`: see query.escape;
-- or false, for the cookie to be deleted, with the path and the domain it was set with
-- @param o options: path ("/"; false: that of the page), domain (none: only the host
-- itself), max_age in seconds or expires as of os.time (neither: until the browser is
-- closed), secure, httponly, samesite ("Strict", "Lax", "None")
function cookies.format(name, value, o)
    o = options.check(o, OPTIONS, 2)
    if type(name) ~= "string" or not codec.is_token(name) then
        error(("cookie name %s: not a token"):format(tostring(name)), 2)
    end
    check(value == false or type(value) == "string" and value:find "^[!#-+--:<-[%]^-~]*$", name,
        "what may not be in a value", 2)
    check_options(name, o, 2)
    local deleted <const> = value == false
    local max_age <const>, expires <const> =
        deleted and 0 or o.max_age, deleted and 0 or o.expires
    local path <const> = o.path == nil and "/" or o.path
    local text <const> = name .. "=" .. (value or "")
        .. (path and "; Path=" .. path or "")
        .. (o.domain and "; Domain=" .. o.domain or "")
        .. (max_age and ("; Max-Age=%d"):format(max_age) or "")
        .. (expires and "; Expires=" .. date.format(expires) or "")
        .. (o.secure and "; Secure" or "")
        .. (o.httponly and "; HttpOnly" or "")
        .. (o.samesite and "; SameSite=" .. o.samesite or "")
    check(#text <= LONGEST, name, "too long", 2)
    return text
end

return cookies
