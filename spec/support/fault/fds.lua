-- Descriptors on their way: sent, received in each form, fewer wanted than were
-- sent, no room for them, waited for. Whatever fails, each is closed in the end.

local socket <const> = require "tidewire.socket"
local task <const> = require "tidewire.task"
local check <const> = dofile "spec/support/fault/check.lua"
local task_check <const> = dofile "spec/support/fault/task_check.lua"

-- Where received descriptors are put at once, and closed in the end: nothing in
-- this or in between takes memory, not even a call more than necessary.
local NONE <const> = {}

local catch_mt <const> = {__close = function(catch)
    -- After a failure there is a message instead.
    if not catch.data then return end
    for i = 1, #catch.fds do socket.close(catch.fds[i]) end
    for i = 1, #catch.items do
        local item <const> = catch.items[i]
        local fds <const> = item.name == "rights" and item.value or NONE
        for k = 1, #fds do socket.close(fds[k]) end
    end
end}

local function net()
    return setmetatable({fds = NONE, items = NONE, data = "", flags = 0}, catch_mt)
end

-- The rest of a message, of which perhaps only one byte is there.
local function rest(s, data, text)
    while #data < #text do data = data .. check(s:recv(#text - #data)) end
    assert(data == text)
end

local function send(s, text, n, ...)
    check(n, ...)
    if n < #text then check(s:sendall(text, 0, n + 1)) end
end

local function in_a_list(a, b)
    send(a, "three", socket.send_fds(a, {"th", "", "ree"}, {a, b, 2}))
    local catch <close> = net()
    catch.data, catch.fds, catch.flags = socket.recv_fds(b, 100, 10)
    check(catch.data, catch.fds, catch.flags)
    rest(b, catch.data, "three")
    assert(#catch.fds == 3 and catch.flags == 0)
end

local function in_items(a, b)
    local items <const> = {}
    for i = 1, 100 do items[i] = {name = "rights", value = {i % 2 == 0 and a or b}} end
    send(a, "many", a:sendmsg({socket.buffer("many")}, items))
    local catch <close> = net()
    local buffers <const> = {socket.buffer(2), socket.buffer(8)}
    catch.data, catch.items, catch.flags = b:recvmsg_into(buffers, 5000)
    check(catch.data, catch.items, catch.flags)
    rest(b, (buffers[1]:string() .. buffers[2]:string()):sub(1, catch.data), "many")
    local n = 0
    for _, item in ipairs(catch.items) do n = n + #item.value end
    assert(n == 100 and catch.flags == 0)
end

-- More arrive than are wanted, or than there is room for, among other things.
local function too_many(a, b)
    check(b:setoption("passcred", true))
    check(socket.send_fds(a, {"fewer"}, {0, 1, 2, a, b}))
    check(a:sendmsg({"none"}, {{socket.SOL_SOCKET, 1, string.pack("i4i4", 0, 1)}}))
    check(a:sendmsg({"some"}, {{name = "rights", value = {0, 1, 2}}}))
    local catch <close> = net()
    catch.data, catch.fds, catch.flags = socket.recv_fds(b, 100, 2)
    check(catch.data, catch.fds, catch.flags)
    assert(catch.data == "fewer" and #catch.fds == 2 and catch.flags & 8 == 8)
    assert(check(b:recvmsg(100)) == "none")
    local room <const> = socket.CMSG_SPACE(12) + socket.CMSG_LEN(4)
    local second <close> = net()
    second.data, second.items, second.flags = b:recvmsg(100, room)
    check(second.data, second.items, second.flags)
    assert(#second.items == 2 and second.flags & 8 == 8)
    assert(#second.items[2].value == 1 and second.items[1].value.pid)
end

local function waited_for(a, b)
    local catch <close> = net()
    task.scope(function(scope)
        scope:spawn(function() check(socket.send_fds(a, {"x"}, {a, b})) end)
        catch.data, catch.fds, catch.flags = socket.recv_fds(b, 1, 2)
        check(catch.data, catch.fds, catch.flags)
    end)
    assert(catch.data == "x" and #catch.fds == 2)
end

local function pair(kind)
    local a <const>, b <const> = check(socket.socketpair(socket.AF_UNIX, kind))
    a:settimeout(20)
    b:settimeout(20)
    return a, b
end

return task_check.scenario(function()
    local a <close>, second <const> = pair(socket.SOCK_STREAM)
    local b <close> = second
    in_a_list(a, b)
    in_items(a, b)
    waited_for(a, b)
    local c <close>, fourth <const> = pair(socket.SOCK_SEQPACKET)
    local d <close> = fourth
    too_many(c, d)
end)
