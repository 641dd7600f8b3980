-- examples/web_chat.lua: a room that browsers, by WebSocket, share with terminals. In
-- a real browser: make test-browser.

local example <const> = require "spec.support.example"
local http <const> = require "tidewire.http"
local net <const> = require "spec.support.net"
local socket <const> = require "tidewire.socket"
local tasks <const> = require "spec.support.tasks"

local there <const>, websocket <const> = pcall(require, "tidewire.websocket")
if not there then
    return require "busted".pending "web_chat: libwslay-dev was not there to build it with"
end

describe("web_chat", function()
    local server, port, terminals
    local open = {}

    local NAME <const> = "* your name? (1 to 20 letters or digits)"

    -- Somebody with a name, and the means to say and hear lines.
    local function member(name, visitor)
        open[#open + 1] = visitor
        function visitor.hears(line) assert.equal(line, (visitor.hear())) end
        visitor.hears(NAME)
        visitor.says(name)
        visitor.hears("* " .. name .. " has joined")
        return visitor
    end

    local function telly(name)
        local conn <const>, stream <const> = example.visit(terminals)
        return member(name, {
            says = function(line) assert(stream:write(line, "\n")) end,
            hear = function() return stream:read() end,
            close = function()
                stream:close()
                conn:close()
            end,
            vanish = function() example.vanish(conn, stream) end,
        })
    end

    local function browser(name)
        local ws <const> = assert(websocket.connect(
            ("ws://127.0.0.1:%d/chat"):format(port)))
        return member(name, {
            ws = ws,
            says = function(line) assert(ws:send(line)) end,
            hear = function() return ws:receive(net.LIMIT) end,
            close = function() ws:close() end,
        })
    end

    before_each(function() server, port, terminals = example.web_chat() end)
    after_each(function()
        for _, visitor in ipairs(open) do visitor.close() end
        open = {}
        example.stop(server)
    end)

    it("serves its page, which may use nothing from elsewhere", function()
        local response <const> = assert(http.get(("http://127.0.0.1:%d/"):format(port)))
        assert.equal(200, response.status)
        assert.matches("^text/html", response.headers["Content-Type"])
        assert.matches("default-src 'none'", response.headers["Content-Security-Policy"], 1, true)
        assert.matches("<title>Tidewire chat</title>", response.body, 1, true)
        assert.is_true(assert(http.get(("http://127.0.0.1:%d/chat"):format(port))).status >= 400)
    end)

    it("is one room for browsers and terminals", function()
        local ann <const> = browser "ann"
        local bob <const> = telly "bob"
        ann.hears("* bob has joined")
        local cat <const> = browser "cat"
        ann.hears("* cat has joined")
        bob.hears("* cat has joined")
        ann.says("hello <b>all</b>")
        bob.hears("ann: hello <b>all</b>")
        cat.hears("ann: hello <b>all</b>")
        bob.says("hello ann")
        ann.hears("bob: hello ann")
        cat.hears("bob: hello ann")
        cat.says("/who")
        cat.hears("* here: ann, bob, cat")
        cat.says("/quit")
        cat.hears("* good bye")
        cat.hears(nil)
        ann.hears("* cat has left")
        bob.hears("* cat has left")
        ann.close()
        bob.hears("* ann has left")
        bob.says("/who")
        bob.hears("* here: bob")
    end)

    it("gives a name to one only, whatever he comes by", function()
        telly "ann"
        local ws <close> = assert(websocket.connect(("ws://127.0.0.1:%d/chat"):format(port)))
        assert.equal(NAME, (ws:receive(net.LIMIT)))
        for _, name in ipairs {"two words", "", ("x"):rep(21), ("x"):rep(3000)} do
            assert(ws:send(name))
            assert.equal(NAME, (ws:receive(net.LIMIT)))
        end
        assert(ws:send("ann"))
        assert.equal("* ann is taken", (ws:receive(net.LIMIT)))
        assert.equal(NAME, (ws:receive(net.LIMIT)))
    end)

    it("passes on lines of text, whatever comes", function()
        local ann <const>, bob <const> = browser "ann", telly "bob"
        ann.hears("* bob has joined")
        bob.says("caf\xE9 \xFF\xC3")
        ann.hears("bob: caf\u{FFFD} \u{FFFD}\u{FFFD}")
        ann.says("one\n* bob has left\r\n\27[2J")
        bob.hears("ann: one* bob has left[2J")
        ann.says(("é"):rep(499) .. "!")
        bob.hears("ann: " .. ("é"):rep(499) .. "!")
        ann.says(("x"):rep(1000))
        ann.hears("* not sent: a line has at most 1000 bytes")
    end)

    it("survives who vanishes, and who sends far too much", function()
        local ann <const>, bob <const>, cat <const> = browser "ann", telly "bob", browser "cat"
        ann.hears("* bob has joined")
        ann.hears("* cat has joined")
        bob.vanish()
        ann.hears("* bob has left")
        cat.says(("x"):rep(1 << 20))
        ann.hears("* cat has left")
    end)

    it("drops a browser that reads too slowly, and keeps nobody waiting", function()
        if tasks.stressed then return pending "too much for a collection at every step" end
        local ann <const>, bob <const> = browser "ann", telly "bob"
        browser "slow"
        ann.hears("* bob has joined")
        ann.hears("* slow has joined")
        local line <const> = ("z"):rep(900)
        local heard
        for _ = 1, 100000 do
            local begun <const> = socket.monotonic()
            bob.says(line)
            heard = ann.hear()
            assert.is_true(socket.monotonic() - begun < net.LIMIT / 2)
            if heard ~= "bob: " .. line then break end
        end
        assert.equal("* slow reads too slowly and was dropped", heard)
    end)
end)
