--- Connections that wait for their next request.

local socket <const> = require "tidewire.socket"
local task <const> = require "tidewire.task"

local pool <const> = {}
local methods <const> = {}
local pool_mt <const> = { __name = "pool", __index = methods }

-- The connections are self[1], self[2], ..., those used last at the end.

--- A pool that keeps at most `total` connections, `each` for the same place, and
-- none for longer than `idle` seconds.
function pool.new(total, each, idle)
    return setmetatable({ total = total, each = each, idle = idle }, pool_mt)
end

-- Whoever waits for a request says nothing: bytes or an end mean that it is of
-- no use any more.
local function quiet(conn)
    local stream <const> = conn.stream
    local _, _, code <const> = task.timeout(0, stream.peek, stream, 1)
    return code == "timeout"
end

-- Closes what has waited too long.
local function expire(self)
    local oldest <const> = socket.monotonic() - self.idle
    while self[1] and self[1].since < oldest do
        table.remove(self, 1):close()
    end
end

--- Takes out a connection to that place; nil if there is none left that works.
function methods:take(key)
    expire(self)
    for i = #self, 1, -1 do
        if self[i] and self[i].key == key then
            local conn <const> = table.remove(self, i)
            if quiet(conn) then
                return conn
            end
            conn:close()
        end
    end
end

--- Gives a connection back, of which nothing is to come any more.
function methods:give(conn)
    conn.since = socket.monotonic()
    expire(self)
    self[#self + 1] = conn
    local same, first = 0, nil
    for i = #self, 1, -1 do
        if self[i].key == conn.key then
            same, first = same + 1, i
        end
    end
    if same > self.each then
        table.remove(self, first):close()
    elseif #self > self.total then
        table.remove(self, 1):close()
    end
end

--- Closes all of them.
function methods:close()
    while self[1] do
        table.remove(self):close()
    end
end

return pool
