-- The echo server on luv, in callbacks as luv is used. As echo_uv.c it tries
-- to send at once and queues a write for what did not fit.

local uv = require "luv"

local BACKLOG <const> = 4096

local have_data

-- Reading stops meanwhile, so that no more piles up than one block.
local function queue(conn, rest)
    conn:read_stop()
    conn:write(rest, function(failed)
        if failed then
            conn:close()
        else
            conn:read_start(have_data(conn))
        end
    end)
end

function have_data(conn)
    return function(_, data)
        if not data then -- the end of the stream, or an error
            conn:close()
            return
        end
        local sent <const> = conn:try_write(data) or 0
        if sent < #data then queue(conn, data:sub(sent + 1)) end
    end
end

local server <const> = uv.new_tcp()
assert(server:bind("127.0.0.1", 0))
assert(server:listen(BACKLOG, function(failed)
    assert(not failed, failed)
    local conn <const> = uv.new_tcp()
    assert(server:accept(conn))
    conn:read_start(have_data(conn))
end))
io.write("port ", server:getsockname().port, "\n"):flush()
uv.run()
