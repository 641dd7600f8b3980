-- The HTTP client while it sends a body: answers that come early, 100 Continue,
-- bodies that fail.

local http <const> = require "tidewire.http"
local net <const> = require "spec.support.net"
local peer <const> = require "spec.support.http_peer"
local socket <const> = require "tidewire.socket"
local task <const> = require "tidewire.task"
local tasks <const> = require "spec.support.tasks"

local it <const> = tasks.checked(it)

local TOO_LARGE <const> = "HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno"
local LONG <const> = ("x"):rep(8 << 20)

-- Pieces without end, and how many were asked for.
local function endless()
    local count = 0
    return function()
        count = count + 1
        return ("y"):rep(10000)
    end, function() return count end
end

-- Answers after the head of the request, and reads no more of it, until the
-- client has gone.
local function early(answer)
    return function(stream, _, server)
        peer.head(stream)
        assert(stream:write(answer))
        assert(stream:flush())
        server.gone:wait(net.LIMIT)
    end
end

local function serve_early(...)
    local server <const> = peer.serve(...)
    server.gone = task.event()
    return server
end

describe("an answer that comes before the body has been sent", function()
    it("is delivered, and the body is sent no further", function()
        for _, body in ipairs{LONG, (endless())} do
            local server <close> = serve_early{early(TOO_LARGE), {peer.ok "next"}}
            local client <close> = http.client()
            local r <const> = assert(client:post(server.url, body))
            assert.same({413, "no"}, {r.status, r.body})
            server.gone:set()
            assert.equal("next", client:get(server.url).body)
        end
    end)

    it("has the body sent no further before its own has been read", function()
        local server <close> = serve_early{early(TOO_LARGE)}
        local pieces <const>, count <const> = endless()
        local r <close> = assert(http.post(server.url, pieces, {stream = true}))
        local sent <const> = count()
        assert.equal("no", r:read())
        server.gone:set()
        while server.finished == 0 do task.sleep(0) end
        assert.equal(sent, count())
    end)

    it("is delivered when the server has closed the connection", function()
        for _, body in ipairs{LONG, "short", (endless())} do
            local server <close> = peer.serve{function(stream, s)
                peer.head(stream)
                assert(stream:write(TOO_LARGE))
                assert(stream:flush())
                -- Without a reset, which would take the answer with it.
                s:shutdown(socket.SHUT_WR)
                while stream:read_some(1 << 20) do end
            end}
            local r <const> = assert(http.post(server.url, body, {keep_alive = false}))
            assert.same({413, "no"}, {r.status, r.body})
        end
    end)

    it("does not end the body if it is not an error: both go on", function()
        local server <close> = peer.serve{function(stream)
            peer.head(stream)
            assert(stream:write "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            repeat
                local size <const> = tonumber(stream:read_until "\r\n":sub(1, -3), 16)
                local piece <const> = stream:read_exact(size)
                assert(stream:read_exact(2))
                if size > 0 then
                    assert(stream:write(("%x\r\n%s\r\n"):format(size, piece:upper())))
                    assert(stream:flush())
                end
            until size == 0
            assert(stream:write "0\r\n\r\n")
        end}
        local lines <const> = task.channel(1)
        local client <close> = http.client()
        local r <const> = assert(client:post(server.url, function() return (lines:receive()) end,
            {stream = true}))
        for _, word in ipairs{"one", "two", "three"} do
            lines:send(word)
            assert.equal(word:upper(), r:read())
        end
        lines:close()
        net.fails("eof", r:read())
    end)

    it("leaves no task behind when it is closed", function()
        local server <close> = serve_early{early "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"}
        local r <const> = assert(http.post(server.url, endless(), {stream = true}))
        assert.equal("abc", r:read())
        r:close()
        server.gone:set()
        net.fails("closed", r:read())
    end)
end)

describe("Expect: 100-continue", function()
    it("sends the body when it is asked for it", function()
        local server <close> = peer.serve{function(stream, s)
            local r <const> = peer.head(stream)
            s:settimeout(0)
            net.fails("EAGAIN", stream:read_some(1))
            s:settimeout(net.LIMIT)
            assert(stream:write "HTTP/1.1 100 Continue\r\n\r\n")
            assert(stream:flush())
            assert(stream:write(peer.ok(r.h.expect .. " " .. r.read().body)))
        end}
        local r <const> = assert(http.post(server.url, "body", {expect = net.LIMIT,
            keep_alive = false}))
        assert.equal("100-continue body", r.body)
    end)

    it("sends the body when nobody asks for it in time", function()
        local server <close> = peer.serve{peer.ok "x"}
        local r <const> = assert(http.put(server.url, "body", {expect = 0.01, keep_alive = false}))
        assert.equal("x", r.body)
        assert.equal("body", server.requests[1].body)
    end)

    it("does not send the body when the answer is no", function()
        local rest
        local server <close> = peer.serve{function(stream)
            peer.head(stream)
            assert(stream:write(TOO_LARGE))
            assert(stream:flush())
            rest = stream:read "a"
        end}
        local next_piece <const>, count <const> = endless()
        local r <const> = assert(http.post(server.url, next_piece, {expect = net.LIMIT}))
        assert.same({413, 0}, {r.status, count()})
        while server.finished == 0 do task.sleep(0) end
        assert.equal("", rest)
    end)

    it("is left out when the server does not know it", function()
        local server <close> = peer.serve{function(stream)
            peer.head(stream)
            stream:write "HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n"
        end, peer.ok "x"}
        local pieces <const> = {"body"}
        local r <const> = assert(http.post(server.url, function() return table.remove(pieces) end,
            {expect = net.LIMIT, keep_alive = false}))
        assert.equal("x", r.body)
        assert.same({"body", nil}, {server.requests[1].body, server.requests[1].h.expect})
    end)

    it("is for bodies only", function()
        local server <close> = peer.serve{peer.ok "x"}
        assert(http.get(server.url, {expect = true, keep_alive = false}))
        assert.is_nil(server.requests[1].h.expect)
    end)
end)

describe("a body that fails", function()
    local function sink(stream)
        while stream:read_some(65536) do end
    end

    it("ends the request with its own failure", function()
        local server <close> = peer.serve{sink}
        local message <const> = net.fails("EOWN", http.post(server.url, function()
            return nil, "no more data", "EOWN"
        end))
        assert.is_truthy(message:find("no more data", 1, true))
    end)

    it("raises its own error", function()
        local server <close> = peer.serve{sink, sink}
        net.raises("own error", http.post, server.url, function() error "own error" end)
        net.raises("returned a table", http.post, server.url, function() return {} end)
    end)

    it("that is not as long as announced ends the request", function()
        for _, pieces in ipairs{{"ab"}, {"abc", "de"}, {}} do
            local server <close> = peer.serve{sink}
            local message <const> = net.fails("EINVAL", http.post(server.url, function()
                return table.remove(pieces, 1)
            end, {headers = {["Content-Length"] = 4}}))
            assert.is_truthy(message:find("4 bytes announced", 1, true), message)
        end
        local server <close> = peer.serve{peer.ok "x"}
        local pieces <const> = {"ab", "", "cd"}
        assert(http.post(server.url, function() return table.remove(pieces, 1) end,
            {headers = {["Content-Length"] = 4}, keep_alive = false}))
        local request <const> = server.requests[1]
        assert.same({"abcd", "4"}, {request.body, request.h["content-length"]})
    end)

    it("is not sent again over a new connection", function()
        local server <close> = peer.serve{{peer.ok "a"}, peer.ok "b"}
        local client <close> = http.client()
        assert.equal("a", client:get(server.url).body)
        local pieces <const> = {"once"}
        -- Found closed before anything was sent, it does no harm.
        while server.finished == 0 do task.sleep(0) end
        assert.equal("b", client:put(server.url, function() return table.remove(pieces) end).body)
        assert.equal("once", server.requests[2].body)
    end)
end)
