-- The HTTP client's answers piece by piece: reading, limits, trailers, upgrades.

local http <const> = require "tidewire.http"
local net <const> = require "spec.support.net"
local peer <const> = require "spec.support.http_peer"
local task <const> = require "tidewire.task"
local it <const> = require "spec.support.tasks".checked(it)

local STREAM <const> = {stream = true, keep_alive = false}

local function chunked(...)
    local out <const> = {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"}
    for _, piece in ipairs{...} do out[#out + 1] = ("%x\r\n%s\r\n"):format(#piece, piece) end
    return table.concat(out)
end

-- Sends a text, then waits until the client has gone.
local function say(text)
    return function(stream)
        peer.request(stream)
        assert(stream:write(text))
        assert(stream:flush())
        stream:read_some(1)
    end
end

describe("a streamed answer", function()
    it("is read in pieces", function()
        for _, answer in ipairs{peer.ok "hello world",
            chunked("hello", " ", "world") .. "0\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\nhello world"} do
            local server <close> = peer.serve{answer}
            local r <const> = assert(http.get(server.url, STREAM))
            assert.equal("hel", r:read(3))
            local rest <const> = {}
            for piece in r:pieces() do rest[#rest + 1] = piece end
            assert.equal("lo world", table.concat(rest))
            net.fails("eof", r:read())
            assert.equal("", r:body())
        end
    end)

    it("is there before its body is", function()
        local server <close> = peer.serve{say(chunked "first")}
        local r <close> = assert(http.get(server.url, STREAM))
        assert.equal("first", r:read())
        r:close()
        net.fails("closed", r:read())
        net.fails("closed", r:body())
    end)

    it("has one reader at a time", function()
        local go <const> = task.event()
        local server <close> = peer.serve{function(stream)
            peer.request(stream)
            stream:write(chunked())
            stream:flush()
            go:wait(net.LIMIT)
            stream:write "1\r\nx\r\n0\r\n\r\n"
        end}
        local r <const> = assert(http.get(server.url, STREAM))
        local first <close> = task.spawn(function() return r:body() end)
        task.yield()
        net.fails("EBUSY", r:read())
        go:set()
        assert.equal("x", first:join(net.LIMIT))
    end)

    it("can be read as a whole, and gives its connection back", function()
        local server <close> = peer.serve{{peer.ok "one", peer.ok "two"}}
        local client <close> = http.client{stream = true}
        assert.equal("one", client:get(server.url):body())
        local r <const> = client:get(server.url)
        assert.equal("t", r:read(1))
        assert.equal("wo", r:body())
        assert.equal(1, server.connections)
    end)

    it("has its trailers at the end", function()
        local server <close> = peer.serve{chunked "x" .. "0\r\nA: b\r\nA: c\r\n\r\n"}
        local r <const> = assert(http.get(server.url, STREAM))
        assert.is_nil(r.trailers)
        assert.equal("x", r:body())
        assert.equal("b, c", r.trailers.a)
    end)

    it("checks its arguments", function()
        local server <close> = peer.serve{peer.ok "x"}
        local r <close> = assert(http.get(server.url, STREAM))
        for _, n in ipairs{0, -1, 1.5, "1", {}} do net.raises("n: integer", r.read, r, n) end
        assert.equal("answer (200 OK)", tostring(r))
    end)

    it("shows where it breaks off", function()
        local server <close> = peer.serve{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc"}
        local r <const> = assert(http.get(server.url, STREAM))
        local next_piece <const> = r:pieces()
        assert.equal("abc", next_piece())
        net.raises("short body (3 of 5)", next_piece)
        net.fails("ECONNRESET", r:read())
    end)

    it("has no limit but the caller's", function()
        local text <const> = ("x"):rep(3000)
        local server <close> = peer.serve{peer.ok(text), chunked(text) .. "0\r\n\r\n"}
        for _ = 1, 2 do
            local r <const> = assert(http.get(server.url, {stream = true, max_body = 2999,
                keep_alive = false}))
            local count = 0
            local piece, message, code = r:read(100)
            while piece do
                count = count + #piece
                piece, message, code = r:read(100)
            end
            net.fails("EMSGSIZE", piece, message, code)
            assert.is_true(count > 2800 and count < 3000)
            net.fails("EMSGSIZE", r:read(1))
        end
    end)
end)

describe("the limit of a body", function()
    it("holds before and while it is read", function()
        for _, answer in ipairs{peer.ok "12345", chunked("123", "45") .. "0\r\n\r\n",
            "HTTP/1.1 200 OK\r\n\r\n12345"} do
            local server <close> = peer.serve{answer, answer}
            net.fails("EMSGSIZE", http.get(server.url, {max_body = 4, keep_alive = false}))
            assert.equal("12345", http.get(server.url, {max_body = 5, keep_alive = false}).body)
        end
    end)

    it("is 64 MiB unless told", function()
        local action <const> = say "HTTP/1.1 200 OK\r\nContent-Length: 67108865\r\n\r\n"
        local server <close> = peer.serve{action, action}
        net.fails("EMSGSIZE", http.get(server.url, {keep_alive = false}))
        local r <const> = assert(http.get(server.url, STREAM))
        net.fails("EMSGSIZE", r:body())
    end)
end)

describe("an upgrade", function()
    local SWITCH <const> = peer.lines "HTTP/1.1 101 X\nConnection: Upgrade\nUpgrade: Echo/1\n\n"

    it("gives the stream, with what has come already", function()
        local request
        local server <close> = peer.serve{function(stream)
            request = peer.request(stream)
            assert(stream:write(SWITCH .. "early "))
            assert(stream:flush())
            assert(stream:write(stream:read_exact(4)))
        end}
        local r <const> = assert(http.get(server.url, {upgrade = "echo/1", headers = {A = "b"}}))
        assert.equal(101, r.status)
        assert.same({"Upgrade", "echo/1", "b"},
            {request.h.connection, request.h.upgrade, request.h.a})
        local stream <close> = r.stream
        assert(stream:write "late")
        assert(stream:flush())
        assert.equal("early late", stream:read "a")
    end)

    it("may be refused", function()
        local server <close> = peer.serve{"HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno"}
        local r <const> = assert(http.get(server.url, {upgrade = "echo"}))
        assert.same({403, "no"}, {r.status, r.body})
        assert.is_nil(r.stream)
    end)

    it("must be the one that was asked for, if any was", function()
        local server <close> = peer.serve{say(SWITCH), say(SWITCH)}
        net.fails("EBADMSG", http.get(server.url))
        net.fails("EBADMSG", http.get(server.url, {upgrade = "websocket"}))
    end)
end)
