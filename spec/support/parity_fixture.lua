-- Cases that go wrong, each in its own way: spec/parity_harness_spec.lua runs them.
-- luacheck: std lua54+busted

local net <const> = require "spec.support.net"
net.LIMIT = net.LIMIT / 10 -- for what hangs; read by what follows
local parity <const> = require "spec.support.parity"
local socket <const> = require "tidewire.socket"

local leaks <const> = {}

local function nothing() end

local function leak() leaks[#leaks + 1] = assert(socket.socket()) end

parity.describe("a fixture:", function()
    parity.case("this side fails", {}, function() assert.equal(1, 2) end,
        function(s) assert.equal("nobody sends", s:recv(10)) end)
    parity.case("the peer fails", {transports = {"tcp", "udp"}}, nothing,
        function() assert.equal("here", "there") end)
    parity.case("the peer fails before they meet", {},
        function(_, t) t:sync("place") end,
        function() error("in the peer") end)
    parity.case("they are at different places", {},
        function(_, t) t:sync("a") end,
        function(_, t) t:sync("b") end)
    parity.case("this side leaks", {}, leak)
    parity.case("the peer leaks", {}, nothing, leak)
    parity.case("the peer's process dies", {modes = {"blocking"}}, nothing,
        function() os.exit(1) end)
    parity.case("this side hangs", {modes = {"blocking"}}, function(s) s:recv(1) end)
    parity.case("skipped", {}, function() pending("for a reason") end)
    parity.case("nothing is wrong", {}, nothing)
end)
