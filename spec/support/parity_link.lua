-- How the two sides of a case (see parity.lua) talk besides their sockets: in
-- messages of a few plain values, through channels within a process, through a
-- socket to another one. That process is started for the first case of a file
-- and then kept.

local assert <const> = require "luassert"
local net <const> = require "spec.support.net"
local process <const> = dofile("examples/lib/process.lua")
local socket <const> = require "tidewire.socket"
local task <const> = require "tidewire.task"

local link <const> = {}

-- More than either side of a case may take, and being interrupted after that.
local LIMIT <const> = 4 * net.LIMIT

-- -- within a process ------------------------------------------------------

local near <const> = {}
local near_mt <const> = {__index = near}

function near:send(...)
    assert(self.out:send(table.pack(...), LIMIT))
end

function near:receive()
    local message <const> = assert(self.come:receive(LIMIT))
    return table.unpack(message, 1, message.n)
end

--- The two ends of a link between tasks; neither waits to send.
function link.channels()
    local a <const>, b <const> = task.channel(100), task.channel(100)
    return setmetatable({out = a, come = b}, near_mt),
        setmetatable({out = b, come = a}, near_mt)
end

-- -- between processes -----------------------------------------------------

local far <const> = {}
local far_mt <const> = {__index = far}

function far:send(...)
    local words <const> = table.pack(...)
    for i = 1, words.n do
        words[i] = ("%q"):format(words[i])
    end
    -- Whoever cannot send learns why from the answer that does not come.
    self.socket:sendall(string.pack("s4", table.concat(words, ",")))
end

--- How long receive waits; nil: for ever.
function far:patience(limit)
    self.socket:settimeout(limit)
end

--- The next message, or "end" and why there is none. The peer's process interrupts
--- the other one before it gives up.
function far:receive()
    local head, message, code = self.stream:read(4)
    if code == "timeout" and self.pid then
        os.execute("kill -INT " .. self.pid)
        head, message, code = self.stream:read(4)
    end
    if not head then
        return "end", code == "timeout" and message or "its process is gone"
    end
    local text <const> = assert(self.stream:read_exact((string.unpack("I4", head))))
    return assert(load("return " .. text, "=message", "t", {}))()
end

local function over(s, pid)
    s:settimeout(LIMIT)
    return setmetatable({socket = s, stream = assert(s:makefile("r")), pid = pid}, far_mt)
end

--- The peer's end of a link to the process with that id.
function link.join(path, pid)
    local s <const> = assert(socket.socket(socket.AF_UNIX))
    assert(s:connect(path))
    return over(s, pid)
end

-- The one process that there is, and for which file.
local current

--- Ends the peer's process; at once, if it is `lost`.
function link.stop(lost)
    if not current then return end
    local it <const> = current
    current = nil
    it.link.stream:close()
    it.link.socket:close()
    if lost then os.execute("kill " .. it.pid) end
    it.pipe:close()
end

local function start(file)
    local path <const> = net.path()
    local server <close> = assert(socket.create_server(path, {family = socket.AF_UNIX}))
    server:settimeout(net.LIMIT)
    local pipe <const> = assert(io.popen("echo $$; exec >&2 timeout -k 2 900 env " ..
        process.lua("lua5.4", "spec/support/parity_peer.lua", file, path, net.status "Pid")))
    local pid <const> = pipe:read("n")
    local s <const>, message <const> = server:accept()
    os.remove(path)
    if not s then
        os.execute("kill " .. pid)
        error("the peer's process: " .. message)
    end
    return {link = over(s), pipe = pipe, pid = pid, file = file}
end

--- Our end of a link to the process that plays the peer for a file.
function link.process(file)
    if not current or current.file ~= file then
        link.stop()
        current = start(file)
    end
    return current.link
end

return link
