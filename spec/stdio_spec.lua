-- tidewire.stdio: a process's own input and output as streams, in children
-- whose standard descriptors are pipes, files and terminals.

local peer <const> = require "spec.support.peer"

local PRELUDE <const> = [[
local stdio, task = require "tidewire.stdio", require "tidewire.task"
local function flags(fd)
    for line in io.lines("/proc/self/fdinfo/" .. fd) do
        if line:find "^flags" then return line end
    end
end
local function go() io.open(arg[0] .. ".go", "w"):close() end
]]

-- In front of what the shell has to wait with until the script says go().
local WHEN_TOLD <const> = [[i=0; while [ ! -e $SCRIPT.go ] && [ $i -lt 1000 ]; do
    i=$((i + 1)); sleep 0.01; done; ]]

-- The output of a script whose standard descriptors some shell code sets up;
-- it says the script's command line as $CHILD.
local function run(shell, script)
    local output <const> = peer.run(([[
        local path = os.tmpname()
        local file <close> = assert(io.open(path, "w"))
        file:write(%q)
        file:close()
        local command = os.getenv "TIDEWIRE_LUA" or "lua5.4"
        local pipe = io.popen(("SCRIPT=%%s; CHILD='%%s %%s'; "):format(path, command, path) .. %q)
        io.write(pipe:read "a")
        pipe:close()
        os.remove(path)
        os.remove(path .. ".go")
    ]]):format(PRELUDE .. script, shell))
    return output
end

local ECHO <const> = [[
    for line in stdio.stdin:lines() do stdio.stdout:write("<", line, ">\n") end
    stdio.stderr:write "end\n"
]]

describe("tidewire.stdio", function()
    it("reads a regular file, which never waits", function()
        local script <const> = [[
            task.spawn(function() while true do task.yield() end end)
            local line, n = stdio.stdin:read("l", "n")
            print(line, n, #stdio.stdin:read "a")
            print(select(3, stdio.stdin:read "l"))
        ]]
        assert.equal("one\t2\t100001\neof\n",
            run([[(echo one; echo 2; head -c 100000 /dev/zero) > /tmp/tw_stdio_$$;
                $CHILD < /tmp/tw_stdio_$$; rm /tmp/tw_stdio_$$]], script))
        assert.equal("eof\n", run("$CHILD < /dev/null",
            "print(select(3, stdio.stdin:read 'l'))"))
    end)

    it("waits for a pipe while other tasks run", function()
        assert.equal("<a>\n<b>\nend\n", run("(echo a; sleep 0.1; echo b) | $CHILD 2>&1", ECHO))
        assert.equal("x\t6\n", run("(" .. WHEN_TOLD .. "echo x) | $CHILD 2>&1", [[
            local ticks = 0
            task.spawn(function()
                while ticks < 6 do task.sleep(0.001) ticks = ticks + 1 end
                go()
            end)
            print(stdio.stdin:read(), ticks)
        ]]))
    end)

    it("can be given a time limit", function()
        assert.equal("timeout\tlate\n", run("(" .. WHEN_TOLD .. "echo late) | $CHILD", [[
            local _, _, code = task.timeout(0.02, function() return stdio.stdin:read() end)
            go()
            print(code, stdio.stdin:read())
        ]]))
    end)

    it("has one reader at a time", function()
        assert.equal("EBUSY\tx\n", run("(" .. WHEN_TOLD .. "echo x) | $CHILD", [[
            local first = task.spawn(function() return stdio.stdin:read() end)
            task.yield()
            local _, _, code = stdio.stdin:read()
            go()
            print(code, (first:join()))
        ]]))
    end)

    it("loses no output, however slow the reader", function()
        local script <const> = [[
            stdio.stdout:write(("x"):rep(1000000))
            task.spawn(function() stdio.stdout:write(("y"):rep(300000)) end)
            task.run()
        ]]
        assert.equal("1300000", run("$CHILD | (sleep 0.1; wc -c)", script):match "%d+")
    end)

    it("fails, without a signal, when nobody reads", function()
        assert.equal("EPIPE\n", run("($CHILD | true) 3>&1", [[
            local code
            for _ = 1, 1000 do
                code = select(3, stdio.stdout:write(("x"):rep(10000)))
                if code then break end
                task.sleep(0.001)
            end
            local out = io.open("/proc/self/fd/3", "w")
            out:write(code, "\n")
        ]]))
    end)

    it("changes nothing about the descriptors, and does not close them", function()
        assert.equal("true\ttrue\tstill here\n", run("(sleep 0.05; echo x) | $CHILD", [[
            local before = {flags(0), flags(1)}
            local a = task.spawn(function() return stdio.stdin:read() end)
            stdio.stdout:flush()
            a:join()
            local same = {flags(0) == before[1], flags(1) == before[2]}
            stdio.stdin:close()
            stdio.stdout:close()
            stdio = nil
            package.loaded["tidewire.stdio"] = nil
            collectgarbage()
            collectgarbage()
            print(same[1], same[2], "still here")
        ]]))
    end)

    it("waits for a terminal, and leaves it as it was", function()
        local typist <const> = [==[
import os, pty, sys, termios, select
pid, fd = pty.fork()
if pid == 0:
    os.execvp("sh", ["sh", "-c", "stty -g; exec " + os.environ["CHILD"]])
seen = b""
typed = False
while True:
    try:
        data = os.read(fd, 4096)
    except OSError:
        break
    if not data:
        break
    seen += data
    if b"tick" in seen and not typed:
        typed = True
        os.write(fd, b"hello\n")
os.waitpid(pid, 0)
lines = seen.decode().replace("\r", "").split("\n")
print(lines[0] == [l for l in lines if ":" in l][-1], "got hello" in lines)
]==]
        assert.equal("True True\n", run("export CHILD; python3 -c '" .. typist .. "'", [[
            task.spawn(function()
                task.sleep(0.02)
                stdio.stdout:write "tick\n"
            end)
            stdio.stdout:write("got ", stdio.stdin:read(), "\n")
            os.execute "stty -g"
        ]]))
    end)
end)
