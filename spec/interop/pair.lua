-- Runs a server and a client of interop/cases.lua against each other.

local process <const> = dofile("examples/lib/process.lua")

local pair <const> = {}

local function text(lines)
    return lines and #lines > 0 and table.concat(lines, "\n") .. "\n" or ""
end

-- Shows the typed lines after their prompts and hides what varies between runs.
local function transcript(output, side)
    local n = 0
    local prompt <const> = side.prompt and side.prompt:gsub("%p", "%%%0")
    local shown = not prompt and output or output:gsub(prompt, function(found)
        n = n + 1
        local line <const> = side.types[n] or "^D"
        return found .. (line == "" and "(nothing)" or line) .. "\n"
    end)
    shown = shown:gsub("%('127%.0%.0%.1', %d+%)", "<addr>")
    shown = shown:gsub("%f[%d]127%.0%.0%.1:%d+", "<addr>")
    shown = shown:gsub("%f[^\n\0]<?socket[^\t\n]*\t", "<socket>\t")
    shown = shown:gsub("%a%a%a %a%a%a [ %d]%d %d%d:%d%d:%d%d %d%d%d%d", "<time>")
    return shown
end

local function count_lines(s)
    return select(2, s:gsub("\n", ""))
end

--- The command that runs a tutorial program: pair.command("lua", "echo_server").
function pair.command(language, program)
    if language == "lua" then
        return process.lua("lua5.4", "examples/" .. program .. ".lua")
    end
    return "python3 " .. process.quote("spec/interop/" .. program .. ".py")
end

--- Runs the two commands with host and port added, the server on a free port.
--- Returns what both said, each {text = transcript, status = exit status}.
function pair.run(case, server_command, client_command)
    local server <close> = process.start(server_command .. " 127.0.0.1 0",
        text(case.server.types))
    local port <const> = server:expect("^listening on 127%.0%.0%.1:(%d+)\n")
    local greeting <const> = server.output:gsub("listening on [^\n]*\n$", "")
    assert(greeting == (case.server.greets or ""), greeting)
    server.output = ""
    local client <close> = process.start(client_command .. " 127.0.0.1 " .. port,
        text(case.client.types))
    local client_output, client_status = client:finish()
    if not case.server.ends then
        local wanted <const> = count_lines(case.server.says)
        while count_lines(transcript(server.output, case.server)) < wanted do
            server:expect("")
        end
        server:kill("TERM")
    end
    local server_output, server_status = server:finish()
    return {text = transcript(server_output, case.server), status = server_status},
        {text = transcript(client_output, case.client), status = client_status}
end

return pair
