-- socket.relay: little by little, then so much that it goes by way of a pipe;
-- what arrives is what was sent and counted, also when something fails.

local task <const> = require "tidewire.task"
local socket <const> = require "tidewire.socket"
local check <const> = dofile "spec/support/fault/check.lua"
local task_check <const> = dofile "spec/support/fault/task_check.lua"

local BIG <const> = ("0123456789abcdef"):rep(4096) -- pipes are for such pieces

-- Two connections: the near ends, the far ends.
local function connections()
    local near <const>, a <const> = check(socket.socketpair())
    local far <const>, b <const> = check(socket.socketpair())
    for _, s in ipairs {near, a, far, b} do check(s:settimeout(5)) end
    return near, far, a, b
end

-- A function that calls f(...) and closes the sockets when that fails, so that
-- the others end too. `log.failure` is the first failure.
local function part(log, sockets, f, ...)
    local arguments <const> = table.pack(...)
    return function()
        local ok <const>, result = pcall(f, table.unpack(arguments))
        if ok then return end
        log.failure = log.failure or result
        for i = 1, #sockets do sockets[i]:close() end
    end
end

local function send(s, text)
    check(s:sendall(text))
    check(s:shutdown(socket.SHUT_WR))
end

-- Takes all that comes until the end.
local function drain(s, log, name)
    log[name] = ""
    while true do
        local data <const>, message <const>, code <const> = s:recv(1 << 20)
        if code == "eof" then return end
        log[name] = log[name] .. check(data, message, code)
    end
end

-- When it has failed, what it counts can still be received.
local function relay(a, b, log)
    local there <const>, back <const>, code <const>, count <const> = socket.relay(a, b)
    log.count = there or count
    check(there, back, code)
    log.back = back
    a:close()
    b:close()
end

local function relayed(scope)
    local near <const>, far <const>, a <const>, b <const> = connections()
    local log <const> = {near = "", far = ""}
    local parts <const> = {
        part(log, {a, b}, relay, a, b, log),
        part(log, {near}, send, near, BIG),
        part(log, {near}, drain, near, log, "near"),
        part(log, {far}, drain, far, log, "far"),
        part(log, {far}, send, far, "short"),
    }
    for i, f in ipairs(parts) do parts[i] = scope:spawn(f) end
    for _, t in ipairs(parts) do t:join() end
    local broken <const> = far:fileno() == -1 or not log.count
    for _, s in ipairs {near, far, a, b} do s:close() end
    assert(broken or log.far == BIG:sub(1, log.count))
    if log.failure then error(log.failure, 0) end
    assert(log.far == BIG and log.near == "short" and log.back == 5)
end

return task_check.scenario(function(spawn)
    local ok <const>, failure <const>, code <const> = spawn(pcall, task.scope, relayed):join()
    if ok == nil then check(ok, failure, code) end
    if not ok then error(failure, 0) end
end)
