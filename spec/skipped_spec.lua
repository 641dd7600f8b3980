-- What cannot run here is skipped and says why; it never counts as passed.

local net <const> = require "spec.support.net"
local process <const> = dofile("examples/lib/process.lua")

-- Runs busted on a file, with these assignments to the environment before it;
-- what it prints.
local function output_of(file, environment)
    local child <close> = process.start(("env %s %s"):format(environment,
        process.lua("lua5.4", "spec/support/busted.lua", file)))
    return child:finish()
end

local function skips(output, reason)
    assert.matches("\n%d+ passed, 0 failed, [1-9]%d* skipped\n", output)
    assert.is_truthy(output:find(reason, 1, true), output)
end

describe("a case that cannot run", function()
    it("is skipped where nothing can be traced", function()
        skips(output_of("spec/strace_spec.lua", "COVER=1"), "strace is not installed")
    end)

    it("is skipped where files cannot be replaced for one process", function()
        local folder <const> = net.path()
        assert(os.execute(("mkdir %s && ln -s /bin/false %s/unshare"):format(folder, folder)))
        local path <const> = ('PATH="%s:$PATH"'):format(folder)
        skips(output_of("spec/hostname_spec.lua", path), "/etc/hosts cannot be replaced")
        os.execute("rm -r " .. folder)
    end)
end)
