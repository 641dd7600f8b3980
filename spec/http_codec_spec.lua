-- The parsers as Lua functions: heads as tables, bodies in whatever pieces.

local core <const> = require "tidewire.http_core"
local net <const> = require "spec.support.net"

local function response(text, method)
    return core.parse_response(text:gsub("\n", "\r\n"), method or "GET")
end

-- Feeds a body a few bytes at a time, and at last none: the whole of it, the trailers, and what
-- was not read.
local function decode(data, n, ...)
    local feed <const>, out, rest = core.body(...), {}, ""
    for i = 1, #data + n, n do
        rest = rest .. data:sub(i, i + n - 1)
        local piece <const>, used, done, trailers = feed(rest)
        if not piece then return nil, used, done, trailers, table.concat(out) end
        out[#out + 1] = piece
        rest = rest:sub(used + 1)
        if done then return table.concat(out), trailers, rest .. data:sub(i + n) end
    end
    return table.concat(out), "not done", rest
end

describe("heads", function()
    it("of requests become tables", function()
        local text <const> = "POST /a?b HTTP/1.1\r\nHost: h\r\nX:  y z \r\n" ..
            "Content-Length: 5\r\nExpect: 100-continue\r\n\r\n"
        assert.same({method = "POST", target = "/a?b", minor = 1, framing = "length",
            length = 5, keep = true, upgrade = false, expect = true, size = #text,
            fields = {{"Host", "h"}, {"X", "y z"}, {"Content-Length", "5"},
                {"Expect", "100-continue"}}}, core.parse_request(text .. "hello"))
    end)

    it("of responses become tables", function()
        local head = response "HTTP/1.0 404 Not Found\nServer: s\n\n"
        assert.same({status = 404, reason = "Not Found", minor = 0, framing = "close",
            keep = false, upgrade = false, size = 37, fields = {{"Server", "s"}}}, head)
        head = response "HTTP/1.1 200\nTransfer-Encoding: chunked\n\n"
        assert.same({200, "", "chunked", true},
            {head.status, head.reason, head.framing, head.keep})
        head = response("HTTP/1.1 200 OK\nContent-Length: 5\n\n", "HEAD")
        assert.equal("none", head.framing)
    end)

    it("that are wrong say why, and with what to answer", function()
        for text, expected in pairs{
            ["GET / HTTP/1.1\r\n\r\n"] = "EBADMSG 400",
            ["GET / HTTP/2.0\r\nHost: h\r\n\r\n"] = "EBADMSG 505",
            ["GET / HTTP/1.1\r\nHost : h\r\n\r\n"] = "EBADMSG 400",
            ["GET / HTTP/1.1\r\nHost: h\r\n"] = "EBADMSG 400",
            ["GET / HTTP/1.1\nHost: h\n\n"] = "EBADMSG 400",
            [""] = "EBADMSG 400",
            ["GET /" .. ("x"):rep(9000) .. " HTTP/1.1\r\nHost: h\r\n\r\n"] = "EMSGSIZE 414",
            ["GET / HTTP/1.1\r\nHost: h\r\n" .. ("a: b\r\n"):rep(100) .. "\r\n"] = "EMSGSIZE 431",
        } do
            local value <const>, message, code, status = core.parse_request(text)
            assert.is_nil(value)
            assert.is_string(message)
            assert.equal(expected, code .. " " .. status)
        end
        net.fails("EBADMSG", response "HTTP/1.1 99 No\n\n")
        net.fails("EMSGSIZE", core.parse_response("HTTP/1.1 200 OK\r\na: b\r\nc: d\r\n\r\n",
            "GET", 1))
    end)

    it("check their arguments", function()
        net.raises("string expected", core.parse_request)
        net.raises("string expected", core.parse_response, "x")
        net.raises("out of range", core.parse_request, "x", 0)
        net.raises("out of range", core.parse_response, "x", "GET", 1 << 40)
    end)
end)

describe("bodies", function()
    local CHUNKED <const> = "5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nA: b\r\nA: c\r\n\r\nmore"

    it("are decoded in any pieces", function()
        for n = 1, #CHUNKED do
            assert.same({"hello world", {{"A", "b"}, {"A", "c"}}, "more"},
                {decode(CHUNKED, n, "chunked")})
            assert.same({"hello", nil, " world"}, {decode("hello world", n, "length", 5)})
            assert.same({"hello", "not done", ""}, {decode("hello", n, "close")})
        end
    end)

    it("end at once if there is nothing to come", function()
        for _, arguments in ipairs{{"none"}, {"length", 0}} do
            assert.same({"", 0, true, n = 3},
                table.pack(core.body(table.unpack(arguments))("more")))
        end
        local feed <const> = core.body("length", 1)
        assert.same({"a", 1, true}, {feed "ab"})
        assert.same({"", 0, true}, {feed "b"})
    end)

    it("that are wrong give what was good first", function()
        for n = 1, 20 do
            local value <const>, message, code, status, before =
                decode("5\r\nhello\r\n-1\r\n", n, "chunked")
            assert.is_nil(value)
            assert.is_string(message)
            assert.same({"EBADMSG", 400, "hello"}, {code, status, before})
        end
        net.fails("EBADMSG", decode("0\r\nContent-Length: 1\r\n\r\n", 1, "chunked"))
        net.fails("EBADMSG", core.body "chunked"("0x1\r\n"))
        net.fails("EMSGSIZE", decode("1;" .. ("x"):rep(5000), 1000, "chunked"))
    end)

    it("check their arguments", function()
        net.raises("invalid option", core.body, "gzip")
        net.raises("number expected", core.body, "length")
        net.raises("negative", core.body, "length", -1)
        net.raises("string expected", core.body "chunked")
    end)
end)

describe("checks", function()
    it("tell what may be sent", function()
        assert.same({true, false, false, false}, {core.is_token "GET", core.is_token "",
            core.is_token "a b", core.is_token "a\0"})
        assert.same({true, true, false, false}, {core.is_value "a b", core.is_value "",
            core.is_value "a\r", core.is_value "\0"})
    end)
end)
