-- What our own callers, and hostile servers, may do to HTTP: by the numbers of the
-- list of hostile input. More of each, at length: http_client_hostile_spec,
-- http_client_inflate_spec, http_server_message_spec.

local http <const> = require "tidewire.http"
local net <const> = require "spec.support.net"
local peer <const> = require "spec.support.http_peer"
local serving <const> = require "spec.support.http_serving"
local it <const> = require "spec.support.tasks".checked(it)

local BAD <const> = {"a\r\nB: c", "a\nb", "a\rb", "a\0b", "a\r\n\r\nHTTP/1.1 200 OK", "a\127"}

-- What nobody ever connects to.
local function silent(f)
    local server <close> = peer.serve{function() error "something has left" end}
    f(server.url)
    assert.equal(0, server.connections)
end

describe("hostile input", function()
    it("15: line ends and NUL in fields that we are asked to send", function()
        serving.serve(function(_, res)
            for _, bad in ipairs(BAD) do
                for _, method in ipairs{"set", "add"} do
                    assert.is_false(pcall(res[method], res, "X-A", bad))
                    assert.is_false(pcall(res[method], res, bad, "a"))
                end
                assert.is_false(pcall(res.finish, res, {["X-A"] = bad}))
                assert.is_false(pcall(res.upgrade, res, bad))
                assert.is_false(pcall(res.redirect, res, bad))
                assert.is_false(pcall(res.cookie, res, "a", bad))
                assert.is_false(res.sent)
            end
            res:send "clean"
        end, function(server, connect)
            assert.truthy(serving.tell(connect, serving.get "/"):find "\r\n\r\nclean$")
            assert.same({}, server.errors)
        end)
        silent(function(url)
            for _, bad in ipairs(BAD) do
                assert.is_false(pcall(http.get, url, {headers = {["X-A"] = bad}}))
                assert.is_false(pcall(http.get, url, {headers = {[bad] = "a"}}))
            end
        end)
    end)

    it("16: line ends and spaces in a method or target", function()
        silent(function(url)
            for _, bad in ipairs{"GE T", "GET\r\n", "GET\0", "", "G\tET", "GET / HTTP/1.1\r\n"} do
                assert.is_false(pcall(http.request, {url = url, method = bad}), bad)
            end
            for _, bad in ipairs{"/a\r\nb", "/a\nb", "/\0", "/a\rb", "/ HTTP/1.1\r\nA: b"} do
                local r <const>, _ <const>, code <const> = http.get(url .. bad)
                assert.same({nil, "EINVAL"}, {r, code}, bad)
            end
        end)
    end)

    it("20: answers that split, storms of 1xx, bodies where there are none", function()
        local forged <const> = peer.ok "forged"
        for _, answer in ipairs{peer.ok "" .. forged, "HTTP/1.1 204 No\r\n\r\n" .. forged,
            "HTTP/1.1 304 Not\r\nContent-Length: 400\r\n\r\n" .. forged} do
            local server <close> = peer.serve{peer.say(answer), {peer.ok "true"}}
            local client <close> = http.client()
            assert.equal("", assert(client:get(server.url)).body)
            assert.equal("true", assert(client:get(server.url)).body)
        end
        local server <close> = peer.serve{peer.say(peer.ok "body"), {peer.ok "true"},
            function(stream)
                peer.request(stream)
                repeat until not stream:write "HTTP/1.1 103 Early Hints\r\n\r\n"
            end}
        local client <close> = http.client()
        assert.equal("", assert(client:head(server.url)).body)
        assert.equal("true", assert(client:get(server.url)).body)
        net.fails("EBADMSG", http.get(server.url, {keep_alive = false}))
    end)

    it("21: a body that is cut off", function()
        local server <close> = peer.serve{"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabcd",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n"}
        for _, text in ipairs{"short body (4 of 9)", "short body (4, the last chunk is missing)"} do
            local message <const> = net.fails("ECONNRESET",
                http.get(server.url, {keep_alive = false}))
            assert.truthy(message:find(text, 1, true), message)
        end
    end)
end)
