-- sendmsg: cases G8/147 to G8/162. See g09_recvmsg_spec.lua for its counterpart.

local net <const> = require "spec.support.net"
local parity <const> = require "spec.support.parity"
local socket <const> = require "tidewire.socket"

local function nothing() end
local MESSAGE <const> = "Michael Gilfix was here"

-- Sends one message in the way under test.
local function send(s, t, buffers, ...)
    local ancdata <const>, flags <const> = ...
    return s:sendmsg(buffers, ancdata, flags, t.to)
end

local function receive(s)
    assert.equal(MESSAGE, s:recv(1024))
end

-- That is all there was: what comes next is what the peer sends last.
local function receive_only(s, t)
    receive(s)
    t:sync("received")
    assert.equal("the end", s:recv(1024))
end

local function send_end(s, t)
    t:sync("received")
    t:send(s, "the end")
end

local function all(name, this, peer)
    parity.case(name, {transports = parity.ALL}, this, peer)
end

parity.describe("sendmsg", function()
    all("G8/147 sends one buffer, and says how long it is", receive, function(s, t)
        assert.equal(#MESSAGE, send(s, t, {MESSAGE}))
    end)

    all("G8/148 takes a list, made from an iterator or not, but no iterator",
        receive, function(s, t)
            local list <const> = {}
            for word in MESSAGE:gmatch("%S+%s*") do list[#list + 1] = word end
            net.raises("buffers: table expected", s.sendmsg, s, MESSAGE:gmatch("%S+"))
            assert.equal(#MESSAGE, send(s, t, list))
        end)

    all("G8/149 takes an empty list of control messages", receive_only, function(s, t)
        assert.equal(#MESSAGE, send(s, t, {MESSAGE}, {}))
        send_end(s, t)
    end)

    all("G8/150 takes a buffer for a string", receive, function(s, t)
        assert.equal(#MESSAGE, send(s, t, {socket.buffer(MESSAGE)}))
    end)

    all("G8/151 makes one message of two buffers", receive_only, function(s, t)
        assert.equal(#MESSAGE, send(s, t, {MESSAGE:sub(1, 5), socket.buffer(MESSAGE:sub(6))}))
        send_end(s, t)
    end)

    all("G8/152 refuses what it does not take, and sends nothing", receive, function(s, t)
        local sendmsg <const> = s.sendmsg
        net.raises("buffers: table expected, got nil", sendmsg, s)
        net.raises("buffers: table expected, got string", sendmsg, s, MESSAGE)
        net.raises("buffers: table expected, got userdata", sendmsg, s, socket.buffer(MESSAGE))
        net.raises("buffers[1]: string or buffer expected", sendmsg, s, {io.stdout})
        net.raises("buffers[2]: string or buffer expected", sendmsg, s, {MESSAGE, {}})
        net.raises("buffers[2]: string or buffer expected, got number", sendmsg, s, {MESSAGE, 1})
        for _, bad in ipairs{"", 1, true, print, s} do
            net.raises("ancdata: table expected", sendmsg, s, {MESSAGE}, bad, 0, t.to)
        end
        for _, bad in ipairs{"", "0", 1.5, true, {}, 2^31} do
            net.raises("flags: ", sendmsg, s, {MESSAGE}, nil, bad, t.to)
        end
        for _, bad in ipairs{1, true, print, io.stdout} do
            net.raises("address: ", sendmsg, s, {MESSAGE}, nil, 0, bad)
        end
        t:send(s, MESSAGE)
    end)

    all("G8/153 refuses a malformed control message", receive, function(s, t)
        local bad <const> = {{"[1]: table expected", 1}, {"[1]: table expected", ""},
            {"[1].level: integer expected, got nil", {}},
            {"[1].data: string or buffer expected, got nil", {0, 0}},
            {"[1]: level, type and data expected, got 4 fields", {0, 0, "", 0}},
            {"[1].level: integer expected", {"", 0, ""}}, {"[1].level: ", {2^31, 0, ""}},
            {"[1].level: integer expected", {1.5, 0, ""}},
            {"[1].type: integer expected", {0, "", ""}}, {"[1].type: ", {0, -2^31 - 1, ""}},
            {"[1].data: string or buffer expected", {0, 0, 0}},
            {"[1].data: string or buffer expected", {0, 0, {}}},
            {"[1].type: integer expected, got nil", {level = 0, data = ""}}}
        for _, row in ipairs(bad) do
            net.raises("ancdata" .. row[1], s.sendmsg, s, {MESSAGE}, {row[2]}, 0, t.to)
        end
        t:send(s, MESSAGE)
    end)

    all("G8/154 refuses all if the second of two is malformed", receive, function(s, t)
        for _, bad in ipairs{0, {0, 0}, {0, "", ""}} do
            net.raises("ancdata[2]", s.sendmsg, s, {MESSAGE}, {{0, 0, ""}, bad}, 0, t.to)
        end
        t:send(s, MESSAGE)
    end)

    all("G8/155 takes several control messages", receive_only, function(s, t)
        -- Everything but AF_UNIX passes these over.
        local item <const> = {socket.SOL_SOCKET, socket.SCM_RIGHTS, string.pack("i4", 0)}
        assert.equal(#MESSAGE, send(s, t, {MESSAGE}, {item, item}))
        send_end(s, t)
    end)

    all("G8/156 says that a socket is closed", nothing, function(s)
        s:close()
        net.fails("closed", s:sendmsg({MESSAGE}))
    end)

    parity.case("G8/157 takes nil for an address", {transports = parity.STREAMS}, receive,
        function(s)
            assert.equal(#MESSAGE, s:sendmsg({MESSAGE}, {}, 0, nil))
        end)

    parity.case("G8/158 waits for as long as the timeout", {transports = parity.STREAMS},
        function(_, t) t:sync("full") end,
        function(s, t)
            s:settimeout(0.03)
            local n, message, code
            repeat n, message, code = s:sendmsg({("a"):rep(512)}) until not n
            net.fails("timeout", n, message, code)
            t:sync("full")
        end)

    parity.case("G8/159 with MSG_DONTWAIT does not wait", {transports = parity.STREAMS},
        function(_, t) t:sync("full") end,
        function(s, t)
            local n, message, code
            repeat
                n, message, code = s:sendmsg({("a"):rep(512)}, nil, socket.MSG_DONTWAIT)
            until not n
            net.fails("EAGAIN", n, message, code)
            t:sync("full")
        end)

    parity.case("G8/160 needs an address on a socket without a peer",
        {transports = parity.DATAGRAMS}, nothing,
        function(s)
            local code <const> = s.family == socket.AF_UNIX and "ENOTCONN" or "EDESTADDRREQ"
            net.fails(code, s:sendmsg({MESSAGE}))
            net.fails(code, s:sendmsg({MESSAGE}, {}, 0, nil))
        end)

    all("G8/161 takes 1024 buffers", function(s, t)
        local got = ""
        while #got < 1024 do got = got .. assert(s:recv(2048)) end
        assert.equal(("ab"):rep(512), got)
        t:sync("received")
        assert.equal("the end", s:recv(1024))
    end, function(s, t)
        local buffers <const> = {}
        for i = 1, 1024 do buffers[i] = i % 2 == 1 and "a" or socket.buffer("b") end
        assert.equal(1024, send(s, t, buffers))
        for _, n in ipairs{1025, 5000} do
            for i = #buffers + 1, n do buffers[i] = "c" end
            net.fails("EMSGSIZE", send(s, t, buffers))
        end
        send_end(s, t)
    end)

    parity.case("G8/162 of no buffer is an empty datagram", {transports = parity.DATAGRAMS},
        function(s)
            assert.equal("", s:recv(1024))
            assert.equal("", s:recv(1024))
        end, function(s, t)
            assert.equal(0, send(s, t, {}))
            assert.equal(0, send(s, t, {"", socket.buffer(0)}))
        end)
end)
