-- The HTTP client: what it sends, what it returns, and what it refuses to send.

local http <const> = require "tidewire.http"
local net <const> = require "spec.support.net"
local peer <const> = require "spec.support.http_peer"
local tasks <const> = require "spec.support.tasks"

local it <const> = tasks.checked(it)
local both <const> = function(name, f) tasks.both(it, name, f) end

-- Calls method(client, url of a server, ...): the answer, and the request that
-- was sent.
local function exchange(answer, method, path, ...)
    local server <close> = peer.serve{answer}
    local client <close> = http.client()
    local r <const> = assert(client[method](client, server.url .. (path or "/"), ...))
    return r, server.requests[1], server
end

describe("a request", function()
    both("gets an answer", function()
        local r <const>, request <const>, server = exchange(peer.ok("hello", "X-Y: z\n"),
            "get", "/a%20b?c=d#e")
        assert.same({200, "OK", "1.1", "hello", "z", true}, {r.status, r.reason, r.version,
            r.body, r.headers["x-y"], r.ok})
        assert.equal(server.url .. "/a%20b?c=d#e", r.url)
        assert.same({}, r.history)
        assert.same({"GET", "/a%20b?c=d", 1, ""},
            {request.method, request.target, request.minor, request.body})
        assert.equal(peer.lines(([[
GET /a%%20b?c=d HTTP/1.1
Host: 127.0.0.1:%d
User-Agent: tidewire/%s
Accept: */*
Accept-Encoding: gzip, deflate

]]):format(server.port, require "tidewire.core"._VERSION)), request.head)
    end)

    it("has the headers that the caller wants", function()
        local _ <const>, request <const> = exchange(peer.ok "", "get", "", {headers = {
            ["user-agent"] = "me", Accept = "text/html", Host = "other", ["X-Two"] = {"a", "b"}}})
        assert.same({"/", "other", "me", "text/html"}, {request.target, request.h.host,
            request.h["user-agent"], request.h.accept})
        assert.is_truthy(request.head:find("X-Two: a\r\nX-Two: b\r\n", 1, true))
    end)

    it("may have any method", function()
        for _, name in ipairs{"get", "delete", "options", "post", "put", "patch"} do
            local _ <const>, request <const> = exchange(peer.ok "", name)
            assert.equal(name:upper(), request.method)
            assert.equal(name:find "^p" and "0" or nil, request.h["content-length"])
        end
        local server <close> = peer.serve{peer.ok "x"}
        assert.equal("x", assert(http.request{url = server.url, method = "x-Y",
            keep_alive = false}).body)
        assert.same({"X-Y", "close"}, {server.requests[1].method, server.requests[1].h.connection})
    end)

    it("leaves the body to be read when that is wanted", function()
        local r <close> = exchange(peer.ok "hello", "get", "/", {stream = true})
        assert.is_nil(rawget(r, "body"))
        assert.equal("hel", (r:read(3)))
        assert.equal("lo", (r:body()))
    end)

    it("of HEAD has no body in its answer", function()
        local r <const> = exchange("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "head")
        assert.same({"", "5"}, {r.body, r.headers["content-length"]})
    end)

    it("carries bodies of all kinds", function()
        local function sent(body, o)
            local _, request <const> = exchange(peer.ok "", "post", "/", body, o)
            return {request.body, request.h["content-length"], request.h["transfer-encoding"],
                kind = request.h["content-type"]}
        end
        assert.same({"text", "4"}, sent "text")
        assert.same({"", "0"}, sent "")
        local long <const> = ("0123456789"):rep(100000)
        assert.same({long, "1000000"}, sent(long))
        assert.same({'{"a":[1,"b"]}', "13", kind = "application/json"}, sent{json = {a = {1, "b"}}})
        assert.same({"a=b+c&d=%26", "11", kind = "application/x-www-form-urlencoded"},
            sent{form = {a = "b c", d = "&"}})
        assert.same({"x=1", "3", kind = "own"}, sent({form = {x = 1}},
            {headers = {["Content-Type"] = "own"}}))
        local pieces <const> = {"one", "", "two", long}
        assert.same({"onetwo" .. long, nil, "chunked"},
            sent(function() return table.remove(pieces, 1) end))
    end)

    it("carries files", function()
        local path <const> = net.file(("line\n"):rep(50000))
        local file <close> = assert(io.open(path))
        os.remove(path)
        file:read "l"
        local _, request = exchange(peer.ok "", "put", "/", file)
        assert.same({("line\n"):rep(49999), "249995"}, {request.body, request.h["content-length"]})
        local a <const>, b <const> = net.pair()
        assert(a:sendall "from a stream")
        a:close()
        local stream <close> = b:makefile "r"
        b:close()
        _, request = exchange(peer.ok "", "put", "/", stream)
        assert.same({"from a stream", "chunked"}, {request.body, request.h["transfer-encoding"]})
    end)

    it("carries credentials", function()
        local _, request = exchange(peer.ok "", "get", "/", {auth = {"Aladdin", "open sesame"}})
        assert.equal("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", request.h.authorization)
        local server <close> = peer.serve{peer.ok "", peer.ok ""}
        local place <const> = ("127.0.0.1:%d/"):format(server.port)
        local r = assert(http.get("http://us%65r:p%3a@" .. place, {keep_alive = false}))
        assert.equal("Basic dXNlcjpwOg==", server.requests[1].h.authorization)
        assert.equal("http://" .. place, r.url)
        r = assert(http.get("http://user@" .. place, {auth = false, keep_alive = false}))
        assert.is_nil(server.requests[2].h.authorization)
        assert.equal("http://" .. place, r.url)
        net.raises("colon", http.get, "http://h/", {auth = {"a:b", "c"}})
        for _, auth in ipairs{"a:b", {}, {user = "a"}, {"a", 5}} do
            net.raises("auth: must be {user, password}", http.get, "http://h/", {auth = auth})
        end
    end)

    it("goes over a Unix socket", function()
        local path <const> = net.path()
        local server <close> = peer.serve({peer.ok "unix"}, path)
        local client <close> = http.client{socket = path}
        assert.equal("unix", assert(client:get "http://some.host/x").body)
        assert.equal("some.host", server.requests[1].h.host)
        os.remove(path)
    end)

    it("goes over whatever connect gives", function()
        for _, wrapped in ipairs{true, false} do
            local a <const>, b <const> = net.pair()
            local s <const> = b:makefile "rw"
            b:close()
            assert(s:write(peer.ok "over a stream"))
            assert(s:flush())
            local asked
            local r <const> = assert(http.get("https://some.host/x", {connect = function(...)
                asked = {...}
                if not wrapped then return a end
                local stream <const> = a:makefile "rw"
                a:close()
                return stream
            end}))
            assert.equal("over a stream", r.body)
            assert.same({"some.host", 443, 30, "https"}, asked)
            assert.same({"/x", "some.host", "close"}, {peer.head(s).target, "some.host", "close"})
            net.fails("eof", s:read_some(1))
            s:close()
        end
        net.fails("EHOSTDOWN", http.get("http://h/", {connect = function()
            return nil, "no way", "EHOSTDOWN"
        end}))
        net.raises("own error", http.get, "http://h/", {connect = function() error "own error" end})
    end)

    it("gets no further than to an address that refuses", function()
        local place <const> = "http://127.0.0.1:" .. net.unused_port()
        local message <const> = net.fails("ECONNREFUSED", http.get("http://u:secret@" ..
            place:sub(8) .. "/x"))
        assert.is_truthy(message:find("GET " .. place .. "/x: connect", 1, true), message)
        assert.is_nil(message:find "secret")
        net.fails("EAI_NONAME", http.get "http://no.such.host.invalid/")
        net.fails("EPROTONOSUPPORT", http.get "https://127.0.0.1/")
    end)
end)

describe("what could be read as two requests", function()
    local function refused(text, o)
        local server <close> = peer.serve{}
        o.url = o.url and server.url .. o.url or server.url
        net.raises(text, http.request, o)
        assert.equal(0, server.connections)
    end

    it("is not sent", function()
        for _, method in ipairs{"GET /x HTTP/1.1\r\n\r\nGET", "G T", "", "G\0", "G:"} do
            refused("not a token", {method = method})
        end
        for _, path in ipairs{"/a b", "/\r\nX: y", "/a\0", "/a\tb", "/\127", "/ HTTP/1.1"} do
            local r <const>, _ <const>, code <const> = http.get("http://127.0.0.1:1" .. path)
            assert.same({nil, "EINVAL"}, {r, code}, path)
        end
        for _, value in ipairs{"a\r\nX: y", "a\n", "a\0b", "\r"} do
            refused("control bytes", {headers = {X = value}})
            refused("not a token", {headers = {[value] = "x"}})
        end
        refused("control bytes", {upgrade = "a\r\nb"})
    end)

    it("is not sent as framing either", function()
        refused("Transfer-Encoding", {headers = {["transfer-encoding"] = "chunked"}, body = "x"})
        for _, length in ipairs{"5", "+4", "4, 4", "0x4", "-1", ""} do
            refused("Content-Length", {headers = {["Content-Length"] = length}, body = "four"})
        end
        refused("Content-Length", {headers = {["Content-Length"] = {"4", "4"}}, body = "four"})
        refused("Content-Length", {headers = {["Content-Length"] = "1"}})
        local _, request <const> = exchange(peer.ok "", "post", "/", "four",
            {headers = {["content-length"] = "04"}})
        assert.same({"four", "4"}, {request.body, request.h["content-length"]})
    end)
end)

describe("misuse", function()
    it("raises, and blames the caller", function()
        local here <const> = debug.getinfo(1, "S").short_src
        for text, f in pairs{
            ["unknown option 'tiemout'"] = function() http.get("http://h/", {tiemout = 1}) end,
            ["unknown option 'nonsense'"] = function() http.client{nonsense = 1} end,
            ["url: string expected"] = function() http.get(5) end,
            ["url: string expected, got table"] = function() http.get{} end,
            ["url: string expected, got nil"] = function() http.request{} end,
            ["headers: must be a table"] = function() http.get("http://h/", {headers = 5}) end,
            ["timeout: must be seconds"] = function() http.get("http://h/", {timeout = "x"}) end,
            ["max_body: must be an integer"] = function()
                http.get("http://h/", {max_body = "x"})
            end,
            ["redirects: must be an integer"] = function()
                http.request{url = "http://h/", redirects = true}
            end,
            ["proxy: must be a URL"] = function() http.get("http://h/", {proxy = 5}) end,
            ["max_idle: must be an integer"] = function() http.client{max_idle = -1} end,
            ["stream: must be a boolean"] = function() http.post("http://h/", "", {stream = 1}) end,
            ["body: string, file, function"] = function() http.post("http://h/", true) end,
            ["{json = value}"] = function() http.post("http://h/", {jsno = 1}) end,
            ["CONNECT"] = function() http.request{url = "http://h/", method = "connect"} end,
            ["only one of"] = function() http.get("http://h/", {socket = "/x", proxy = "env"}) end,
        } do
            assert.equal(here, net.raises(text, f):match "^([^:]+):%d", text)
        end
    end)
end)

describe("a URL that is none", function()
    it("is a failure as others are: URLs are data", function()
        for text, why in pairs{
            ["nonsense"] = "neither http nor https", [""] = "neither http nor https",
            ["ftp://h/"] = "neither http nor https", ["http:///x"] = "no host",
            ["http://h:99999/"] = "bad port", ["http://a b/"] = "control bytes or spaces",
            ["http://h/\r\nX: y"] = "control bytes or spaces",
            ["http://a%3Ab:c@h/"] = "bad user name",
        } do
            local r <const>, message <const>, code <const> = http.get(text)
            assert.same({nil, "EINVAL"}, {r, code}, text)
            assert.truthy(message:find(("URL %q: "):format(text), 1, true), message)
            assert.truthy(message:find(why, 1, true), message)
        end
    end)
end)
