-- The HTTP client and time: what its timeout covers, and what is left when a task
-- is cancelled.

local http <const> = require "tidewire.http"
local net <const> = require "spec.support.net"
local peer <const> = require "spec.support.http_peer"
local socket <const> = require "tidewire.socket"
local task <const> = require "tidewire.task"
local tasks <const> = require "spec.support.tasks"

local it <const> = tasks.checked(it)

local function chunked(piece)
    return "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" ..
        ("%x\r\n%s\r\n"):format(#piece, piece)
end

describe("the timeout", function()
    -- Sends a byte of `text` each 5 ms, without end.
    local function trickle(text, again)
        return function(stream)
            peer.request(stream)
            local ok = stream:write(text) and stream:flush()
            while ok do
                task.sleep(0.005)
                ok = stream:write(again) and stream:flush()
            end
        end
    end

    it("is for the whole of it, and never early", function()
        local path <const>, hole <close> = net.black_hole()
        for _, o in ipairs{{}, {stream = true}} do
            o.timeout, o.keep_alive = 0.1, false
            net.takes(0.1, function()
                net.fails("timeout", http.get("http://" .. tostring(path), o))
            end)
        end
        assert.is_truthy(hole)
        for _, script in ipairs{{"HTTP/1.1 200 OK\r\n", "A: b\r\n"},
            {"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", "x"}, {chunked "a", "1\r\nx\r\n"},
            {"", "HTTP/1.1 100 Continue\r\n\r\n", 0.05}, {"H", ""}} do
            local actions <const> = {}
            for i = 1, 10 do actions[i] = trickle(script[1], script[2]) end
            local server <close> = peer.serve(actions)
            local seconds <const> = script[3] or 0.1
            net.takes(seconds, function()
                net.fails("timeout", http.get(server.url, {timeout = seconds, keep_alive = false}))
            end)
        end
    end)

    it("is for redirects together", function()
        local actions <const> = {}
        for i = 1, 60 do
            actions[i] = function(stream)
                peer.request(stream)
                task.sleep(0.03)
                stream:write(("HTTP/1.1 302 X\r\nLocation: /%d\r\n\r\n"):format(i))
            end
        end
        local server <close> = peer.serve(actions)
        net.takes(0.1, function()
            net.fails("timeout", http.get(server.url, {timeout = 0.1, keep_alive = false}))
        end)
    end)

    it("is for each read of a streamed answer", function()
        net.patiently(function(short)
            local server <close> = peer.serve{trickle(chunked "a", "1\r\nx\r\n")}
            local r <close> = assert(http.get(server.url, {stream = true, timeout = short,
                keep_alive = false}))
            local start <const>, count = socket.monotonic(), 0
            while socket.monotonic() - start < 2 * short do
                assert(r:read())
                count = count + 1
            end
            assert.is_true(count > 2)
        end)
    end)

    it("of a read can be waited out", function()
        net.patiently(function(short)
            local go <const> = task.event()
            local server <close> = peer.serve{function(stream)
                peer.request(stream)
                stream:write(chunked "a" .. "1\r\n")
                stream:flush()
                go:wait(net.LIMIT)
                stream:write "b\r\n0\r\n\r\n"
            end}
            local r <close> = assert(http.get(server.url, {stream = true, timeout = short,
                keep_alive = false}))
            assert.equal("a", r:read())
            net.takes(short, function() net.fails("timeout", r:read()) end)
            go:set()
            assert.equal("b", r:read())
            net.fails("eof", r:read())
        end)
    end)

    it("can be none", function()
        local server <close> = peer.serve{peer.ok "x"}
        assert.equal("x", http.get(server.url, {timeout = false, keep_alive = false}).body)
    end)
end)

describe("a task that is cancelled", function()
    it("leaves nothing behind", function()
        for _, text in ipairs{"", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"} do
            local server <close> = peer.serve{function(stream)
                peer.head(stream)
                stream:write(text)
                stream:flush()
                while stream:read_some(4096) do end
            end}
            local t <const> = task.spawn(function()
                http.post(server.url, function()
                    task.sleep(0.001)
                    return "x"
                end)
            end)
            while server.connections == 0 do task.sleep(0) end
            task.sleep(0.01)
            t:cancel()
            tasks.gone(t)
        end
    end)
end)
