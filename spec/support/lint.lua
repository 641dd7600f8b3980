-- The checks of the house style that no other tool makes: which layer includes
-- which, how long functions and files are, which calls stand where.

local problems = 0

local function problem(...)
    problems = problems + 1
    print(string.format(...))
end

local function lines_of(command)
    local out <const> = {}
    local pipe <close> = assert(io.popen(command))
    for line in pipe:lines() do
        out[#out + 1] = line
    end
    return out
end

local function read_lines(path)
    local out <const> = {}
    for line in io.lines(path) do
        out[#out + 1] = line
    end
    return out
end

-- What a layer's files may include, besides system headers.
local LAYERS <const> = {
    core = { core = true },
    loop = { core = true, loop = true },
    task = { core = true, loop = true, task = true },
    bind = { core = true, loop = true, task = true, bind = true, public = true },
    host = { public = true },
}

-- Calls that only some files may make: a Lua pattern, and where it is allowed.
local RESERVED <const> = {
    { "[^%w_.>]accept4?%(", "core/net_kernel.c" },
    { "[^%w_.>]connect%(", "core/net_kernel.c" },
    { "[^%w_.>]socket%(", "core/net_kernel.c" },
    { "[^%w_.>]sendmsg%(", "core/net_kernel.c" },
    { "[^%w_.>]recvmsg%(", "core/net_kernel.c" },
    { "[^%w_.>]send%(", "core/net_kernel.c" },
    { "[^%w_.>]recv%(", "core/net_kernel.c" },
    { "lua_yieldk", "task/wait.c" },
    { "lua_resume", "task/task.c" },
    { "[^%w_]f?printf%(", "host/main.c" },
    { "[^%w_]exit%(", "host/main.c" },
    { "[^%w_]sigaction%(", "host/main.c" },
    { "[^%w_]signal%(", "host/main.c" },
    { "[^%w_]alloca%(" },
    { "[^%w_]v?sprintf%(" },
    { "[^%w_]strc[pa][yt]%(" },
    { "%f[%w]TODO%f[%W]" },
}

local function check_includes(path, layer, line)
    local name <const> = line:match '^#include "([^"]+)"'
    if name then
        local target <const> = name:match "^(%w+)/" or "public"
        if not LAYERS[layer][target] then
            problem("%s: %s/ may not include %s", path, layer, name)
        end
    elseif line:match "^#include <l[ua]" and (layer == "core" or layer == "loop") then
        problem("%s: %s/ may not include Lua's headers", path, layer)
    end
end

local function check_reserved(path, number, line)
    if line:match "^%s*[/ ]?%*" or line:match "^%s*//" then
        return
    end
    for _, rule in ipairs(RESERVED) do
        local allowed <const> = rule[2] and path:find(rule[2], 1, true)
        if not allowed and (" " .. line):find(rule[1]) then
            problem("%s:%d: %s is not allowed here", path, number, rule[1])
        end
    end
end

local lengths <const> = {}

-- C functions begin with a brace in the first column and end with one.
local function check_functions(path, lines)
    local start
    for number, line in ipairs(lines) do
        if line == "{" then
            start = number
        elseif line == "}" and start then
            local length <const> = number - start + 1
            lengths[#lengths + 1] = length
            if length > 60 then
                problem("%s:%d: a function of %d lines", path, start, length)
            end
            start = nil
        end
    end
end

local function check_c(path)
    local layer <const> = path:match "^csrc/(%w+)/"
    local lines <const> = read_lines(path)
    local ceiling = path:match "%.h$" and 150 or 600
    if path == "csrc/tidewire.h" then
        ceiling = 400
    end
    if #lines > ceiling then
        problem("%s: %d lines, at most %d", path, #lines, ceiling)
    end
    for number, line in ipairs(lines) do
        if #line > 80 then
            problem("%s:%d: %d columns", path, number, #line)
        end
        if layer then
            check_includes(path, layer, line)
            check_reserved(path, number, line)
        end
    end
    check_functions(path, lines)
end

local function check_lua(path)
    local lines <const> = read_lines(path)
    if #lines > 300 then
        problem("%s: %d lines, at most 300", path, #lines)
    end
    local start
    for number, line in ipairs(lines) do
        if line:match "^local function" or line:match "^function" then
            start = number
        elseif line == "end" and start then
            if number - start + 1 > 40 then
                problem("%s:%d: a function of %d lines", path, start,
                    number - start + 1)
            end
            start = nil
        end
    end
end

-- The library keeps no state outside its objects.
local function check_globals(archive)
    for _, line in ipairs(lines_of("objdump -t " .. archive .. " 2>/dev/null")) do
        local section <const>, name <const> =
            line:match "O (%.%S+)%s+%x+%s+(%S+)$"
        if section and (section:match "^%.data$" or section:match "^%.bss") then
            problem("%s: writable data: %s", archive, name)
        end
    end
end

for _, path in ipairs(lines_of "git ls-files -co --exclude-standard csrc spec/c spec/support") do
    if path:match "%.[ch]$" then
        check_c(path)
    end
end
for _, path in ipairs(lines_of "git ls-files -co --exclude-standard lua examples spec") do
    if path:match "%.lua$" then
        check_lua(path)
    end
end
check_globals((os.getenv "TIDEWIRE_BUILD" or "build") .. "/lib/libtidewire.a")

table.sort(lengths)
print(("C functions: %d, median %d lines, 90th percentile %d"):format(#lengths,
    lengths[#lengths // 2], lengths[#lengths * 9 // 10]))
print(problems == 0 and "lint: clean" or ("lint: %d problems"):format(problems))
os.exit(problems == 0)
