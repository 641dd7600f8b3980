local process <const> = dofile("examples/lib/process.lua")
local parity <const> = require "spec.support.parity"
local socket <const> = require "tidewire.socket"
local task <const> = require "tidewire.task"

-- What the fixture's cases are reported as: name, then text that must be there.
local WRONG <const> = {
    {"this side fails [tcp, blocking]", "(number) 1", "parity_fixture.lua:16", "the peer: "},
    {"this side fails [tcp, tasks]", "(number) 1", "parity_fixture.lua:16", "the peer: "},
    {"the peer fails [udp, blocking]", "the peer: ", "'there'", "parity_fixture.lua:19"},
    {"the peer fails [tcp, tasks]", "the peer: ", "'there'", "parity_fixture.lua:19"},
    {"the peer fails before they meet [tcp, blocking]", 'ended before "place"', "in the peer"},
    {"the peer fails before they meet [tcp, tasks]", 'ended before "place"', "in the peer"},
    {"they are at different places [tcp, blocking]", 'here is "a", the other side is at "b"'},
    {"they are at different places [tcp, tasks]", 'here is "a", the other side is at "b"'},
    {"this side leaks [tcp, blocking]", "1 descriptors, 0 tasks left"},
    {"this side leaks [tcp, tasks]", "1 descriptors, 0 tasks left"},
    {"the peer leaks [tcp, blocking]", "the peer: 1 descriptors, 0 tasks left"},
    {"the peer leaks [tcp, tasks]", "1 descriptors, 0 tasks left"},
    {"the peer's process dies [tcp, blocking]", "the peer: its process is gone"},
    {"this side hangs [tcp, blocking]", "interrupted!", "in method 'recv'"},
}

describe("the harness of two sides:", function()
    it("reports what goes wrong on either side, and goes on", function()
        local child <close> = process.start(process.lua("lua5.4",
            "spec/support/busted.lua", "spec/support/parity_fixture.lua"))
        local output <const> = child:finish()
        for _, expected in ipairs(WRONG) do
            local from <const> = output:find(": a fixture: " .. expected[1], 1, true)
            assert.is_truthy(from, output)
            local text <const> = output:match("^.-\n\n", from)
            for i = 2, #expected do
                assert.is_truthy(text:find(expected[i], 1, true), text)
            end
        end
        assert.is_truthy(output:find("skipped: a fixture: skipped [tcp, tasks]", 1, true))
        assert.is_truthy(output:find("for a reason", 1, true))
        assert.is_truthy(output:find("\n2 passed, 16 failed, 2 skipped\n", 1, true), output)
    end)
end)

parity.describe("two sides:", function()
    local here <const> = {}

    parity.case("are connected, or know each other", {transports = parity.ALL},
        function(s, t)
            t:send(s, "question")
            assert.equal("answer", s:recv(100))
            assert.equal(tostring(s:getsockname()), t:sync("names", tostring(t.address)))
        end,
        function(s, t)
            assert.equal("question", s:recv(100))
            t:send(s, "answer")
            assert.equal(tostring(s:getsockname()), t:sync("names", tostring(t.address)))
        end)

    parity.case("exchange values", {},
        function(_, t)
            assert.is_nil(t:sync("first"))
            assert.equal("\0\n\"\xff", t:sync("second", 1.5))
            assert.is_true(t:sync("third", false))
        end,
        function(_, t)
            assert.is_nil(t:sync("first"))
            assert.equal(1.5, t:sync("second", "\0\n\"\xff"))
            assert.is_false(t:sync("third", true))
        end)

    parity.case("are tasks, or main threads of two processes", {},
        function(_, t)
            here.this = true
            t:sync("here")
            assert.equal(t.mode == "tasks", task.current() ~= nil)
            assert.equal(t.mode == "tasks", here.peer == true)
            t:sync("there")
            here.this = nil
        end,
        function(_, t)
            here.peer = true
            t:sync("here")
            assert.equal(t.mode == "tasks", task.current() ~= nil)
            assert.equal(t.mode == "tasks", here.this == true)
            t:sync("there")
            here.peer = nil
        end)

    parity.case("may connect as they like", {raw = true, transports = parity.STREAMS},
        function(s)
            local conn <close> = assert(s:accept())
            assert.equal("raw", conn:recv(100))
        end,
        function(s, t)
            assert(s:connect(t.address))
            assert(s:sendall("raw"))
        end)

    parity.case("may connect in another way", {
        connect = function(address) return socket.create_connection(address) end,
    }, function(s) assert.equal("created", s:recv(100)) end,
        function(s)
            assert.is_nil(s:gettimeout())
            assert(s:sendall("created"))
        end)
end)
