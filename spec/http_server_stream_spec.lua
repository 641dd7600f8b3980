-- The HTTP server: answers that are sent bit by bit, of files, or that end HTTP.

local net <const> = require "spec.support.net"
local serving <const> = require "spec.support.http_serving"
local task <const> = require "tidewire.task"

-- All that a client gets for a request (1.1 and closing, unless given).
local function told(handler, request)
    local text, code
    local errors
    serving.serve(handler, function(server, connect)
        text, code = serving.tell(connect, request or serving.get "/")
        errors = server.errors
    end)
    local head <const>, body <const> = text:match "^(.-\r\n)\r\n(.*)$"
    return body, head, code, errors
end

local OLD <const> = "GET / HTTP/1.0\r\n\r\n"
local HEAD <const> = "HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

describe("an answer of unknown length", function()
    local function hello(_, res)
        assert(res:write "hello ")
        assert(res:write "")
        assert(res:flush())
        assert(res:write "world")
        assert(res:finish())
        assert.same({true, 11}, {res.sent, res.bytes})
    end

    it("is sent in chunks", function()
        local body <const>, head <const> = told(hello)
        assert.equal("6\r\nhello \r\n5\r\nworld\r\n0\r\n\r\n", body)
        assert.truthy(head:find "\r\nTransfer%-Encoding: chunked\r\n")
    end)

    it("ends with the connection for HTTP/1.0", function()
        local body <const>, head <const> = told(hello, OLD)
        assert.equal("hello world", body)
        assert.falsy(head:find "chunked")
        assert.truthy(head:find "\r\nConnection: close\r\n")
    end)

    it("is none for HEAD", function()
        local body <const>, head <const> = told(hello, HEAD)
        assert.equal("", body)
        assert.truthy(head:find "\r\nTransfer%-Encoding: chunked\r\n")
    end)

    it("ends when the handler does", function()
        assert.equal("1\r\nx\r\n0\r\n\r\n", (told(function(_, res) res:write "x" end)))
    end)

    it("may have trailers", function()
        for _, trailers in ipairs{{["X-A"] = "1"}, {{"X-A", "1"}}} do
            assert.equal("1\r\nx\r\n0\r\nX-A: 1\r\n\r\n", (told(function(_, res)
                res:write "x"
                res:finish(trailers)
            end)))
        end
        for _, wrong in ipairs{{["X-A"] = "1\r\nX-B: 2"}, {["X A"] = "1"}, {["X-A"] = print},
                {["content-length"] = "5"}, {{"X-A", "1"}, {"Transfer-Encoding", "chunked"}},
                {Host = "x"}, {Connection = "close"}} do
            local _, _, _, errors <const> = told(function(_, res)
                res:write "x"
                res:finish(wrong)
            end)
            assert.truthy(errors[1]:find "no field that a trailer may be")
        end
    end)

    it("is seen to be incomplete when the handler fails", function()
        for _, request in ipairs{OLD, serving.get "/"} do
            local body <const>, _, code <const>, errors <const> = told(function(_, res)
                res:write "hello"
                error "half way"
            end, request)
            assert.falsy(body and body:find "0\r\n\r\n$")
            assert.equal("ECONNRESET", code)
            assert.equal(1, #errors)
        end
    end)

    it("may be long: whoever writes waits for the reader", function()
        local N <const> = 300
        local piece <const> = ("x"):rep(20000)
        local written, seen = 0, nil
        serving.serve(function(_, res)
            for _ = 1, N do
                assert(res:write(piece))
                written = written + 1
            end
        end, function(server, connect)
            local s <close> = connect()
            s:sendall(serving.get "/")
            while server:stats().active == 0 or seen ~= written do
                seen = written
                for _ = 1, 20 do task.yield() end
            end
            assert.is_true(written < N)
            local body <const> = serving.all(s):match "\r\n\r\n(.*)$"
            assert.equal(N * (20000 + #"4e20\r\n\r\n") + #"0\r\n\r\n", #body)
        end)
        assert.equal(N, written)
    end)

    it("is let go when the client is", function()
        local code
        serving.serve(function(_, res)
            local ok
            repeat ok, _, code = res:write(("x"):rep(100000)) until not ok
        end, function(_, connect)
            local s <const> = connect()
            s:sendall(serving.get "/")
            s:recv(10)
            s:close()
            while not code do task.yield() end
        end)
        assert.truthy(({EPIPE = 1, ECONNRESET = 1})[code], code)
    end)
end)

describe("an answer of a length that was set", function()
    it("is sent as it is", function()
        local body <const>, head <const> = told(function(_, res)
            res:set("Content-Length", 5)
            res:write "hel"
            res:write "lo"
        end)
        assert.equal("hello", body)
        assert.truthy(head:find "Content%-Length: 5\r\n")
        assert.falsy(head:find "chunked")
    end)

    it("cannot be longer", function()
        local body <const>, _, _, errors <const> = told(function(_, res)
            res:set("Content-Length", 5)
            res:write "hel"
            res:write "lo!"
        end)
        assert.falsy(body == "hello!")
        assert.truthy(errors[1]:find "longer than its Content%-Length")
    end)

    it("is seen to be incomplete when it is shorter", function()
        local _, _, code <const>, errors <const> = told(function(_, res)
            res:set("Content-Length", 5)
            res:write "hel"
        end)
        assert.equal("ECONNRESET", code)
        assert.same({"the body is shorter than its Content-Length"}, errors)
    end)
end)

describe("a file", function()
    local big <const> = ("0123456789"):rep(100000)

    local function file(text)
        local f <const> = assert(io.tmpfile())
        f:write(text)
        f:flush()
        return f
    end

    it("is an answer", function()
        for _, text in ipairs{"", "small", big} do
            local body <const>, head <const> = told(function(_, res)
                local f <close> = file(text)
                res:set("Content-Type", "a/b")
                assert(res:sendfile(f))
                assert.equal(#text, res.bytes)
            end)
            assert.is_true(body == text)
            assert.truthy(head:find("Content-Length: " .. #text .. "\r\n", 1, true))
        end
    end)

    it("is sent in part", function()
        assert.equal("2345", (told(function(_, res)
            local f <close> = file(big)
            assert(res:sendfile(f, 2, 4))
        end)))
        local body <const>, head <const> = told(function(_, res)
            local f <close> = file "abc"
            assert(res:sendfile(f, 1))
        end, HEAD)
        assert.equal("", body)
        assert.truthy(head:find "Content%-Length: 2\r\n")
    end)

    it("is the next part of an answer", function()
        local function handler(_, res)
            local f <close> = file(big)
            res:write "<"
            assert(res:sendfile(f, 0, 3))
            assert(res:sendfile(f, 0))
            res:write ">"
        end
        assert.is_true(told(handler, OLD) == "<012" .. big .. ">")
        assert.is_true(told(handler) == "1\r\n<\r\n3\r\n012\r\n" ..
            ("%x\r\n"):format(#big) .. big .. "\r\n1\r\n>\r\n0\r\n\r\n")
    end)

    it("must be one, and open", function()
        local codes <const> = {}
        told(function(_, res)
            local f <const> = file "x"
            f:close()
            codes[1] = select(3, res:sendfile(f))
            codes[2] = select(3, res:sendfile(12345))
            local a <close>, b <const> = net.pair()
            codes[3] = select(3, res:sendfile(a:fileno()))
            b:close()
            codes[4] = pcall(res.sendfile, res, nil)
            for i, fd in ipairs{1 << 32, math.maxinteger, -1, math.mininteger} do
                codes[4 + i] = select(3, res:sendfile(fd))
            end
        end)
        assert.same({"closed", "EBADF", "ESPIPE", false, "EBADF", "EBADF", "closed", "closed"},
            codes)
    end)
end)

describe("100 Continue", function()
    local request <const> = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n" ..
        "Expect: 100-continue\r\n\r\n"

    it("is sent when the body is read", function()
        serving.serve(function(req, res) res:send(req:body()) end, function(_, connect)
            local s <close> = connect()
            s:sendall(request)
            assert.equal("HTTP/1.1 100 Continue\r\n\r\n", s:recv(100))
            s:sendall "ok"
            assert.truthy(s:recv(1000):find "\r\n\r\nok$")
        end)
    end)

    it("is not when it is refused: then the connection ends", function()
        local text <const> = select(2, told(function(_, res)
            res.status = 413
            res:send()
        end, request))
        assert.truthy(text:find "^HTTP/1.1 413 ")
        assert.truthy(text:find "\r\nConnection: close\r\n")
    end)
end)

describe("an upgrade", function()
    local request <const> = "GET / HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\n" ..
        "Upgrade: echo\r\n\r\n"

    it("gives the stream to the script, with what has come", function()
        serving.serve(function(_, res)
            res:set("X-A", "1")
            local f <close> = assert(res:upgrade "echo")
            for line in f:lines() do
                f:write(line:upper(), "\n")
                f:flush()
            end
        end, function(server, connect)
            local s <close> = connect()
            local f <close> = s:makefile()
            s:sendall(request .. "one\n")
            local status <const>, fields <const> = serving.answer(f)
            assert.same({101, "Upgrade", "echo", "1"},
                {status, fields.connection, fields.upgrade, fields["x-a"]})
            assert.equal("ONE", f:read())
            s:sendall "two\n"
            assert.equal("TWO", f:read())
            assert.equal(0, server:stats().connections)
        end)
    end)
end)
