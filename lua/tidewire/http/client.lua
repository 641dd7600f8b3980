--- The HTTP client: requests that look like function calls, over connections that
-- are kept for the next one. Cookies are not kept.

local answer <const> = require "tidewire.http.client.answer"
local client_options <const> = require "tidewire.http.client.options"
local dial <const> = require "tidewire.http.client.dial"
local exchange <const> = require "tidewire.http.client.exchange"
local guard <const> = require "tidewire.http.client.guard"
local outgoing <const> = require "tidewire.http.client.outgoing"
local pool <const> = require "tidewire.http.client.pool"
local task <const> = require "tidewire.task"
local url <const> = require "tidewire.http.url"

local client <const> = {}
local methods <const> = {}
local client_mt <const> = { __name = "http client", __index = methods }

-- The exchange of a request over a connection that is kept, or else a new one;
-- the head of its answer. After a failure: true if it may have been the kept
-- connection's fault alone.
local function attempt(self, request, route, o, kept)
    local pooled <const> = o.keep_alive and not o.upgrade and o.connect == self.defaults.connect
    local conn = kept and pooled and self.pool:take(route.key)
    local used <const> = conn and true
    if not conn then
        local message, code
        conn, message, code = dial.open(route, o)
        if not conn then
            return nil, message, code
        end
    end
    local plain <const> = o.decompress and not request.headers["accept-encoding"] and
        not request.headers.range
    local text <const> = outgoing.head(request, { absolute = route.absolute,
        proxy_auth = route.absolute and route.auth, close = not pooled, upgrade = o.upgrade,
        expect = request.body and o.expect, decompress = plain })
    local x <const> = exchange.new(conn, request, text, { max_head = o.max_head,
        upgrade = o.upgrade, expect = request.body and o.expect or nil })
    local unanswered <close> = guard(x)
    local head <const>, message <const>, code <const> = x:run()
    if not head then
        return nil, message, code, used and not x.came
    end
    unanswered.object = nil
    return answer.new(x, head, { timeout = o.stream and o.timeout, max_body = o.max_body,
        max_ratio = o.max_ratio, pool = pooled and self.pool, decompress = plain })
end

local function repeatable(request)
    local body <const> = request.body
    return not body or body.repeatable or not body.opened
end

-- One request, sent again if the connection had gone stale.
local function perform(self, request, o)
    local route, message, code = dial.route(request.url, o)
    if not route then
        return nil, message, code
    end
    local r, stale
    r, message, code, stale = attempt(self, request, route, o, true)
    if stale and outgoing.idempotent[request.method] and repeatable(request) then
        r, message, code = attempt(self, request, route, o, false)
    end
    return r, message, code
end

local REDIRECTS <const> = { [301] = true, [302] = true, [303] = true, [307] = true, [308] = true }

-- Where an answer sends the request: a URL; nil if nowhere; or nil, message, code.
local function destination(r, request, o, seen)
    local places <const> = r.headers:all "location"
    if not REDIRECTS[r.status] or not o.redirects or #places == 0 or
        r.status > 303 and not repeatable(request) then
        return nil
    elseif #places > 1 then
        return nil, "a redirect to several places", "EBADMSG"
    end
    local u <const>, message <const>, code <const> = url.resolve(request.url, places[1])
    local why <const> = u and outgoing.unusable(u) or message
    if why then
        return nil, "redirect: " .. why, code or "EBADMSG"
    end
    u.fragment = u.fragment or request.url.fragment
    local method <const> = r.status > 303 and request.method or "GET"
    local key <const> = method .. " " .. tostring(u)
    if seen.count >= o.redirects or seen[key] then
        return nil, seen[key] and "a circle of redirects" or "too many redirects", "ELOOP"
    end
    seen.count, seen[key] = seen.count + 1, true
    return u
end

-- Follows redirects to the last answer; its body is still to come.
local function follow(self, request, o)
    local history <const>, seen <const> = {}, { count = 0 }
    seen[request.method .. " " .. tostring(request.url)] = true
    while true do
        local r <const>, message <const>, code <const> = perform(self, request, o)
        if not r then
            return nil, message, code
        end
        local unwanted <close> = guard(r)
        r.url, r.history = outgoing.shown(request.url), history
        local u, why, what = destination(r, request, o, seen)
        if why then
            return nil, why, what
        elseif u then
            r:discard()
            history[#history + 1] = r
            request = outgoing.redirected(request, r.status, u)
        elseif r.status == 417 and o.expect and repeatable(request) then
            r:discard()
            o.expect = false
        else
            unwanted.object = nil
            return r
        end
    end
end

-- The stream of a connection that now speaks the protocol that was asked for.
local function switched(r, o)
    local protocol <const> = (r.headers.upgrade or "none"):lower()
    if not protocol:find(o.upgrade:lower(), 1, true) then
        r:close()
        return nil, ("asked for %s, got %s"):format(o.upgrade, protocol), "EBADMSG"
    end
    r.stream = r:detach()
    return r
end

local function run(self, request, o)
    local r <const>, message <const>, code <const> = follow(self, request, o)
    if not r then
        return nil, message, code
    elseif r.status == 101 then
        return switched(r, o)
    elseif o.stream then
        return r
    end
    local _ <close> = r
    local body <const>, why <const>, what <const> = r:body()
    if not body then
        return nil, why, what
    end
    r.body = body
    return r
end

--- Sends a request. Options, in one table:
--
-- `url`; `method` ("GET"); `headers`: a table name -> value, or a list of {name,
-- value}; `body`: a string, a file, a function that returns the next piece or nil,
-- {json = value}, {form = fields}, or what multipart.encode returns; `auth` = {user,
-- password}: by default those in the URL, false: none.
--
-- `stream`: true: the body is read with r:read, r:pieces or r:body afterwards.
-- `timeout` (30): seconds for all of it together; with `stream`, for all until the
-- head of the answer, and for each read. `max_body` (64 MiB, but of r:read),
-- `max_head` (32 KiB), `max_ratio` (200): how much longer a body may become when it
-- is decompressed; `decompress` (true). `redirects` (10, false: are not followed).
-- `keep_alive` (true). `expect`: seconds to wait for 100 Continue before the body is
-- sent; true: one. `upgrade`: a protocol; if the answer is 101, r.stream speaks it.
--
-- `socket`: the path of a Unix socket to use instead of what the URL names.
-- `proxy`: a URL, or "env": what http_proxy and no_proxy say; `tunnel`: with CONNECT.
-- `connect`(host, port, timeout, scheme): gives the stream or socket to use, for
-- whatever else there is, such as https.
--
-- Raises what is wrong with the options.
-- @return an answer: status, reason, version, headers, url, history (the answers
-- that were redirects), ok (a status of 2xx), body, trailers; or nil, message, code:
-- "EINVAL" if the URL is none of http or https
function methods:request(given)
    local o <const> = client_options.complete(self.defaults, given, 2)
    local u <const>, bad <const>, which <const> = outgoing.url(o.url)
    if not u then
        return nil, bad, which
    end
    local fine <const>, request <const> = pcall(outgoing.new, o, u)
    if not fine then
        error(request, request ~= "not enough memory" and 2 or 0)
    end
    local r <const>, message <const>, code <const> =
        task.timeout(o.timeout or nil, run, self, request, o)
    if r then
        return r
    end
    return nil, ("%s %s: %s"):format(request.method, outgoing.shown(request.url),
        code == "timeout" and "timed out" or message), code
end

-- A call's arguments as the options of request.
local function with(given, method, target, body)
    local o <const> = client_options.copy(given, 3)
    o.method, o.url = method, target
    if body ~= nil then
        o.body = body
    end
    return o
end

for _, name in ipairs { "get", "head", "delete", "options" } do
    methods[name] = function(self, target, given)
        return self:request(with(given, name:upper(), target))
    end
end

for _, name in ipairs { "post", "put", "patch" } do
    methods[name] = function(self, target, body, given)
        return self:request(with(given, name:upper(), target, body))
    end
end

--- Closes the connections that are kept.
function methods:close()
    self.pool:close()
end

client_mt.__close = methods.close

--- A client with connections of its own. Options: those of a request, as defaults
-- for all of them; max_idle (64), max_idle_per_host (8): how many connections are
-- kept, for at most idle_timeout (60) seconds.
-- @return a client: request, get, post ... as methods; close()
function client.client(given)
    local o <const> = client_options.client(given, 2)
    return setmetatable({ defaults = given or {},
        pool = pool.new(o.max_idle, o.max_idle_per_host, o.idle_timeout) }, client_mt)
end

local common <const> = client.client()

--- get(url [, options]), head, delete, options; post(url, body [, options]), put,
-- patch; request(options): as the methods, with connections that all share.
for name, method in pairs(methods) do
    client[name] = function(...)
        return method(common, ...)
    end
end

return client
