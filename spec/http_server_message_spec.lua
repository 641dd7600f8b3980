-- The HTTP server: what a handler gets to know, what it can answer.

local net <const> = require "spec.support.net"
local serving <const> = require "spec.support.http_serving"
local socket <const> = require "tidewire.socket"
local task <const> = require "tidewire.task"

-- What a handler returned for a request, as text.
local function seen(request, handler)
    local got
    serving.serve(function(req, res)
        got = table.pack(handler(req, res))
        res:send()
    end, function(_, connect) serving.tell(connect, request) end)
    return table.unpack(got, 1, got.n)
end

describe("a request", function()
    it("has a method, target, path, query and version", function()
        local function parts(line)
            return {seen(line .. "\r\nHost: x\r\nConnection: close\r\n\r\n", function(req)
                return req.method, req.target, req.path, req.query or "-", req.version
            end)}
        end
        assert.same({"GET", "/", "/", "-", "1.1"}, parts "GET / HTTP/1.1")
        assert.same({"PUT", "/a?b=c?d", "/a", "b=c?d", "1.1"}, parts "PUT /a?b=c?d HTTP/1.1")
        assert.same({"GET", "/a%20b%2fc?x%20", "/a b/c", "x%20", "1.0"},
            parts "GET /a%20b%2fc?x%20 HTTP/1.0")
        assert.same({"GET", "http://x/p?q", "/p", "q", "1.1"}, parts "GET http://x/p?q HTTP/1.1")
        assert.same({"GET", "http://x?q", "/", "q", "1.1"}, parts "GET http://x?q HTTP/1.1")
        assert.same({"OPTIONS", "*", "*", "-", "1.1"}, parts "OPTIONS * HTTP/1.1")
    end)

    it("has header fields by name in any case", function()
        local request <const> = serving.get("/", "X-One: a", "x-two: 1", "X-TWO: 2", "Empty:")
        assert.same({"a", "1, 2", "", "-", "x"}, {seen(request, function(req)
            return req:header "x-one", req:header "X-Two", req:header "empty",
                req:header "none" or "-", req.headers.host
        end)})
    end)

    it("keeps what a script puts there, for ever", function()
        local kept
        serving.serve(function(req, res)
            req.params = {id = 7}
            kept = req
            res:send(tostring(req.params.id))
        end, function(_, connect) serving.tell(connect, serving.get "/kept") end)
        collectgarbage()
        assert.same({7, "/kept", "x"}, {kept.params.id, kept.path, kept:header "host"})
        assert.same({nil, "read: closed", "closed"}, {kept:read()})
        net.raises("'path' cannot be set", function() kept.path = "/" end)
        assert.equal("request (GET /kept)", tostring(kept))
    end)

    it("knows who sent it", function()
        assert.equal("127.0.0.1", seen(serving.get "/", function(req) return req.peer.host end))
    end)

    it("has the fields and methods that Lua files add", function()
        local core <const> = require "tidewire.http_core"
        local times = 0
        function core.lazy.test_lazy() times = times + 1 return "made" end
        function core.request.test_method(req) return req.path end
        assert.same({"made", "made", "/x"}, {seen(serving.get "/x", function(req)
            return req.test_lazy, req.test_lazy, req:test_method()
        end)})
        assert.equal(1, times)
        core.lazy.test_lazy, core.request.test_method = nil, nil
    end)
end)

describe("a request's body", function()
    local function post(body, ...)
        return table.concat({"POST / HTTP/1.1", "Host: x", "Connection: close", ...}, "\r\n") ..
            "\r\n\r\n" .. body
    end

    it("is read whole", function()
        assert.same({5, "hello", "hello"}, {seen(post("hello", "Content-Length: 5"), function(req)
            return req.length, req:body(), req:body()
        end)})
        assert.same({"", "-"}, {seen(serving.get "/", function(req)
            return req:body(), req.length or "-"
        end)})
    end)

    it("is read in pieces, until the end", function()
        assert.same({"hel", "lo", "end of stream", "eof"},
            {seen(post("hello", "Content-Length: 5"), function(req)
                return req:read(3), req:read(3), select(2, req:read(3))
            end)})
    end)

    it("is read as it comes", function()
        local got <const> = {}
        serving.serve(function(req, res)
            for _ = 1, 3 do got[#got + 1] = req:read() end
            res:send()
        end, function(_, connect)
            local s <close> = connect()
            s:sendall(post("a", "Content-Length: 3"))
            while #got < 1 do task.yield() end
            s:sendall "b"
            while #got < 2 do task.yield() end
            s:sendall "c"
            serving.all(s)
        end)
        assert.same({"a", "b", "c"}, got)
    end)

    it("may be chunked, with trailers", function()
        local body <const> = "5;x=y\r\nhello\r\n6\r\n world\r\n0\r\nX-Sum: 1\r\n\r\n"
        assert.same({"-", "hello world", "1"},
            {seen(post(body, "Transfer-Encoding: chunked"), function(req)
                return req.trailers or "-", req:body(), req.trailers["x-sum"]
            end)})
    end)

    it("is limited", function()
        local function size(limit, ...)
            return select(3, seen(post(...), function(req)
                req.max_body = limit
                return req:body()
            end))
        end
        assert.is_nil(size(5, "hello", "Content-Length: 5"))
        assert.equal("EMSGSIZE", size(4, "hello", "Content-Length: 5"))
        assert.equal("EMSGSIZE", size(4, "5\r\nhello\r\n0\r\n\r\n", "Transfer-Encoding: chunked"))
        assert.equal("EBADMSG", size(4, "5\rhello\r\n0\r\n\r\n", "Transfer-Encoding: chunked"))
    end)

    it("may end too soon", function()
        local got
        serving.serve(function(req) got = {req:body()} end, function(server, connect)
            local s <const> = connect()
            s:sendall(post("abc", "Content-Length: 10"))
            s:close()
            while not got do task.yield() end
            server:close()
        end)
        assert.same({nil, "read: short body (3 of 10)", "ECONNRESET"}, got)
    end)
end)

describe("an answer", function()
    -- The status, fields and body of what a handler answers.
    local function answered(handler, request)
        local status, fields, body
        serving.serve(handler, function(_, connect)
            local s <close> = connect()
            s:sendall(request or serving.get "/")
            local f <close> = s:makefile()
            status, fields, body = serving.answer(f, request and request:find "^HEAD")
        end)
        return status, fields, body
    end

    it("is sent whole, with its length, type and date", function()
        local status <const>, fields <const>, body <const> =
            answered(function(_, res) res:send "hello" end)
        assert.same({200, "hello", "5", "text/plain; charset=utf-8", "close"}, {status, body,
            fields["content-length"], fields["content-type"], fields.connection})
        assert.truthy(fields.date:find "^%u%l%l, %d%d %u%l%l %d%d%d%d %d%d:%d%d:%d%d GMT$")
    end)

    it("has the fields that were set", function()
        local status <const>, fields <const> = answered(function(_, res)
            res.status = 404
            res:set("Content-Type", "a/b")
            res:set("X-One", "1")
            res:set("x-one", "2")
            res:add("Set-Cookie", "c")
            res:set("X-Gone", "x")
            res:unset "x-gone"
            assert.same({"2", "c"}, {res:get "X-ONE", res:get "set-cookie"})
            assert.is_nil(res:get "X-Gone")
            res:send "x"
        end)
        assert.same({404, "a/b", "2", "c"},
            {status, fields["content-type"], fields["x-one"], fields["set-cookie"]})
        assert.is_nil(fields["x-gone"])
    end)

    it("has no fields that would be two", function()
        local errors <const> = {}
        answered(function(_, res)
            for _, bad in ipairs{{"a b", "x"}, {"a", "x\r\nb: c"}, {"a", "x\0"}, {"", "x"},
                {"a:", "x"}, {"Transfer-Encoding", "x"}, {"Content-Length", "x"}} do
                errors[#errors + 1] = pcall(res.set, res, table.unpack(bad))
            end
            res:send()
            errors[#errors + 1] = pcall(res.set, res, "a", "b")
            errors[#errors + 1] = pcall(res.send, res, "b")
        end)
        assert.same({false, false, false, false, false, false, false, false, false}, errors)
    end)

    it("may be long", function()
        local long <const> = ("x"):rep(5000000)
        local _ <const>, fields <const>, body <const> =
            answered(function(_, res) res:send(long) end)
        assert.equal("5000000", fields["content-length"])
        assert.is_true(body == long)
    end)

    it("leaves with one call, head and body", function()
        local sizes <const> = {5, 16384, 16385, 60000}
        serving.serve({listen = false, handler = function(req, res)
            res:send(("x"):rep(tonumber(req.query)))
        end}, function(server)
            for _, size in ipairs(sizes) do
                -- What is sent with one call is received with one.
                local a <const>, b <close> =
                    assert(socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET))
                assert(server:add(a))
                b:sendall(("GET /?%d HTTP/1.1\r\nHost: x\r\n\r\n"):format(size))
                assert.equal(size, #b:recv(100000):match "\r\n\r\n(.*)$")
            end
        end)
    end)

    it("to HEAD has the same head, without a body", function()
        local status <const>, fields <const> = answered(function(_, res) res:send "hello" end,
            "HEAD / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert.same({200, "5"}, {status, fields["content-length"]})
    end)

    it("of 204 and 304 has none", function()
        for _, code in ipairs{204, 304} do
            local text
            serving.serve(function(_, res)
                res.status = code
                res:send "not sent"
            end, function(_, connect) text = serving.tell(connect, serving.get "/") end)
            assert.truthy(text:find "\r\n\r\n$")
            assert.falsy(text:find "Content%-Length")
        end
    end)
end)
