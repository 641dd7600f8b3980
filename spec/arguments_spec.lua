-- Every argument of every function, given something else than it takes: the
-- error names the argument, and nothing has happened.

local net <const> = require "spec.support.net"
local socket <const> = require "tidewire.socket"

-- What each kind of argument does not take.
local function nothing() end
local WRONG <const> = {
    integer = {"1", 1.5, {}, true, nothing, 2^63, 0/0, 1/0},
    small = {"1", 1.5, {}, true, nothing, 2^31, -2^31 - 1, 2^53},
    string = {5, 1.5, {}, true, nothing},
    text = {5, {}, true, nothing, "a\0b"},
    data = {5, {}, true, nothing, io.stdout},
    number = {"1", {}, true, nothing, 0/0, -1},
    batch = {"text", 5, {}, true, nothing, io.stdout},
    buffer = {"text", 5, {}, true, nothing, io.stdout},
    address = {5, true, nothing, io.stdout},
    sockaddr = {5, "::1", true, nothing, io.stdout},
    option = {5, {}, true, nothing, "no such", "a\0b"},
    value = {{}, nothing, 1.5, 2^31},
    mode = {5, {}, true, nothing, "q", "r\0"},
    format = {{}, true, nothing, "q", -1, 1.5},
    frame = {5, {}, true, nothing, "q", "I4\0"},
    delimiter = {5, {}, true, nothing, ""},
    list = {5, "x", true, nothing, io.stdout},
    socket = {5, "x", {}, true, nothing, io.stdout},
    group = {5, {}, true, nothing, io.stdout, "239.1.1.1\0"},
    interface = {-1, 1.5, {}, true, nothing, "lo\0"},
    table = {5, "x", true, nothing, io.stdout, {"x"}},
    file = {"x", 1.5, {}, true, nothing, 2^31, -1},
    count = {"1", 1.5, {}, true, nothing, 0, -1},
    buffering = {"1", 1.5, true, nothing, -2, 2^40},
}

-- Each row: function, its arguments as they should be, and for each of them
-- its name and kind; false where there is nothing to check. With an asterisk
-- a table in that place means something else.
local INET <const>, STREAM <const> = socket.AF_INET, socket.SOCK_STREAM
local UNIX <const> = assert(socket.socket(socket.AF_UNIX))
local MODULE <const> = {
    {"socket", {INET, STREAM, 0, 0}, "family small*", "type small", "proto small",
        "fileno small"},
    {"socketpair", {1, 1, 0}, "family small", "type small", "proto small"},
    {"close", {-1}, "fd small"}, {"dup", {-1}, "fd small"},
    {"fromfd", {0, 2, 1, 0}, "fd small", "family small", "type small", "proto small"},
    {"getaddrinfo", {"::1", 80, 0, 0, 0, 0}, "host text", false, "family small*",
        "type small", "proto small", "flags small"},
    {"gethostbyname", {"::1", 0}, "host text", "timeout number"},
    {"gethostbyname_ex", {"::1", 0}, "host text", "timeout number"},
    {"gethostbyaddr", {"::1", 0}, "host text", "timeout number"},
    {"getfqdn", {"::1", 0}, "name text", "timeout number"},
    {"getnameinfo", {{"::1", 80}, 3, 0}, "address sockaddr", "flags small",
        "timeout number"},
    {"sethostname", {""}, "name text"},
    {"getprotobyname", {"tcp"}, "name text"},
    {"if_nametoindex", {"lo"}, "name text"},
    {"if_indextoname", {1}, "index integer"},
    {"getservbyname", {"http", "tcp"}, "name text", "proto text"},
    {"getservbyport", {80, "tcp"}, "port integer", "proto text"},
    {"inet_aton", {"1.2.3.4"}, "text text"},
    {"inet_ntoa", {"1234"}, "bytes data"},
    {"inet_pton", {INET, "1.2.3.4"}, "family small", "text text"},
    {"inet_ntop", {INET, "1234"}, "family small", "bytes data"},
    {"htons", {1}, "n integer"}, {"ntohs", {1}, "n integer"},
    {"htonl", {1}, "n integer"}, {"ntohl", {1}, "n integer"},
    {"batch", {1, 1}, "capacity integer*", "size integer"},
    {"checksum", {"data", 0}, "data data", "before integer"},
    {"CMSG_LEN", {1}, "n integer"}, {"CMSG_SPACE", {1}, "n integer"},
    {"send_fds", {UNIX, {"x"}, {0}, 0, "/nowhere"}, "tidewire.socket socket", "buffers list",
        "fds list", "flags small", "address address"},
    {"recv_fds", {UNIX, 1, 1, 0}, "tidewire.socket socket", "size integer",
        "maxfds integer", "flags small"},
    {"setdefaulttimeout", {nil}, "timeout number"},
    {"address", {"::1", 80}, "address address", "port integer"},
    {"create_connection", {{"::1", 80}, 1}, "address address", "timeout number*"},
    {"create_server", {{"127.0.0.1", 0}}, "address address"},
}
local SOCKET <const> = {
    {"bind", {{"127.0.0.1", 0}}, "address address"},
    {"connect", {{"127.0.0.1", 1}}, "address address"},
    {"connect_ex", {{"127.0.0.1", 1}}, "address address"},
    {"listen", {5}, "backlog small"},
    {"shutdown", {0}, "how small"},
    {"recv", {1, 0}, "size integer", "flags small"},
    {"recvfrom", {1, 0}, "size integer", "flags small"},
    {"recv_into", {socket.buffer(8), 1, 0, 1}, "tidewire.buffer buffer", "size integer",
        "flags small", "at integer"},
    {"recvfrom_into", {socket.buffer(8), 1, 0, 1}, "tidewire.buffer buffer",
        "size integer", "flags small", "at integer"},
    {"send", {"x", 0, 1, 1}, "data data", "flags small", "i integer", "j integer"},
    {"sendall", {"x", 0, 1, 1}, "data data", "flags small", "i integer", "j integer"},
    {"sendto", {"x", 0, {"127.0.0.1", 1}}, "data data", false, "address address"},
    {"sendmsg", {{"x"}, {}, 0, {"127.0.0.1", 1}}, "buffers list", "ancdata list",
        "flags small", "address address"},
    {"sendmsg_afalg", {{"x"}, {op = 0}}, "buffers list", "table list"},
    {"recvmsg", {1, 0, 0}, "size integer", "ancsize integer", "flags small"},
    {"recvmsg_into", {{socket.buffer(1)}, 0, 0}, "buffers list", "ancsize integer",
        "flags small"},
    {"getsockopt", {1, 2, 4}, "level small", "option small", "size integer"},
    {"setsockopt", {1, 2, 1}, "level small", "option small", "value value"},
    {"getoption", {"reuseaddr"}, "option option"},
    {"setoption", {"linger", 0}, "option option", "value integer"},
    {"join_group", {"239.1.1.1", {}}, "group group", "options table"},
    {"leave_group", {"239.1.1.1", {}}, "group group", "options table"},
    {"block_source", {"239.1.1.1", {source = "127.0.0.1"}},
        "group group", "options table"},
    {"unblock_source", {"239.1.1.1", {source = "127.0.0.1"}},
        "group group", "options table"},
    {"multicast_interface", {"lo"}, "interface interface"},
    {"settimeout", {1}, "timeout number"},
    {"sendfile", {io.stdin, 0, 1}, "file file", "offset integer", "count count"},
    {"recvmany", {socket.batch(1, 1), 0}, "tidewire.batch batch", "flags small"},
    {"sendmany", {socket.batch(1, 1), 1, 0, 0}, "tidewire.batch batch*", "first integer",
        "last integer", "flags small"},
    {"makefile", {"r", 0}, "mode mode", "buffering buffering"},
}
local STREAM_METHODS <const> = {
    {"read", {"l"}, "format format"},
    {"lines", {"l"}, "format format"},
    {"read_until", {"\n", 5}, "delimiter delimiter", "max integer"},
    {"read_exact", {0}, "n integer"},
    {"read_some", {1}, "max integer"},
    {"peek", {1}, "n integer"},
    {"unread", {""}, "data string"},
    {"read_frame", {"I4", 5}, "format frame", "max integer"},
    {"write_frame", {"I4", ""}, "format frame", "data data"},
    {"setvbuf", {"full", 5}, false, "size integer"},
}
local BATCH <const> = {
    {"get", {1}, "i integer"}, {"address", {1}, "i integer"},
    {"truncated", {1}, "i integer"}, {"segment", {1}, "i integer"},
    {"set", {1, "x", socket.address("::1", 9)}, "i integer", "data data", "address address"},
    {"add", {"x", socket.address("::1", 9)}, "data data", "address address"},
}
local BUFFER <const> = {
    {"sub", {1, 1}, "i integer", "j integer"},
    {"string", {1, 1}, "i integer", "j integer"},
    {"set", {1, ""}, "i integer", "data data"},
    {"view", {1, 1}, "i integer", "j integer"},
}

-- "count: " and "format: " are both right for what a read may be told.
local function named(message, name)
    return message:find(name .. ": ", 1, true) or message:find(name .. " expected", 1, true)
        or name == "format" and message:find("count: ", 1, true)
end

local function try(what, f, self, row)
    for i, names in ipairs(table.move(row, 3, #row, 1, {})) do
        local name <const>, kind <const> = (names or ""):match("(%S+) (%l+)")
        for _, wrong in ipairs(kind and WRONG[kind] or {}) do
            if type(wrong) == "table" and names:find("*", 1, true) then goto continue end
            local args = table.move(row[2], 1, #row[2], 1, {})
            args[i] = wrong
            if self ~= nil then table.insert(args, 1, self) end
            args = table.pack(pcall(f, table.unpack(args, 1, #row[2] + 1)))
            local case <const> = ("%s, %s = %s: %s"):format(what, name, wrong, args[2])
            assert.is_false(args[1], case)
            assert.is_truthy(named(args[2], name), case)
            ::continue::
        end
    end
end

describe("a wrong argument is named by", function()
    teardown(function() UNIX:close() end)

    for _, row in ipairs(MODULE) do
        it("socket." .. row[1], function()
            local before <const> = net.descriptors()
            try(row[1], socket[row[1]], nil, row)
            assert.is_nil(socket.getdefaulttimeout())
            assert.equal(before, net.descriptors())
        end)
    end

    for _, row in ipairs(SOCKET) do
        it("a socket's " .. row[1], function()
            local s <close> = assert(socket.socket())
            local shown <const> = tostring(s)
            s:settimeout(0)
            try(row[1], s[row[1]], s, row)
            assert.same({shown, 0}, {tostring(s), s:gettimeout()})
        end)
    end

    for _, row in ipairs(STREAM_METHODS) do
        it("a stream's " .. row[1], function()
            local a <close>, b <const> = net.pair()
            local f <close> = assert(a:makefile("rw"))
            b:sendall("abc")
            try(row[1], f[row[1]], f, row)
            assert.equal("abc", f:read(3))
            b:close()
        end)
    end

    for _, row in ipairs(BUFFER) do
        it("a buffer's " .. row[1], function()
            local buffer <const> = socket.buffer("12345")
            try(row[1], buffer[row[1]], buffer, row)
            assert.equal("12345", buffer:string())
        end)
    end

    for _, row in ipairs(BATCH) do
        it("a batch's " .. row[1], function()
            local batch <const> = socket.batch(2, 5):add("12345")
            try(row[1], batch[row[1]], batch, row)
            assert.equal("12345", batch:get(1))
            assert.equal(1, #batch)
        end)
    end
end)

describe("a method", function()
    it("works on its own type only", function()
        local s <close> = net.udp()
        local f <close> = assert(s:makefile("rw"))
        local objects <const> = {["tidewire.socket"] = s, ["tidewire.stream"] = f,
            ["tidewire.buffer"] = socket.buffer(1),
            ["tidewire.batch"] = socket.batch(1, 1), ["tidewire.address"] = s:getsockname()}
        for name, object in pairs(objects) do
            local mt <const> = debug.getmetatable(object)
            local functions <const> = {mt.__tostring, mt.__gc, mt.__close, mt.__len}
            for _, list in ipairs{SOCKET, STREAM_METHODS, BUFFER, BATCH} do
                for _, row in ipairs(list) do
                    functions[#functions + 1] = object[row[1]]
                end
            end
            for _, f_of in pairs(functions) do
                for other, wrong in pairs(objects) do
                    if other ~= name then net.raises(name .. " expected", f_of, wrong) end
                end
                for _, wrong in ipairs{1, "x", {}, io.stdout} do
                    net.raises(name .. " expected", f_of, wrong)
                end
                net.raises(name .. " expected", f_of)
            end
        end
    end)
end)
