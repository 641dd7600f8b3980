-- The HTTP server: what it tells its operator, and its caller.

local http <const> = require "tidewire.http"
local serving <const> = require "spec.support.http_serving"
local socket <const> = require "tidewire.socket"
local task <const> = require "tidewire.task"

describe("an argument of an answer's that is wrong", function()
    it("is the handler's fault, and is said to be", function()
        serving.serve(function(req, res)
            if req.path == "/json" then
                res:json(print)
            elseif req.path == "/cookie" then
                res:cookie("a", "b", {http_only = true})
            else
                res.status = 99
            end
        end, function(server, connect)
            for i, path in ipairs{"/json", "/cookie", "/status"} do
                assert.truthy(serving.tell(connect, serving.get(path)):find "^HTTP/1.1 500 ")
                assert.matches("http_server_report_spec.lua:%d+: ",
                    server.errors[i]:match "^[^\n]*")
            end
            assert.matches("status: must be 200 to 599, got 99", server.errors[3], 1, true)
        end)
    end)
end)

-- What is said on stderr from now on, until the second result is closed.
local function listen_to_stderr()
    local lines <const>, stderr <const> = {}, io.stderr
    io.stderr = {write = function(_, line) lines[#lines + 1] = line end} -- luacheck: ignore
    return lines, setmetatable({}, {__close = function()
        io.stderr = stderr -- luacheck: ignore
    end})
end

describe("an error that is a table with a status", function()
    it("is said on stderr by that, and by its message", function()
        local lines <const>, _ <close> = listen_to_stderr()
        local onerror <const> = require("tidewire.http.server.errors").report
        serving.serve({onerror = onerror, handler = function(req)
            error{status = 503, message = req.path == "/why" and "no database" or nil}
        end}, function(_, connect)
            for _, path in ipairs{"/why", "/"} do
                assert.truthy(serving.tell(connect, serving.get(path)):find "^HTTP/1.1 503 ")
            end
        end)
        assert.same({
            "tidewire.http: error while handling request (GET /why): status 503: no database\n",
            "tidewire.http: error while handling request (GET /): status 503\n"}, lines)
    end)
end)

describe("an error of onerror", function()
    it("is said on stderr, with what it was called for", function()
        local lines <const>, _ <close> = listen_to_stderr()
        serving.serve({handler = function() error("first", 0) end,
            onerror = function() error("second", 0) end,
        }, function(_, connect)
            assert.truthy(serving.tell(connect, serving.get "/a"):find "^HTTP/1.1 500 ")
        end)
        assert.equal(2, #lines)
        assert.truthy(lines[1]:find "request %(GET /a%): first\n")
        assert.equal("tidewire.http: onerror: second\n", lines[2])
    end)
end)

describe("an error that cannot say what it is", function()
    it("is reported all the same", function()
        local lines <const>, stderr <const> = {}, io.stderr
        io.stderr = {write = function(_, line) lines[#lines + 1] = line end} -- luacheck: ignore
        local _ <close> = setmetatable({}, {__close = function()
            io.stderr = stderr -- luacheck: ignore
        end})
        local odd <const> = setmetatable({}, {__tostring = function() error "no" end})
        serving.serve({handler = function() error(odd) end,
            onerror = function() error(odd) end,
        }, function(_, connect)
            assert.truthy(serving.tell(connect, serving.get "/a"):find "^HTTP/1.1 500 ")
        end)
        assert.same({
            "tidewire.http: error while handling request (GET /a): " ..
                "an error without a text (a table)\n",
            "tidewire.http: onerror: an error without a text (a table)\n",
        }, lines)
    end)
end)

describe("a request that is refused", function()
    it("is answered with a Date, as all else (RFC 9110 6.6.1)", function()
        serving.serve(print, function(_, connect)
            local text <const> = serving.tell(connect, "what?\r\n\r\n")
            assert.truthy(text:find "^HTTP/1.1 400 Bad Request\r\nDate: %a+, %d%d .- GMT\r\n")
        end)
    end)
end)

describe("a handler that has no time left", function()
    -- What the client gets, and what was reported.
    local function late(handler, seconds)
        local text, code, errors
        local opts <const> = {handler_timeout = seconds or 0.05, handler = handler}
        serving.serve(opts, function(server, connect)
            text, code = serving.tell(connect, serving.get "/")
            errors = server.errors
        end)
        return text, code, errors
    end

    it("is a 503, and is reported", function()
        local text <const>, code <const>, errors <const> = late(function(_, res)
            res:set("X-Half", "done")
            task.sleep(5)
        end)
        assert.truthy(text:find "^HTTP/1.1 503 Service Unavailable\r\n")
        assert.falsy(text:find "X-Half")
        assert.same({"eof", {"the handler took more than 0.05 s"}}, {code, errors})
    end)

    it("is seen to be incomplete when half of the answer has left", function()
        local text <const>, code <const>, errors <const> = late(function(_, res)
            res:write "half"
            task.sleep(5)
        end)
        assert.truthy(text:find "\r\n4\r\nhalf\r\n$")
        assert.same({"ECONNRESET", {"the handler took more than 0.05 s"}}, {code, errors})
    end)

    it("is none that returns a timeout of its own", function()
        local text <const> = late(function(_, res)
            res:write "all"
            return nil, "somebody else was slow", "timeout"
        end, 5)
        assert.truthy(text:find "\r\n0\r\n\r\n$")
    end)

    it("has a traceback of its errors, once", function()
        local _ <const>, _ <const>, errors <const> = late(function()
            local function culprit() error "here" end
            culprit()
        end, 5)
        assert.equal(1, #errors)
        assert.truthy(errors[1]:find "here\nstack traceback:\n.*'culprit'")
        assert.equal(1, select(2, errors[1]:gsub("stack traceback", "")))
    end)
end)

describe("the options of a server", function()
    local function refused(opts)
        opts.handler = opts.handler or print
        local ok <const>, message <const> = pcall(function()
            local server <close> = http.server(opts)
            return server
        end)
        assert.is_false(ok, next(opts))
        return message
    end

    it("are checked, and the caller is blamed", function()
        for name, values in pairs{
            host = {5}, port = {"abc", 70000, -1, 8.5}, path = {5, ""}, backlog = {"x", 1.5},
            listener = {5, io.stdout}, listen = {5}, log = {5}, onerror = {"x"}, handler = {5, {}},
            handler_timeout = {"x", 0, -1, true, 0 / 0}, idle_timeout = {"x", 0, -1, true},
            max_connections = {"x", 0, 1.5, true}, max_line = {1, false, "x"}, max_body = {-1},
        } do
            for _, value in ipairs(values) do
                local message <const> = refused{[name] = value}
                local place <const>, what <const> = message:match "([^/]+):%d+: (.*)"
                assert.equal("http_server_report_spec.lua", place)
                assert.equal(name .. ": must be ", what:sub(1, #name + 10))
            end
        end
        assert.truthy(refused{prot = 80}:find "unknown option 'prot'$")
        local _ <const>, message <const> = pcall(function()
            local ok <const> = http.serve{handler = print, prot = 80}
            return ok
        end)
        assert.truthy(message:find "http_server_report_spec.lua:%d+: unknown option")
    end)

    it("is no closed socket that is to be served", function()
        local a <const>, b <close> = assert(socket.socketpair())
        local server <close> = assert(http.server{listen = false, handler = print})
        a:close()
        local ok <const>, _ <const>, code <const> = server:add(a)
        assert.same({nil, "closed"}, {ok, code})
        assert.is_true(server:add(b))
    end)

    it("are checked when it is stopped, too", function()
        local server <close> = assert(http.server{listen = false, handler = print})
        for _, grace in ipairs{"x", -1, true, 0 / 0} do
            assert.error_matches(function() server:stop(grace) end, "grace: must be seconds")
        end
        server:stop(false)
        assert.is_true(server:run())
        assert.error_matches(function() server:run() end, "running already, or was")
    end)

    it("may name every address of this machine, as sockets do", function()
        local server <close> = assert(http.server{host = "", handler = print})
        assert.equal("0.0.0.0", server:getsockname().host)
    end)

    it("may do without times", function()
        local server <close> = assert(http.server{handler = print, header_timeout = false,
            idle_timeout = false, body_timeout = false, write_timeout = false,
            handler_timeout = false, linger_timeout = false, max_connections = false})
        assert.equal(0, server:stats().connections)
    end)
end)
