-- Which descriptors the programs that this one starts get too (cases 368 to 373 of
-- the parity list).

local net <const> = require "spec.support.net"
local peer <const> = require "spec.support.peer"
local socket <const> = require "tidewire.socket"

local INET <const>, STREAM <const> = socket.AF_INET, socket.SOCK_STREAM

-- What the kernel says of a descriptor's FD_CLOEXEC.
local function cloexec(fd)
    local info <close> = assert(io.open("/proc/self/fdinfo/" .. fd))
    return tonumber(info:read("a"):match("flags:%s*(%d+)"), 8) & 0x80000 ~= 0
end

-- One of each way there is to come by a socket; closed together.
local function every_kind()
    local list <const> = {}
    local function add(...)
        for _, s in ipairs{assert(...), select(2, ...)} do
            if socket.type(s) then list[#list + 1] = s end
        end
        return (...)
    end
    local server <const> = add(socket.create_server{"127.0.0.1", 0})
    server:settimeout(net.LIMIT)
    add(socket.create_connection(server:getsockname(), 5))
    local conn <const> = add(server:accept())
    add(conn:dup())
    add(socket.fromfd(conn:fileno(), INET, STREAM))
    add(socket.socket(nil, STREAM | socket.SOCK_CLOEXEC))
    add(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
    add(socket.socketpair())
    add(socket.socketpair(INET))
    return setmetatable(list, {__close = function()
        for _, s in ipairs(list) do s:close() end
    end})
end

describe("a descriptor", function()
    it("G21/368 is not inheritable, wherever it comes from", function()
        local list <close> = every_kind()
        assert.equal(11, #list)
        for _, s in ipairs(list) do
            assert.is_false(s:get_inheritable())
            assert.is_true(cloexec(s:fileno()))
        end
    end)

    it("G21/369 of dup outlives the original, and is not inheritable", function()
        local client <close>, conn <const> = net.tcp()
        assert(conn:set_inheritable(true))
        local copy <close> = assert(conn:dup())
        conn:close()
        assert.is_false(copy:get_inheritable())
        assert(client:sendall("still here"))
        assert.equal("still here", copy:recv(100))
    end)

    it("G21/370 is inheritable if it is told so, by whatever counts as true", function()
        local list <close> = every_kind()
        for _, s in ipairs(list) do
            for _, flag in ipairs{true, false, 1, 0, "", 0.0, 2^32, -0.0, {}} do
                local on <const> = flag and flag ~= 0
                assert.is_true(s:set_inheritable(flag))
                assert.equal(on, s:get_inheritable())
                assert.equal(not on, cloexec(s:fileno()))
            end
            assert.is_true(s:set_inheritable(true))
            assert.is_true(s:set_inheritable(nil))
            assert.is_false(s:get_inheritable())
        end
        net.raises("value expected", list[1].set_inheritable, list[1])
    end)

    it("G21/370 reaches a program only if it is inheritable", function()
        local a <close>, b <const> = net.pair()
        assert(b:set_inheritable(true))
        local child <close> = peer.start([[
            local inherited, other = tonumber((...)), tonumber((select(2, ...)))
            local s = assert(socket.socket{fileno = inherited})
            assert(s:sendall("from the child"))
            s:close()
            say(select(3, socket.socket{fileno = other}))
        ]], b:fileno(), a:fileno())
        assert.equal("from the child", a:recv(100))
        assert.matches("^E%u+\n$", (child:finish()))
        b:close()
    end)

    it("G21/371 shows what others have changed about it", function()
        local s <close> = assert(socket.socket())
        local alias <const> = assert(socket.socket{fileno = s:fileno()})
        assert(alias:set_inheritable(true))
        assert.is_true(s:get_inheritable())
        assert(alias:set_inheritable(false))
        assert.is_false(s:get_inheritable())
        alias:detach()
    end)

    it("G21/372 that is adopted keeps what it has", function()
        for _, on in ipairs{true, false} do
            local s <const> = assert(socket.socket())
            assert(s:set_inheritable(on))
            local again <close> = assert(socket.socket{fileno = s:detach()})
            assert.equal(on, again:get_inheritable())
        end
    end)

    it("G21/373 of dup has the same timeout, that of fromfd the default", function()
        local s <close> = assert(socket.socket())
        s:settimeout(7.5)
        local copy <close> = assert(s:dup())
        assert.equal(7.5, copy:gettimeout())
        s:settimeout(nil)
        local other <close> = assert(socket.fromfd(s:fileno(), INET, STREAM))
        assert.is_nil(other:gettimeout())
        socket.setdefaulttimeout(3)
        local third <close> = socket.fromfd(s:fileno(), INET, STREAM)
        socket.setdefaulttimeout(nil)
        assert.equal(3, third:gettimeout())
    end)

    it("G21/373 of fromfd does not wait if it is in non-blocking mode", function()
        local s <close> = assert(socket.socket())
        s:settimeout(0)
        local other <close> = assert(socket.fromfd(s:fileno(), INET, STREAM))
        assert.equal(0, other:gettimeout())
    end)
end)
