-- Child processes with nothing but io.popen: what examples/demo.lua and the
-- specs use to run the examples. A child gets its keyboard input beforehand, or
-- line by line through a pipe with a name; its output is read line by line, and
-- it is ended when its time is up, whatever happens.

local process <const> = {}

--- How many seconds a child may take.
process.limit = 20

local methods <const> = {}
local child_mt <const> = {__name = "child process", __index = methods}

--- The text as one word of a shell command.
function process.quote(text)
    return "'" .. text:gsub("'", "'\\''") .. "'"
end

--- The shell command that runs this script with the given words as arguments.
--- The interpreter is $TIDEWIRE_LUA (a command prefix) or else `lua`.
function process.lua(lua, script, ...)
    local words <const> = {os.getenv "TIDEWIRE_LUA" or lua, process.quote(script)}
    for _, word in ipairs {...} do
        words[#words + 1] = process.quote(tostring(word))
    end
    return table.concat(words, " ")
end

-- Starts a shell command whose input comes from where these redirections say.
local function open(command, before, after)
    -- The shell says its process id and becomes the command, so the id is right.
    local body <const> = process.quote("echo $$; exec env " .. command .. " 2>&1")
    -- The outer shell is silenced: it would report every child that is killed.
    return assert(io.popen(("exec 2>/dev/null; %stimeout --foreground -k 2 %d sh -c %s%s")
        :format(before, process.limit, body, after), "r"))
end

local function child(pipe, command, keyboard)
    local pid <const> = assert(pipe:read("n", "L"), "cannot start a child process")
    return setmetatable({pipe = pipe, pid = pid, output = "", command = command,
        keyboard = keyboard}, child_mt)
end

--- Starts a shell command with `typed` as its standard input and returns a child:
--- `child.pid`, `child.output` (what was read of its stdout and stderr so far),
--- and the methods below. Leaving its scope (`<close>`) kills it.
function process.start(command, typed)
    return child(open(command, "printf %s " .. process.quote(typed or "") .. " | ", ""), command)
end

--- Ditto, but its standard input is what child:type sends.
function process.start_typing(command)
    local path <const> = os.tmpname()
    assert(os.execute(("rm %s && mkfifo -m 600 %s"):format(path, path)))
    local pipe <const> = open(command, "", " <" .. path)
    -- Not io.open: a file of ours stays open in children that are started later.
    local keyboard <const> = assert(io.popen("exec 2>/dev/null cat >" .. path, "w"))
    keyboard:setvbuf("no")
    local started <const> = child(pipe, command, keyboard)
    os.remove(path) -- both sides have opened it
    return started
end

--- Types a line; without a line, ends the input.
function methods:type(line)
    if line then
        assert(self.keyboard:write(line, "\n"))
    elseif self.keyboard then
        self.keyboard:close()
        self.keyboard = nil
    end
end

--- Reads on until a line matches the pattern and returns its captures (or the
--- line); raises with the whole output if the child ends first.
function methods:expect(pattern)
    while not self.status do
        local line <const> = self.pipe:read("L")
        if not line then break end
        self.output = self.output .. line
        if line:find(pattern) then return line:match(pattern) end
    end
    error(("%s ended without a line like %q; it said:\n%s")
        :format(self.command, pattern:gsub("\n$", ""), self.output), 0)
end

--- Reads the output to its end and returns it whole, with the exit status
--- (128 + n after signal n, 124 when the time was up).
function methods:finish()
    if not self.status then
        self.output = self.output .. self.pipe:read("a")
        local _, _, status = self.pipe:close()
        self.status = status
        self:type(nil)
    end
    return self.output, self.status
end

--- Sends a signal (TERM unless told) and finishes.
function methods:kill(signal)
    if not self.status then
        os.execute(("kill -%s %d 2>/dev/null"):format(signal or "TERM", self.pid))
    end
    return self:finish()
end

function child_mt:__close()
    self:kill("KILL")
end

function child_mt:__tostring()
    return ("child process %d: %s"):format(self.pid, self.command)
end

return process
