-- The C module and the Lua layer over it, loaded and used once.

local check <const> = dofile "spec/support/fault/check.lua"
local MODULES <const> = {"tidewire", "tidewire.socket", "tidewire.options", "tidewire.core"}

-- What loading raises is told apart from what using it returns.
local function load()
    local ok <const>, result <const> = pcall(require, "tidewire")
    if ok then return result end
    local failure <const> = tostring(result)
    local code = failure:find("Too many open files", 1, true) and "EMFILE"
        or failure:find("memory", 1, true) and "ENOMEM"
    return check(nil, failure, code)
end

return function()
    for _, name in ipairs(MODULES) do package.loaded[name] = nil end
    local socket <const> = load().socket
    local a <close>, second <const> = check(socket.socketpair())
    local b <close> = second
    check(a:sendall("x"))
    assert(check(b:recv(1)) == "x")
    assert(tostring(a):find("socket", 1, true))
end
