-- The opening handshake of WebSockets: which requests become one, which answers.

local socket <const> = require "tidewire.socket"
local support <const> = require "spec.support.websocket"
local task <const> = require "tidewire.task"

local KEY <const> = "dGhlIHNhbXBsZSBub25jZQ=="
local ANSWER <const> = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

-- A request as handlers have it, with the usual headers but for `changes`.
local function request(changes)
    local headers <const> = { host = "example.com:8080", upgrade = "websocket",
        connection = "keep-alive, Upgrade", ["sec-websocket-version"] = "13",
        ["sec-websocket-key"] = KEY }
    local req <const> = { method = "GET", version = "1.1" }
    for name, value in pairs(changes or {}) do
        local place <const> = req[name] and req or headers
        place[name] = value or nil
    end
    function req.header(_, name)
        return headers[name:lower()]
    end
    return req
end

local function response()
    local res <const> = { fields = {} }
    function res:set(name, value)
        self.fields[name] = value
    end
    function res:send(text)
        self.text = text
    end
    function res:upgrade(protocol)
        self.upgraded = protocol
        return support.stream((assert(socket.socketpair())))
    end
    return res
end

describe("websocket.accept", function()
    if not support.found then
        pending(support.reason)
        return
    end
    local websocket <const> = require "tidewire.websocket"

    it("answers as RFC 6455 has it", function()
        local req <const>, res <const> = request(), response()
        local ws <const> = assert(websocket.accept(req, res))
        assert.equal("websocket", res.upgraded)
        assert.same({ ["Sec-WebSocket-Accept"] = ANSWER }, res.fields)
        assert.equal("open", ws.state)
        assert.equal(req, ws.request)
        assert.is_nil(ws.protocol)
        local mixed <const> = request { upgrade = "h2c, WebSocket", connection = "UPGRADE" }
        assert.is_truthy(websocket.accept(mixed, response()))
    end)

    local function refused(changes, status, code, options)
        local res <const> = response()
        local ws <const>, message <const>, name <const> =
            websocket.accept(request(changes), res, options)
        assert.is_nil(ws)
        assert.equal(code, name)
        assert.equal(status, res.status)
        assert.equal("accept: " .. res.text, message .. "\n")
        assert.is_nil(res.upgraded)
        return res
    end

    it("refuses what is no handshake", function()
        refused({ method = "POST" }, 400, "EBADMSG")
        refused({ version = "1.0" }, 400, "EBADMSG")
        refused({ connection = "keep-alive" }, 400, "EBADMSG")
        for _, key in ipairs { false, "", KEY .. "=", KEY .. ", " .. KEY, "c2hvcnQ=" } do
            refused({ ["sec-websocket-key"] = key }, 400, "EBADMSG")
        end
        for _, changes in ipairs { { upgrade = false }, { upgrade = "h2c" },
            { ["sec-websocket-version"] = "8" }, { ["sec-websocket-version"] = false } } do
            local res <const> = refused(changes, 426, "EPROTONOSUPPORT")
            assert.equal("13", res.fields["Sec-WebSocket-Version"])
            assert.equal("websocket", res.fields.Upgrade)
        end
    end)

    it("lets pages of its own host in, and no others", function()
        for _, origin in ipairs { "http://example.com:8080", "https://EXAMPLE.com:8080" } do
            assert.is_truthy(websocket.accept(request { origin = origin }, response()))
        end
        for _, origin in ipairs { "http://example.com", "http://evil.com:8080", "null", "",
            "http://example.com:8080.evil.com", "http://example.com:8080/" } do
            refused({ origin = origin }, 403, "EACCES")
        end
        for origin, host in pairs { ["http://a.org"] = "a.org:80", ["https://a.org"] = "a.org:443",
            ["http://a.org:80"] = "a.org", ["http://[::1]"] = "[::1]" } do
            assert.is_truthy(websocket.accept(request { origin = origin, host = host }, response()))
        end
        refused({ origin = "https://a.org", host = "a.org:80" }, 403, "EACCES")
    end)

    it("lets in whom it is told to", function()
        local evil <const> = { origin = "http://evil.com" }
        local function get(origins)
            return websocket.accept(request(evil), response(), { origins = origins })
        end
        assert.is_truthy(get "*")
        assert.is_truthy(get { "http://good.com", "http://EVIL.com" })
        assert.is_truthy(get(function(origin, req)
            return origin == "http://evil.com" and req.method == "GET"
        end))
        refused(evil, 403, "EACCES", { origins = { "http://good.com" } })
        refused(evil, 403, "EACCES", { origins = function() return false end })
    end)

    it("chooses a sub-protocol that both know", function()
        local function chosen(offered, protocols)
            local res <const> = response()
            local ws <const> = assert(websocket.accept(
                request { ["sec-websocket-protocol"] = offered }, res, { protocols = protocols }))
            assert.equal(ws.protocol, res.fields["Sec-WebSocket-Protocol"])
            return ws.protocol
        end
        assert.equal("b", chosen("a, b,c", { "c", "b" }))
        assert.is_nil(chosen("a", { "b" }))
        assert.is_nil(chosen("a", nil))
        assert.is_nil(chosen(false, { "b" }))
        assert.equal("c", chosen("a, c", function(list) return list[#list] end))
    end)

    it("agrees on no extension", function()
        local res <const> = response()
        local offer <const> = { ["sec-websocket-extensions"] =
            "permessage-deflate; client_max_window_bits; server_max_window_bits=8" }
        assert.is_truthy(websocket.accept(request(offer), res))
        assert.is_nil(res.fields["Sec-WebSocket-Extensions"])
    end)

    it("raises when misused", function()
        for options, message in pairs { [{ origin = "*" }] = "unknown option 'origin'",
            [{ max_message = "1" }] = "max_message: must be an integer, more than 0, got \"1\"",
            [{ max_pending = false }] = "max_pending", [{ max_fragments = 1.5 }] = "fragments",
            [{ ping_interval = 0 }] = "ping_interval: must be seconds, more than 0, or false",
            [{ close_timeout = false }] = "close_timeout" } do
            assert.error_matches(function()
                websocket.accept(request(), response(), options)
            end, message)
        end
        assert.is_truthy(websocket.accept(request(), response(), { ping_interval = false,
            pong_timeout = false, write_timeout = false, close_timeout = 0.5 }))
    end)
end)

-- A server that reads one request and answers with `lines`, in which %s is the
-- right Sec-WebSocket-Accept, and whatever follows.
local function connect(lines, options)
    local websocket <const> = require "tidewire.websocket"
    local core <const> = require "tidewire.ws_core"
    local a <const>, b <const> = assert(socket.socketpair())
    local head
    local server <const> = task.spawn(function()
        local stream <const> = b:makefile "r"
        head = stream:read_until("\r\n\r\n", 10000)
        local key <const> = head:match "Sec%-WebSocket%-Key: (%S+)\r\n"
        b:sendall((table.concat(lines, "\r\n"):gsub("%%s", core.answer(key))))
    end)
    options = options or {}
    options.stream = support.stream(a)
    local ws, message, code, answer = websocket.connect("ws://example.com/chat?x=1", options)
    server:join()
    return head, ws, message, code, answer, b
end

local GOOD <const> = { "HTTP/1.1 101 Switching Protocols", "Upgrade: WebSocket",
    "Connection: upgrade", "Sec-WebSocket-Accept: %s", "", "\x81\x02hi" }

local function with(i, line)
    local copy <const> = table.move(GOOD, 1, #GOOD, 1, {})
    copy[i] = line
    return copy
end

describe("websocket.connect", function()
    if not support.found then
        return
    end
    local websocket <const> = require "tidewire.websocket"

    it("asks as RFC 6455 has it, and takes what comes with the answer", function()
        local head <const>, ws <const> = connect(GOOD, { origin = "http://a.org",
            protocols = { "a", "b" }, headers = { Cookie = "c=1" } })
        assert.equal("hi", ws:receive(5))
        assert.is_nil(ws.protocol)
        assert.equal(101, ws.response.status)
        for _, line in ipairs { "GET /chat?x=1 HTTP/1.1", "Host: example.com",
            "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Protocol: a, b", "Origin: http://a.org", "Cookie: c=1" } do
            assert.is_truthy(("\r\n" .. head):find("\r\n" .. line .. "\r\n", 1, true), line)
        end
        assert.is_nil(head:find "Extensions")
    end)

    it("takes a sub-protocol it has offered", function()
        local lines <const> = with(4, "Sec-WebSocket-Accept: %s\r\nSec-WebSocket-Protocol: b")
        local _, ws <const> = connect(lines, { protocols = { "a", "b" } })
        assert.equal("b", ws.protocol)
    end)

    it("refuses answers that are none", function()
        for text, lines in pairs {
            ["answered 200 OK"] = { "HTTP/1.1 200 OK", "Content-Length: 0", "", "" },
            ["answered 302"] = { "HTTP/1.1 302 Found", "Location: /", "Content-Length: 0", "", "" },
            ["does not upgrade"] = with(3, "Connection: keep-alive"),
            ["asked for websocket"] = with(2, "Upgrade: h2c"),
            ["does not answer our key"] = with(4, "Sec-WebSocket-Accept: " .. ANSWER),
            ["extension"] = with(4, "Sec-WebSocket-Accept: %s\r\nSec-WebSocket-Extensions: x"),
            ["not offered"] = with(4, "Sec-WebSocket-Accept: %s\r\nSec-WebSocket-Protocol: z"),
        } do
            local _, ws <const>, message <const>, code <const>, _, peer <const> = connect(lines)
            assert.is_nil(ws)
            assert.is_truthy(message:find(text, 1, true), message)
            assert.equal("EBADMSG", code)
            assert.equal("eof", select(3, peer:recv(1)))
        end
    end)

    it("says when nobody is there, or nobody answers", function()
        local listener <close> = assert(socket.create_server { "127.0.0.1", 0 })
        local port <const> = listener:getsockname().port
        local _, message <const>, code <const> =
            websocket.connect(("ws://127.0.0.1:%d/"):format(port), { timeout = 0.05 })
        assert.equal("timeout", code)
        assert.matches("timed out", message)
        listener:close()
        assert.equal("ECONNREFUSED",
            select(3, websocket.connect(("ws://127.0.0.1:%d/"):format(port))))
        assert.equal("EPROTONOSUPPORT", select(3, websocket.connect "wss://127.0.0.1/"))
    end)

    it("fails for what is no URL of one", function()
        for _, url in ipairs { "http://example.com", "example.com", "", "ws://", "ws:///x" } do
            local ws <const>, message <const>, code <const> = websocket.connect(url)
            assert.same({ nil, "EINVAL" }, { ws, code })
            assert.truthy(message:find "^URL ")
        end
    end)

    it("raises when misused", function()
        for what, f in pairs {
            ["url: string"] = function() local _ <const> = websocket.connect(5) end,
            ["timeout: must be seconds"] = function()
                local _ <const> = websocket.connect("ws://a/", { timeout = "x" })
            end,
            ["protocols: must be a table"] = function()
                local _ <const> = websocket.connect("ws://a/", { protocols = "a" })
            end,
            ["origin: must be a string"] = function()
                local _ <const> = websocket.connect("ws://a/", { origin = 5 })
            end,
            ["headers: must be a table"] = function()
                local _ <const> = websocket.connect("ws://a/", { headers = "X: y" })
            end,
            ["protocols: must be a list or a function"] = function()
                local _ <const> = websocket.accept(request(), response(), { protocols = "a" })
            end,
            ["origins: must be a list"] = function()
                local _ <const> = websocket.accept(request(), response(),
                    { origins = "http://a.org" })
            end,
        } do
            local _ <const>, message <const> = pcall(f)
            assert.matches("handshake_spec.lua:%d+: " .. what, message)
        end
        assert.error_matches(function()
            websocket.connect("ws://a/", { protocols = { "a b" } })
        end, "not a token")
        assert.error_matches(function()
            websocket.connect("ws://a/", { headers = { X = "a\r\nb" } })
        end, "X")
        assert.error_matches(function() websocket.connect("ws://a/", { foo = 1 }) end, "foo")
    end)
end)
