-- recvmsg and recvmsg_into: cases G9/163 to G9/179, each with both of them.

local net <const> = require "spec.support.net"
local parity <const> = require "spec.support.parity"
local socket <const> = require "tidewire.socket"
local WAYS <const> = require "spec.support.ways"

local MESSAGE <const> = "Michael Gilfix was here"

-- A case with each of them, which is given to this side as a third argument.
local function case(name, transports, this, peer)
    for way, receive in pairs(WAYS) do
        parity.case(("%s (%s)"):format(name, way), {transports = transports},
            function(s, t) return this(s, t, receive) end, peer)
    end
end

local function all(name, this, peer)
    case(name, parity.ALL, this, peer)
end

local function send(s, t)
    t:send(s, MESSAGE)
end

local NOT_SET <const> = socket.MSG_TRUNC | socket.MSG_CTRUNC | socket.MSG_OOB

-- Checks the results for a message with nothing special; `truncated` or not.
local function check(t, expected, truncated, data, ancdata, flags, from, ...)
    assert.equal(expected, data)
    assert.same({}, ancdata)
    assert.equal(truncated and socket.MSG_TRUNC or 0, flags & NOT_SET)
    assert.equal(t:sender(), from)
    if t.transport == "sctp" then
        local whole <const> = type(expected) == "number" or expected == MESSAGE:sub(-#expected)
        assert.equal(whole, flags & socket.MSG_EOR ~= 0)
    end
    assert.equal(0, select("#", ...))
end

parity.describe("recvmsg", function()
    all("G9/163 receives a message of just that size", function(s, t, receive)
        check(t, MESSAGE, false, receive(s, #MESSAGE))
    end, send)

    all("G9/164 receives the same with all defaults given", function(s, t, receive)
        check(t, MESSAGE, false, receive(s, #MESSAGE, 0, 0))
    end, send)

    all("G9/165 receives a message shorter than that", function(s, t, receive)
        check(t, MESSAGE, false, receive(s, #MESSAGE + 1024))
    end, send)

    all("G9/166 cuts a message that is longer", function(s, t, receive)
        check(t, MESSAGE:sub(1, -4), not t.stream, receive(s, #MESSAGE - 3))
        check(t, t.stream and MESSAGE:sub(-3) or "next", false, receive(s, 1024))
    end, function(s, t)
        send(s, t)
        if not t.stream then t:send(s, "next") end
    end)

    all("G9/167 with little room for control messages, and none there",
        function(s, t, receive)
            check(t, MESSAGE, false, receive(s, #MESSAGE, 1))
        end, send)

    all("G9/168 with much room for them, and none there", function(s, t, receive)
        check(t, MESSAGE, false, receive(s, #MESSAGE, 10240))
    end, send)

    all("G9/169 says that a socket is closed", function(s, _, receive)
        s:close()
        net.fails("closed", receive(s, 1024))
        net.fails("closed", receive(s, 1024, 100, socket.MSG_DONTWAIT))
    end)

    all("G9/170 waits for as long as the timeout", function(s, t, receive)
        s:settimeout(0.03)
        net.takes(0.03, function() net.fails("timeout", receive(s, 1024)) end)
        t:sync("done")
    end, function(_, t) t:sync("done") end)

    all("G9/171 with MSG_PEEK leaves the message there", function(s, t, receive)
        check(t, MESSAGE:sub(1, -4), not t.stream,
            receive(s, #MESSAGE - 3, 0, socket.MSG_PEEK))
        check(t, MESSAGE, false, receive(s, #MESSAGE, 0, socket.MSG_PEEK))
        check(t, MESSAGE, false, receive(s, #MESSAGE))
        t:sync("done")
    end, function(s, t)
        send(s, t)
        t:sync("done")
    end)

    all("G9/172 receives what sendmsg gathers", function(s, t, receive)
        check(t, MESSAGE, false, receive(s, #MESSAGE))
    end, function(s, t)
        assert.equal(#MESSAGE,
            s:sendmsg({MESSAGE:sub(1, 3), MESSAGE:sub(4)}, nil, nil, t.to))
    end)

    case("G9/173 finds the end of a stream", parity.STREAMS, function(s, t, receive)
        t:sync("closed")
        net.fails("eof", receive(s, 1024))
        net.fails("eof", receive(s, 1024, 1024))
    end, function(s, t)
        s:close()
        t:sync("closed")
    end)

    case("G9/174 receives a message in two calls", parity.STREAMS, function(s, t, receive)
        check(t, MESSAGE:sub(1, -4), false, receive(s, #MESSAGE - 3))
        check(t, MESSAGE:sub(-3), false, receive(s, 1024))
    end, send)
end)

parity.describe("recvmsg itself", function()
    parity.case("G9/175 refuses what it does not take", {transports = parity.ALL},
        function(s, t)
            net.raises("size: integer expected", s.recvmsg, s)
            for _, bad in ipairs{-1, 1.5, "", "1", {}, 2^63} do
                net.raises("size: ", s.recvmsg, s, bad, 0, 0)
            end
            for _, bad in ipairs{-1, 1.5, "", {}, 2^31, math.maxinteger} do
                net.raises("ancsize: ", s.recvmsg, s, 1024, bad, 0)
            end
            for _, bad in ipairs{1.5, "", {}, 2^31} do
                net.raises("flags: ", s.recvmsg, s, 1024, 0, bad)
            end
            check(t, MESSAGE, false, s:recvmsg(1024))
        end, send)

    parity.case("G9/176 into buffers refuses what it does not take",
        {transports = parity.ALL}, function(s, t)
            local buffer <const> = socket.buffer(#MESSAGE)
            for _, bad in ipairs{0, "", buffer, print, true} do
                net.raises("buffers: table expected", s.recvmsg_into, s, bad)
            end
            net.raises("buffers: table expected", s.recvmsg_into, s)
            net.raises("buffers[1]: buffer expected, got string", s.recvmsg_into, s, {MESSAGE})
            net.raises("buffers[2]: buffer expected", s.recvmsg_into, s, {buffer, io.stdout})
            net.raises("buffers[2]: buffer expected", s.recvmsg_into, s, {buffer, {}})
            for _, bad in ipairs{-1, "", 2^31} do
                net.raises("ancsize: ", s.recvmsg_into, s, {buffer}, bad, 0)
            end
            net.raises("flags: ", s.recvmsg_into, s, {buffer}, 0, "")
            assert.equal(("\0"):rep(#MESSAGE), buffer:string())
            check(t, #MESSAGE, false, s:recvmsg_into{buffer})
            assert.equal(MESSAGE, buffer:string())
        end, send)

    parity.case("G9/177 fills a list of one buffer", {transports = parity.ALL},
        function(s, t)
            local buffer <const> = socket.buffer(("-"):rep(#MESSAGE + 3))
            check(t, #MESSAGE, false, s:recvmsg_into({buffer}))
            assert.equal(MESSAGE .. "---", buffer:string())
        end, send)

    parity.case("G9/178 scatters over buffers, one of them part of another",
        {transports = parity.ALL}, function(s, t)
            local first <const> = socket.buffer("----")
            local second <const> = socket.buffer("0123456789")
            local third <const> = socket.buffer("--------------")
            check(t, #"Mary had a little lamb", false,
                s:recvmsg_into{first, second:view(3, 9), third})
            assert.equal("Mary", first:string())
            assert.equal("01 had a 9", second:string())
            assert.equal("little lamb---", third:string())
        end, function(s, t) t:send(s, "Mary had a little lamb") end)

    parity.case("G9/179 over IPv6 has the peer's address, but for its scope",
        {transports = {"udp6", "udplite6"}}, function(s, t)
            local data <const>, _, _, from <const> = s:recvmsg(1024)
            assert.equal(MESSAGE, data)
            assert.same({t.address.host, t.address.port, t.address.flowinfo},
                {from.host, from.port, from.flowinfo})
        end, send)
end)
