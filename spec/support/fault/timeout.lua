-- Time running out, everywhere that waits; and nothing lost by it.

local socket <const> = require "tidewire.socket"
local check <const> = dofile "spec/support/fault/check.lua"

local SHORT <const> = 0.001

local function times_out(wanted, ...)
    local _, message <const>, code <const> = ...
    if code ~= wanted then check(nil, message or "no failure", code or "?") end
end

local function full(a, b)
    check(a:setoption("sndbuf", 4608))
    local _, message <const>, code <const>, sent <const> = a:sendall(("x"):rep(1 << 20))
    if code ~= "timeout" then check(nil, message, code) end
    local got = 0
    while got < sent do got = got + #check(b:recv(sent)) end
    assert(got == sent)
end

return function()
    local a <close>, second <const> = check(socket.socketpair())
    local b <close> = second
    check(a:settimeout(SHORT))
    check(b:settimeout(SHORT))
    times_out("timeout", a:recv(1))
    times_out("timeout", a:recvfrom(1))
    full(a, b)
    local file <close> = check(b:makefile("r"))
    check(a:sendall("half a"))
    times_out("timeout", file:read())
    check(a:sendall(" line\n"))
    assert(check(file:read()) == "half a line")
    local server <close> = check(socket.create_server({"127.0.0.1", 0}))
    check(server:settimeout(SHORT))
    times_out("timeout", server:accept())
    check(server:settimeout(0))
    times_out("EAGAIN", server:accept())
end
