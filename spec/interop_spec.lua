-- The tutorials' own Python programs against our Lua ones, in both directions.

local process <const> = dofile("examples/lib/process.lua")
local cases <const> = dofile("spec/interop/cases.lua")
local pair <const> = dofile("spec/interop/pair.lua")
local socket <const> = require "tidewire.socket"

local KINDS <const> = {stream = socket.SOCK_STREAM, dgram = socket.SOCK_DGRAM}

local have_python <const> = os.execute("python3 -c '' 2>/dev/null")

local function needs_python(name, body)
    if have_python then return it(name, body) end
    return pending(name .. " (python3 is not installed)")
end

local function temporary_path()
    local path <const> = os.tmpname()
    os.remove(path)
    return path .. ".sock"
end

-- The address a path of the Python programs stands for: "@x" is abstract.
local function unix_address(path)
    return (path:gsub("^@", "\0"))
end

local function start_python(program, kind, path, typed)
    return process.start(("python3 spec/interop/%s.py %s %s")
        :format(program, kind, process.quote(path)), typed)
end

-- Our server: answers until the client has left (an empty datagram says so).
local function serve_echo(server, kind)
    local peer
    if kind == "stream" then peer = assert(server:accept()) end
    while true do
        local data, addr
        if peer then data = peer:recv(1024) else data, addr = assert(server:recvfrom(1024)) end
        if not data or data == "" then break end
        if peer then
            assert(peer:sendall(data))
        else
            assert.equal(#data, (assert(server:sendto(data, addr))))
        end
    end
    if peer then peer:close() end
end

-- Our client: says each word and returns what came back; then takes its leave.
local function say_words(client, kind, words)
    local answers <const> = {}
    for i, word in ipairs(words) do
        assert(client:sendall(word))
        answers[i] = assert(client:recv(1024))
    end
    if kind == "dgram" then assert(client:send("")) end
    return answers
end

-- A Unix socket that gives up after ten seconds, and the path it may bind.
local function unix_socket(kind)
    local sock <const> = assert(socket.socket(socket.AF_UNIX, KINDS[kind]))
    sock:settimeout(10)
    return sock
end

describe("interop with Python", function()
    for name, case in pairs(cases) do
        for _, side in ipairs {{"lua", "python"}, {"python", "lua"}} do
            needs_python(("%s: %s server, %s client"):format(name, side[1], side[2]), function()
                local server <const>, client <const> = pair.run(case,
                    pair.command(side[1], name .. "_server"),
                    pair.command(side[2], name .. "_client"))
                assert.equal(case.client.says, client.text)
                assert.equal(case.server.says, server.text)
                assert.equal(0, client.status)
            end)
        end
    end
end)

describe("interop with Python over Unix sockets", function()
    for kind in pairs(KINDS) do
        for _, form in ipairs {"path", "abstract name"} do
            local function new_path()
                local path <const> = temporary_path()
                return form == "path" and path or "@" .. path
            end

            needs_python(("%s by %s: lua server, python client"):format(kind, form), function()
                local path <const> = new_path()
                local server <close> = unix_socket(kind)
                assert(server:bind(unix_address(path)))
                if kind == "stream" then assert(server:listen(1)) end
                local client <close> = start_python("unix_echo_client", kind, path,
                    "hello\ntwo words\n")
                serve_echo(server, kind)
                local output, status = client:finish()
                assert.equal("hello\ntwo words\n", output)
                assert.equal(0, status)
                os.remove(path)
                os.remove(path .. "-client")
            end)

            needs_python(("%s by %s: python server, lua client"):format(kind, form), function()
                local path <const> = new_path()
                local server <close> = start_python("unix_echo_server", kind, path)
                server:expect("^listening on ")
                local client <close> = unix_socket(kind)
                if kind == "dgram" then assert(client:bind(unix_address(path .. "-client"))) end
                assert(client:connect(unix_address(path)))
                assert.same({"hello", "two words"}, say_words(client, kind, {"hello", "two words"}))
                client:close()
                local output, status = server:finish()
                assert.equal("listening on " .. path .. "\nhello\ntwo words\n", output)
                assert.equal(0, status)
                os.remove(path)
                os.remove(path .. "-client")
            end)
        end
    end
end)
