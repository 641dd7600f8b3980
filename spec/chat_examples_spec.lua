-- The chats of many tasks: two sides that talk at once, and a room for many.

local example <const> = require "spec.support.example"
local net <const> = require "spec.support.net"
local socket <const> = require "tidewire.socket"
local tasks <const> = require "spec.support.tasks"

describe("the chat of two tasks a side", function()
    local function sides()
        local server, port = example.listening(
            example.start_typing("task_chat_server", "127.0.0.1", 0))
        return server, example.start_typing("task_chat_client", "127.0.0.1", port), port
    end

    it("lets either side say much without an answer", function()
        local server <close>, client = sides()
        local _ <close> = client
        for i = 1, 5 do client:type("message " .. i) end
        server:expect("^the client says: message 5\n")
        for i = 1, 5 do server:type("answer " .. i) end
        client:expect("^answer 5\n")
        client:type("one more")
        server:expect("^the client says: one more\n")
        assert.matches("message 1\nthe client says: message 2\n", server.output, 1, true)
        assert.equal("answer 1\nanswer 2\nanswer 3\nanswer 4\nanswer 5\n", client.output)
    end)

    it("ends for the client with its input, and goes on for the next one", function()
        local server <close>, first, port = sides()
        local _ <close> = first
        first:type("hello")
        first:type(nil)
        local output, status = first:finish()
        assert.same({"", 0}, {output, status})
        server:expect("has left!")
        assert.matches("has come\nthe client says: hello\n127%.0%.0%.1:%d+ has left!\n$",
            server.output)
        local second <close> = example.start_typing("task_chat_client", "127.0.0.1", port)
        server:expect("has come")
        server:type("hello to you")
        second:expect("^hello to you\n")
        second:type("thanks")
        server:expect("says: thanks\n")
    end)

    it("ends for both with the server's input, once all is said", function()
        local server <close>, client = sides()
        local _ <close> = client
        server:expect("has come")
        server:type("that was all")
        server:type(nil)
        local output, status = client:finish()
        assert.same({"that was all\n", 0}, {output, status})
        output, status = server:finish()
        assert.matches("has left!\n$", output)
        assert.equal(0, status)
    end)

    it("survives a client that vanishes, and one without a last newline", function()
        local server <close>, first, port = sides()
        server:expect("has come")
        first:kill("KILL")
        server:expect("has left!")
        local conn, stream = example.visit(port)
        server:expect("has come")
        server:type("anybody there?")
        assert.equal("anybody there?", stream:read())
        example.vanish(conn, stream)
        server:expect("has left!")
        conn, stream = example.visit(port)
        stream:write("only half a li")
        stream:close()
        conn:close()
        server:expect("^the client says: only half a li\n")
        server:expect("has left!")
        local _, status = server:kill()
        assert.equal(example.TERMINATED, status)
    end)
end)

describe("the chat room", function()
    local room, port
    local open = {}

    local function close(visitor)
        visitor.stream:close()
        visitor.conn:close()
    end

    -- Somebody who is asked for a name, and perhaps says it.
    local function visitor(name)
        local conn, stream = example.visit(port)
        local v <const> = {conn = conn, stream = stream}
        open[#open + 1] = v
        function v.says(line) assert(stream:write(line, "\n")) end
        function v.hears(line) assert.equal(line, (stream:read())) end
        v.hears("* your name? (1 to 20 letters or digits)")
        if name then
            v.says(name)
            v.hears("* " .. name .. " has joined")
        end
        return v
    end

    before_each(function() room, port = example.serve("chat_room") end)
    after_each(function()
        for _, v in ipairs(open) do close(v) end
        open = {}
        local output <const>, status <const> = room:kill()
        assert.equal(example.TERMINATED, status, output)
    end)

    it("tells everybody what the others say, who comes and who leaves", function()
        local ann <const> = visitor("ann")
        local bob <const> = visitor("bob")
        local cat <const> = visitor("cat")
        ann.hears("* bob has joined")
        ann.hears("* cat has joined")
        bob.hears("* cat has joined")
        ann.says("hello all")
        bob.hears("ann: hello all")
        cat.hears("ann: hello all")
        bob.says("hello ann")
        ann.hears("bob: hello ann")
        cat.hears("bob: hello ann")
        ann.says("/who")
        ann.hears("* here: ann, bob, cat")
        bob.says("/quit")
        bob.hears("* good bye")
        bob.hears(nil)
        ann.hears("* bob has left")
        close(cat)
        ann.hears("* cat has left")
        ann.says("/who")
        ann.hears("* here: ann")
    end)

    it("wants a name that is one, and that nobody has", function()
        local ann <const> = visitor("ann")
        local other <const> = visitor()
        for _, name in ipairs {"two words", "", ("x"):rep(21), "/who", ("x"):rep(3000)} do
            other.says(name)
            other.hears("* your name? (1 to 20 letters or digits)")
        end
        other.says("ann")
        other.hears("* ann is taken")
        other.hears("* your name? (1 to 20 letters or digits)")
        other.says("bob\r") -- as telnet says it
        other.hears("* bob has joined")
        ann.hears("* bob has joined")
        close(ann)
        other.hears("* ann has left")
        visitor("ann")
    end)

    it("refuses lines that are too long and goes on", function()
        local ann <const> = visitor("ann")
        local bob <const> = visitor("bob")
        ann.hears("* bob has joined")
        bob.says(("x"):rep(1000))
        bob.hears("* not sent: a line has at most 1000 bytes")
        bob.says(("x"):rep(100000))
        bob.hears("* not sent: a line has at most 1000 bytes")
        bob.says(("x"):rep(999))
        ann.hears("bob: " .. ("x"):rep(999))
    end)

    it("takes lines in single bytes, and no control characters", function()
        local ann <const> = visitor("ann")
        local bob <const> = visitor("bob")
        ann.hears("* bob has joined")
        for byte in ("slow\27[2J\7 typing\r\n\nnext\n"):gmatch(".") do
            assert(bob.conn:sendall(byte))
        end
        ann.hears("bob: slow[2J typing")
        ann.hears("bob: next")
        bob.says("caf\xC3\xA9 \xE9\xC2\x9B, \xF0\x9F\x99 and \xED\xA0\x80")
        ann.hears("bob: café �, ��� and ���")
    end)

    it("drops who reads too slowly, and keeps nobody waiting", function()
        if tasks.stressed then return pending "too much for a collection at every step" end
        local ann <const>, bob <const> = visitor("ann"), visitor("bob")
        local slow <const> = visitor("slow")
        ann.hears("* bob has joined")
        ann.hears("* slow has joined")
        local line <const> = ("z"):rep(900)
        local heard
        for _ = 1, 100000 do
            local begun <const> = socket.monotonic()
            bob.says(line)
            heard = ann.stream:read()
            assert.is_true(socket.monotonic() - begun < net.LIMIT / 2)
            if heard ~= "bob: " .. line then break end
        end
        assert.equal("* slow reads too slowly and was dropped", heard)
        local last
        for said in slow.stream:lines() do last = said end
        assert.equal("* you read too slowly, good bye", last)
        ann.says("/who")
        repeat heard = ann.stream:read() until heard ~= "bob: " .. line
        assert.equal("* here: ann, bob", heard)
    end)

    it("survives who vanishes", function()
        local ann <const>, bob <const> = visitor("ann"), visitor("bob")
        local unnamed <const> = visitor()
        ann.hears("* bob has joined")
        example.vanish(unnamed.conn, unnamed.stream)
        example.vanish(bob.conn, bob.stream)
        ann.hears("* bob has left")
    end)

    it("is open to the client of the other chat", function()
        local ann <const> = visitor("ann")
        local bob <close> = example.start("task_chat_client", "127.0.0.1", port,
            "bob\n/who\nhello\n")
        local output, status = bob:finish()
        assert.equal("* your name? (1 to 20 letters or digits)\n* bob has joined\n"
            .. "* here: ann, bob\n* good bye\n", output)
        assert.equal(0, status)
        ann.hears("* bob has joined")
        ann.hears("bob: hello")
        ann.hears("* bob has left")
    end)
end)
