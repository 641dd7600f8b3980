-- The harness of the numbered cases that compare the library with Python's
-- socket module. A case has two roles, each a function: this side and the peer.
-- It runs over every transport that it names, and over each of them twice:
--
--   blocking   this side on the main thread, without any task or timeout, so
--              that it sleeps in the kernel; the peer in another process
--   tasks      both sides are tasks of one scheduler
--
-- The peer's process loads the same spec file (see parity_peer.lua) and calls
-- the peer's function from there. So a spec file looks like this:
--
--   parity.describe("TCP basics", function()
--       parity.case("G6/107 one send arrives in one large receive",
--           {transports = parity.STREAMS},
--           function(s, t) assert.equal("hello", s:recv(1024)) end,
--           function(s, t) assert(s:sendall("hello")) end)
--   end)
--
-- Both get their socket and `t`, see below. A stream is connected: this side has
-- accepted, the peer has connected. A datagram socket is bound. The sockets are
-- closed when both functions have ended, or at once when one has failed. Their
-- timeout is net.LIMIT, but for this side's in blocking mode. No function may
-- take longer than twice net.LIMIT (in blocking mode the peer's process then
-- sends SIGINT, which lua5.4 turns into an error), nor leave descriptors or tasks
-- behind.
--
-- Options: `transports`, a list of names (one is {"tcp"}, which is the default);
-- `modes`, a list, by default both; `raw = true`: a stream is not yet connected,
-- this side has the listening socket and the peer a new one; `connect`, a
-- function that makes the peer's socket from this side's address.

local assert <const> = require "luassert"
local busted <const> = require "busted"
local link <const> = require "spec.support.parity_link"
local net <const> = require "spec.support.net"
local task <const> = require "tidewire.task"
local transports <const> = require "spec.support.transports"

local parity <const> = {}

-- Groups of transports for `transports =`.
for name, list in pairs(transports.groups) do
    parity[name] = list
end

local OPTIONS <const> = {transports = true, modes = true, raw = true, connect = true}

-- The cases of each spec file: source of the file, then name.
local files <const> = {}

local methods <const> = {}
local t_mt <const> = {__index = methods}

--- What both sides have besides their socket: `t.transport` (its name),
--- `t.stream` (a boolean), `t.mode`, `t.address` (the other end's), `t.to` (ditto
--- for datagrams, nil for streams: where sendmsg sends), and these methods.
local function helpers(case, transport, mode, channel)
    return setmetatable({case = case, kind = transport, transport = transport.name,
        stream = transport.stream, mode = mode, link = channel, limit = net.LIMIT}, t_mt)
end

--- Both sides meet here, by the same name. Returns the value that the other side
--- gave: nil, a boolean, number or string.
function methods:sync(name, value)
    self.link:send("sync", name, value)
    local what <const>, theirs <const>, given <const> = self.link:receive()
    if what == "end" then
        self.over, self.failure = true, theirs
        error(("the other side has ended before %q"):format(name), 2)
    end
    if theirs ~= name then
        error(("here is %q, the other side is at %q"):format(name, theirs), 2)
    end
    return given
end

--- What receiving from the other side says about the sender: nil for a stream.
function methods:sender()
    return (self.kind.named or not self.stream) and self.address or nil
end

--- Sends all of the text to the other side, whatever the transport.
function methods:send(s, text)
    if self.stream then return assert(s:sendall(text)) end
    return assert.equal(#text, assert(s:sendto(text, self.address)))
end

--- Another socket of this transport, with this side's usual timeout: not bound.
function methods:new()
    return self.kind:new(self.limit)
end

--- Ditto, bound to an address that is free.
function methods:bound()
    return self.kind:bound(self.limit)
end

-- Makes this side's socket, and the rest of what it must close.
local function open_here(t)
    local s <const> = t:bound()
    if t.stream then assert(s:listen()) end
    t.link:send("at", t.kind:pack(s:getsockname()))
    t.own = s
    if not t.stream then
        t.address = t.kind:unpack(select(2, t.link:receive()))
        t.to = t.address
        return s
    end
    if t.case.raw then return s end
    local conn <const> = assert(s:accept())
    conn:settimeout(t.limit)
    t.kind:close(s)
    t.own = conn
    t.address = conn:getpeername()
    return conn
end

-- Makes the peer's socket.
local function open_there(t)
    t.address = t.kind:unpack(select(2, t.link:receive()))
    if not t.stream then
        t.to = t.address
        t.own = t:bound()
        t.link:send("at", t.kind:pack(t.own:getsockname()))
        return t.own
    end
    if t.case.connect then
        t.own = t.case.connect(t.address, t)
        return t.own
    end
    t.own = t:new()
    if not t.case.raw then assert(t.own:connect(t.address)) end
    return t.own
end

-- A failure as text, with where it happened; what skips a case stays as it is.
local function explain(err)
    if type(err) == "table" and (debug.getmetatable(err) or {}).__type == "pending" then
        return err
    end
    local text = tostring(type(err) == "table" and err.message or err)
    if rawequal(err, task.cancelled) then
        text = "still waiting when the time was up"
    end
    return debug.traceback(text, 2):gsub("\n[^\n]*%[C%]: in function 'xpcall'.*", "")
end

-- One side from beginning to end; returns true, its failure and the other's.
local function side(t, open, f)
    local function run() return f(open(t), t) end
    local ok, failure
    if t.limit then
        ok, failure = task.timeout(2 * net.LIMIT, xpcall, run, explain)
    else
        ok, failure = xpcall(run, explain)
    end
    failure = not ok and failure or nil
    if failure and t.own then t.kind:close(t.own) end
    t.link:send("end", failure and tostring(failure))
    while not t.over do
        local what <const>, theirs <const> = t.link:receive()
        t.over, t.failure = what == "end", theirs
    end
    if t.own then t.kind:close(t.own) end
    return true, failure, t.failure
end

-- Runs f; raises if descriptors or tasks are left in the end.
local function tight(f)
    local descriptors <const>, live <const> = net.descriptors_now(63), #task.list()
    local failure <const>, theirs <const> = f()
    if net.descriptors_now(63) ~= descriptors then collectgarbage() end
    local more <const> = net.descriptors_now(63) - descriptors
    local lost <const> = #task.list() - live
    -- Fewer are what earlier cases have left to the garbage collector.
    if more <= 0 and lost <= 0 then return failure, theirs end
    return failure or ("%d descriptors, %d tasks left behind"):format(more, lost), theirs
end

local function verdict(failure, theirs)
    if type(failure) == "table" then error(failure, 0) end
    if theirs then
        failure = (failure and failure .. "\n" or "") .. "the peer: " .. theirs
    end
    if failure then error(failure, 0) end
end

local function run_tasks(case, transport)
    verdict(tight(function()
        local a <const>, b <const> = link.channels()
        local this <close> = task.spawn(side, helpers(case, transport, "tasks", a),
            open_here, case.this)
        local _ <close> = task.spawn(side, helpers(case, transport, "tasks", b),
            open_there, case.peer)
        local ended <const>, failure <const>, theirs <const> = this:join(4 * net.LIMIT)
        return not ended and "the case: " .. failure or failure, theirs
    end))
end

local function run_blocking(case, transport)
    local channel <const> = link.process(case.file)
    local what, left
    local ok <const>, failure <const>, theirs <const> = pcall(tight, function()
        channel:send("run", case.name, transport.name)
        local t <const> = helpers(case, transport, "blocking", channel)
        t.limit = nil
        local _ <const>, mine <const>, its <const> = side(t, open_here, case.this)
        what, left = channel:receive()
        return mine, its
    end)
    if not ok or what ~= "done" then link.stop(true) end
    verdict(failure, theirs or left)
end

local RUN <const> = {blocking = run_blocking, tasks = run_tasks}

local function declare(case, transport, mode)
    local title <const> = ("%s [%s, %s]"):format(case.name, transport.name, mode)
    local reason <const> = transport:missing()
    if reason then
        busted.pending(title .. ": " .. reason)
    else
        busted.it(title, function() RUN[mode](case, transport) end)
    end
end

--- A case: its name (once in a file), options, what this side does, and what the
--- peer does (nothing, if nil).
function parity.case(name, options, this, peer)
    local file <const> = debug.getinfo(2, "S").source
    local case <const> = {name = name, file = file, this = this,
        peer = peer or function() end}
    for key, value in pairs(options) do
        assert(OPTIONS[key], "no such option: " .. key)
        case[key] = value
    end
    files[file] = files[file] or {}
    assert(not files[file][name], "twice: " .. name)
    files[file][name] = case
    for _, transport in ipairs(options.transports or {"tcp"}) do
        for _, mode in ipairs(options.modes or {"blocking", "tasks"}) do
            declare(case, transports.get(transport), mode)
        end
    end
end

--- busted's describe, for a block with cases: ends the peer's process with it.
function parity.describe(name, f)
    busted.describe(name, function()
        busted.teardown(link.stop)
        f()
    end)
end

--- The peer's process: does what the other process says until that has ended.
function parity.serve(file, channel)
    local cases <const> = files[file]
    while true do
        channel:patience(nil)
        local what <const>, name <const>, transport <const> = channel:receive()
        if what == "end" then return end
        channel:patience(2 * net.LIMIT)
        local case <const> = cases[name]
        local failure <const> = tight(function()
            local t <const> = helpers(case, transports.get(transport), "blocking", channel)
            return (select(2, side(t, open_there, case.peer)))
        end)
        channel:send("done", failure)
    end
end

return parity
