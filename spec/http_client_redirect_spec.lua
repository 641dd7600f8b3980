-- The HTTP client and redirects: where they lead, what goes along, where it ends.

local http <const> = require "tidewire.http"
local net <const> = require "spec.support.net"
local peer <const> = require "spec.support.http_peer"
local it <const> = require "spec.support.tasks".checked(it)

local function redirect(status, location)
    return peer.lines(("HTTP/1.1 %d Elsewhere\nLocation: %s\nContent-Length: 4\n\ngone")
        :format(status, location))
end

describe("redirects", function()
    local function hops(method, statuses, body, o)
        local server <close> = peer.serve(statuses)
        local client <close> = http.client{keep_alive = false}
        local r, message <const>, code <const> = client[method](client,
            server.url .. "/start/x?y#f", body or o, o)
        local made <const> = {}
        for i, request in ipairs(server.requests) do
            made[i] = ("%s %s %s"):format(request.method, request.target, request.body)
        end
        return made, r, message, code, server
    end

    it("are followed, and kept in the history", function()
        local made <const>, r <const>, _, _, server <const> = hops("get",
            {redirect(301, "/a?b"), redirect(302, "c#g"), redirect(307, "../d"), peer.ok "end"})
        assert.same({"GET /start/x?y ", "GET /a?b ", "GET /c ", "GET /d "}, made)
        assert.equal("end", r.body)
        assert.equal(server.url .. "/d#g", r.url)
        assert.same({301, 302, 307},
            {r.history[1].status, r.history[2].status, r.history[3].status})
        assert.equal(server.url .. "/a?b#f", r.history[2].url)
    end)

    it("make a GET of what has been done with 301, 302 and 303", function()
        for _, status in ipairs{301, 302, 303} do
            local made <const>, _, _, _, server = hops("post", {redirect(status, "/a"), peer.ok ""},
                {form = {x = 1}})
            assert.same({"POST /start/x?y x=1", "GET /a "}, made)
            assert.is_nil(server.requests[2].h["content-type"])
            assert.is_nil(server.requests[2].h["content-length"])
            local client <close> = http.client{keep_alive = false}
            local other <close> = peer.serve{
                ("HTTP/1.1 %d X\r\nLocation: /b\r\n\r\n"):format(status), "HTTP/1.1 200 OK\r\n\r\n"}
            assert(client:head(other.url))
            assert.equal("HEAD", other.requests[2].method)
        end
    end)

    it("repeat the body with 307 and 308, if it can be", function()
        for _, status in ipairs{307, 308} do
            local made = hops("post", {redirect(status, "/a"), peer.ok ""}, "body")
            assert.same({"POST /start/x?y body", "POST /a body"}, made)
            local pieces <const> = {"once"}
            local r
            made, r = hops("post", {redirect(status, "/a")}, function()
                return table.remove(pieces)
            end)
            assert.same({"POST /start/x?y once"}, made)
            assert.equal(status, r.status)
        end
        local path <const> = net.file("from a file")
        local file <close> = assert(io.open(path))
        os.remove(path)
        assert.same({"PUT /start/x?y from a file", "PUT /a from a file"},
            (hops("put", {redirect(307, "/a"), peer.ok ""}, file)))
    end)

    it("do not take secrets to another place", function()
        local function secrets(server)
            local h <const> = server.requests[#server.requests].h
            return {h.authorization, h.cookie, h["x-own"]}
        end
        local o <const> = {auth = {"u", "p"}, headers = {Cookie = "c", ["X-Own"] = "x"},
            keep_alive = false}
        local there <close> = peer.serve{peer.ok "", peer.ok ""}
        local here <close> = peer.serve{redirect(302, "/same"), redirect(302, there.url)}
        assert(http.get(here.url, o))
        assert.same({"Basic dTpw", "c", "x"}, secrets(here))
        assert.same({nil, nil, "x"}, secrets(there))
        o.auth, o.headers.Authorization, o.headers.Host = nil, "mine", "some.host"
        local again <close> = peer.serve{redirect(307, there.url)}
        assert(http.get(again.url, o))
        assert.same({nil, nil, "x"}, secrets(there))
        assert.equal("127.0.0.1:" .. there.port, there.requests[2].h.host)
    end)

    it("end: at ten, in a circle, at what cannot be asked for", function()
        local many <const> = {}
        for i = 1, 11 do many[i] = redirect(302, "/" .. i) end
        local made, r, message, code = hops("get", many)
        assert.equal(11, #made)
        net.fails("ELOOP", r, message, code)
        made, r, message, code = hops("get", {redirect(302, "/a"), redirect(302, "/a")})
        assert.equal(2, #made)
        net.fails("ELOOP", r, message, code)
        for _, location in ipairs{"ftp://h/", "file:///etc/passwd", "http://", "http://a b/",
            "/a b", "http://a%3Ab:c@h/", "javascript:alert(1)", "http:x"} do
            made, r, message, code = hops("get", {redirect(302, location)})
            assert.equal(1, #made)
            net.fails(location:find "[ @]" and "EINVAL" or "EBADMSG", r, message, code)
        end
        made, r, message, code = hops("get", {redirect(302, "https://127.0.0.1/")})
        assert.equal(1, #made)
        assert.is_truthy(net.fails("EPROTONOSUPPORT", r, message, code):find "TLS")
        made, r, message, code = hops("get", {redirect(302, "/a\r\nLocation: /b")})
        assert.equal(1, #made)
        net.fails("EBADMSG", r, message, code)
    end)

    it("are not followed when they need not be", function()
        local _, r = hops("get", {redirect(302, "/a")}, nil, {redirects = false})
        assert.same({302, "gone", "/a"}, {r.status, r.body, r.headers.location})
        _, r = hops("get", {"HTTP/1.1 302 X\r\nContent-Length: 0\r\n\r\n"})
        assert.equal(302, r.status)
        _, r = hops("get", {redirect(300, "/a")})
        assert.equal(300, r.status)
        local message, code
        _, r, message, code = hops("get", {redirect(302, "/a"), redirect(302, "/b")}, nil,
            {redirects = 1})
        net.fails("ELOOP", r, message, code)
    end)
end)
