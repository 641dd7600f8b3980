-- Streams: lines, numbers, counts, delimiters, frames; written and read back.

local socket <const> = require "tidewire.socket"
local check <const> = dofile "spec/support/fault/check.lua"

local BIG <const> = ("abcdefgh"):rep(1200)

-- The code that belongs to a message, by its text.
local function code_in(message)
    return message:find("reset by peer", 1, true) and "ECONNRESET" or "ENOMEM"
end

local function write_all(a)
    local out <close> = check(a:makefile("w", {buffering = 64}))
    check(out:write("a line\n", 42, " 0x1p4\n", ("long"):rep(30), "\n"))
    check(out:write("until;;", "exact"))
    check(out:write_frame(">I2", "a frame"))
    check(out:write_frame("<s4", ""))
    check(out:flush())
    check(out:setvbuf("line"))
    check(out:write("by line\n"))
    check(out:setvbuf("no"))
    check(out:write(BIG))
    check(out:write("the rest\nof it"))
    check(out:close())
end

local function read_all(b)
    local file <close> = check(b:makefile("r"))
    local line <const>, n <const>, x <const> = check(file:read("l", "n", "n"))
    assert(line == "a line" and n == 42 and x == 16)
    assert(check(file:read("L")) == "\n")
    assert(check(file:read()) == ("long"):rep(30))
    assert(check(file:read_until(";;")) == "until;;")
    check(file:unread(";"))
    assert(check(file:peek(3)) == ";ex")
    assert(check(file:read_exact(6)) == ";exact")
    assert(check(file:read_frame(">I2")) == "a frame")
    assert(check(file:read_frame("<s4")) == "")
    assert(check(file:read("L")) == "by line\n")
    assert(check(file:read(#BIG)) == BIG)
    assert(check(file:read_some(1)) == "t")
    -- Lines raises the message alone.
    local ok <const>, text <const> = pcall(file:lines())
    if not ok then check(nil, text, code_in(text)) end
    assert(text == "he rest" and check(file:read("a")) == "of it")
    local data <const>, message <const>, code <const> = file:read()
    if code ~= "eof" then check(data, message, code) end
end

return function()
    local server <close> = check(socket.create_server({"127.0.0.1", 0}))
    local a <close> = check(socket.create_connection(
        {"127.0.0.1", check(server:getsockname()).port}, 20))
    local b <close> = check(server:accept())
    write_all(a)
    check(a:close())
    read_all(b)
end
