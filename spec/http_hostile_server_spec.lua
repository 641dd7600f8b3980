-- Hostile requests to the HTTP server, end to end over raw sockets: the numbers
-- are those of the list of hostile input that the library is held to. What
-- clients meet: http_hostile_client_spec; WebSocket: websocket_hostile_spec.

local net <const> = require "spec.support.net"
local serving <const> = require "spec.support.http_serving"
local socket <const> = require "tidewire.socket"
local task <const> = require "tidewire.task"
local tasks <const> = require "spec.support.tasks"
local it <const> = tasks.checked(it)

local SOON <const> = 0.2 -- seconds

local function status_of(text)
    return math.tointeger(text:match "^HTTP/1%.1 (%d%d%d) ")
end

-- Serves, with what was handled in server.paths, as "METHOD path body".
local function serve(opts, f)
    local paths <const> = {}
    opts.handler = opts.handler or function(req, res)
        local body <const>, _ <const>, code <const> = req:body()
        paths[#paths + 1] = ("%s %s %s"):format(req.method, req.path, body or code)
        if body then res:send(body) else error{status = 400} end
    end
    serving.serve(opts, function(server, connect)
        rawset(server, "paths", paths)
        f(server, connect)
        assert.same({}, server.errors)
    end)
end

-- Sends a request byte by byte for as long as the server takes them.
local function trickle(s, text)
    while s:sendall(text) and not s:recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) do
        task.sleep(0.01)
        text = "x"
    end
end

-- Each of the requests, with another one behind it, is answered with the status
-- alone, once whole and once byte by byte, and the connection ends.
local function refused(status, ...)
    local requests <const> = {...}
    serve({}, function(server, connect)
        for _, request in ipairs(requests) do
            local s <close> = connect()
            s:sendall(request .. serving.get "/smuggled")
            local text <const> = serving.all(s)
            assert.equal(status, status_of(text), request:sub(1, 200))
            assert.truthy(text:find "\r\nConnection: close\r\n")
            assert.equal(1, select(2, text:gsub("HTTP/1%.1", "")), request:sub(1, 200))
            local slow <close> = connect()
            for byte in request:sub(1, 300):gmatch "." do
                slow:sendall(byte)
                task.yield()
            end
            slow:shutdown(socket.SHUT_WR)
            local again <const> = serving.all(slow)
            assert.truthy(#request > 300 or status_of(again) == status, request)
        end
        assert.same({}, server.paths)
        while server:stats().connections > 0 do task.sleep(0.001) end
        assert.same({connections = 0, idle = 0, active = 0, requests = 0}, server:stats())
    end)
end

local function post(fields, body)
    return "POST /a HTTP/1.1\r\nHost: x\r\n" .. fields .. "\r\n" .. (body or "")
end

-- A chunked body which the handler finds to be malformed.
local function malformed(code, ...)
    for _, body in ipairs{...} do
        serve({}, function(server, connect)
            local s <close> = connect()
            s:sendall(post("Transfer-Encoding: chunked\r\n", body) .. serving.get "/smuggled")
            s:shutdown(socket.SHUT_WR)
            local text <const> = serving.all(s)
            assert.equal(400, status_of(text), body:sub(1, 100))
            assert.equal(1, select(2, text:gsub("HTTP/1%.1", "")), body:sub(1, 100))
            assert.same({"POST /a " .. code}, server.paths, body:sub(1, 100))
        end)
    end
end

describe("hostile requests", function()
    it("1: a head of a byte now and then has one deadline, 408", function()
        serve({header_timeout = SOON}, function(server, connect)
            for _, start in ipairs{"G", "GET / HTTP/1.1\r\nHost: x\r\nA: "} do
                local s <close> = connect()
                local since <const> = socket.monotonic()
                trickle(s, start)
                assert.equal(408, status_of((serving.all(s))))
                local took <const> = socket.monotonic() - since
                assert.is_true(took >= SOON and took < net.LIMIT / 2, took)
            end
            assert.equal(0, server:stats().requests)
        end)
    end)

    it("2: a slow body is given up, and the handler runs once", function()
        serve({body_timeout = SOON}, function(server, connect)
            for _, framing in ipairs{"Content-Length: 9\r\n", "Transfer-Encoding: chunked\r\n"} do
                local s <close> = connect()
                s:sendall(post(framing, "1"))
                assert.equal(400, status_of((serving.all(s))))
            end
            assert.same({"POST /a timeout", "POST /a timeout"}, server.paths)
        end)
    end)

    it("3: a reader that does not read ends in a timeout, with little held for it", function()
        local codes <const>, sent = {}, 0
        local piece <const> = ("x"):rep(10000)
        serve({write_timeout = SOON, handler = function(req, res)
            local ok, message, code = true, nil, nil
            while ok do
                if req.path == "/send" then
                    ok, message, code = res:send(piece:rep(5000))
                else
                    ok, message, code = res:write(piece)
                end
                sent = sent + #piece
            end
            codes[#codes + 1] = message and code
        end}, function(server, connect)
            for i, path in ipairs{"/write", "/send"} do
                local s <close> = connect()
                s:sendall(serving.get(path))
                while #codes < i or server:stats().connections > 0 do task.sleep(0.01) end
                local text <const>, code <const> = serving.all(s)
                assert.is_true(#text < 50000000)
                assert.equal("ECONNRESET", code)
            end
            assert.same({"timeout", "timeout"}, codes)
        end)
        assert.is_true(sent < 50000000)
    end)

    it("4: a header of 1 MB, or 100,000 of them: 431, with little memory", function()
        collectgarbage()
        local before <const> = collectgarbage "count"
        local head <const> = "GET / HTTP/1.1\r\nHost: x\r\n"
        refused(431, head .. "A: " .. ("x"):rep(1 << 20) .. "\r\n\r\n",
            head .. ("A: b\r\n"):rep(100000) .. "\r\n",
            head .. ("x"):rep(1 << 20) .. ": a\r\n\r\n")
        collectgarbage()
        collectgarbage()
        assert.is_true(collectgarbage "count" - before < 1000)
    end)

    it("5: a request line of 1 MB: 414", function()
        refused(414, "GET /" .. ("x"):rep(1 << 20) .. " HTTP/1.1\r\n\r\n",
            ("x"):rep(1 << 20) .. " / HTTP/1.1\r\n\r\n")
    end)

    it("6: Content-Length and Transfer-Encoding", function()
        refused(400, post("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
            post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n"))
    end)

    it("7: several lengths, even if they are the same", function()
        refused(400, post("Content-Length: 1\r\nContent-Length: 2\r\n", "ab"),
            post("Content-Length: 1\r\nContent-Length: 1\r\n", "a"),
            post("Content-Length: 1, 2\r\n", "ab"), post("Content-Length: 1, 1\r\n", "a"))
    end)

    it("8: lengths that are no numbers; but 010 is ten", function()
        local bad <const> = {}
        for i, length in ipairs{"+10", "-48", "0x10", "1_0", "1Z", "", "18446744073709551616",
            "9223372036854775808", "18446744073709551626", "1 0", "1.0", "\t", "1e1", "١"} do
            bad[i] = post("Content-Length: " .. length .. "\r\n", ("a"):rep(16))
        end
        refused(400, table.unpack(bad))
        serve({}, function(server, connect)
            serving.tell(connect, post("Content-Length: 010\r\n", "0123456789") .. serving.get "/")
            assert.same({"POST /a 0123456789", "GET / "}, server.paths)
        end)
    end)

    it("9: transfer codings but chunked alone", function()
        serve({}, function(server, connect)
            for _, coding in ipairs{",chunked", "\vchunked", "chunked, identity",
                "chunked,chunked", "chunked\r\nTransfer-Encoding: chunked", "gzip, chunked",
                "identity", "", "chunked;a=b", "\"chunked\"", "x\r\nTransfer-Encoding: chunked"} do
                local text <const> = serving.tell(connect,
                    post("Transfer-Encoding: " .. coding .. "\r\n", "0\r\n\r\n") .. serving.get "/")
                local status <const> = status_of(text)
                assert.is_true(status == 400 or status == 501, coding)
                assert.equal(1, select(2, text:gsub("HTTP/1%.1", "")), coding)
            end
            assert.same({}, server.paths)
        end)
        refused(400, "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
    end)

    it("10: chunk sizes", function()
        malformed("EBADMSG", "0x5\r\nhello\r\n0\r\n\r\n", "-0\r\n\r\n", "+5\r\nhello\r\n0\r\n\r\n",
            " 5\r\nhello\r\n0\r\n\r\n", "5;\nhello\r\n0\r\n\r\n", "\r\nhello\r\n0\r\n\r\n",
            "11111111111111111\r\nhello", "ffffffffffffffff\r\nhello", "5 \r\nhello\r\n0\r\n\r\n",
            "5\r\nhelloworld", "g\r\n", ";a=b\r\nhello\r\n0\r\n\r\n")
    end)

    it("11: bare LF or CR", function()
        refused(400, "GET / HTTP/1.1\nHost: x\r\n\r\n", "GET / HTTP/1.1\r\nHost: x\n\r\n",
            "GET / HTTP/1.1\r\nHost: x\r\n\n", "GET / HTTP/1.1\rHost: x\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: x\rA: b\r\n\r\n", "GET / HTTP/1.1\r\nHost: x\r\r\n\r\n",
            "\nGET / HTTP/1.1\r\nHost: x\r\n\r\n")
        malformed("EBADMSG", "5\nhello\r\n0\r\n\r\n", "5\r\nhello\n0\r\n\r\n",
            "5\rhello\r\n0\r\n\r\n", "5\r\nhello\r\n0\n\r\n", "0\r\nA: b\n\r\n", "0\r\n\n",
            "0\r\nA: b\rc\r\n\r\n")
    end)

    it("12: chunk extensions without end, or with control bytes", function()
        malformed("EBADMSG", "5;" .. ("x"):rep(1 << 20) .. "\r\nhello\r\n0\r\n\r\n",
            "5;a\0b\r\nhello\r\n0\r\n\r\n", "5;a\1\r\nhello\r\n0\r\n\r\n",
            "5;a\127\r\nhello\r\n0\r\n\r\n")
    end)

    it("13: trailers that would frame or route", function()
        malformed("EBADMSG", "0\r\nContent-Length: 5\r\n\r\n",
            "0\r\nTransfer-Encoding: chunked\r\n\r\n")
        serve({handler = function(req, res)
            res:send(req:body() .. tostring(req:header "x-a") .. tostring(req.trailers["x-a"]))
        end}, function(_, connect)
            local text <const> = serving.tell(connect, post("Connection: close\r\n" ..
                "Transfer-Encoding: chunked\r\n", "1\r\na\r\n0\r\nX-A: b\r\n\r\n"))
            assert.truthy(text:find "anilb$")
        end)
    end)

    it("14: field lines", function()
        local bad <const> = {}
        for i, line in ipairs{"A : b", " A: b", "A: b\r\n c", "A: b\r\n\tc", ": b", "A", "A\0: b",
            "A: \0", "A: \1", "A\x85: b", "A: \127", "A b: c", "A\t: b",
            "A: b\r\n : c", "(A): b"} do
            bad[i] = "GET / HTTP/1.1\r\nHost: x\r\n" .. line .. "\r\n\r\n"
        end
        bad[#bad + 1] = "GET / HTTP/1.1\r\n Host: x\r\n\r\n"
        refused(400, table.unpack(bad))
    end)

    it("17: hosts", function()
        local bad <const> = {}
        for i, lines in ipairs{"/ HTTP/1.1", "/ HTTP/1.1\r\nHost: x\r\nHost: x",
            "/ HTTP/1.1\r\nHost: x\r\nHost: y", "/ HTTP/1.1\r\nHost: a b",
            "/ HTTP/1.1\r\nHost: a/b", "/ HTTP/1.1\r\nHost: a, b", "/ HTTP/1.1\r\nHost: u@h",
            "/ HTTP/1.1\r\nHost: a:b",
            "http://a/ HTTP/1.1\r\nHost: b", "http://a:1/ HTTP/1.1\r\nHost: a:2"} do
            bad[i] = "GET " .. lines .. "\r\n\r\n"
        end
        refused(400, table.unpack(bad))
    end)

    it("18: junk behind a request: first the answer, then 400", function()
        serve({}, function(server, connect)
            local text <const> = serving.tell(connect, post("Content-Length: 2\r\n", "ok") ..
                "\0\1junk" .. serving.get "/smuggled")
            local statuses <const> = {}
            for status in text:gmatch "HTTP/1%.1 (%d+)" do statuses[#statuses + 1] = status end
            assert.same({"200", "400"}, statuses)
            assert.same({"POST /a ok"}, server.paths)
        end)
    end)

    it("19: 10,000 requests in one go leave others their turns", function()
        local N <const> = tasks.many(10000)
        serve({handler = function(req, res) res:send(req.path) end}, function(_, connect)
            local s <close> = connect()
            local turns, bytes = 0, 0
            local got <const> = {}
            local reader <const> = task.spawn(function()
                local f <close> = s:makefile "r"
                for i = 1, N do
                    got[i] = select(3, serving.answer(f))
                    bytes = bytes + #got[i]
                end
            end)
            local others <const> = task.spawn(function()
                while #got < N do
                    assert.truthy(serving.tell(connect, serving.get "/other"):find "/other$")
                    turns = turns + 1
                end
            end)
            local all <const> = {}
            for i = 1, N do all[i] = "GET /" .. i .. " HTTP/1.1\r\nHost: x\r\n\r\n" end
            assert(s:sendall(table.concat(all)))
            reader:join()
            others:join()
            for i = 1, N do assert(got[i] == "/" .. i, i) end
            print(("# %d pipelined requests: %d of others meanwhile"):format(N, turns))
            assert.is_true(tasks.stressed or turns > 10)
        end)
    end)
end)
