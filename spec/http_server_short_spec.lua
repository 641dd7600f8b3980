-- The HTTP server when there are no more descriptors, and what many idle
-- connections cost.

local peer <const> = require "spec.support.peer"
local socket <const> = require "tidewire.socket"

local SERVER <const> = [[
    local http = require "tidewire.http"
    local task = require "tidewire.task"
    local warnings = 0
    local server = assert(http.server{
        onerror = function() warnings = warnings + 1 end,
        handler = function(req, res)
            if req.path == "/memory" then
                collectgarbage()
                collectgarbage()
                res:send(("%d"):format(collectgarbage "count" * 1024))
            else
                res:send(("%d %.2f"):format(warnings, os.clock()))
            end
        end})
    say(server:getsockname().port)
    server:run()
]]

local function connect(port)
    return assert(socket.create_connection({"127.0.0.1", port}, 10))
end

-- The body of an answer to a request on a connection that is kept.
local function ask(s, path)
    assert(s:sendall("GET " .. path .. " HTTP/1.1\r\nHost: x\r\n\r\n"))
    local text = ""
    repeat text = text .. assert(s:recv(1000)) until text:find "\r\n\r\n."
    return text:match "\r\n\r\n(.*)$"
end

describe("without descriptors", function()
    it("a server waits, without haste, and goes on", function()
        local server <close> = peer.start_with("ulimit -n 24", SERVER)
        local port <const> = server:expect "^(%d+)\n"
        local first <close> = connect(port)
        local begun <const> = tonumber(ask(first, "/"):match " (.*)$")
        local others <const> = {}
        for i = 1, 30 do others[i] = connect(port) end
        local last <close> = others[#others]
        last:settimeout(0.3)
        assert(last:sendall "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert.equal("timeout", select(3, last:recv(1)))
        local warnings <const>, clock <const> = ask(first, "/"):match "^(%d+) (.*)$"
        assert.equal("1", warnings)
        assert.is_true(tonumber(clock) - begun < 0.2, clock)
        for i = 1, 29 do others[i]:close() end
        last:settimeout(10)
        assert.truthy(last:recv(1000):find "^HTTP/1.1 200 ")
    end)
end)

describe("an idle connection", function()
    it("costs less than 1 KiB", function()
        local N <const> = 400
        local server <close> = peer.start(SERVER)
        local port <const> = server:expect "^(%d+)\n"
        local first <close> = connect(port)
        ask(first, "/memory")
        local before <const> = tonumber(ask(first, "/memory"))
        local others <const> = {}
        for i = 1, N do
            others[i] = connect(port)
            ask(others[i], "/")
        end
        local each <const> = (tonumber(ask(first, "/memory")) - before) / N
        print(("# %d bytes of Lua's memory for each idle connection"):format(each // 1))
        assert.is_true(each < 1024, each)
        for _, s in ipairs(others) do s:close() end
    end)
end)
