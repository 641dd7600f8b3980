-- sendfile and splice, failing: see spec/support/strace.lua.

local strace <const> = require "spec.support.strace"

local RELAY <const> = [[
    local task = require "tidewire.task"
    local near, a = connected()
    local far, b = connected()
    local relay = task.spawn(socket.relay, a, b)
    task.spawn(function()
        near:sendall(("x"):rep(100000))
        near:shutdown(socket.SHUT_WR)
    end)
    assert(far:makefile():read "a" == ("x"):rep(100000))
    far:close()
    say(relay:join())
]]

strace.describe("files and relays:", {
    {
        "sendfile goes on after signals",
        inject = "sendfile:error=EINTR:when=1..5",
        script = [[ local a, b = connected() say(a:sendfile(io.open(arg[0]), 0, 10)) ]],
        says = "10\n",
    }, {
        "sendfile reads what the kernel does not send",
        inject = "sendfile:error=ENOSYS",
        script = [[
            local a, b = connected()
            say(a:sendfile(io.open(arg[0]), 1, 5))
            say(b:recv(9))
        ]],
        says = "5\nocal \n",
    }, {
        "a relay copies what the kernel does not splice",
        inject = "splice:error=EINVAL",
        script = RELAY,
        says = "100000\n",
    }, {
        "a relay copies what it cannot get out of a pipe otherwise",
        inject = "splice:error=EINVAL:when=2+",
        script = RELAY,
        says = "100000\n",
    }, {
        "a relay goes on after signals",
        inject = "splice:error=EINTR:when=1..5",
        script = RELAY,
        says = "100000\n",
    },
})
