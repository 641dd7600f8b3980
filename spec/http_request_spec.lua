-- What a request means: req:args, form, json, multipart, accepts, cookies.

local json <const> = require "tidewire.http.json"
local net <const> = require "spec.support.net"
local peer <const> = require "spec.support.http_serving"

-- What f(req) returns in a handler, for a request with these lines and this body;
-- and the status of the answer.
local function asked(lines, body, f)
    local results, status
    peer.serve(function(req, res)
        results = table.pack(f(req))
        res:send()
    end, function(_, connect)
        local text <const> = ("POST /x?a=1&b=x+y&a=%%32 HTTP/1.1\r\nHost: x\r\n%s"
            .. "Content-Length: %d\r\nConnection: close\r\n\r\n%s"):format(lines, #body, body)
        status = math.tointeger(peer.tell(connect, text):match "^HTTP/1%.1 (%d+)")
    end)
    return status, table.unpack(results or {}, 1, results and results.n)
end

-- Ditto, without the status.
local function result(...)
    return select(2, asked(...))
end

describe("req:args", function()
    it("are the query's", function()
        local args <const>, list <const> = result("", "", function(req) return req:args() end)
        assert.same({ a = "1", b = "x y" }, args)
        assert.same({ { "a", "1" }, { "b", "x y" }, { "a", "2" } }, list)
        net.fails("EMSGSIZE", result("", "", function(req) return req:args { max = 2 } end))
    end)
end)

describe("req.cookies", function()
    it("are made once", function()
        local cookies, same
        asked("Cookie: a=1; b=2\r\n", "", function(req)
            cookies, same = req.cookies, rawequal(req.cookies, req.cookies)
        end)
        assert.same({ a = "1", b = "2" }, cookies)
        assert.is_true(same)
        assert.same({}, result("", "", function(req) return req.cookies end))
    end)
end)

describe("req:pieces", function()
    it("goes over the body", function()
        assert.equal("abc", result("", "abc", function(req)
            local all = ""
            for piece in req:pieces() do
                all = all .. piece
            end
            return all
        end))
        assert.is_nil(result("", "", function(req) return req:pieces()() end))
    end)

    it("has what cannot be read answered with the status for that", function()
        local over = false
        local status <const> = asked("", "abc", function(req)
            req.max_body = 2
            for _ in req:pieces() do end -- luacheck: ignore
            over = true
        end)
        assert.same({ 413, false }, { status, over })
    end)
end)

describe("req:form", function()
    local KIND <const> = "Content-Type: application/x-www-form-urlencoded; charset=utf-8\r\n"

    it("reads the body", function()
        local form <const>, list <const> = result(KIND, "a=%20+&b", function(req)
            return req:form()
        end)
        assert.same({ a = "  ", b = "" }, form)
        assert.equal(2, #list)
    end)

    it("fails for other types and too much", function()
        for _, kind in ipairs { "", "Content-Type: text/plain\r\n" } do
            net.fails("ENOTSUP", result(kind, "a=1", function(req) return req:form() end))
        end
        net.fails("EMSGSIZE", result(KIND, "a=1", function(req)
            return req:form { max_body = 2 }
        end))
        net.fails("EMSGSIZE", result(KIND, "a&b", function(req) return req:form { max = 1 } end))
        assert.matches("unknown option 'x'", select(2, result(KIND, "a", function(req)
            return pcall(req.form, req, { x = 1 })
        end)))
    end)
end)

describe("req:json", function()
    if not pcall(require, "cjson.safe") then
        pending("reads the body", function() end, "lua-cjson is not installed")
        return
    end

    local function read(kind, body, o)
        return result(kind and "Content-Type: " .. kind .. "\r\n" or "", body, function(req)
            return req:json(o)
        end)
    end

    it("reads what says it is JSON", function()
        for _, kind in ipairs {
            "application/json", "Application/JSON; charset=utf-8", "application/problem+json",
            "text/json",
        } do
            assert.same({ a = { 1 } }, read(kind, '{"a":[1]}'))
        end
        assert.is_false(read("application/json", "false"))
        assert.equal(json.null, read("application/json", "null"))
        assert.same({ 1 }, read(nil, "[1]", { force = true }))
    end)

    it("fails for what is none", function()
        for _, kind in ipairs {
            "text/plain", "application/jsonx", "application/json-seq", false,
        } do
            net.fails("ENOTSUP", read(kind, "[1]"))
        end
        net.fails("EBADMSG", read("application/json", "[1"))
        net.fails("EBADMSG", read("application/json", ""))
        net.fails("EMSGSIZE", read("application/json", "[1]", { max_body = 2 }))
    end)
end)

describe("req:multipart", function()
    local KIND <const> = "Content-Type: multipart/form-data; boundary=B\r\n"
    local BODY <const> = '--B\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--B--\r\n'

    local function read(lines, body, limits)
        local found <const> = {}
        local status <const> = asked(lines, body, function(req)
            for part in req:multipart(limits) do
                found[part.name] = part:body()
            end
        end)
        return status, found
    end

    it("goes over the parts", function()
        assert.same({ 200, { a = "1" } }, { read(KIND, BODY) })
    end)

    it("has what is malformed or too much answered with the status for that", function()
        assert.equal(415, (read("Content-Type: text/plain\r\n", BODY)))
        assert.equal(400, (read(KIND, BODY:sub(1, -5))))
        assert.equal(413, (read(KIND, BODY, { parts = 0 })))
        assert.equal(413, (read(KIND, BODY, { total = 20 })))
        assert.equal(413, (read(KIND, BODY, { part = 0 })))
        assert.equal(200, (read(KIND, BODY, { total = #BODY })))
    end)

    it("checks its options", function()
        assert.matches("unknown option 'x'", select(2, result(KIND, BODY, function(req)
            return pcall(req.multipart, req, { x = 1 })
        end)))
    end)
end)

describe("req:accepts", function()
    it("chooses what the client likes best", function()
        local offers <const> = { "application/json", "text/html" }
        for lines, expected in pairs {
            [""] = "application/json", ["Accept: text/html, */*;q=0.1\r\n"] = "text/html",
            ["Accept: text/html;q=0\r\nAccept: application/*\r\n"] = "application/json",
        } do
            assert.equal(expected, result(lines, "", function(req) return req:accepts(offers) end))
        end
        assert.is_nil(result("Accept: image/png\r\n", "", function(req)
            return req:accepts(offers)
        end))
    end)
end)
