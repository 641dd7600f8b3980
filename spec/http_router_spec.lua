-- Which handler a request goes to, with stand-ins for requests and answers.

local net <const> = require "spec.support.net"
local router <const> = require("tidewire.http.router").router

-- What an answer would have been.
local function new_res()
    local res <const> = { status = 200, fields = {} }
    function res:set(name, value) self.fields[name] = value end
    function res:send(body) self.body = body or "" end
    function res:error(status) self.status, self.body = status, "error" end
    function res:redirect(location, status)
        self.status, self.location, self.body = status, location, ""
    end
    return res
end

-- Asks a handler: the answer, and the request as the handler has left it.
local function ask(app, method, target)
    local req <const>, res <const> = { method = method, target = target }, new_res()
    req.path = target:match "^[^?]*"
    app(req, res)
    return res, req
end

-- A handler that answers with a name, and with the parameters in order.
local function says(name)
    return function(req, res)
        local out <const> = { name }
        for key, value in pairs(req.params) do
            out[#out + 1] = key .. "=" .. value
        end
        table.sort(out, function(a, b) return a == name or b ~= name and a < b end)
        res:send(table.concat(out, " "))
    end
end

-- An app whose handlers say their patterns; in the order given, or backwards.
local function app_of(patterns, backwards)
    local app <const> = router()
    for i = 1, #patterns do
        local pattern <const> = patterns[backwards and #patterns - i + 1 or i]
        app:get(pattern, says(pattern))
    end
    return app
end

describe("a router's patterns", function()
    local patterns <const> = {
        "/", "/users", "/users/", "/users/new", "/users/:id", "/users/:id/edit", "/users/*rest",
        "/files/*path", "/a/:b/c/:d", "/a/:b/*c", "/v1/x:y", "/deep/:a/:b/:c", "/deep/x/*r",
    }
    local expected <const> = {
        ["/"] = "/", ["/?a=/users"] = "/", ["/users"] = "/users", ["/users/"] = "/users/",
        ["/users/new"] = "/users/new", ["/users/7"] = "/users/:id id=7",
        ["/users/new/edit"] = "/users/:id/edit id=new",
        ["/users/7/edit?x"] = "/users/:id/edit id=7",
        ["/users/7/"] = "/users/*rest rest=7/", ["/users/7/x/y"] = "/users/*rest rest=7/x/y",
        ["/files/"] = "/files/*path path=", ["/files/a//b/"] = "/files/*path path=a//b/",
        ["/a/1/c/2"] = "/a/:b/c/:d b=1 d=2", ["/a/1/c/"] = "/a/:b/*c b=1 c=c/",
        ["/v1/x:y"] = "/v1/x:y", ["/deep/x/2/3"] = "/deep/x/*r r=2/3",
        ["/deep/y/2/3"] = "/deep/:a/:b/:c a=y b=2 c=3",
        ["http://host:1/users?x"] = "/users", ["http://host"] = "/", ["HTTP://h?x"] = "/",
        ["/files"] = "error", ["/User"] = "error", ["/x"] = "error", ["//users"] = "error",
        ["/a//c/2"] = "error", ["users"] = "error", ["//"] = "error", ["/deep/y/2"] = "error",
    }

    for _, backwards in ipairs { false, true } do
        it("match alike in any order " .. (backwards and "(backwards)" or ""), function()
            local app <const> = app_of(patterns, backwards)
            for target, answer in pairs(expected) do
                local res <const> = ask(app, "GET", target)
                assert.equal(answer, res.body, target)
                assert.equal(answer == "error" and 404 or 200, res.status, target)
            end
        end)
    end

    it("split the path before it is decoded", function()
        local app <const> = app_of { "/users/:id", "/a b/*rest", "/ü", "/%41" }
        for target, answer in pairs {
            ["/users/a%2Fb"] = "/users/:id id=a/b", ["/%75sers/%3F%25"] = "/users/:id id=?%",
            ["/a%20b/%2e%2e/x"] = "/a b/*rest rest=../x", ["/%C3%BC"] = "/ü",
            ["/users%2F7"] = "error", ["/users/%zz"] = "/users/:id id=%zz",
            ["/%2541"] = "/%41", ["/A"] = "error",
        } do
            assert.equal(answer, ask(app, "GET", target).body, target)
        end
    end)

    it("are refused when they are malformed, or there already", function()
        local app <const> = router():get("/a/:b", print):any("/a/:b", print)
        for pattern, message in pairs {
            ["a"] = "does not begin with a slash", [""] = "does not begin with a slash",
            ["/a//b"] = "an empty segment", ["/*a/b"] = "something after the rest",
            ["/:"] = "no name", ["/:1"] = "no name", ["/:a/:a"] = "there twice",
            ["/:a-:b"] = "no name", ["/:a/*a"] = "there twice", ["/*a*"] = "no name",
            ["/a/:c"] = "there is a handler already for GET",
        } do
            net.raises(message, app.get, app, pattern, print)
        end
        net.raises("already for any method", app.any, app, "/a/:x", print)
        net.raises("pattern: string expected, got nil", app.get, app, nil, print)
        net.raises("handler: function expected, got nil", app.get, app, "/b")
        net.raises("handler: function expected, got table", app.mount, app, "/b", {})
        net.raises("hook: function expected, got string", app.use, app, "x")
        net.raises("not a name in upper case", app.route, app, { "GET", "get" }, "/b", print)
        net.raises("already for GET", app.route, app, { "PUT", "GET" }, "/a/:b", print)
        assert.equal("PUT", ask(router():any("/", function(req, res)
            res:send(req.method)
        end), "PUT", "/").body)
        assert.same({ GET = true }, app.known)
    end)

    it("raise where the caller stands", function()
        net.raises("http_router_spec.lua", function() router():get("x", print) end)
        net.raises("http_router_spec.lua", function() router():mount("/x/", print) end)
    end)
end)

describe("a router's methods", function()
    local app <const> = router()
    app:get("/x", says "get"):post("/x", says "post"):any("/any", says "any")
    app:get("/any", says "mine"):delete("/y/:id", says "delete"):put("/y/*all", says "put")
    app:route({ "PROPFIND", "GET" }, "/dav", says "dav"):options("/dav", says "options")
    app:patch("/patch", says "patch"):head("/patch", says "head")

    it("go to their handlers", function()
        for request, answer in pairs {
            ["GET /x"] = "get", ["POST /x"] = "post", ["HEAD /x"] = "get", ["PUT /any"] = "any",
            ["HEAD /any"] = "mine", ["OPTIONS /any"] = "any", ["PROPFIND /dav"] = "dav",
            ["DELETE /y/1"] = "delete id=1", ["PUT /y/1"] = "put all=1",
            ["OPTIONS /dav"] = "options", ["HEAD /patch"] = "head", ["BREW /any"] = "any",
        } do
            assert.equal(answer, ask(app, request:match "(%S+) (%S+)").body, request)
        end
    end)

    it("are named when another one is asked for", function()
        for request, allow in pairs {
            ["PUT /x"] = "GET, HEAD, OPTIONS, POST", ["get /x"] = "GET, HEAD, OPTIONS, POST",
            ["GET /y/1"] = "DELETE, OPTIONS, PUT", ["DELETE /dav"] = "GET, HEAD, OPTIONS, PROPFIND",
            ["DELETE /y/1/2"] = "OPTIONS, PUT",
        } do
            local res <const> = ask(app, request:match "(%S+) (%S+)")
            assert.equal(405, res.status)
            assert.equal(allow, res.fields.Allow, request)
        end
        assert.is_nil(ask(app, "PUT", "/none").fields.Allow)
    end)

    it("are what OPTIONS is answered with", function()
        local res <const> = ask(app, "OPTIONS", "/x")
        assert.same({ 204, "", "GET, HEAD, OPTIONS, POST" },
            { res.status, res.body, res.fields.Allow })
        assert.equal(404, ask(app, "OPTIONS", "/none").status)
        assert.equal("DELETE, GET, HEAD, OPTIONS, PATCH, POST, PROPFIND, PUT",
            ask(app, "OPTIONS", "*").fields.Allow)
    end)
end)

describe("router:mount", function()
    -- Answers with what a handler below sees.
    local function shows(req, res)
        res:send(req.mount .. " " .. req.subpath)
    end

    it("shortens the path for a handler", function()
        local app <const> = router():mount("/static", shows):get("/static/x", says "x")
        app:mount("/u/:id/files", shows)
        for target, answer in pairs {
            ["/static/"] = "/static /", ["/static/a%20b?q"] = "/static /a b",
            ["/static/x"] = "x", ["/u/a%2Fb/files/c/d"] = "/u/a%2Fb/files /c/d",
            ["/%73tatic//a"] = "/%73tatic //a", ["/staticx"] = "error",
            ["http://h/static/y"] = "/static /y",
        } do
            local res <const>, req <const> = ask(app, "POST", target)
            assert.equal(target == "/static/x" and "/static /x" or answer, res.body, target)
            assert.is_nil(req.mount)
            assert.is_nil(req.subpath)
        end
        assert.equal("x", ask(app, "GET", "/static/x").body)
        assert.same({ id = "a/b" }, select(2, ask(app, "GET", "/u/a%2Fb/files/c")).params)
    end)

    it("redirects the prefix to what is below", function()
        local app <const> = router():mount("/a/:b", shows)
        for target, location in pairs {
            ["/a/x"] = "/a/x/", ["/a/x?q=1/2"] = "/a/x/?q=1/2", ["http://h/a/x"] = "/a/x/",
        } do
            local res <const> = ask(app, "GET", target)
            assert.same({ 308, location }, { res.status, res.location })
        end
        app:get("/a/:b", says "own")
        assert.equal("own b=x", ask(app, "GET", "/a/x").body)
    end)

    it("takes routers, in one another", function()
        local inner <const> = router():get("/", says "root"):get("/:id", says "one")
        local middle <const> = router():mount("/:kind", inner):get("/:x", says "middle")
        local app <const> = router():mount("/api", middle)
        assert.equal("root kind=k", ask(app, "GET", "/api/k/").body)
        assert.equal("one id=7 kind=k", ask(app, "GET", "/api/k/7").body)
        assert.equal("middle x=k", ask(app, "GET", "/api/k").body)
        assert.equal("GET, HEAD, OPTIONS", ask(app, "PUT", "/api/k/7").fields.Allow)
        assert.equal(404, ask(app, "GET", "/api/k/7/8").status)
    end)

    it("takes everything at the root, after all patterns", function()
        local app <const> = router():mount("/", shows):get("/x", says "x")
        assert.equal(" /y/z", ask(app, "GET", "/y/z").body)
        assert.equal(" /", ask(app, "GET", "/").body)
        assert.equal("x", ask(app, "GET", "/x").body)
        assert.equal(" /x", ask(app, "PUT", "/x").body)
    end)

    it("refuses prefixes that end in a slash or a rest", function()
        for _, prefix in ipairs { "/a/", "/*", "/a/*b", "a" } do
            net.raises("http_router_spec", function() router():mount(prefix, print) end)
        end
    end)
end)

describe("router:use", function()
    it("calls hooks in order around the handler, found or not", function()
        local seen
        local function hook(name)
            return function(_, _, next)
                seen[#seen + 1] = name
                local result <const> = next()
                seen[#seen + 1] = name .. " after"
                return result
            end
        end
        local app <const> = router():use(hook "a"):use(hook "b")
        app:get("/", function() seen[#seen + 1] = "handler" end)
        seen = {}
        ask(app, "GET", "/")
        assert.same({ "a", "b", "handler", "b after", "a after" }, seen)
        seen = {}
        assert.equal(404, ask(app, "GET", "/none").status)
        assert.same({ "a", "b", "b after", "a after" }, seen)
    end)

    it("lets a hook answer itself", function()
        local app <const> = router():use(function(_, res) res:error(401) end)
        app:get("/", function() error "must not be called" end)
        assert.equal(401, ask(app, "GET", "/").status)
    end)
end)

describe("a router", function()
    it("takes time by the segments of its patterns, not by the path's", function()
        local app <const> = router():get("/a/:b", says "b"):get("/r/*rest", says "r")
        for i = 1, 2000 do
            app:get("/route" .. i .. "/:id", says(tostring(i)))
        end
        local began <const> = os.clock()
        for i = 1, 2000 do
            assert.equal(i .. " id=x", ask(app, "GET", "/route" .. i .. "/x").body)
            ask(app, "GET", ("/"):rep(8000))
            ask(app, "GET", "/a" .. ("/a"):rep(4000))
        end
        assert.is_true(os.clock() - began < 2)
    end)
end)
