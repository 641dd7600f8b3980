-- The HTTP client's connections: when one is used again, when it must not be,
-- and how many are kept.

local http <const> = require "tidewire.http"
local net <const> = require "spec.support.net"
local peer <const> = require "spec.support.http_peer"
local socket <const> = require "tidewire.socket"
local task <const> = require "tidewire.task"
local it <const> = require "spec.support.tasks".checked(it)

-- The bodies of the answers to so many requests, one after another.
local function ask(client, server, times, o)
    local bodies <const> = {}
    for i = 1, times do
        local r <const>, message <const>, code <const> = client:get(server.url, o)
        bodies[i] = r and r.body or code or message
    end
    return bodies
end

describe("a connection", function()
    it("is used again", function()
        local server <close> = peer.serve{{peer.ok "a", peer.ok "b",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nc\r\n0\r\n\r\n",
            "HTTP/1.1 204 No\r\n\r\n", peer.ok "e"}}
        local client <close> = http.client()
        assert.same({"a", "b", "c", "", "e"}, ask(client, server, 5))
        assert.equal(1, server.connections)
    end)

    it("is not used again when the answer says so, or cannot be told apart", function()
        for _, answer in ipairs{peer.ok("a", "Connection: close\n"), peer.ok "a" .. "junk",
            "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\njunk"} do
            -- The server would go on.
            local server <close> = peer.serve{{answer, peer.ok "wrong"}, {answer}}
            local client <close> = http.client()
            assert.same({"a", "a"}, ask(client, server, 2))
            assert.equal(2, server.connections)
        end
    end)

    it("is used again with HTTP/1.0 when that is agreed on", function()
        local answer <const> =
            "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\na"
        local server <close> = peer.serve{{answer, answer}}
        local client <close> = http.client()
        assert.same({"a", "a"}, ask(client, server, 2))
        assert.equal(1, server.connections)
    end)

    it("is not kept when the caller does not want it", function()
        local server <close> = peer.serve{{peer.ok "a"}, {peer.ok "b"}}
        local client <close> = http.client()
        assert.same({"a", "b"}, ask(client, server, 2, {keep_alive = false}))
        assert.equal(2, server.connections)
        assert.equal("close", server.requests[1].h.connection)
    end)

    it("is not used again when the server has closed it or said something", function()
        for _, farewell in ipairs{"", "HTTP/1.1 408 Too late\r\n\r\n"} do
            local said <const> = task.event()
            local server <close> = peer.serve{function(stream)
                peer.request(stream)
                assert(stream:write(peer.ok "a"))
                assert(stream:flush())
                said:wait(net.LIMIT)
                stream:write(farewell)
            end, {peer.ok "b"}}
            local client <close> = http.client()
            assert.equal("a", client:post(server.url, "x").body)
            said:set()
            while server.finished == 0 do task.sleep(0) end
            assert.equal("b", client:post(server.url, "x").body)
        end
    end)

    it("that ends instead of an answer is tried once more, unless that may do harm", function()
        local function vanish(stream)
            peer.request(stream)
            stream:write(peer.ok "a")
            stream:flush()
            peer.request(stream)
        end
        for method, expected in pairs{GET = "b", PUT = "b", DELETE = "b", HEAD = "",
            POST = "ECONNRESET", PATCH = "ECONNRESET"} do
            local server <close> = peer.serve{vanish, method == "HEAD"
                and "HTTP/1.1 200 OK\r\n\r\n" or expected == "b" and peer.ok "b" or nil}
            local client <close> = http.client()
            assert.same({"a"}, ask(client, server, 1))
            local body <const> = method:find "^P" and "data" or nil
            local r <const>, _, code =
                client:request{method = method, url = server.url, body = body}
            assert.equal(expected, r and r.body or code)
            assert.equal(expected == "ECONNRESET" and 1 or 2, server.connections)
        end
    end)

    it("that is new is not tried again", function()
        local server <close> = peer.serve{function(stream) peer.request(stream) end}
        net.fails("ECONNRESET", http.get(server.url))
        assert.equal(1, server.connections)
    end)

    it("is not tried again when part of an answer has come", function()
        for _, part in ipairs{"H", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 100 Continue\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nx"} do
            local server <close> = peer.serve{{peer.ok "a", part}}
            local client <close> = http.client()
            assert.same({"a", "ECONNRESET"}, ask(client, server, 2))
            assert.equal(1, server.connections)
        end
    end)

    it("is not used again after a body that nobody has read", function()
        local server <close> = peer.serve{{peer.ok "abc"}, {peer.ok "b"}}
        local client <close> = http.client()
        local r <const> = assert(client:get(server.url, {stream = true}))
        assert.equal("a", r:read(1))
        r:close()
        net.fails("closed", r:read())
        assert.same({"b"}, ask(client, server, 1))
    end)

    it("is used again after a redirect with a short body", function()
        local server <close> = peer.serve{{"HTTP/1.1 302 X\r\nLocation: /a\r\n" ..
            "Content-Length: 4\r\n\r\ngone", peer.ok "b"}}
        local client <close> = http.client()
        assert.same({"b"}, ask(client, server, 1))
        local long <close> = peer.serve{"HTTP/1.1 302 X\r\nLocation: /a\r\n" ..
            "Content-Length: 200000\r\n\r\n" .. ("x"):rep(200000), peer.ok "b"}
        assert.same({"b"}, ask(client, long, 1))
        assert.equal(2, long.connections)
    end)
end)

describe("the pool", function()
    local function hold(stream)
        while peer.request(stream) do
            stream:write(peer.ok "x")
            stream:flush()
        end
    end

    -- A server for so many connections at once; each is its own task.
    local function busy(n)
        local actions <const>, held <const> = {}, {}
        for i = 1, n do
            actions[i] = function(_, s)
                local own <const> = s:dup()
                held[i] = task.spawn(function()
                    local stream <close> = own:makefile "rw"
                    own:close()
                    hold(stream)
                end)
            end
        end
        return peer.serve(actions), held
    end

    -- Asks so many times at once; waits for all the answers.
    local function at_once(client, server, n)
        task.scope(function(scope)
            for _ = 1, n do
                scope:spawn(function() assert(client:get(server.url)) end)
            end
        end)
    end

    -- How many of the server's connections are still open, once those have gone
    -- that will.
    local function open(held, n)
        local function count()
            local live = 0
            for _, t in pairs(held) do live = live + (t:status() ~= "done" and 1 or 0) end
            return live
        end
        local deadline <const> = socket.monotonic() + net.LIMIT / 2
        while count() ~= n and socket.monotonic() < deadline do task.sleep(0) end
        return count()
    end

    it("keeps so many for a place, and so many in all", function()
        local one <close>, held_one <const> = busy(4)
        local two <close>, held_two <const> = busy(4)
        local client <const> = http.client{max_idle = 3, max_idle_per_host = 2}
        at_once(client, one, 4)
        assert.equal(2, open(held_one, 2))
        at_once(client, two, 4)
        assert.equal(1, open(held_one, 1))
        assert.equal(2, open(held_two, 2))
        client:close()
        assert.equal(0, open(held_one, 0) + open(held_two, 0))
    end)

    it("keeps none for too long", function()
        local server <close>, held <const> = busy(2)
        local client <const> = http.client{idle_timeout = 0}
        at_once(client, server, 1)
        task.sleep(0.001)
        at_once(client, server, 1)
        assert.equal(2, server.connections)
        client:close()
        assert.equal(0, open(held, 0))
    end)

    it("tells places apart", function()
        local path <const> = net.path()
        local one <close> = peer.serve{{peer.ok "1", peer.ok "3"}}
        local unix <close> = peer.serve({{peer.ok "2"}}, path)
        local client <close> = http.client()
        assert.equal("1", client:get(one.url).body)
        assert.equal("2", client:get(one.url, {socket = path}).body)
        assert.equal("3", client:get(one.url).body)
        assert.same({1, 1}, {one.connections, unix.connections})
        os.remove(path)
    end)
end)
