-- The guided demo: runs every example server and its clients against each other
-- on free ports of this machine, with the typing done for you, and shows what
-- all sides say. Ends by itself, with status 0 if all went as it should.
--   lua5.4 examples/demo.lua

local HERE <const> = arg[0]:match("^(.*/)") or "./"
local process <const> = dofile(HERE .. "lib/process.lua")
local SCENES <const> = {dofile(HERE .. "lib/scenes.lua"), dofile(HERE .. "lib/web_scenes.lua")}

-- One entry per pair: what is typed on each side, and what each side must say
-- (in this order). `ends` marks a server that ends by itself.
local SHOWS <const> = {
    {
        name = "tcp_skeleton", title = "The skeleton of TCP",
        about = "socket, bind, listen, accept, recv and send; the answer comes in capitals.",
        client = {types = {"one", "two"}, says = {"ONE", "TWO"}},
        server = {says = {}},
    },
    {
        name = "udp_skeleton", title = "The skeleton of UDP",
        about = "No connection: recvfrom says who asked, sendto answers there.",
        client = {types = {"one", "two"}, says = {"ONE", "TWO"}},
        server = {says = {}},
    },
    {
        name = "oneshot", title = "One message",
        about = "The client connects, says one thing and is gone.",
        client = {says = {}},
        server = {says = {"the message from 127.0.0.1 is: lua学习笔记"}},
    },
    {
        name = "time", title = "The time server",
        about = 'Each message is answered with the time; "exit" ends both sides.',
        client = {prompt = "> ", types = {"what time is it?", "exit"},
            says = {"], what time is it?", "say: see you again"}},
        server = {ends = true, says = {": what time is it?"}},
    },
    {
        name = "chat", title = "A chat in turns",
        about = 'Each side waits for the other, until somebody says "byebye".',
        client = {prompt = "client input: ", types = {"hello", "busy?", "byebye"},
            says = {"says: how are you?", "says: always"}},
        server = {prompt = "server input: ", types = {"how are you?", "always"},
            says = {"says: hello", "says: busy?", "says: byebye", "has left!"}},
    },
    {
        name = "echo", title = "Echo",
        about = "Whatever is typed comes back.",
        client = {prompt = "Please input some string > ", types = {"hello", "echo"},
            says = {"hello", "echo"}},
        server = {says = {"Connected by", "hello", "echo"}},
    },
    {
        name = "echo_checked", title = "Echo, with every error handled",
        about = "The same, in the form to start a real program from.",
        client = {prompt = "Please input some string > ", types = {"hello", "", "echo"},
            says = {"hello", "can't be empty", "echo"}},
        server = {says = {"Connected by", "hello", "echo", "the client has left"}},
    },
    {
        name = "udp_echo", title = "Echo over UDP",
        about = "The same, one datagram at a time.",
        client = {prompt = "Please Input data > ", types = {"hello", "echo"},
            says = {"Data : hello", "Data : echo"}},
        server = {says = {"Receive Data : hello", "Receive Data : echo", "waiting for data"}},
    },
    {
        name = "hello", title = "hello / hi",
        about = "The server's keyboard answers, and the next client may come when one leaves.",
        client = {prompt = "client: ", types = {"hello", "still there?"},
            says = {"server: hi", "server: yes"}},
        server = {prompt = "server: ", types = {"hi", "yes"},
            says = {"client: hello", "client: still there?", "exit!", "waiting for connect!!"}},
    },
}

local TERMINATED <const> = 128 + 15 -- the status of a server ended by kill

-- The interpreter that runs this script is the first word of its command line.
local function interpreter()
    local first = 0
    while arg[first - 1] do first = first - 1 end
    return process.quote(arg[first])
end

local function start(name, port, types)
    local script <const> = HERE .. name .. ".lua"
    local typed <const> = types and table.concat(types, "\n") .. "\n" or ""
    return process.start(process.lua(interpreter(), script, "127.0.0.1", port), typed)
end

-- Prints what one side said, with the typed lines put where they were typed.
local function show(who, output, side)
    local typed = 0
    if side.prompt then
        output = output:gsub(side.prompt:gsub("%p", "%%%0"), function(prompt)
            typed = typed + 1
            local line <const> = side.types[typed] or "(end of input)"
            return prompt .. (line == "" and "(nothing)" or line) .. "\n"
        end)
    end
    for line in output:gmatch("[^\n]*\n") do
        io.write("   ", who, " | ", line)
    end
end

-- Raises unless the output holds all the texts, one after the other.
local function check(who, output, says)
    local from = 1
    for _, text in ipairs(says) do
        local _, last <const> = output:find(text, from, true)
        if not last then error(who .. " did not say: " .. text, 0) end
        from = last + 1
    end
end

-- Reads on until the server has said all it has to say, and ends it.
local function finish(server, side)
    if side.ends then return server:finish() end
    for _, text in ipairs(side.says) do
        server:expect(text:gsub("%p", "%%%0"))
    end
    return server:kill()
end

local function run(case)
    local server <close> = start(case.name .. "_server", 0, case.server.types)
    local port <const> = server:expect("^listening on .*:(%d+)\n")
    show("server", server.output, {})
    server.output = ""
    local client <close> = start(case.name .. "_client", port, case.client.types)
    local client_output <const>, client_status <const> = client:finish()
    show("client", client_output, case.client)
    if client_status ~= 0 then error("the client failed", 0) end
    local server_output <const>, server_status <const> = finish(server, case.server)
    show("server", server_output, case.server)
    if server_status ~= (case.server.ends and 0 or TERMINATED) then
        error("the server failed", 0)
    end
    check("the client", client_output, case.client.says)
    check("the server", server_output, case.server.says)
end

-- What a scene is played on, see lib/scenes.lua.
local stage <const> = {}
local actor <const> = {}
local actor_mt <const> = {__index = actor}

function stage.show(who, line)
    print("   " .. who .. " | " .. line)
end

function stage.start(who, name, ...)
    local command <const> = process.lua(interpreter(), HERE .. name .. ".lua", ...)
    return setmetatable({who = who, child = process.start_typing(command)}, actor_mt)
end

function stage.port(server)
    return server:says("listening on 127.0.0.1:"):match(":(%d+)\n")
end

function actor:types(line)
    stage.show(self.who, "> " .. (line or "(end of input)"))
    self.child:type(line)
end

function actor:says(text)
    local line <const> = self.child:expect("^[^\n]*" .. text:gsub("%p", "%%%0") .. "[^\n]*\n")
    show(self.who, self.child.output, {})
    self.child.output = ""
    return line
end

function actor_mt:__close()
    self.child:kill()
end

local number, failures = 0, 0

-- Announces what is shown, shows it, and counts failures.
local function present(item, scripts, f, ...)
    number = number + 1
    print(("%d. %s\n   %s"):format(number, item.title, item.about))
    print("   " .. HERE .. table.concat(scripts, ".lua  and  " .. HERE) .. ".lua\n")
    local ok <const>, problem <const> = pcall(f, ...)
    if not ok then
        failures = failures + 1
        print("   FAILED: " .. tostring(problem))
    end
    print()
end

io.stdout:setvbuf("line")
print "Tidewire: the socket tutorials, each server with its clients.\n"
for _, case in ipairs(SHOWS) do
    present(case, {case.name .. "_server", case.name .. "_client"}, run, case)
end
for _, scenes in ipairs(SCENES) do
    for _, scene in ipairs(scenes) do
        present(scene, scene.scripts, scene.play, stage)
    end
end
print(failures == 0 and "All " .. number .. " did what they should."
    or failures .. " of " .. number .. " failed.")
os.exit(failures == 0)
