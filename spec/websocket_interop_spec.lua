-- WebSockets with what others have made: Python's websockets and Node's ws, both
-- roles, and our own server and client over TCP.

local process <const> = dofile("examples/lib/process.lua")
local serving <const> = require "spec.support.http_serving"
local support <const> = require "spec.support.websocket"
local task <const> = require "tidewire.task"

-- The messages of all sizes of head that go there and back.
local SIZES <const> = { 0, 1, 125, 126, 65535, 65536, 300000 }

local PYTHON_SERVER <const> = [[
import asyncio, websockets
async def echo(ws):
    async for message in ws:
        await ws.send(message)
    await ws.wait_closed()
async def main():
    async with websockets.serve(echo, "127.0.0.1", 0, subprotocols=["chat"]) as server:
        print("port", server.sockets[0].getsockname()[1], flush=True)
        await asyncio.sleep(60)
asyncio.run(main())
]]

local PYTHON_CLIENT <const> = [[
import asyncio, sys, websockets
async def main():
    url, origin = sys.argv[1], sys.argv[2]
    async with websockets.connect(url, subprotocols=["x", "chat"], origin=origin,
                                  max_size=None) as ws:
        for n in [0, 1, 125, 126, 65535, 65536, 300000]:
            for message in ["\u20ac" * (n // 3), b"\xff" * n]:
                await ws.send(message)
                assert await ws.recv() == message, n
        await ws.send(["frag", "ments"])
        assert await ws.recv() == "fragments"
        await (await ws.ping(b"are you there"))
        await ws.close(4002, "done")
        print(ws.subprotocol, ws.close_code)
asyncio.run(main())
]]

local NODE_SERVER <const> = [[
const { WebSocketServer } = require("ws");
const server = new WebSocketServer({ host: "127.0.0.1", port: 0,
  handleProtocols: (offered) => offered.has("chat") && "chat" });
server.on("connection", (ws) => ws.on("message", (data, binary) => ws.send(data, { binary })));
server.on("listening", () => console.log("port " + server.address().port));
setTimeout(() => process.exit(1), 60000);
]]

local NODE_CLIENT <const> = [[
const WebSocket = require("ws");
const [url, origin] = process.argv.slice(-2);
const ws = new WebSocket(url, ["x", "chat"], { origin });
const messages = [];
for (const n of [0, 1, 125, 126, 65535, 65536, 300000])
  messages.push("\u20ac".repeat(Math.floor(n / 3)), Buffer.alloc(n, 255));
const next = () => messages.length ? ws.send(messages[0]) : ws.ping("are you there");
ws.on("open", next);
ws.on("pong", () => ws.close(4002, "done"));
ws.on("message", (data, binary) => {
  if (!Buffer.from(messages.shift()).equals(data)) process.exit(1);
  next();
});
ws.on("close", (code) => console.log(ws.protocol, code));
setTimeout(() => process.exit(1), 30000).unref();
]]

-- How to run each, and its two programs.
local PEERS <const> = {
    ["Python's websockets"] = { package = "python3-websockets", server = PYTHON_SERVER,
        client = PYTHON_CLIENT, try = "/usr/bin/python3 -c 'import websockets'",
        run = "/usr/bin/python3 -c %s" },
    ["Node's ws"] = { package = "node-ws", server = NODE_SERVER, client = NODE_CLIENT,
        try = "NODE_PATH=/usr/share/nodejs node -e 'require(\"ws\")'",
        run = "env NODE_PATH=/usr/share/nodejs node -e %s --" },
}

local function echo_all(ws)
    for _, n in ipairs(SIZES) do
        for kind, data in pairs { text = ("\u{20ac}"):rep(n // 3), binary = ("\xff"):rep(n) } do
            assert(ws:send(data, kind))
            local got <const>, got_kind <const> = ws:receive(10)
            assert.is_true(got == data and got_kind == kind, n)
        end
    end
end

describe("WebSockets", function()
    if not support.found then
        pending(support.reason)
        return
    end
    local http <const> = require "tidewire.http"
    local websocket <const> = require "tidewire.websocket"

    -- A server that echoes; its URL, and what has come of the last WebSocket.
    local function serve()
        local last <const> = { ended = task.event() }
        local server <const> = assert(http.server { port = 0, handler = function(req, res)
            local ws <const> = websocket.accept(req, res, { protocols = { "chat" } })
            if ws then
                for data, kind in ws:messages() do
                    ws:send(data, kind)
                end
                last.code, last.reason = ws.close_code, ws.close_reason
                last.ended:set()
            end
        end })
        return server, ("127.0.0.1:%d"):format(server:getsockname().port), last
    end

    it("work between our own server and client", function()
        local server <const>, place <const>, last <const> = serve()
        local _ <close> = serving.start(server)
        local ws <const> = assert(websocket.connect("ws://" .. place .. "/?x",
            { protocols = { "chat" }, origin = "http://" .. place }))
        assert.equal("chat", ws.protocol)
        echo_all(ws)
        ws:send_fragments { "frag", "ments" }
        assert.equal("fragments", ws:receive(10))
        ws:close(4000, "bye")
        assert.is_true(last.ended:wait(5))
        assert.same({ 4000, "bye" }, { last.code, last.reason })
        local _, message <const>, code <const> = websocket.connect("ws://" .. place,
            { origin = "http://evil.com" })
        assert.equal("EBADMSG", code)
        assert.matches("403", message)
        assert.equal(426, assert(http.get("http://" .. place)).status)
    end)

    for name, peer in pairs(PEERS) do
        local missing <const> = not os.execute(peer.try .. " 2>/dev/null")

        local function start(program, ...)
            return process.start(peer.run:format(process.quote(program)) .. " " ..
                table.concat({ ... }, " "))
        end

        it("of ours connect to " .. name, function()
            if missing then
                pending(peer.package .. " is not installed")
                return
            end
            local child <close> = start(peer.server)
            local port <const> = child:expect "^port (%d+)"
            local ws <const> = assert(websocket.connect("ws://127.0.0.1:" .. port .. "/x",
                { protocols = { "other", "chat" } }))
            assert.equal("chat", ws.protocol)
            echo_all(ws)
            ws:send_fragments({ "frag", "ments" }, "binary")
            assert.same({ "fragments", "binary" }, { ws:receive(10) })
            assert.is_true(ws:close(4001, "bye"))
            assert.equal(4001, ws.close_code)
        end)

        it("of " .. name .. " connect to ours", function()
            if missing then
                pending(peer.package .. " is not installed")
                return
            end
            local server <const>, place <const>, last <const> = serve()
            local _ <close> = serving.start(server)
            local child <close> = start(peer.client, "ws://" .. place .. "/", "http://" .. place)
            assert.is_true(last.ended:wait(20))
            assert.equal("chat 4002\n", (child:finish()))
            assert.same({ 4002, "done" }, { last.code, last.reason })
            assert.equal(1, server:stats().requests)
        end)
    end
end)
