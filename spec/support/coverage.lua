-- Prints line coverage per file from a build directory's counters and fails
-- if core/ or loop/ as a whole is below the given percentage.
--   lua5.4 coverage.lua BUILD PERCENT

local build <const>, wanted <const> = arg[1], tonumber(arg[2])

-- The lines executed and the lines there are of each source, from gcov.
local function measure(layer)
    local files <const> = {}
    local pipe <close> = assert(io.popen(
        ("cd %s/obj/%s && gcov -n *.gcda 2>/dev/null"):format(build, layer)))
    local file
    for line in pipe:lines() do
        file = line:match "^File '.-(csrc/.-)'" or file
        local percent <const>, total <const> =
            line:match "^Lines executed:([%d.]+)%% of (%d+)"
        if percent and file and file:match("^csrc/" .. layer .. "/") then
            files[#files + 1] = { name = file, percent = tonumber(percent),
                total = tonumber(total) }
            file = nil
        end
    end
    table.sort(files, function(a, b) return a.name < b.name end)
    return files
end

local ok = true
for _, layer in ipairs { "core", "loop", "task", "bind", "mod/http", "mod/ws" } do
    local hit, total = 0, 0
    for _, file in ipairs(measure(layer)) do
        print(("%-32s %6.2f%% of %d"):format(file.name, file.percent, file.total))
        hit = hit + file.percent * file.total / 100
        total = total + file.total
    end
    local percent <const> = total > 0 and 100 * hit / total or 0
    print(("%-32s %6.2f%% of %d lines"):format(layer .. "/", percent, total))
    if (layer == "core" or layer == "loop") and percent < wanted then
        print(("%s/ is below %g%%"):format(layer, wanted))
        ok = false
    end
end
os.exit(ok)
