-- The HTTP client and servers that mean harm: what they send is refused, or
-- bounded, and never taken for something it is not.

local http <const> = require "tidewire.http"
local net <const> = require "spec.support.net"
local peer <const> = require "spec.support.http_peer"
local task <const> = require "tidewire.task"
local it <const> = require "spec.support.tasks".checked(it)

-- Sends the answer a byte at a time.
local function spell(answer)
    return function(stream)
        peer.request(stream)
        for byte in answer:gmatch "." do
            if not (stream:write(byte) and stream:flush()) then return end
            task.yield()
        end
        stream:read_some(1)
    end
end

-- What a GET gives that is answered like this, at once and byte by byte.
local function each_way(answer, check)
    local server <close> = peer.serve{peer.say(answer), spell(answer)}
    for _ = 1, 2 do check(http.get(server.url, {keep_alive = false, timeout = net.LIMIT})) end
end

local function refused(code, answer)
    each_way(answer, function(...) net.fails(code, ...) end)
end

local HEAD <const> = "HTTP/1.1 200 OK\r\n"

describe("an answer", function()
    it("is refused when it is not HTTP, without waiting for its end", function()
        for _, answer in ipairs{"SSH-2.0-OpenSSH_9.2\r\n", "220 mail ESMTP\r\n", "\r\n", "\n",
            "HTTP/1.1 200 OK\n", "HTTP/1.1 200 OK\nA: b\n\n", "<html>\n", "http/1.1 200 OK\r\n"} do
            refused("EBADMSG", answer)
        end
    end)

    it("is refused when its first line is malformed", function()
        for _, line in ipairs{"HTTP/2.0 200 OK", "HTTP/1.1  200 OK", "HTTP/1.1 20 OK", "HTTP/1.1",
            "HTTP/1.1 2000 OK", "HTTP/1.1 +20 OK", "HTTP/1.1 099 OK", "HTTP/1.1 200 a\0b",
            "HTTP/1.1 200 a\rb", "HTTP/1.10 200 OK", "HTTP/11 200 OK"} do
            refused("EBADMSG", line .. "\r\n\r\n")
        end
    end)

    it("is refused when its fields are malformed", function()
        for _, field in ipairs{"A : b", " A: b", "A", ": b", "A: b\r\n c", "A: \0", "A: b\rc",
            "A\0: b", "A: \27[31m", "A b: c"} do
            refused("EBADMSG", HEAD .. field .. "\r\nContent-Length: 0\r\n\r\n")
        end
        refused("EBADMSG", HEAD .. "A: b\nContent-Length: 0\r\n\r\n")
    end)

    it("is refused when it says in two ways how long it is", function()
        for _, fields in ipairs{"Content-Length: 3\r\nTransfer-Encoding: chunked",
            "Content-Length: 3\r\nContent-Length: 4", "Content-Length: 3, 4",
            "Content-Length: +3", "Content-Length: -3", "Content-Length: 0x3", "Content-Length: ",
            "Content-Length: 3 3", "Content-Length: 18446744073709551619",
            "Transfer-Encoding: chunked, chunked", "Transfer-Encoding: chunked, gzip",
            "Transfer-Encoding: \vchunked", "Transfer-Encoding: gzip"} do
            refused("EBADMSG", HEAD .. fields .. "\r\n\r\nabc")
        end
    end)

    it("is refused when its chunks are malformed", function()
        for _, chunks in ipairs{"-1\r\n", "0x3\r\nabc\r\n", " 3\r\nabc\r\n", "3\nabc\r\n",
            "3\r\nabcd", "3\r\nabc\n", "\r\n", ("1"):rep(17) .. "\r\n", "3;\0\r\nabc\r\n",
            "g\r\n", "0\r\nContent-Length: 5\r\n\r\n", "0\r\nA b: c\r\n\r\n",
            "0\r\n A: b\r\n\r\n"} do
            refused("EBADMSG", HEAD .. "Transfer-Encoding: chunked\r\n\r\n" .. chunks)
        end
    end)

    it("is refused when its head has no end", function()
        local before <const> = collectgarbage "count"
        for _, start in ipairs{"", HEAD, HEAD .. "A: "} do
            local server <close> = peer.serve{function(stream)
                peer.request(stream)
                local ok = stream:write(start)
                while ok do
                    ok = stream:write(start == HEAD and "A: b\r\n" or ("x"):rep(1000))
                end
            end}
            net.fails("EMSGSIZE", http.get(server.url, {keep_alive = false}))
        end
        collectgarbage()
        assert.is_true(collectgarbage "count" - before < 4096)
    end)

    it("is refused when fields, trailers or extensions have no end", function()
        refused("EMSGSIZE", HEAD .. ("A: b\r\n"):rep(101) .. "\r\n")
        local chunked <const> = HEAD .. "Transfer-Encoding: chunked\r\n\r\n"
        local server <close> = peer.serve{peer.say(chunked .. "0\r\n" .. ("A: b\r\n"):rep(1000)),
            peer.say(chunked .. "1;" .. ("x"):rep(100000))}
        for _ = 1, 2 do net.fails("EMSGSIZE", http.get(server.url, {keep_alive = false})) end
    end)

    it("has a head as long as the caller allows", function()
        local long <const> = HEAD .. "A: " .. ("x"):rep(40000) .. "\r\nContent-Length: 0\r\n\r\n"
        local server <close> = peer.serve{peer.say(long), peer.say(long)}
        net.fails("EMSGSIZE", http.get(server.url, {keep_alive = false}))
        local r <const> = assert(http.get(server.url, {keep_alive = false, max_head = 50000}))
        assert.equal(40000, #r.headers.a)
    end)

    it("is not waited for behind a storm of others", function()
        local server <close> = peer.serve{function(stream)
            peer.request(stream)
            repeat until not stream:write "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
        end, peer.say(("HTTP/1.1 102 Processing\r\n\r\n"):rep(19) .. peer.ok "patience")}
        net.fails("EBADMSG", http.get(server.url, {keep_alive = false}))
        assert.equal("patience", http.get(server.url, {keep_alive = false}).body)
    end)
end)

describe("a body where there is none", function()
    it("is not taken for the next answer", function()
        local split <const> = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged"
        for _, start in ipairs{"HTTP/1.1 204 No\r\n\r\n", "HTTP/1.1 304 Not\r\n\r\n",
            "HTTP/1.1 204 No\r\nContent-Length: 3\r\n\r\nabc",
            "HTTP/1.1 304 Not\r\nTransfer-Encoding: chunked\r\n\r\n",
            HEAD .. "Content-Length: 0\r\n\r\n"} do
            local server <close> = peer.serve{peer.say(start .. split), {peer.ok "true"}}
            local client <close> = http.client()
            -- A length with 204 may be refused altogether.
            local r <const> = client:get(server.url)
            assert.equal("", r and r.body or "")
            assert.equal("true", client:get(server.url).body)
        end
    end)

    it("is ignored after HEAD", function()
        local server <close> = peer.serve{peer.say(peer.ok "hello"), {peer.ok "true"}}
        local client <close> = http.client()
        assert.equal("", client:head(server.url).body)
        assert.equal("true", client:get(server.url).body)
    end)
end)

describe("an answer that breaks off", function()
    it("is never taken for a whole one", function()
        local chunked <const> = HEAD .. "Transfer-Encoding: chunked\r\n\r\n"
        for answer, text in pairs{
            [""] = "ended before the answer",
            ["HTTP"] = "ended before the answer",
            [HEAD] = "ended before the answer",
            [HEAD .. "Content-Length: 5\r\n\r\n"] = "short body (0 of 5)",
            [HEAD .. "Content-Length: 5\r\n\r\nabcd"] = "short body (4 of 5)",
            [chunked] = "short body (0, the last chunk is missing)",
            [chunked .. "5\r\nabc"] = "short body (3, the last chunk is missing)",
            [chunked .. "3\r\nabc\r\n0\r\n"] = "short body (3, the last chunk is missing)",
        } do
            local server <close> = peer.serve{answer}
            local message <const> = net.fails("ECONNRESET",
                http.get(server.url, {keep_alive = false}))
            assert.is_truthy(message:find(text, 1, true), message)
        end
    end)

    it("by a reset is a failure, even where the end is the body's", function()
        local server <close> = peer.serve{function(stream, s)
            peer.request(stream)
            stream:write(HEAD .. "\r\nabc")
            stream:flush()
            s:setoption("linger", 0)
        end}
        local r <close> = assert(http.get(server.url, {stream = true, keep_alive = false}))
        local piece, message, code
        repeat piece, message, code = r:read() until not piece
        net.fails("ECONNRESET", piece, message, code)
    end)
end)
