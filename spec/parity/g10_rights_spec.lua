-- Descriptors passed as control messages, SCM_RIGHTS: cases G10/180 to G10/194,
-- each with recvmsg and with recvmsg_into.

local net <const> = require "spec.support.net"
local parity <const> = require "spec.support.parity"
local socket <const> = require "tidewire.socket"
local WAYS <const> = require "spec.support.ways"

local MESSAGE <const> = "Michael Gilfix was here"
local INT <const> = string.packsize("i")
local RIGHTS <const> = {socket.SOL_SOCKET, socket.SCM_RIGHTS}
local LEN <const>, SPACE <const> = socket.CMSG_LEN, socket.CMSG_SPACE

local TRANSPORTS <const> = {"unix", "unix_dgram", "unix_seqpacket"}

-- A case with both ways of receiving, the third argument of this side; the peer
-- gets a function that sends the message with such items.
local function case(name, this, peer)
    for way, f in pairs(WAYS) do
        local function receive(s, ...) return f(s, #MESSAGE, ...) end
        parity.case(("%s (%s)"):format(name, way), {transports = TRANSPORTS},
            function(s, t) this(s, t, receive) end,
            function(s, t)
                peer(function(...)
                    return s:sendmsg({MESSAGE}, {...}, 0, t.to)
                end, s, t)
            end)
    end
end

-- -- the peer's side --------------------------------------------------------

local function item(data)
    return {RIGHTS[1], RIGHTS[2], data}
end

-- Calls f with n descriptors that can be told apart by what can be read from
-- them: "1", "2", ...; as packed ints, one string each.
local function with_new(n, f)
    local ends <const> = {}
    local _ <close> = setmetatable({}, {__close = function()
        for _, s in ipairs(ends) do s:close() end
    end})
    for i = 1, n do
        local out <close>, inp <const> = net.pair()
        ends[i] = inp
        assert(out:sendall(tostring(i)))
    end
    local packed <const> = {}
    for i, s in ipairs(ends) do packed[i] = string.pack("i", s:fileno()) end
    return f(table.unpack(packed))
end

-- Sends n descriptors as one item.
local function send_new(n)
    return function(send)
        with_new(n, function(...)
            assert.equal(#MESSAGE, send(item(table.concat{...})))
        end)
    end
end

-- -- this side --------------------------------------------------------------

-- The descriptors in a list of items, which must all be SCM_RIGHTS; a last one
-- that is not whole is none.
local function descriptors(ancdata)
    local fds <const> = {}
    for _, entry in ipairs(ancdata) do
        assert.same(RIGHTS, {entry.level, entry.type})
        for at = 1, #entry.data - INT + 1, INT do
            fds[#fds + 1] = string.unpack("i", entry.data, at)
        end
    end
    return fds
end

-- Takes the descriptors over and checks that they are those numbers, in order,
-- and are not inherited by other programs.
local function take(fds, expected)
    local texts <const> = {}
    for i, fd in ipairs(fds) do
        local s <close> = assert(socket.socket{fileno = fd})
        s:settimeout(net.LIMIT)
        assert.is_false(s:get_inheritable())
        texts[i] = s:recv(10)
    end
    assert.equal(expected, table.concat(texts, " "))
end

-- Checks a received message: its descriptors, and whether items were cut off;
-- nil: perhaps.
local function check(expected, cut, data, ancdata, flags)
    take(descriptors(ancdata), expected)
    assert.equal(MESSAGE, data)
    if cut ~= nil then assert.equal(cut, flags & socket.MSG_CTRUNC ~= 0) end
    assert.equal(0, flags & (socket.MSG_TRUNC | socket.MSG_OOB | socket.MSG_CMSG_CLOEXEC))
    return ancdata
end

parity.describe("descriptors in control messages", function()
    case("G10/180 one, as a packed int", function(s, _, receive)
        local ancdata <const> = check("1", false, receive(s, 10240))
        assert.equal(1, #ancdata)
        assert.equal("rights", ancdata[1].name)
        assert.same(descriptors(ancdata), ancdata[1].value)
    end, send_new(1))

    case("G10/181 four in an item, in their order", function(s, _, receive)
        assert.equal(1, #check("1 2 3 4", false, receive(s, 10240)))
    end, send_new(4))

    case("G10/182 room of CMSG_SPACE is enough", function(s, _, receive)
        check("1 2 3 4", false, receive(s, SPACE(4 * INT)))
    end, send_new(4))

    case("G10/183 room of CMSG_LEN", function(s, _, receive)
        check("1", nil, receive(s, LEN(4 * INT)))
    end, send_new(1))

    local function send_separate(send)
        with_new(2, function(a, b) assert.equal(#MESSAGE, send(item(a), item(b))) end)
    end

    case("G10/184 two in separate items", function(s, _, receive)
        assert.is_true(#check("1 2", false, receive(s, 10240)) <= 2)
    end, send_separate)

    case("G10/185 two in separate items, with the least room", function(s, _, receive)
        assert.is_true(#check("1 2", nil, receive(s, SPACE(INT) + LEN(INT))) <= 2)
    end, send_separate)

    -- Sends items that the system may refuse, and then none.
    local function send_dubious(send, ...)
        if not send(...) then assert(send()) end
    end

    case("G10/186 an empty item", function(s, _, receive)
        check("", false, receive(s, 10240))
    end, function(send) send_dubious(send, item("")) end)

    case("G10/187 an int that is not whole", function(s, _, receive)
        local ancdata <const> = check("", nil, receive(s, 10240))
        assert.is_true(#ancdata <= 1)
        for _, entry in ipairs(ancdata) do assert.is_true(#entry.data < INT) end
    end, function(send)
        with_new(1, function(a) send_dubious(send, item(a:sub(1, -2))) end)
    end)

    case("G10/188 an int that is not whole, and one that is", function(s, _, receive)
        local _ <const>, ancdata <const> = receive(s, 10240)
        local fds <const> = descriptors(ancdata)
        assert.is_true(#fds <= 2)
        for _, fd in ipairs(fds) do socket.close(fd) end
    end, function(send)
        with_new(2, function(a, b) send_dubious(send, item(a:sub(1, -2)), item(b)) end)
    end)

    case("G10/189 no room at all", function(s, _, receive)
        assert.same({}, check("", true, receive(s)))
    end, send_new(2))

    case("G10/189 no room, in so many words", function(s, _, receive)
        assert.same({}, check("", true, receive(s, 0)))
    end, send_new(2))

    for _, room in ipairs{1, 2 * INT, LEN(0) - 1} do
        case(("G10/190 room of %d, less than a header takes"):format(room),
            function(s, _, receive)
                assert.same({}, check("", true, receive(s, room)))
            end, send_new(2))
    end

    for more = 0, 1 do
        case(("G10/191 room for a header and %d"):format(more), function(s, _, receive)
            local ancdata <const> = check("", true, receive(s, LEN(0) + more))
            assert.is_true(#ancdata <= 1)
        end, send_new(2))
    end

    for _, room in ipairs{LEN(INT), LEN(2 * INT) - 1} do
        case(("G10/192 room of %d, for one of two"):format(room), function(s, _, receive)
            check("1", true, receive(s, room))
        end, send_new(2))
    end

    case("G10/193 they are close-on-exec whoever asks", function(s, _, receive)
        check("1", false, receive(s, 100, socket.MSG_CMSG_CLOEXEC))
    end, send_new(1))

    -- Raises where the library, in C, calls what makes results of a message.
    local function interrupt(f, ...)
        debug.sethook(function()
            if debug.getinfo(2, "S").what == "C" and debug.getinfo(3, "S").what == "C" then
                debug.sethook()
                error("interrupted on the way", 0)
            end
        end, "c")
        local ok <const>, message <const> = pcall(f, ...)
        debug.sethook()
        assert.is_false(ok)
        assert.equal("interrupted on the way", message)
    end

    case("G10/194 they are closed if something fails on the way", function(s, t, receive)
        t:sync("sent")
        local before <const> = net.descriptors_now(63)
        interrupt(receive, s, 10240)
        assert.equal(before, net.descriptors_now(63))
    end, function(send, _, t)
        send_new(4)(send)
        t:sync("sent")
    end)
end)
