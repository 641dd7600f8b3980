--- Which handler answers a request, by its path and method:
--
--     local app <const> = http.router()
--     app:get("/users/:id", function(req, res) res:text(req.params.id) end)
--     app:mount("/static", assert(http.files "public"))
--     assert(http.serve { port = 8080, handler = app })
--
-- Patterns are paths whose segments are literal, `:name` (any one segment that is
-- not empty), or at the end `*name` or `*` (all that is left, perhaps nothing). In
-- each segment a literal one goes before `:name`, and that before `*name`, in
-- whatever order they were added; where that leads nowhere, or to a pattern without
-- the request's method, the next one is tried. A slash at the end counts: "/a" is
-- not "/a/". The path is split as it was sent, then decoded, so that a `%2F` splits
-- nothing; "." and ".." are segments as any other.

local options <const> = require "tidewire.options"
local query <const> = require "tidewire.http.query"

local router <const> = {}
local methods <const> = {}
local router_mt <const> = { __name = "router", __index = methods }

local ANY <const> = "*" -- the method that stands for all

-- A node of the tree: its children by literal segment, `param` and `rest`, and for
-- the patterns that end here handlers and the names of parameters, both by method.
local function new_node()
    return { literal = {}, handlers = {}, names = {} }
end

local function check_handler(what, f, level)
    if not options.rules.callable[2](f) then
        error(("%s: function expected, got %s"):format(what, type(f)), level + 1)
    end
end

local function check_pattern(pattern, level)
    if type(pattern) ~= "string" then
        error("pattern: string expected, got " .. type(pattern), level + 1)
    elseif not pattern:find "^/" then
        error(("pattern %q: does not begin with a slash"):format(pattern), level + 1)
    elseif pattern:find "//" then
        error(("pattern %q: an empty segment"):format(pattern), level + 1)
    elseif pattern:find "/%*.*/" then
        error(("pattern %q: something after the rest"):format(pattern), level + 1)
    end
end

-- The child of a node for a segment of a pattern, made if need be.
local function child_of(node, segment)
    local kind <const> = segment:sub(1, 1)
    local key <const> = kind == ":" and "param" or kind == "*" and "rest"
    if key then
        node[key] = node[key] or new_node()
        return node[key]
    end
    node.literal[segment] = node.literal[segment] or new_node()
    return node.literal[segment]
end

-- The node where a pattern ends, and the names of its parameters.
local function insert(root, pattern, level)
    local node, names <const> = root, {}
    for segment in pattern:gmatch "/([^/]*)" do
        if segment:find "^[:*]" then
            local name <const> = segment:sub(2)
            if segment ~= "*" and not name:find "^[%a_][%w_]*$" or names[name] then
                error(("pattern %q: %q is no name, or there twice")
                    :format(pattern, name), level + 1)
            end
            names[#names + 1], names[name] = name, true
        end
        node = child_of(node, segment)
    end
    return node, names
end

-- What of a node is for the request; or notes which methods it has.
local function handler_at(node, search)
    local handlers <const>, method <const> = node.handlers, search.method
    local found <const> = handlers[method] and method
        or method == "HEAD" and handlers.GET and "GET"
        or handlers[ANY] and ANY
    if found then
        search.names = node.names[found]
        return handlers[found]
    end
    for name in pairs(handlers) do
        search.allow = search.allow or {}
        search.allow[name] = true
    end
end

local function decoded(search, text)
    return search.escaped and query.unescape(text) or text
end

-- The handler for what is left of the path: from its byte `at` on, or nothing
-- (nil); with `count` values of parameters so far.
local function find(node, search, at, count)
    if not at then
        return handler_at(node, search)
    end
    local path <const>, values <const> = search.path, search.values
    local slash <const> = path:find("/", at, true)
    local after <const> = slash and slash + 1
    local segment <const> = decoded(search, path:sub(at, (slash or 0) - 1))
    local child, handler = node.literal[segment], nil
    if child then
        handler = find(child, search, after, count)
    end
    if not handler and node.param and segment ~= "" then
        values[count + 1] = segment
        handler = find(node.param, search, after, count + 1)
    end
    if not handler and node.rest then
        values[count + 1] = decoded(search, path:sub(at))
        handler = handler_at(node.rest, search)
    end
    return handler
end

-- The path as it was sent, without what routers above have taken of it.
local function path_of(req)
    local path = req.target:match "^[^?]*"
    if path:byte() ~= 0x2f then -- with a host before it, perhaps
        path = path:gsub("^%a[%w+.-]*://[^/]*", "", 1)
    end
    return req.mount and path:sub(#req.mount + 1) or path
end

local function allowed(allow)
    allow.OPTIONS, allow.HEAD = true, allow.HEAD or allow.GET
    local names <const> = {}
    for name in pairs(allow) do
        names[#names + 1] = name
    end
    table.sort(names)
    return table.concat(names, ", ")
end

-- The answer to a path or a method that is not there.
local function refuse(search, res)
    if not search.allow then
        return res:error(404)
    end
    res:set("Allow", allowed(search.allow))
    if search.method == "OPTIONS" then
        res.status = 204
        return res:send()
    end
    return res:error(405)
end

local function dispatch(self, req, res)
    local path <const> = path_of(req)
    local search <const> = { path = path, method = req.method, values = {},
        escaped = path:find("%", 1, true) }
    local handler
    if path == "*" then -- OPTIONS, of the server as a whole (RFC 9110 9.3.7)
        search.allow = self.known
    elseif path == "" or path:find "^/" then
        handler = find(self.root, search, path ~= "" and 2 or 1, 0)
    end
    if not handler then
        return refuse(search, res)
    end
    local params <const> = req.params or {}
    for i, name in ipairs(search.names) do
        params[name] = search.values[i]
    end
    params[""] = nil -- of a rest without a name
    req.params = params
    return handler(req, res)
end

-- Runs the hooks from the i-th on, then the handler.
local function run(self, req, res, i)
    local hook <const> = self.hooks[i]
    if not hook then
        return dispatch(self, req, res)
    end
    return hook(req, res, function() return run(self, req, res, i + 1) end)
end

router_mt.__call = function(self, req, res)
    return run(self, req, res, 1)
end

local function add(self, names, pattern, handler, level)
    check_pattern(pattern, level + 1)
    check_handler("handler", handler, level + 1)
    local node <const>, params <const> = insert(self.root, pattern, level + 1)
    for _, name in ipairs(names) do
        if node.handlers[name] then
            error(("pattern %q: there is a handler already for %s")
                :format(pattern, name == ANY and "any method" or name), level + 1)
        end
    end
    for _, name in ipairs(names) do
        node.handlers[name], node.names[name] = handler, params
        self.known[name] = name ~= ANY or nil
    end
end

for _, name in ipairs { "GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS" } do
    --- app:get(pattern, handler), post, put, patch, delete, head, options: answers
    -- requests of that method; those of HEAD go to GET's handler if there is none
    -- of their own, and OPTIONS is answered with the methods there are. What was in
    -- the path is in req.params, decoded. Raises if the pattern is malformed, or
    -- has such a handler already. Returns the router.
    methods[name:lower()] = function(self, pattern, handler)
        add(self, { name }, pattern, handler, 2)
        return self
    end
end

--- Ditto, for requests of all methods that have no handler of their own.
function methods:any(pattern, handler)
    add(self, { ANY }, pattern, handler, 2)
    return self
end

--- Ditto, for a method or a list of them: their names as in requests, "PROPFIND".
function methods:route(names, pattern, handler)
    names = type(names) == "table" and names or { names }
    for _, name in ipairs(names) do
        if type(name) ~= "string" or not name:find "^[%u%d_-]+$" then
            error(("method %s: not a name in upper case"):format(tostring(name)), 2)
        end
    end
    add(self, names, pattern, handler, 2)
    return self
end

--- Has hook(req, res, next) called for every request, found or not, in the order
-- in which hooks were added; next() goes on, and without it the hook answers.
-- What the handler returns, next() does. Returns the router.
function methods:use(hook)
    check_handler("hook", hook, 2)
    self.hooks[#self.hooks + 1] = hook
    return self
end

-- The handler that gives another one the paths below a prefix of `count` segments.
local function below(count, handler)
    local prefix <const> = "^" .. ("/[^/]*"):rep(count) .. "()"
    return function(req, res)
        local mount <const>, path <const>, raw <const> = req.mount, req.subpath, path_of(req)
        local at <const> = raw:match(prefix)
        req.mount = (mount or "") .. raw:sub(1, at - 1)
        req.subpath = query.unescape(raw:sub(at))
        local answer <const> = handler(req, res)
        req.mount, req.subpath = mount, path
        return answer
    end
end

-- Sends the client to the same path with a slash at its end.
local function add_slash(req, res)
    local path <const>, rest <const> = req.target:match "^([^?]*)(.*)$"
    return res:redirect(path:gsub("^%a[%w+.-]*://[^/]*", "", 1) .. "/" .. rest, 308)
end

--- Gives everything below a prefix to another handler, a router for instance, or
-- http.files, which take req.subpath for the path: as if the prefix were not there.
-- That is in req.mount, as it was sent. The prefix itself, without a slash, is
-- redirected to what is below. Returns the router.
-- @param prefix a pattern without a slash at its end; or "/", for everything that
-- no pattern has
function methods:mount(prefix, handler)
    check_pattern(prefix, 2)
    check_handler("handler", handler, 2)
    if prefix ~= "/" and prefix:find "/$" or prefix:find "/%*" then
        error(("prefix %q: a slash at its end, or *"):format(prefix), 2)
    end
    local bare <const> = prefix == "/" and "" or prefix
    local _, count <const> = bare:gsub("/", "")
    add(self, { ANY }, bare .. "/*", below(count, handler), 2)
    if bare ~= "" then
        add(self, { ANY }, bare, add_slash, 2)
    end
    return self
end

--- A new router without any pattern.
function router.router()
    return setmetatable({ root = new_node(), hooks = {}, known = {} }, router_mt)
end

return router
