-- Every allocation and every call can fail: the scenarios of spec/support/fault
-- run once for each operation they make, with that operation spoilt, see
-- spec/support/fault_host.c. Nothing may leak, crash, hang, or fail again when
-- repeated; what is only cut short or put off may not even fail.

local process <const> = dofile("examples/lib/process.lua")

local HOST <const> = (os.getenv "TIDEWIRE_BUILD" or "build") .. "/test/fault_host"
local BACKEND <const> = os.getenv "TIDEWIRE_BACKEND" or "epoll"

-- The fewest operations of a scenario that make its runs mean something:
-- requests for memory, then calls of the network that can fail. What is `except`
-- a pattern of kinds that would take for ever.
local SCENARIOS <const> = {
    load = {500, 3},
    tcp = {100, 40},
    udp = {30, 15},
    multicast = {30, 15},
    pair = {50, 25},
    pair_inet = {60, 40},
    stream = {30, 20},
    transfer = {40, 15},
    lend = {40, 15, except = "short on"},
    relay = {200, 15, except = "short on"},
    lookup = {150, 35},
    options = {40, 12},
    closing = {40, 12},
    timeout = {40, 25},
    task = {200, 5},
    task_channel = {400, 2},
    task_scope = {400, 15},
    task_select = {400, 15},
    task_nested = {200, 20},
    task_unjoined = {100, 1},
    task_net = {300, 40},
    fds = {100, 15},
    http_server = {400, 100, except = "short on"},
    http_files = {50, 0}, -- which are no network
    http_form = {300, 0},
    http_client = {0, 25, except = "^memory"}, -- most of it for loading
}

if pcall(require, "tidewire.ws_core") then
    SCENARIOS.websocket = {200, 30, except = "memory on"}
end

local KINDS <const> = {
    {"memory once", "the nth request for memory fails", 1},
    {"memory on", "from the nth on all requests for memory fail", 1},
    {"fail once", "the nth call fails", 2},
    {"fail on", "from the nth on all calls fail", 2},
    {"fail2 once", "the nth call fails for another reason", 2},
    {"fail2 on", "from the nth on all calls fail for another reason", 2},
    {"short once", "the nth transfer moves one byte"},
    {"short on", "from the nth on all transfers move one byte"},
    {"block once", "the nth call would block"},
    {"block on", "from the nth on half of the calls would block"},
    {"signal once", "a signal interrupts the nth call"},
    {"signal on", "from the nth on a signal interrupts half of the calls"},
}

process.limit = 240 -- seconds: the longest take a tenth of it

local function start(kind, scenario)
    return process.start(("%s %s %s spec/support/fault/%s.lua"):format(
        process.quote(HOST), kind, BACKEND, scenario))
end

-- How often it ran, if it ended well.
local function finish(child)
    local output <const>, status <const> = child:finish()
    assert.equal(0, status, output)
    return tonumber(output:match(": (%d+) runs, %d+ failures injected.*, ok\n$"))
end

-- Scenarios are processes of their own: one for each processor runs at a time.
local function processors()
    local pipe <close> = assert(io.popen "nproc")
    return pipe:read "n" or 1
end

-- Instruments of its own kind under the hood make these runs no better.
local stressed <const> = (os.getenv "TIDEWIRE_LUA" or ""):find("gcstress", 1, true)

describe("when", function()
    local most <const> = processors()

    for _, kind in ipairs(KINDS) do
        it(kind[2] .. ", every scenario ends well", function()
            if stressed then return pending "not again under the collector's stress" end
            local running <const> = {}
            local _ <close> = setmetatable({}, {__close = function()
                for _, one in ipairs(running) do one.child:kill "KILL" end
            end})
            local function check_first()
                local first <const> = table.remove(running, 1)
                local runs <const> = finish(first.child)
                local fewest <const> = SCENARIOS[first.name][kind[3]] or 0
                assert.is_true(runs > fewest, first.name .. ": " .. runs)
            end
            for name, scenario in pairs(SCENARIOS) do
                if not kind[1]:find(scenario.except or "^$") then
                    if #running == most then check_first() end
                    running[#running + 1] = {name = name, child = start(kind[1], name)}
                end
            end
            while #running > 0 do check_first() end
        end)
    end
end)
