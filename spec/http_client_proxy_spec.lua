-- The HTTP client and proxies: absolute targets, tunnels, credentials, and what
-- the environment says.

local http <const> = require "tidewire.http"
local net <const> = require "spec.support.net"
local peer <const> = require "spec.support.http_peer"
local proxy <const> = require "tidewire.http.client.proxy"
local task <const> = require "tidewire.task"
local url <const> = require "tidewire.http.url"
local it <const> = require "spec.support.tasks".checked(it)

-- Runs f with these variables of the environment.
local function with_environment(values, f)
    local getenv <const> = os.getenv
    os.getenv = function(name) return values[name] end -- luacheck: ignore 122
    local _ <close> = setmetatable({}, {__close = function()
        os.getenv = getenv -- luacheck: ignore 122
    end})
    return f()
end

describe("a proxy", function()
    it("is asked for whole URLs", function()
        local via <close> = peer.serve{{peer.ok "one", peer.ok "two"}}
        local client <close> = http.client{
            proxy = ("http://us%%65r:pw@127.0.0.1:%d"):format(via.port)}
        local r <const> = assert(client:get "http://some.host/a?b#c")
        assert.same({"one", "http://some.host/a?b#c"}, {r.body, r.url})
        local first <const> = via.requests[1]
        assert.same({"http://some.host/a?b", "some.host", "Basic dXNlcjpwdw=="},
            {first.target, first.h.host, first.h["proxy-authorization"]})
        assert.equal("two", client:get "http://some.host".body)
        assert.same({"http://some.host/", 1}, {via.requests[2].target, via.connections})
    end)

    it("makes tunnels", function()
        local inner, again
        local via <close> = peer.serve{function(stream)
            local head <const> = stream:read_until "\r\n\r\n"
            assert.equal("CONNECT some.host:80 HTTP/1.1\r\nHost: some.host:80\r\n" ..
                "Proxy-Authorization: Basic dTpw\r\n\r\n", head)
            assert(stream:write "HTTP/1.1 200 Connection established\r\n\r\n")
            inner = peer.request(stream)
            assert(stream:write(peer.ok "through"))
            assert(stream:flush())
            again = peer.request(stream)
        end, peer.ok "not through"}
        local client <close> = http.client{
            proxy = ("http://u:p@127.0.0.1:%d/"):format(via.port)}
        local r <const> = assert(client:get("http://some.host/x", {tunnel = true}))
        assert.equal("through", r.body)
        assert.same({"/x", "some.host"}, {inner.target, inner.h.host})
        assert.is_nil(inner.h["proxy-authorization"])
        -- What is for the proxy does not go through the tunnel.
        task.spawn(client.close, client) -- runs once the request waits
        assert.equal("not through", client:get("http://some.host/x").body)
        assert.is_nil(again)
    end)

    it("may refuse", function()
        for _, status in ipairs{"407 Who are you?", "502 Bad Gateway"} do
            local via <close> = peer.serve{function(stream)
                stream:read_until "\r\n\r\n"
                stream:write("HTTP/1.1 " .. status .. "\r\nContent-Length: 3\r\n\r\nnot")
            end}
            local message <const> = net.fails("ECONNREFUSED", http.get("http://some.host/",
                {tunnel = true, proxy = via.url}))
            assert.is_truthy(message:find("proxy: " .. status, 1, true), message)
        end
        local via <close> = peer.serve{function(stream) stream:read_until "\r\n\r\n" end}
        net.fails("ECONNRESET", http.get("http://some.host/", {tunnel = true, proxy = via.url}))
    end)

    it("must be one of HTTP", function()
        net.fails("EPROTONOSUPPORT", http.get("http://h/", {proxy = "socks5://127.0.0.1"}))
        net.fails("EPROTONOSUPPORT", http.get("http://h/", {proxy = "127.0.0.1"}))
        net.fails("EINVAL", http.get("http://h/", {proxy = "http://a b"}))
        net.fails("EINVAL", http.get("http://h/", {proxy = "http://a%3Ab:c@127.0.0.1"}))
    end)

    it("is taken from the environment only when asked", function()
        local via <close> = peer.serve{peer.ok "proxied"}
        local server <close> = peer.serve{peer.ok "direct"}
        with_environment({http_proxy = via.url}, function()
            assert.equal("direct", http.get(server.url, {keep_alive = false}).body)
            assert.equal("proxied", http.get("http://some.host/",
                {proxy = "env", keep_alive = false}).body)
        end)
    end)
end)

describe("the environment", function()
    local function chosen(target, values)
        return with_environment(values, function()
            local via <const>, message = proxy.choose("env", url.parse(target))
            return via and tostring(via) or message
        end)
    end

    it("names a proxy for each scheme", function()
        assert.equal("http://p:3128", chosen("http://h/", {http_proxy = "http://p:3128"}))
        assert.equal("http://p:3128", chosen("http://h/", {http_proxy = "p:3128"}))
        assert.equal("http://q", chosen("https://h/",
            {http_proxy = "http://p", https_proxy = "http://q"}))
        assert.equal("http://q", chosen("https://h/", {HTTPS_PROXY = "http://q"}))
        assert.equal("http://r", chosen("http://h/", {ALL_PROXY = "http://r"}))
        assert.is_nil(chosen("http://h/", {http_proxy = ""}))
        assert.is_nil(chosen("http://h/", {}))
    end)

    it("does not name one by a header that anybody can send", function()
        assert.is_nil(chosen("http://h/", {HTTP_PROXY = "http://evil"}))
    end)

    it("has exceptions", function()
        local function direct(host, list)
            return chosen("http://" .. host .. "/",
                {http_proxy = "http://p", no_proxy = list}) == nil
        end
        for _, case in ipairs{{"h", "h"}, {"h", "*"}, {"a.example.com", "example.com"},
            {"a.example.com", ".example.com"}, {"a.example.com", "*.example.com"},
            {"example.com", ".example.com"}, {"H", "x, h ,y"}, {"h:81", "h:81"}, {"h", "h:80"},
            {"127.0.0.1", "127.0.0.1"}, {"[::1]", "::1"}, {"h", "H"}} do
            assert.is_true(direct(case[1], case[2]), case[1] .. " / " .. case[2])
        end
        for _, case in ipairs{{"h", "x"}, {"badexample.com", "example.com"}, {"h", "h:81"},
            {"h", ""}, {"example.com.evil", "example.com"}, {"a", ","},
            {"127.0.0.11", "127.0.0.1"}} do
            assert.is_false(direct(case[1], case[2]), case[1] .. " / " .. case[2])
        end
    end)
end)
