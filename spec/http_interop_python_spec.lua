-- Python's http.client and urllib as clients of ours.

local net <const> = require "spec.support.net"
local process <const> = dofile("examples/lib/process.lua")

local have_python <const> = os.execute("python3 -c '' 2>/dev/null")

describe("Python's clients", function()
    if not have_python then
        pending("get along with our server (python3 is not installed)")
        return
    end

    it("get along with our server", function()
        local folder <const> = net.path()
        assert(os.execute(("mkdir -p %s/files && printf 0123456789 >%s/files/ten.txt")
            :format(folder, folder)))
        local server <close> = process.start(process.lua("lua5.4", "spec/interop/http_server.lua",
            folder))
        local port <const> = server:expect "^(%d+)\n"
        local client <close> = process.start("python3 spec/interop/http_client.py " .. port)
        assert.same({
            "one_connection\nlarge_both_ways\none_zero\nforms\ncookies\nredirects\nfiles\n", 0,
        }, { client:finish() })
        server:kill()
        os.execute("rm -r " .. folder)
    end)
end)
