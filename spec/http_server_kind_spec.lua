-- The HTTP server over a kind of stream that another module has made, and that only
-- reads and writes: spec/support/plain_stream.c.

local http <const> = require "tidewire.http"
local net <const> = require "spec.support.net"
local serving <const> = require "spec.support.http_serving"
local task <const> = require "tidewire.task"

local BUILD <const> = os.getenv "TIDEWIRE_BUILD" or "build"
local open <const> = package.loadlib(BUILD .. "/test/plain_stream.so", "luaopen_plain_stream")
if not open then
    pending "plain_stream.so has not been built: make check does"
    return
end
local plain <const> = open()

local BIG <const> = ("0123456789"):rep(50000)

local handlers <const> = {
    ["/small"] = function(req, res) res:send(req:body()) end,
    ["/big"] = function(_, res) res:send(BIG) end,
    ["/chunks"] = function(_, res)
        res:write "a"
        res:write(BIG)
    end,
    ["/file"] = function(_, res)
        local f <close> = assert(io.tmpfile())
        f:write(BIG)
        f:flush()
        assert(res:sendfile(f, 1))
    end,
}

-- What a client gets for a request, on a connection of that kind.
local function told(request)
    local server <close> = assert(http.server{listen = false, handler = function(req, res)
        handlers[req.path](req, res)
    end})
    local a <const>, b <close> = net.pair()
    local run <const> = server:start()
    assert(server:add(plain(a:makefile "rw")))
    a:close()
    assert(b:sendall(request))
    local text <const> = serving.all(b)
    server:close()
    run:join()
    return text
end

describe("a stream of another module", function()
    it("is served like a socket", function()
        local post <const> = "POST /small HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi"
        local text <const> = told(post .. serving.get "/small")
        assert.truthy(text:find "\r\n\r\nhiHTTP/1.1 200 OK\r\n.*\r\n\r\n$")
        assert.is_true(told(serving.get "/big"):sub(-#BIG) == BIG)
        assert.is_true(told(serving.get "/file"):sub(-#BIG + 1) == BIG:sub(2))
        local chunks <const> = "1\r\na\r\n7a120\r\n" .. BIG .. "\r\n0\r\n\r\n"
        assert.is_true(told(serving.get "/chunks"):sub(-#chunks) == chunks)
        assert.truthy(told("BAD\r\n\r\n"):find "^HTTP/1.1 400 ")
    end)

    it("can be collected while it waits, and is not before", function()
        local server <const> = assert(http.server{listen = false, handler = print})
        local a <const>, b <const> = net.pair()
        local run <const> = server:start()
        assert(server:add(plain(a:makefile "rw")))
        a:close()
        task.yield()
        collectgarbage()
        assert.equal(1, server:stats().connections)
        server:close()
        run:join()
        assert.equal("eof", select(3, b:recv(1)))
        b:close()
        net.raises("stream expected", plain, io.stdout)
    end)
end)
