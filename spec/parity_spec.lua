-- Every name of Python's socket module (spec/support/python_names.txt) is here:
-- under the same name, or as OTHERWISE says, or it is a constant that the headers
-- of this system do not have.

local net <const> = require "spec.support.net"
local socket <const> = require "tidewire.socket"

-- What Lua spells otherwise: the rows of the table in README.md, and what shows
-- that the other spelling is there.
local OTHERWISE <const> = {
    error = function()
        local s <close> = assert(socket.socket())
        net.fails("ENOTCONN", s:recv(1))
    end,
    gaierror = function()
        net.fails("EAI_NONAME", socket.getaddrinfo("no number", 1, {flags = socket.AI_NUMERICHOST}))
    end,
    herror = function() assert.equal("function", type(socket.gethostbyaddr)) end,
    timeout = function()
        local s <close> = net.udp()
        s:settimeout(1e-9)
        net.fails("timeout", s:recv(1))
    end,
    SocketIO = function()
        local s <close> = assert(socket.socket())
        local stream <close> = assert(s:makefile("rw"))
        assert.equal("function", type(stream.read))
    end,
    SocketType = function()
        local s <close> = assert(socket.socket())
        assert.equal("socket", socket.type(s))
        assert.is_nil(socket.type(io.stdout))
    end,
    ["s.timeout"] = function()
        local s <close> = assert(socket.socket())
        s:settimeout(2.5)
        assert.equal(2.5, s:gettimeout())
    end,
}

local function read(path)
    local file <close> = assert(io.open(path))
    return file:read("a")
end

-- All names, in order: kind, name, tag.
local function names()
    local list <const> = {}
    for line in read("spec/support/python_names.txt"):gmatch("[^\n]+") do
        local kind <const>, name <const>, tag <const> = line:match("^(%l+) (%S+)%s*#?%s*(%S*)$")
        if kind then list[#list + 1] = {kind = kind, name = name, tag = tag} end
    end
    return list
end

-- Its value under the same name; nil if there is none.
local function value_of(entry, s)
    if entry.kind == "method" or entry.kind == "attr" then return s[entry.name] end
    return socket[entry.name]
end

local FITS <const> = {
    ["function"] = function(value) return type(value) == "function" end,
    method = function(value) return type(value) == "function" end,
    attr = function(value) return math.type(value) == "integer" end,
    class = function(value) return type(value) == "table" or type(value) == "function" end,
    const = function(value, name)
        if name == "has_ipv6" then return value == true end
        if name:find("^BDADDR_%u+$") and type(value) == "string" then return true end
        return math.type(value) == "integer"
    end,
}

-- Python's spelling of a constant, as C has it.
local function in_c(name)
    return name:gsub("^CAN_BCM_", "")
end

-- Those of the names that this system's headers have. A name that occurs in them
-- is asked for by itself: it may be but mentioned there.
local function in_headers(list)
    local cc <const> = ("%s -D_GNU_SOURCE -Icsrc -x c "):format(os.getenv("CC") or "cc")
    local pipe <close> = assert(io.popen(cc .. "-E -dD csrc/core/os_names.h"))
    local text <const> = pipe:read("a")
    assert.is_truthy(text:find("AF_INET", 1, true))
    local found <const> = {}
    for _, name in ipairs(list) do
        local c <const> = in_c(name)
        if text:find(("%%f[%%w_]%s%%f[^%%w_]"):format(c)) and os.execute(
            ("printf '#include \"core/os_names.h\"\\nlong long x = %s;\\n' | %s" ..
            "-fsyntax-only - 2>/dev/null"):format(c, cc)) then
            found[#found + 1] = name
        end
    end
    return found
end

-- Ditto, of any header whatever: it may be one that nobody thought of.
local function in_other_headers(list)
    local pattern <const> = table.concat(list, "|")
    local pipe <close> = assert(io.popen(
        ("grep -rhowE '#[[:space:]]*define[[:space:]]+(%s)' /usr/include"):format(pattern)))
    return pipe:read("a")
end

describe("Python's names", function()
    it("G1/8, G1/10 are all here, but for constants that no header has", function()
        local s <close> = assert(socket.socket())
        local absent <const>, count = {}, 0
        for _, entry in ipairs(names()) do
            local value <const> = value_of(entry, s)
            local name <const> = entry.kind == "attr" and "s." .. entry.name or entry.name
            local otherwise <const> = entry.kind ~= "const" and
                (OTHERWISE[entry.name] or OTHERWISE["s." .. entry.name])
            count = count + 1
            if value == nil and entry.kind == "const" then
                absent[#absent + 1] = name
            elseif value == nil then
                assert.is_truthy(otherwise, "missing: " .. name)
            else
                assert.is_truthy(FITS[entry.kind](value, name), name)
            end
        end
        assert.equal(545, count)
        if #absent > 0 then
            assert.same({}, in_headers(absent))
            assert.equal("", in_other_headers(absent))
        end
    end)

    it("that Lua spells otherwise are in the README, and are there", function()
        local rows <const> = {}
        local text <const> = read("README.md"):match("\n## Python's names\n(.-)\n## ")
        for row in text:gmatch("\n| ([^|]+) |") do
            for name in row:gmatch("`([%w_.]+)`") do
                rows[name:gsub("^socket%.", "")] = true
            end
        end
        for name, works in pairs(OTHERWISE) do
            assert.is_true(rows[name], "not in the README: " .. name)
            works()
        end
        for name in pairs(rows) do
            assert.is_truthy(OTHERWISE[name] or socket[name], "for no reason: " .. name)
        end
    end)

    it("are those that the Python of this machine has", function()
        local pipe <close> = assert(io.popen([[python3 -c '
import socket, sys, types
if sys.version_info < (3, 15):
    for name in dir(socket):
        value = getattr(socket, name)
        if not (name.startswith("_") or isinstance(value, types.ModuleType)):
            print(name)
    for name in dir(socket.socket):
        if not name.startswith("_"):
            print(name)
' 2>&1]]))
        local listing <const> = pipe:read("a")
        if not pipe:close() then
            pending("python3 does not run: " .. listing)
            return
        end
        local known <const> = {CAPI = true, IntEnum = true, IntFlag = true}
        for _, entry in ipairs(names()) do known[entry.name] = true end
        for name in listing:gmatch("%S+") do
            assert.is_true(known[name], "python3 has " .. name)
        end
    end)
end)
