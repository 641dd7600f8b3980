-- Libraries with a scheduler of their own over coroutines, written for plain
-- Lua: one that took coroutine.resume before tidewire replaced it, and one that
-- takes what it finds. Each script runs in a child process.

local net <const> = require "spec.support.net"
local process <const> = dofile("examples/lib/process.lua")

-- A scheduler as such libraries have it: add(f), and run() until all have ended.
local LIBRARY <const> = [[
    local function new_library()
        local create, resume, status, yield, running = coroutine.create, coroutine.resume,
            coroutine.status, coroutine.yield, coroutine.running
        local lib, threads = {}, {}
        function lib.add(f, ...)
            threads[#threads + 1] = {co = create(f), args = table.pack(...)}
        end
        lib.pause = yield
        lib.running = running
        function lib.run()
            local rounds = 0
            while #threads > 0 do
                rounds = rounds + 1
                for i = #threads, 1, -1 do
                    local t = threads[i]
                    local ok, e = resume(t.co, table.unpack(t.args, 1, t.args.n))
                    if not ok then print("failed", (tostring(e):gsub("^.-:%d+: ", ""))) end
                    if status(t.co) == "dead" then table.remove(threads, i) end
                end
                if rounds > 10000 then error "it goes round and round" end
            end
        end
        return lib
    end
]]

local LOAD <const> = [[
    local socket, task = require "tidewire.socket", require "tidewire.task"
]]
local MAKE <const> = [[ local lib = new_library() ]]

-- How a script begins that has `lib`, `task` and `socket`.
local KINDS <const> = {
    ["took the original functions"] = LIBRARY .. MAKE .. LOAD,
    ["uses the replaced functions"] = LIBRARY .. LOAD .. MAKE,
}

-- Runs such a script in a fresh interpreter; it must print these lines.
local function says(kind, lines, body)
    local path <const> = net.file(KINDS[kind] .. body)
    local child <close> = process.start(process.lua("lua5.4", path))
    local output <const>, status <const> = child:finish()
    os.remove(path)
    assert.equal(table.concat(lines, "\n") .. "\n", output)
    assert.equal(0, status)
end

for kind in pairs(KINDS) do
    describe("a library that " .. kind, function()
        it("schedules coroutines that wait for nothing, in a task as on main", function()
            says(kind, {"b1", "a1", "b2", "a2", "b1", "a1", "b2", "a2"}, [[
                local function work(name)
                    for i = 1, 2 do print(name .. i) lib.pause() end
                end
                lib.add(work, "a") lib.add(work, "b") lib.run()
                task.spawn(function()
                    lib.add(work, "a") lib.add(work, "b") lib.run()
                end):join()
            ]])
        end)

        it("has coroutines that read what a peer sends", function()
            says(kind, {"main\tone\ttwo", "task\tone\ttwo"}, [[
                local function read(where)
                    local a, b = socket.socketpair()
                    b:send "one"
                    lib.add(function()
                        a:settimeout(5)
                        local first = a:recv(10)
                        lib.pause()
                        b:send "two"
                        print(where, first, (a:recv(10)))
                    end)
                    lib.run()
                end
                read "main"
                task.spawn(read, "task"):join()
            ]])
        end)

        it("has coroutines whose waits end at their timeouts", function()
            says(kind, {"timeout\tin time", "timeout\tin time", "true\tin time"}, [[
                local function limits()
                    local a, b = socket.socketpair()
                    a:settimeout(0.01)
                    lib.add(function()
                        local start = socket.monotonic()
                        local _, _, code = a:recv(1)
                        local took = socket.monotonic() - start
                        print(code, took >= 0.01 and took < 2 and "in time")
                    end)
                    lib.run()
                end
                limits()
                task.spawn(limits):join()
                task.spawn(function()
                    lib.add(function()
                        local start = socket.monotonic()
                        print(task.sleep(0.01), socket.monotonic() - start >= 0.01 and "in time")
                    end)
                    lib.run()
                end):join()
            ]])
        end)

        it("has coroutines that join tasks, on the main thread", function()
            says(kind, {"joined"}, [[
                lib.add(function()
                    print(task.spawn(function() task.sleep(0.001) return "joined" end):join())
                end)
                lib.run()
            ]])
        end)

        it("may hold generators that use the other functions", function()
            says(kind, {"1", "2", "3", "main", "1", "2", "3", "task"}, [[
                local function work(where)
                    local a, b = socket.socketpair()
                    a:settimeout(5)
                    b:send "123"
                    lib.add(function()
                        for x in coroutine.wrap(function()
                            for _ = 1, 3 do coroutine.yield((a:recv(1))) end
                        end) do
                            print(x)
                            lib.pause()
                        end
                    end)
                    lib.run()
                    print(where)
                end
                work "main"
                task.spawn(work, "task"):join()
            ]])
        end)
    end)
end

describe("a library that took the original functions", function()
    local kind <const> = "took the original functions"

    it("cannot suspend a task: a wait for another one is refused, not a hang", function()
        says(kind, {"false\tcannot wait for another task here", "after\ttrue"}, [[
            local ch = task.channel()
            local t = task.spawn(function()
                lib.add(function()
                    local ok, e = pcall(ch.receive, ch)
                    print(ok, (e:match "cannot wait for another task here"))
                end)
                lib.run()
                return ch:receive()
            end)
            task.yield()
            print("after", ch:send(true) and t:join())
        ]])
    end)

    it("sees a task's own coroutine as suspended, and does it no harm by looking", function()
        says(kind, {"done"}, [[
            local co
            local t = task.spawn(function()
                co = coroutine.running()
                task.sleep(0.001)
                return "done"
            end)
            task.yield()
            debug.traceback(co)
            print(t:join())
        ]])
    end)
end)

describe("a library that uses the replaced functions", function()
    it("lets other tasks run while one of its coroutines waits", function()
        says("uses the replaced functions", {"other", "v"}, [[
            local a, b = socket.socketpair()
            task.spawn(function() print "other" b:send "v" end)
            local t = task.spawn(function()
                lib.add(function() print((a:recv(1))) end)
                lib.run()
            end)
            t:join()
        ]])
    end)
end)
