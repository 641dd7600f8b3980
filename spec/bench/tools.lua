-- What the benchmarks share: where things are, other programs, statistics.

local tools = {}

tools.lua = arg[-1] or "lua5.4"
tools.here = arg[0]:match("^(.*)/") or "."
tools.built = (os.getenv("TIDEWIRE_BUILD") or "build") .. "/bench/"

-- How much to do: the number in BENCH_<name>, or the default.
function tools.amount(name, default)
    return tonumber(os.getenv("BENCH_" .. name)) or default
end

-- The trimmed output of a command, or nil when it fails.
function tools.output(command)
    local pipe <close> = io.popen(command .. " 2>/dev/null")
    local text = pipe:read("a")
    return pipe:close() and text:gsub("%s+$", "") or nil
end

function tools.quoted(s)
    return "'" .. s:gsub("'", "'\\''") .. "'"
end

-- The value below which the given part of the list lies.
function tools.quantile(list, part)
    local sorted <const> = table.move(list, 1, #list, 1, {})
    table.sort(sorted)
    local at <const> = 1 + (#sorted - 1) * part
    local low <const> = math.floor(at)
    local high <const> = math.min(low + 1, #sorted)
    return sorted[low] + (sorted[high] - sorted[low]) * (at - low)
end

-- A Lua file of ours, for the interpreter that has the module it needs.
function tools.script(lua, module, file)
    local probe <const> = ("%s -e %s"):format(tools.quoted(lua),
        tools.quoted("require '" .. module .. "'"))
    return {
        missing = not tools.output(probe) and "no module " .. module,
        command = tools.quoted(lua) .. " " .. tools.quoted(tools.here .. "/" .. file),
    }
end

-- The same, for Lua 5.1 where Debian has the module for that alone.
function tools.old_script(module, file)
    local peer <const> = tools.script(tools.lua, module, file)
    return peer.missing and tools.script("lua5.1", module, file) or peer
end

-- A program of ours that the Makefile builds when its library is there.
function tools.program(name, needs, argument)
    local path <const> = tools.built .. name
    local file <close> = io.open(path)
    return {
        missing = not file and ("not built; it needs %s"):format(needs),
        command = tools.quoted(path) .. " " .. (argument or ""),
    }
end

-- The first and the last processor this process may run on.
function tools.processors()
    for line in io.lines("/proc/self/status") do
        local list = line:match("^Cpus_allowed_list:%s*(.*)")
        if list then return list:match("^%d+"), list:match("%d+$") end
    end
end

-- The line that heads every report: date, machine, load.
function tools.heading(title)
    return ("%s, %s, %s, %s processors, load %s"):format(title,
        os.date("!%Y-%m-%d %H:%M UTC"), tools.output("uname -sr") or "?",
        tools.output("nproc") or "?",
        (tools.output("cat /proc/loadavg") or "?"):match("^%S+"))
end

return tools
