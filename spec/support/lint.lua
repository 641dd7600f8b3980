-- The checks of the house style that no other tool makes: which layer includes
-- which, how long and deep functions are, which calls stand where, that the
-- library keeps no state. Runs in the project's folder, after a build.

package.path = arg[0]:gsub("[^/]*$", "?.lua;") .. package.path
local csource <const> = require "csource"

local problems = 0

local function problem(...)
    problems = problems + 1
    print(string.format(...))
end

local function lines_of(command)
    local out <const> = {}
    local pipe <const> = assert(io.popen(command))
    for line in pipe:lines() do
        out[#out + 1] = line
    end
    if not pipe:close() then
        problem("failed: %s", command)
    end
    return out
end

local function find(where, name)
    local out <const> = lines_of(("find %s -name '%s'"):format(where, name))
    table.sort(out)
    return out
end

local function read(path)
    local file <close> = assert(io.open(path))
    local text <const>, lines <const> = file:read "a", {}
    for line in text:gmatch "([^\n]*)\n" do
        lines[#lines + 1] = line
    end
    return lines, text
end

local function set(words)
    local out <const> = {}
    for word in words:gmatch "%S+" do
        out[word] = true
    end
    return out
end

-- What a layer's files may include, besides system headers. A module of mod/
-- may also include its own folder.
local LAYERS <const> = {
    core = set "core",
    loop = set "core loop",
    task = set "core loop task",
    bind = set "core loop task bind public",
    mod = set "core loop task public",
    host = set "public",
}

-- How the names begin that the files of a layer share.
local PREFIXES <const> = {
    core = { "tw_" },
    loop = { "tw_" },
    bind = { "ltw_", "tw_", "luaopen_" },
    mod = { "tw_", "luaopen_" },
    archive = { "ltw_", "tw_", "luaopen_" },
}

local KERNEL <const> = "^csrc/core/net_kernel[_%a]*%.c$"

-- Calls that only some files may make: names, and patterns of those files.
local RESERVED <const> = {
    { set [[socket socketpair accept accept4 bind listen connect shutdown send
        recv sendto recvfrom sendmsg recvmsg sendmmsg recvmmsg getsockopt
        setsockopt getsockname getpeername fcntl ioctl clock_gettime
        gethostname sethostname sendfile splice vmsplice tee lseek pread
        pwrite]], KERNEL },
    { set [[getaddrinfo freeaddrinfo getnameinfo gethostbyname gethostbyaddr
        gethostbyname_r gethostbyaddr_r]], "^csrc/core/query%.c$" },
    { set "poll", KERNEL, "^csrc/loop/poll%.c$" },
    { set "read write readv writev close pipe pipe2", KERNEL, "^csrc/loop/", "mod/http/file%.c$" },
    { set [[epoll_create epoll_create1 epoll_ctl epoll_wait epoll_pwait
        epoll_pwait2]], "^csrc/loop/epoll%.c$" },
    { set "lua_resume lua_yieldk", "^csrc/task/" },
    { set [[printf fprintf vprintf vfprintf dprintf puts fputs putchar putc
        fputc perror exit _exit _Exit abort assert atexit signal sigaction
        sigprocmask raise kill setenv unsetenv putenv setlocale chdir umask]],
        "^csrc/host/" },
    { set [[strcpy stpcpy strcat strncat sprintf vsprintf gets alloca strtok
        lua_yield select pselect ppoll sleep usleep nanosleep rand srand]] },
}

local function begins(name, prefixes)
    for _, prefix in ipairs(prefixes) do
        if name:sub(1, #prefix) == prefix then
            return true
        end
    end
    return false
end

local function check_include(path, number, line)
    local layer <const> = path:match "^csrc/(%w+)/"
    local name <const> = line:match '^%s*#%s*include%s*"([^"]+)"'
    if name and path:match "^csrc/mod/" and name:match "^mod/" then
        if name:match "^mod/[^/]+/" ~= path:match "^csrc/(mod/[^/]+/)" then
            problem("%s:%d: a module may not include another: %s", path, number, name)
        end
    elseif name then
        local target <const> = name == "tidewire.h" and "public" or name:match "^(%w+)/"
        if not LAYERS[layer][target] then
            problem("%s:%d: %s/ may not include %s", path, number, layer, name)
        end
    elseif (layer == "core" or layer == "loop") and line:match "^%s*#%s*include%s*<l[ua][ua]" then
        problem("%s:%d: %s/ may not include Lua's headers", path, number, layer)
    end
end

-- Where the library yields; there may be one such place.
local yields <const> = {}

local function check_call(path, number, name)
    for _, rule in ipairs(RESERVED) do
        local allowed = not rule[1][name]
        for i = 2, #rule do
            allowed = allowed or path:match(rule[i])
        end
        if not allowed then
            problem("%s:%d: %s is not allowed here", path, number, name)
        end
    end
end

local function check_calls(path, code)
    local number = 0
    for line in code:gmatch "([^\n]*)\n" do
        number = number + 1
        line = line:gsub("%->", ".")
        for field, name, after in line:gmatch "(%.?)%f[%w_]([%a_][%w_]*)%s*()" do
            if name == "lua_yieldk" then
                yields[#yields + 1] = ("%s:%d"):format(path, number)
            end
            if field == "" and line:sub(after, after) == "(" then
                check_call(path, number, name)
            end
        end
    end
end

-- Whether the comment above a function says that it is one switch or table.
local function says_so(lines, number)
    while lines[number] and lines[number] ~= "" and lines[number] ~= "}" do
        if lines[number]:match "switch" or lines[number]:match "table" then
            return true
        end
        number = number - 1
    end
    return false
end

local function check_function(path, lines, f)
    local one_thing <const> = f.length - f.widest <= 10 and says_so(lines, f.head - 1)
    if f.length > 60 and not one_thing then
        problem("%s:%d: %s has %d lines, at most 60", path, f.line, f.name, f.length)
    end
    if f.depth > 3 then
        problem("%s:%d: %s is nested %d deep, at most 3", path, f.deepest, f.name, f.depth)
    end
    local prescribed <const> = (lines[f.head - 1] or ""):find("in libc's place", 1, true)
    if f.parameters > 5 and not prescribed then
        problem("%s:%d: %s has %d parameters, at most 5", path, f.line, f.name, f.parameters)
    end
    local prefixes <const> = PREFIXES[path:match "^csrc/(%w+)/"]
    if prefixes and not f.static and not begins(f.name, prefixes) then
        problem("%s:%d: %s is shared and has no prefix", path, f.line, f.name)
    end
end

local function check_size(path, lines, ceiling, columns)
    if #lines > ceiling then
        problem("%s: %d lines, at most %d", path, #lines, ceiling)
    end
    for number, line in ipairs(lines) do
        if #line > columns then
            problem("%s:%d: %d columns, at most %d", path, number, #line, columns)
        end
    end
end

-- The rules for the library's own files.
local function check_library_file(path, lines, code)
    local layer <const> = path:match "^csrc/(%w+)/"
    if layer and not LAYERS[layer] then
        problem("%s: there is no layer %s", path, layer)
        return
    end
    for number, line in ipairs(lines) do
        if layer then
            check_include(path, number, line)
        end
        if line:match "%f[%w]TODO%f[%W]" and not line:match "TODO%(#%d+%)" then
            problem("%s:%d: TODO without an issue", path, number)
        end
    end
    check_calls(path, code)
end

local lengths <const> = {}

local function check_c(path)
    local lines <const>, text <const> = read(path)
    local code <const> = csource.strip(text)
    local found <const> = csource.read(code)
    local ceiling = path:match "%.h$" and 150 or 600
    check_size(path, lines, path == "csrc/tidewire.h" and 400 or ceiling, 80)
    for _, f in ipairs(found.functions) do
        check_function(path, lines, f)
        if path:match "^csrc/" then
            lengths[#lengths + 1] = f.length
        end
    end
    for _, tag in ipairs(found.tags) do
        local layer <const> = path:match "^csrc/(%w+)/.*%.h$"
        if (layer == "core" or layer == "loop") and not begins(tag.name, { "tw_" }) then
            problem("%s:%d: the tag %s has no prefix", path, tag.line, tag.name)
        end
    end
    if path:match "^csrc/" then
        check_library_file(path, lines, code)
    end
end

local function check_lua(path)
    local lines <const> = read(path)
    check_size(path, lines, 300, 100)
    local start
    for number, line in ipairs(lines) do
        if line:match "^local function" or line:match "^function" then
            start = number
        elseif line == "end" and start then
            local length <const> = number - start + 1
            if length > 40 then
                problem("%s:%d: a function of %d lines, at most 40", path, start, length)
            end
            start = nil
        end
    end
end

-- The library keeps no state outside its objects, and its names are its own.
local function check_objects(files)
    local member, symbols = "?", 0
    for _, line in ipairs(lines_of("objdump -t " .. files)) do
        member = line:match "^(%S+):%s+file format" or member
        local flags <const>, section <const>, name <const> =
            line:match "^%x+ (.......) (%S+)%s+%x+%s+.-(%S+)$"
        local ours <const> = section and section ~= "*UND*" and not flags:match "[df]"
        symbols = symbols + (ours and 1 or 0)
        local writable <const> = ours and (section == "*COM*" or section:match "^%.t?bss" or
            section:match "^%.t?data" and not section:match "^%.data%.rel%.ro")
        if writable then
            problem("%s: writable data: %s in %s", member, name, section)
        end
        if ours and flags:match "[gu]" and not begins(name, PREFIXES.archive) then
            problem("%s: %s is shared and has no prefix", member, name)
        end
    end
    if symbols == 0 then
        problem("no symbols; has it been built?")
    end
end

-- The value that `part` of the library's functions do not exceed.
local function check_percentile(part, ceiling)
    local value <const> = lengths[math.ceil(#lengths * part)] or 0
    if value > ceiling then
        problem("C functions: the %gth percentile is %d lines, at most %d",
            part * 100, value, ceiling)
    end
    return value
end

for _, path in ipairs(find("csrc spec/c spec/fuzz spec/support", "*.[ch]")) do
    check_c(path)
end
for _, path in ipairs(find("lua examples spec", "*.lua")) do
    check_lua(path)
end
check_size("Makefile", read "Makefile", 150, 120)
check_objects("$TIDEWIRE_BUILD/lib/libtidewire.a $TIDEWIRE_BUILD/obj/mod/*/*.o")
if #yields > 1 then
    problem("lua_yieldk is used %d times, may be once: %s", #yields, table.concat(yields, " "))
end

table.sort(lengths)
print(("C functions: %d, median %d lines, 90th percentile %d"):format(#lengths,
    check_percentile(0.5, 12), check_percentile(0.9, 35)))
print(problems == 0 and "lint: clean" or ("lint: %d problems"):format(problems))
os.exit(problems == 0)
