-- WebSockets once the handshake is over: messages both ways, ends of all kinds.

local net <const> = require "spec.support.net"
local support <const> = require "spec.support.websocket"
local task <const> = require "tidewire.task"

local frame <const> = support.frame

describe("a WebSocket", function()
    if not support.found then
        pending(support.reason)
        return
    end

    it("passes messages of every size and kind both ways", function()
        local server <const>, client <const> = support.both()
        for _, n in ipairs { 0, 1, 125, 126, 65535, 65536, 900000 } do
            local text <const> = ("x"):rep(n)
            for from, to in pairs { [server] = client, [client] = server } do
                local sending <close> = task.spawn(function()
                    assert(from:send(text))
                    assert(from:send(text .. "\xff", "binary"))
                end)
                local data, kind = to:receive(5)
                assert.is_true(data == text and kind == "text")
                data, kind = to:receive(5)
                assert.is_true(data == text .. "\xff" and kind == "binary")
                sending:join()
            end
        end
        assert.equal("websocket (server, open)", tostring(server))
    end)

    it("ends with a code and a reason on both sides", function()
        local server <const>, client <const> = support.both()
        local ends <const> = task.spawn(function()
            return client:receive()
        end)
        assert.is_true(server:close(4001, "bye"))
        local data <const>, message <const>, code <const> = ends:join()
        assert.is_nil(data)
        assert.equal("receive: closed with 4001: bye", message)
        assert.equal("closed", code)
        assert.same({ 4001, "bye", "closed" },
            { client.close_code, client.close_reason, client.state })
        assert.same({ 4001, "", "closed" }, -- the answer repeats the code alone
            { server.close_code, server.close_reason, server.state })
        assert.same({ nil, "send: closed with 4001", "closed" }, { server:send "x" })
        assert.same({ nil, "receive: closed with 4001", "closed" }, { server:receive() })
        assert.is_true(server:close())
        assert.equal("websocket (client, closed)", tostring(client))
    end)

    it("iterates over messages until the end", function()
        local server <const>, client <const> = support.both()
        local got <const> = {}
        local reading <const> = task.spawn(function()
            for data, kind in server:messages() do
                got[#got + 1] = data .. kind
            end
        end)
        client:send "a"
        client:send("b", "binary")
        client:close()
        reading:join()
        assert.same({ "atext", "bbinary" }, got)
        assert.equal(1000, server.close_code)
    end)

    it("tells who waits for the end when the other end vanishes", function()
        local server <const>, peer <const> = support.one(false)
        peer:sendall(frame(0x81, "half", true):sub(1, 8))
        peer:close()
        local _, message <const>, code <const> = server:receive()
        assert.equal("receive: the connection ended without a close", message)
        assert.equal("eof", code)
        assert.equal(1006, server.close_code)
        assert.equal("eof", select(3, server:send "x"))
    end)

    it("limits how long receive waits", function()
        local server <const>, client <const> = support.both()
        assert.same({ nil, "receive: timed out", "timeout" }, { server:receive(0.01) })
        assert.equal("open", server.state)
        client:send "x"
        assert.equal("x", server:receive(5))
        assert.equal("timeout", select(3, server:receive(0)))
        for _, wrong in ipairs { -1, 0 / 0, "x", {} } do
            net.raises("timeout: seconds expected", server.receive, server, wrong)
        end
        client:send "y"
        local data
        for _ = 1, 1000 do
            data = data or server:receive(0)
        end
        assert.equal("y", data)
    end)

    it("has one receiver at a time", function()
        local server <const>, _ <const> = support.both()
        task.spawn(server.receive, server)
        task.yield()
        assert.same({ nil, "receive: another task receives", "EBUSY" }, { server:receive(1) })
        assert.is_true(server:close())
    end)

    it("answers pings, many with one pong", function()
        local server <const>, peer <const> = support.one(false)
        local _ <close> = task.spawn(server.receive, server)
        peer:sendall(frame(0x89, "a", true))
        assert.same({ { 0x8a, "a" } }, support.frames(peer, 1))
        local flood <const> = {}
        for i = 1, 1000 do
            flood[i] = frame(0x89, tostring(i), true)
        end
        peer:sendall(table.concat(flood))
        local pongs, last = 0
        repeat
            last = support.frames(peer, 1)[1]
            pongs = pongs + 1
        until last[2] == "1000"
        assert.is_true(pongs < 10, pongs)
    end)

    it("pings a silent peer, and gives one up that does not answer", function()
        net.patiently(function(seconds)
            local options <const> = { ping_interval = seconds, pong_timeout = 2 * seconds }
            local server <const>, peer <const> = support.one(false, options)
            local receiving <const> = task.spawn(server.receive, server)
            assert.same({ { 0x89, "" } }, support.frames(peer, 1))
            peer:sendall(frame(0x8a, "", true))
            assert.same({ { 0x89, "" } }, support.frames(peer, 1))
            local _, message <const>, code <const> = receiving:join(net.LIMIT)
            assert.equal(("receive: no answer to a ping in %s s"):format(2 * seconds), message)
            assert.equal("timeout", code)
            assert.equal(1006, server.close_code)
        end)
    end)

    it("keeps a peer that answers, however short the waits are", function()
        local options <const> = { ping_interval = 0.02, pong_timeout = 3 }
        local server <const>, client <const> = support.both(options, {})
        local answering <const> = task.spawn(client.receive, client)
        for _ = 1, 20 do
            assert.equal("timeout", select(3, server:receive(0.01)))
            assert.equal("open", server.state)
        end
        assert.is_true(server:ping "hello")
        server:close()
        answering:join()
    end)

    it("sends a message in fragments, with nothing in between", function()
        local server <const>, peer <const> = support.one(false)
        local go_on <const> = task.event()
        local long <const> = task.spawn(function()
            local n = 0
            return server:send_fragments(function()
                n = n + 1
                if n == 2 then
                    go_on:wait()
                end
                return ({ "a", "b" })[n]
            end, "binary")
        end)
        local other <const> = task.spawn(server.send, server, "later")
        task.yield()
        server:ping "p"
        require "tidewire.websocket".broadcast({ server }, "all")
        go_on:set()
        assert.is_true(long:join())
        assert.is_true(other:join())
        assert.same({ { 0x02, "a" }, { 0x89, "p" }, { 0x00, "b" }, { 0x80, "" },
            { 0x81, "all" }, { 0x81, "later" } }, support.frames(peer, 6))
        assert.is_true(server:send_fragments { "x", "y" })
        assert.same({ { 0x01, "x" }, { 0x00, "y" }, { 0x80, "" } }, support.frames(peer, 3))
        for _, wrong in ipairs { false, 5, "xy" } do
            net.raises("pieces: a list or an iterator expected", server.send_fragments, server,
                wrong)
        end
        assert.equal("open", server.state)
        assert.is_false(pcall(server.send_fragments, server, function() error "no" end))
        assert.equal("closed", server.state)
    end)

    it("does not mix the messages of several senders", function()
        local server <const>, client <const> = support.both()
        for i = 1, 9 do
            task.spawn(function()
                for _ = 1, 5 do
                    assert(server:send(tostring(i):rep(100000)))
                end
            end)
        end
        for _ = 1, 45 do
            local data <const> = assert(client:receive(5))
            assert.is_true(data == data:sub(1, 1):rep(100000))
        end
    end)

    it("makes a sender wait for a slow receiver", function()
        local server <const>, client <const> = support.both()
        local sent = 0
        local sending <const> = task.spawn(function()
            for _ = 1, 200 do
                assert(server:send(("x"):rep(100000), "binary"))
                sent = sent + 1
            end
        end)
        for _ = 1, 5 do
            task.sleep(0.01)
        end
        assert.is_true(sent < 150, sent)
        assert.is_true(server:buffered() <= 165600)
        for _ = 1, 200 do
            assert.equal(100000, #client:receive(5))
        end
        sending:join()
        assert.equal(0, server:buffered())
    end)

    it("wakes a sender when the receiver has gone", function()
        local server <const>, peer <const> = support.one(false)
        local sending <const> = task.spawn(function()
            local ok, message, code
            repeat
                ok, message, code = server:send(("x"):rep(100000))
            until not ok
            return message, code
        end)
        task.sleep(0.02)
        peer:close()
        assert.matches("^E", select(2, sending:join(5)))
        assert.equal("closed", server.state)
    end)

    it("gives up a receiver that takes nothing", function()
        local server <const>, _ <const> = support.one(false, { write_timeout = 0.1 })
        local ok, _, code
        repeat
            ok, _, code = server:send(("x"):rep(100000))
        until not ok
        assert.equal("timeout", code)
    end)

    it("tells the peer that it goes away when its task is cancelled", function()
        local websocket <const> = require "tidewire.websocket"
        local serving <const> = require "spec.support.http_serving"
        local told
        serving.serve(function(req, res)
            local ws <close> = assert(websocket.accept(req, res))
            ws:receive()
        end, function(server)
            local address <const> = server:getsockname()
            local ws <close> = assert(websocket.connect(
                ("ws://%s:%d/"):format(address.host, address.port)))
            server:stop()
            ws:receive()
            told = ws.close_code
        end)
        assert.equal(1001, told)
    end)

    it("is closed without waiting when an error leaves its block", function()
        local server <const>, peer <const> = support.one(false)
        assert.error_matches(function()
            local ws <close> = server
            error(tostring(ws))
        end, "server, open")
        assert.equal("closed", server.state)
        assert.same({ { 0x88, "\x03\xf3" } }, support.frames(peer))
    end)

    it("raises when misused", function()
        local server <const>, _ <const> = support.one(false)
        assert.error_matches(function() server:send("x", "ping") end, "kind")
        assert.error_matches(function() server:send("\xff") end, "UTF%-8")
        assert.error_matches(function() server:close(1005) end, "code")
        assert.error_matches(function() server:close(1000, ("x"):rep(124)) end, "reason")
        assert.error_matches(function() server:close(1000, "\xff") end, "reason")
        assert.error_matches(function() server:ping(("x"):rep(126)) end, "125")
        assert.equal("open", server.state)
        server:drop("closed", "enough")
        assert.same({ nil, "ping: enough", "closed" }, { server:ping() })
    end)
end)
