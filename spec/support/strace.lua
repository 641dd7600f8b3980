-- Real system calls that fail: strace injects an error or a signal instead of the
-- call. A case is a table: what it shows, `inject` (as strace says it), `script`,
-- what it prints (`says`); and perhaps `bare`, `shell`, `backend`.

local assert <const> = require "luassert"
local busted <const> = require "busted"
local net <const> = require "spec.support.net"
local process <const> = dofile("examples/lib/process.lua")

local INTERPRETER <const> = os.getenv "TIDEWIRE_LUA" or "lua5.4"

local PREAMBLE <const> = [[
local socket = require "tidewire.socket"
-- Prints the code of a failure, else the value.
local function say(value, _, code, ...) print(value == nil and code or value) end
local function connected()
    local server = assert(socket.create_server({"127.0.0.1", 0}))
    local client = assert(socket.create_connection(server:getsockname()))
    return client, assert(server:accept()), server
end
]]

-- Runs a script under strace with what `inject` says: its output, its status.
-- LeakSanitizer is a tracer itself and has to stand back; a script that hangs
-- dies with strace.
local function inject(case)
    local path <const> = net.file((case.bare and "" or PREAMBLE) .. case.script)
    local child <close> = process.start(table.concat({
        "ASAN_OPTIONS=detect_leaks=0", "TIDEWIRE_BACKEND=" .. (case.backend or "epoll"),
        "sh -c " .. process.quote((case.shell or "") .. " exec strace -f -qq -o /dev/null"
            .. " -e " .. process.quote("trace=" .. case.inject:match("^[^:]+"))
            .. " -e " .. process.quote("inject=" .. case.inject)
            .. " setpriv --pdeathsig KILL " .. INTERPRETER .. " " .. path),
    }, " "))
    local output <const>, status <const> = child:finish()
    os.remove(path)
    return output, status
end

-- Injecting is tried once: ptrace may be forbidden, strace missing.
local traceable <const> = not os.getenv "COVER" and select(2, inject {
    bare = true, inject = "chroot:error=EPERM", script = "",
}) == 0

local REASON <const> = ": strace is not installed, may not trace here, or spoils coverage"

local strace <const> = {}

--- busted's describe, with a list of cases.
function strace.describe(name, cases)
    busted.describe(name, function()
        for _, case in ipairs(cases) do
            local it <const> = traceable and busted.it or busted.pending
            it(case[1] .. (traceable and "" or REASON), function()
                local output <const>, status <const> = inject(case)
                assert.same({case.says, 0}, {output, status})
            end)
        end
    end)
end

return strace
