-- The web responders, spoken to in raw bytes.

local example <const> = require "spec.support.example"
local net <const> = require "spec.support.net"

local GET <const> = "GET / HTTP/1.1\r\nHost: here\r\n\r\n"
local BYE <const> = "GET / HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n"

-- The status, fields (by name in small letters) and body of the next response; nil
-- at the end.
local function response(stream, head_only)
    local head <const> = stream:read_until("\r\n\r\n")
    if not head then return nil end
    local fields <const> = {}
    for name, value in head:gmatch("([%w-]+): ([^\r]*)\r\n") do fields[name:lower()] = value end
    local length <const> = tonumber(fields["content-length"])
    local body <const> = not head_only and assert(stream:read_exact(length)) or ""
    return tonumber(head:match("^HTTP/1%.1 (%d%d%d) %u")), fields, body
end

for _, name in ipairs {"web_responder", "web_responder_plain"} do
    describe(name, function()
        local server, port, conn, stream

        before_each(function()
            server, port = example.serve(name)
            conn, stream = example.visit(port)
        end)
        after_each(function()
            stream:close()
            conn:close()
            local output <const>, status <const> = server:kill()
            assert.equal(example.TERMINATED, status, output)
        end)

        -- Asks, and checks the status; the other results of response.
        local function ask(status, request, head_only)
            assert(conn:sendall(request))
            local got <const>, fields <const>, body <const> = response(stream, head_only)
            assert.equal(status, got)
            return fields, body
        end

        it("welcomes, tells the time, and knows what it has not", function()
            local fields, body = ask(200, GET)
            assert.equal("text/html; charset=utf-8", fields["content-type"])
            assert.matches("欢迎来此访问!", body, 1, true)
            _, body = ask(200, "GET /time?now HTTP/1.1\r\nHost: here\r\n\r\n")
            assert.matches("%d%d:%d%d:%d%d", body)
            _, body = ask(404, "GET /nothing HTTP/1.1\r\nHost: here\r\n\r\n")
            assert.matches("404 Not Found", body)
            server:expect("^GET\t/nothing\t404\n")
        end)

        it("takes requests in single bytes", function()
            for _ = 1, 2 do
                for byte in GET:gmatch(".") do assert(conn:sendall(byte)) end
                assert.equal(200, response(stream))
            end
        end)

        it("takes many requests at once, and answers in order", function()
            assert(conn:sendall(("\r\n" .. GET .. GET:gsub("/", "/x", 1)):rep(50) .. BYE .. GET))
            for _ = 1, 50 do
                assert.equal(200, response(stream))
                assert.equal(404, response(stream))
            end
            assert.equal("close", select(2, response(stream)).connection)
            assert.is_nil(response(stream))
        end)

        it("answers HEAD without a body", function()
            local fields <const> = ask(200, GET:gsub("GET", "HEAD"), true)
            assert.matches("^[1-9]", fields["content-length"])
            ask(200, BYE)
            net.fails("eof", stream:read())
        end)

        it("keeps the connection as the client wishes", function()
            assert.equal("keep-alive", ask(200, GET).connection)
            assert.equal("keep-alive",
                ask(200, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").connection)
            assert.equal("close", ask(200, "GET / HTTP/1.0\r\n\r\n").connection)
            net.fails("eof", stream:read())
        end)

        for status, request in pairs {
            [400] = "hello\r\n\r\n",
            [405] = "POST / HTTP/1.1\r\nHost: here\r\nContent-Length: 5\r\n\r\nhello",
            [431] = "GET / HTTP/1.1\r\nX: " .. ("x"):rep(100000),
        } do
            it(("says %d and hangs up when it must"):format(status), function()
                assert.equal("close", ask(status, request).connection)
                net.fails("eof", stream:read())
            end)
        end

        it("says 400 without a Host, and to a header field that is none", function()
            for _, request in ipairs {"GET / HTTP/1.1\r\n\r\n", "GET  / HTTP/1.1\r\n\r\n",
                "GET / HTTP/1.1\r\nHost : here\r\n\r\n", "GET / HTTP/2.0\r\nHost: here\r\n\r\n"} do
                assert.equal("close", ask(400, request).connection)
                stream:close()
                conn:close()
                conn, stream = example.visit(port)
            end
        end)

        it("does not wait for ever", function()
            local hasty <close>, its_port = example.serve(name, 0.2)
            local first <close>, said = example.visit(its_port)
            net.fails("eof", said:read()) -- who says nothing hears nothing
            said:close()
            local second <close>, said_too = example.visit(its_port)
            assert(second:sendall("GET / HTTP/1.1\r\nHost: he"))
            assert.equal(408, response(said_too))
            net.fails("eof", said_too:read())
            hasty:expect("^%?\t%?\t408\n")
            first:close()
        end)

        it("survives clients that vanish", function()
            for _, request in ipairs {"", "GET / HT", GET:rep(1000)} do
                local visitor <const>, said <const> = example.visit(port)
                assert(visitor:sendall(request))
                example.vanish(visitor, said)
            end
            stream:close()
            conn:close()
            conn, stream = example.visit(port)
            ask(200, GET)
        end)
    end)
end

describe("many browsers", function()
    it("are served at once by the tasks", function()
        local server <close>, port = example.serve("web_responder")
        local browsers <const> = {}
        for i = 1, 50 do browsers[i] = table.pack(example.visit(port)) end
        for from = 1, #BYE, 7 do -- all of them, a piece at a time
            for _, browser in ipairs(browsers) do
                assert(browser[1]:sendall(BYE:sub(from, from + 6)))
            end
        end
        for i = #browsers, 1, -1 do
            assert.equal(200, response(browsers[i][2]))
            assert.is_nil(response(browsers[i][2]))
            browsers[i][2]:close()
            browsers[i][1]:close()
        end
        server:expect("GET")
    end)

    it("wait for one another without tasks", function()
        local server <close>, port = example.serve("web_responder_plain")
        local first <close>, first_stream = example.visit(port)
        local second <close>, second_stream = example.visit(port)
        assert(first:sendall(GET))
        assert(second:sendall(GET))
        assert.equal(200, response(first_stream))
        second:settimeout(0.1)
        net.fails("timeout", second_stream:peek(1))
        first_stream:close()
        first:close()
        second:settimeout(10)
        assert.equal(200, response(second_stream))
        server:expect("GET")
    end)
end)
