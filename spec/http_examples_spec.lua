-- The examples of the web: the responder, files, the client, events. The chat room
-- that browsers share with terminals: web_chat_spec.lua.

local example <const> = require "spec.support.example"
local http <const> = require "tidewire.http"
local net <const> = require "spec.support.net"
local process <const> = dofile("examples/lib/process.lua")
local socket <const> = require "tidewire.socket"
local task <const> = require "tidewire.task"

local function url(port, path)
    return ("http://127.0.0.1:%d/%s"):format(port, path or "")
end

-- Runs http_get.lua: what it wrote, and its status.
local function http_get(...)
    local child <close> = process.start(example.command("http_get", ...))
    return child:finish()
end

describe("http_hello", function()
    local server, port

    before_each(function() server, port = example.serve("http_hello") end)
    after_each(function() example.stop(server) end)

    it("says hello to whatever is asked for", function()
        local conn <close>, stream = example.visit(port)
        assert(conn:sendall("GET /you%20two?x HTTP/1.1\r\nHost: here\r\n\r\n"))
        local head <const> = assert(stream:read_until("\r\n\r\n"))
        assert.matches("^HTTP/1.1 200 OK\r\n", head)
        assert.equal("hello /you two\n", (stream:read("L")))
        assert(conn:sendall("GET /again HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n"))
        assert.matches("\r\n\r\nhello /again\n$", (stream:read("a")))
        stream:close()
    end)

    it("survives clients that vanish", function()
        local GET <const> = "GET / HTTP/1.1\r\nHost: here\r\n\r\n"
        for _, request in ipairs {"", "GET / HT", GET:rep(1000)} do
            local conn <const>, stream <const> = example.visit(port)
            assert(conn:sendall(request))
            example.vanish(conn, stream)
        end
        assert.equal("hello /\n", assert(http.get(url(port))).body)
    end)
end)

describe("files", function()
    local folder, server, port

    local function put(name, text)
        local file <close> = assert(io.open(folder .. "/" .. name, "wb"))
        assert(file:write(text))
    end

    before_each(function()
        folder = net.path()
        assert(os.execute(("mkdir -p %s/below"):format(folder)))
        put("note.txt", "a note\n")
        put("below/large", ("0123456789abcdef"):rep(1 << 16))
        server, port = example.serve("files", folder)
    end)
    after_each(function()
        example.stop(server)
        os.execute("rm -r " .. folder)
    end)

    it("gives what is there, and says so", function()
        local response <const> = assert(http.get(url(port, "note.txt")))
        assert.equal("a note\n", response.body)
        assert.matches("^text/plain", response.headers["Content-Type"])
        put("script.lua", "-- \u{e4}\n")
        assert.equal("text/plain; charset=utf-8",
            assert(http.get(url(port, "script.lua"))).headers["Content-Type"])
        server:expect("^127%.0%.0%.1:%d+ GET /note.txt 200, 7 bytes in [%d.]+ ms\n")
        assert.equal(404, assert(http.get(url(port, "nothing"))).status)
        server:expect("GET /nothing 404")
        assert.matches("note.txt", assert(http.get(url(port))).body, 1, true)
        local outside <const> = assert(http.get(url(port, "%2e%2e/%2e%2e/etc/passwd")))
        assert.is_true(outside.status >= 400)
    end)

    it("goes on where a download broke off", function()
        local response <const> = assert(http.get(url(port, "below/large"),
            {headers = {Range = "bytes=1048570-"}}))
        assert.equal(206, response.status)
        assert.equal("abcdef", response.body)
    end)

    it("and http_get bring large files whole", function()
        local output <const>, status <const> = http_get(url(port, "below/large"))
        assert.equal(0, status)
        assert.is_true(output == ("0123456789abcdef"):rep(1 << 16))
    end)
end)

describe("http_get", function()
    it("writes what it got", function()
        local server <close>, port = example.serve("http_hello")
        assert.same({"hello /you\n", 0}, {http_get(url(port, "you"))})
        example.stop(server)
    end)

    it("says why there was nothing to get", function()
        local server <close>, port = example.serve("files", "examples")
        local output, status = http_get(url(port, "nothing"))
        assert.matches("http_get: 404 Not Found\n$", output)
        assert.equal(1, status)
        example.stop(server)
        output, status = http_get(url(net.unused_port()))
        assert.matches("^http_get: [^\n]*Connection refused\n$", output)
        assert.equal(1, status)
        output, status = http_get("nonsense")
        assert.matches("^http_get: [^\n]+\n$", output)
        assert.equal(1, status)
    end)

    it("does not take half of it for the whole", function()
        local server <close> = assert(socket.create_server{"127.0.0.1", 0})
        local child <close> = process.start(example.command("http_get",
            url(server:getsockname().port)))
        local conn <close> = assert(server:accept())
        local stream <close> = conn:makefile()
        assert(stream:read_until("\r\n\r\n"))
        assert(conn:sendall("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"))
        conn:shutdown(socket.SHUT_WR)
        local output <const>, status <const> = child:finish()
        assert.matches("^half", output)
        assert.matches("http_get: [^\n]+\n$", output)
        assert.equal(1, status)
    end)
end)

describe("server_sent_events", function()
    local server, port

    before_each(function() server, port = example.serve("server_sent_events", 0.05) end)
    after_each(function() example.stop(server) end)

    -- The events that come, one after the other: their fields.
    local function watch()
        local response <const> = assert(http.get(url(port, "clock"), {stream = true}))
        assert.equal("text/event-stream", response.headers["Content-Type"])
        local text = ""
        return response, function()
            while not text:find("\n\n", 1, true) do
                text = text .. assert(response:read(4096))
            end
            local event
            event, text = text:match("^(.-)\n\n(.*)$")
            return event
        end
    end

    local function sees(next_event, wanted)
        for _ = 1, 1000 do
            if next_event():find(wanted) then return end
        end
        error("no event like " .. wanted)
    end

    it("shows a page, and knows nothing else", function()
        local response <const> = assert(http.get(url(port)))
        assert.matches('new EventSource("clock")', response.body, 1, true)
        assert.matches("^text/html", response.headers["Content-Type"])
        assert.equal(404, assert(http.get(url(port, "nothing"))).status)
        assert.equal("", assert(http.head(url(port, "clock"))).body)
        local _ <close>, next_event = watch()
        sees(next_event, "^event: watching\ndata: 1 watching$")
    end)

    it("tells all who watch the time, and how many they are", function()
        local first <const>, first_event <const> = watch()
        sees(first_event, "^data: %d%d:%d%d:%d%d$")
        sees(first_event, "^event: watching\ndata: 1 watching$")
        local second <const>, second_event <const> = watch()
        sees(second_event, "^data: %d%d:%d%d:%d%d$")
        sees(second_event, "^event: watching\ndata: 2 watching$")
        sees(first_event, "^event: watching\ndata: 2 watching$")
        second:close()
        sees(first_event, "^event: watching\ndata: 1 watching$")
        first:close()
    end)
end)

describe("the README", function()
    -- The programs of its section on the web, with a port that is free.
    local function programs(port)
        local file <close> = assert(io.open("README.md"))
        local section <const> = file:read("a"):match("\n## The web\n(.-)\n## ")
        local list <const> = {}
        for text in section:gmatch("```lua\n(.-)```") do
            list[#list + 1] = net.file((text:gsub("8080", port)))
        end
        return list
    end

    local function start(path)
        return process.start(process.lua("lua5.4", path))
    end

    -- Starts a server and waits until it can be reached.
    local function serve(path, port)
        local server <const> = start(path)
        for _ = 1, 500 do
            local conn <close> = socket.create_connection({"127.0.0.1", port}, 1)
            if conn then return server end
            task.sleep(0.01)
        end
        error(server:kill())
    end

    it("shows programs for the web that run as printed", function()
        if not pcall(require, "cjson") then return pending "lua-cjson is not installed" end
        local port <const> = net.unused_port()
        local list <const> = programs(port)
        assert.equal(5, #list)

        local hello <close> = serve(list[1], port)
        assert.equal("hello /you\n", assert(http.get(url(port, "you"))).body)
        hello:kill()

        local server <close> = serve(list[2], port)
        local client <close> = start(list[3])
        assert.same({'200\tapplication/json\t{"id":"ann"}\n5 bytes\n\n1\n2\n', 0},
            {client:finish()})
        assert.equal(200, assert(http.get(url(port, "examples/echo_server.lua"))).status)
        server:expect("^127%.0%.0%.1:%d+\tPOST\t/length\t200\t8\t[%d.e-]+\n")
        server:kill()

        local echo <close> = serve(list[4], port)
        local talker <close> = start(list[5])
        assert.same({"hello\ttext\n", 0}, {talker:finish()})
        echo:kill()
        for _, path in ipairs(list) do os.remove(path) end
    end)
end)
