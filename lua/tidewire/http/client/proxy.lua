--- Which proxy a URL is reached by.

local url <const> = require "tidewire.http.url"

local proxy <const> = {}

-- True if an entry of no_proxy names the place: a host, with or without a port,
-- or a domain with all that is in it.
local function names(entry, u)
    local host <const>, port <const> = entry:lower():match "^%*?%.?(.-):?(%d*)$"
    if port ~= "" and tonumber(port) ~= (u.port or url.ports[u.scheme]) then
        return false
    end
    return u.host == host or u.host:sub(-#host - 1) == "." .. host
end

local function excepted(list, u)
    for entry in (list or ""):gmatch "[^%s,]+" do
        if entry == "*" or names(entry, u) or u.host == entry then
            return true
        end
    end
    return false
end

-- The environment's choice. HTTP_PROXY in capitals is not looked at: in a CGI
-- script it is a header that anybody can send.
local function from_environment(u)
    if excepted(os.getenv "no_proxy" or os.getenv "NO_PROXY", u) then
        return nil
    end
    local text = os.getenv(u.scheme .. "_proxy") or
        u.scheme ~= "http" and os.getenv(u.scheme:upper() .. "_PROXY") or
        os.getenv "all_proxy" or os.getenv "ALL_PROXY"
    if text and text ~= "" then
        return text:find "://" and text or "http://" .. text
    end
end

--- The proxy for a URL (parsed), by the option: a URL, "env" (http_proxy,
-- https_proxy, all_proxy, no_proxy), or none.
-- @return a parsed URL; nil if there is none; or nil, message, code
function proxy.choose(option, u)
    if option == "env" then
        option = from_environment(u)
    end
    if not option then
        return nil
    end
    local via <const>, message <const>, code <const> = url.parse(option)
    if not via then
        return nil, "proxy: " .. message, code
    elseif via.scheme ~= "http" or not via.host or via.host == "" then
        return nil, ("proxy %q: not a URL of http"):format(option), "EPROTONOSUPPORT"
    end
    return via
end

return proxy
