-- A server that other people's clients are tried on: http_server.lua FOLDER. It
-- listens on TCP, whose port it prints, and on FOLDER/socket; uploads go to
-- FOLDER/uploads/, and /files/ is FOLDER/files.

local http <const> = require "tidewire.http"
local task <const> = require "tidewire.task"

local folder <const> = arg[1]
local app <const> = http.router()

app:get("/hello", function(_, res) res:text "hello\n" end)

app:route({ "POST", "PUT" }, "/echo", function(req, res)
    req.max_body = 1 << 30
    local piece, message, code = req:read(65536)
    while piece do
        assert(res:write(piece))
        piece, message, code = req:read(65536)
    end
    assert(code == "eof", message)
    res:finish()
end)

-- How many bytes there are, and how they came.
app:route({ "POST", "PUT" }, "/count", function(req, res)
    local count = 0
    req.max_body = 1 << 30
    local piece, _, code = req:read()
    while piece do
        count = count + #piece
        piece, _, code = req:read()
    end
    res:text(("%d %s %s %s\n"):format(count, code, req:header "Transfer-Encoding" or "-",
        req.length or "-"))
end)

app:any("/refuse", function(_, res) res:error(413) end)

app:post("/form", function(req, res)
    local _, list <const> = assert(req:form())
    res:text(http.query.encode(list) .. "\n")
end)

app:get("/args", function(req, res)
    local _, list <const> = req:args()
    res:text(http.query.encode(list) .. "\n")
end)

app:post("/json", function(req, res)
    local value <const>, message <const>, code <const> = req:json()
    if value == nil then
        return res:error(code, message)
    end
    res:json(value)
end)

app:post("/upload", function(req, res)
    local lines <const> = {}
    for part in req:multipart { total = 64 << 20 } do
        if part.filename then
            local path <const>, size <const> = part:save(folder .. "/uploads/")
            lines[#lines + 1] = ("%s %s %s %d %s"):format(part.name, part:basename(), part.type,
                assert(size), path)
        else
            lines[#lines + 1] = ("%s=%s"):format(part.name, part:body())
        end
    end
    res:text(table.concat(lines, "\n") .. "\n")
end)

app:get("/cookies", function(req, res)
    local names <const> = {}
    for name, value in pairs(req.cookies) do
        names[#names + 1] = name .. "=" .. value
    end
    table.sort(names)
    res:cookie("first", "1")
    res:cookie("second", not req.cookies.second and "2", { path = "/cookies", httponly = true })
    res:text(table.concat(names, " ") .. "\n")
end)

app:get("/trailers", function(_, res)
    res:set("Trailer", "Checksum")
    res:write "with trailers\n"
    res:finish { Checksum = "1234" }
end)

app:get("/redirect/:status", function(req, res)
    res:redirect("/hello", math.tointeger(req.params.status))
end)
app:post("/redirect/:status", function(req, res)
    res:redirect("../echo", math.tointeger(req.params.status))
end)

app:get("/large", function(_, res)
    local piece <const> = ("0123456789abcde\n"):rep(4096)
    for _ = 1, 160 do
        assert(res:write(piece))
    end
    res:finish()
end)

-- The most memory that this process has held, in KiB.
app:get("/memory", function(_, res)
    local file <close> = assert(io.open "/proc/self/status")
    res:text(file:read("a"):match "VmHWM:%s*(%d+)" .. "\n")
end)

-- How many requests there have been, and how many connections there are, by the
-- socket; and what a proxy says about the client.
local over_unix
app:get("/proxied", function(req, res)
    local stats <const> = over_unix:stats()
    res:text(("%d %d %s %s\n"):format(stats.requests, stats.connections,
        req:header "X-Forwarded-For", req:header "Host"))
end)

app:mount("/files", assert(http.files(folder .. "/files")))

local over_tcp <const> = assert(http.server { handler = app })
over_unix = assert(http.server { handler = app, path = folder .. "/socket" })
task.scope(function(scope)
    scope:spawn(over_tcp.run, over_tcp)
    scope:spawn(over_unix.run, over_unix)
    print(over_tcp:getsockname().port)
    io.stdout:flush()
end)
