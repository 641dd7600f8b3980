-- Answers in one call: res:text, html, json, error, redirect, cookie.

local http <const> = require "tidewire.http"
local net <const> = require "spec.support.net"
local peer <const> = require "spec.support.http_serving"

-- What a client gets from a handler: status, fields, body.
local function answer(handler, method)
    local results
    peer.serve(handler, function(server, connect)
        local s <close> = connect()
        local f <close> = s:makefile()
        s:sendall((method or "GET") .. " /a/b?q HTTP/1.1\r\nHost: x\r\n\r\n")
        results = table.pack(peer.answer(f, method == "HEAD"))
        assert.same({}, server.errors)
    end)
    return table.unpack(results)
end

-- Runs f(res) in a handler; its error.
local function raised(text, f)
    local message
    answer(function(_, res)
        message = net.raises(text, f, res)
        res:send()
    end)
    return message
end

describe("res:text, html, json", function()
    it("say what it is", function()
        for kind, f in pairs {
            ["text/plain; charset=utf-8"] = function(_, res) res:text "<x>" end,
            ["text/html; charset=utf-8"] = function(_, res) res:html "<x>" end,
            ["text/csv"] = function(_, res)
                res:set("content-type", "text/csv")
                res:text "<x>"
            end,
        } do
            local status <const>, fields <const>, body <const> = answer(f)
            assert.same({ 200, kind, "<x>" }, { status, fields["content-type"], body })
        end
    end)

    it("write values", function()
        if not pcall(require, "cjson.safe") then
            return pending "lua-cjson is not installed"
        end
        local status <const>, fields <const>, body <const> = answer(function(_, res)
            res.status = 201
            res:json { a = { 1, 2 } }
        end)
        assert.same({ 201, "application/json", '{"a":[1,2]}' },
            { status, fields["content-type"], body })
        raised("not supported", function(res) res:json(print) end)
    end)
end)

describe("res:error", function()
    it("answers with the status and its name, or a text", function()
        for status, body in pairs {
            [404] = "404 Not Found\n", [503] = "503 Service Unavailable\n", [599] = "599\n",
        } do
            local got <const>, fields <const>, text <const> = answer(function(_, res)
                res:set("Content-Type", "image/png")
                res:set("Allow", "GET")
                res:error(status)
            end)
            assert.same({ status, "text/plain; charset=utf-8", "GET", body },
                { got, fields["content-type"], fields.allow, text })
        end
        local got <const>, _, text <const> = answer(function(_, res) res:error(400, "no") end)
        assert.same({ 400, "no\n" }, { got, text })
        assert.same({ 405, "" }, (function(a, _, b) return { a, b } end)(
            answer(function(_, res) res:error(405) end, "HEAD")))
    end)

    it("takes the codes of what fails", function()
        for code, status in pairs {
            EMSGSIZE = 413, EBADMSG = 400, ENOTSUP = 415, timeout = 408, ECONNRESET = 400,
            EIO = 500,
        } do
            assert.equal(status, (answer(function(_, res) res:error(code, "x") end)))
        end
    end)

    it("raises for what is no error", function()
        for _, status in ipairs { 200, 399, 600, 404.5, {} } do
            raised("status: 400 to 599 expected", function(res) res:error(status) end)
        end
        raised("got nil", function(res) res:error() end)
    end)
end)

describe("an error that is raised", function()
    it("is answered with its own status, and reported only if that says so", function()
        for status, expected in pairs {
            [400] = 400, [403] = 403, [499] = 499, [503] = 503, [200] = 500, [600] = 500,
            [1 << 40] = 500, x = 500,
        } do
            local got, reported
            peer.serve(function() error { status = status } end, function(server, connect)
                got = math.tointeger(peer.tell(connect, peer.get "/"):match "^HTTP/1%.1 (%d+) ")
                reported = #server.errors
            end)
            assert.same({ expected, expected < 500 and 0 or 1 }, { got, reported })
        end
    end)
end)

describe("res:redirect", function()
    it("sends elsewhere", function()
        for location, expected in pairs {
            ["/x?y#z"] = "/x?y#z", ["https://example.org/"] = "https://example.org/",
            ["x"] = "x", ["../ä b"] = "../%C3%A4%20b",
            ["/\\x<>\"{}|^`"] = "/%5Cx%3C%3E%22%7B%7D%7C%5E%60",
            ["/%41[]@!$&'()*+,;=~-._"] = "/%41[]@!$&'()*+,;=~-._", [""] = "",
        } do
            local status <const>, fields <const> =
                answer(function(_, res) res:redirect(location) end)
            assert.same({ 302, expected }, { status, fields.location })
        end
        for _, status in ipairs { 301, 302, 303, 307, 308 } do
            assert.equal(status, (answer(function(_, res) res:redirect("/", status) end)))
        end
    end)

    it("lets nothing into the header", function()
        for _, location in ipairs { "/\r\nSet-Cookie: a=1", "/\n", "/\0", "/\127", 1 } do
            raised("location: string without", function(res) res:redirect(location) end)
        end
        for _, status in ipairs { 200, 300, 304, 404 } do
            raised("status: 301, 302", function(res) res:redirect("/", status) end)
        end
    end)
end)

describe("res:cookie", function()
    it("adds a field for each", function()
        local text
        peer.serve(function(_, res)
            res:cookie("a", "1", { httponly = true })
            res:cookie("b", false)
            res:text "x"
        end, function(_, connect) text = peer.tell(connect, peer.get "/") end)
        assert.is_truthy(text:find("\r\nSet-Cookie: a=1; Path=/; HttpOnly\r\n", 1, true))
        assert.is_truthy(text:find("\r\nSet-Cookie: b=; Path=/; Max-Age=0; Expires=", 1, true))
        raised("what may not be in a value", function(res) res:cookie("a", "b\r\nc") end)
    end)
end)

describe("a router", function()
    it("is a handler", function()
        local app <const> = http.router()
        app:get("/users/:id", function(req, res) res:text(req.params.id) end)
        app:post("/users/:id", function(_, res) res:redirect "/" end)
        app:mount("/files", function(req, res) res:text(req.mount .. req.subpath) end)
        peer.serve({ handler = app }, function(server, connect)
            local s <close> = connect()
            local f <close> = s:makefile()
            for request, expected in pairs {
                ["GET /users/a%2Fb?x"] = { 200, "a/b" }, ["POST /users/7"] = { 302, "" },
                ["HEAD /users/7"] = { 200, "" }, ["GET /none"] = { 404, "404 Not Found\n" },
                ["PUT /users/7"] = { 405, "405 Method Not Allowed\n", "GET, HEAD, OPTIONS, POST" },
                ["OPTIONS /users/7"] = { 204, "", "GET, HEAD, OPTIONS, POST" },
                ["GET /files/a%20b"] = { 200, "/files/a b" }, ["DELETE /files"] = { 308, "" },
            } do
                s:sendall(request .. " HTTP/1.1\r\nHost: x\r\n\r\n")
                local status <const>, fields <const>, body <const> =
                    peer.answer(f, request:find "^HEAD")
                assert.same(expected, { status, body, fields.allow }, request)
            end
            assert.same({}, server.errors)
        end)
    end)
end)
