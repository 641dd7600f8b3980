-- Random requests in random pieces, several connections at a time, against a model:
-- each is answered in its turn with what its handler made of exactly its own bytes.

local net <const> = require "spec.support.net"
local serving <const> = require "spec.support.http_serving"
local socket <const> = require "tidewire.socket"
local task <const> = require "tidewire.task"
local tasks <const> = require "spec.support.tasks"
local it <const> = tasks.checked(it)

local random <const> = math.random
local TEXT <const> = ("0123456789abcdefghijklmnopqrstuvwxyz\r\n"):rep(2000)

local function pick(list)
    return list[random(#list)]
end

local function some_text(most)
    local from <const> = random(1000)
    local size <const> = random(4) == 1 and random(0, most) or random(0, 40)
    return TEXT:sub(from, from + size - 1)
end

-- -- what is asked ---------------------------------------------------------------

local function chunked(body)
    local out <const> = {}
    local at = 1
    while at <= #body do
        local n <const> = random(math.max(1, #body // 3))
        local piece <const> = body:sub(at, at + n - 1)
        out[#out + 1] = ("%x%s\r\n%s\r\n"):format(#piece, pick{"", "", ";a=b", ";q=\"x;y\""}, piece)
        at = at + n
    end
    return table.concat(out) .. pick{"0", "000", "0;last"} .. "\r\n" ..
        pick{"", "X-Sum: 1\r\nX-B:\r\n"} .. "\r\n"
end

-- A request: its text, and what the handler shall do.
local function request(i)
    local r <const> = {i = i, read = pick{"all", "all", "pieces", "some", "none"},
        answer = pick{"send", "send", "write", "length", "file", "empty", "fail", "late"},
        method = pick{"GET", "POST", "POST", "PUT", "HEAD", "DELETE"}, extra = random(0, 9) == 0 and
        random(30000) or random(50), k = random(100), body = some_text(60000)}
    local fields = "Host: x\r\nX-Noise: " .. ("n"):rep(random(0, 30)) .. "\r\n"
    local framing <const> = pick{"none", "length", "chunked"}
    local body = ""
    if framing == "none" then
        r.body = ""
    elseif framing == "length" then
        fields, body = fields .. "Content-Length: " .. #r.body .. "\r\n", r.body
    else
        fields, body = fields .. "Transfer-Encoding: chunked\r\n", chunked(r.body)
    end
    if body ~= "" and random(8) == 1 then fields = fields .. "Expect: 100-continue\r\n" end
    r.target = ("/%d?%s,%s,%d,%d"):format(i, r.read, r.answer, r.k, r.extra)
    r.text = r.method .. " " .. r.target .. " HTTP/1.1\r\n" .. fields .. "\r\n" .. body
    return r
end

-- -- what the handler does -------------------------------------------------------

local function must(ok, message, code)
    if not ok then error(("%s (%s)"):format(message, code), 0) end
    return ok
end

local READ <const> = {
    all = function(req) return must(req:body()) end,
    pieces = function(req, k)
        local pieces <const> = {}
        repeat
            local piece <const>, message <const>, code <const> = req:read(k)
            must(piece or code == "eof", message, code)
            pieces[#pieces + 1] = piece
        until not piece
        return table.concat(pieces)
    end,
    some = function(req, k) return req:read(k) or "" end,
    none = function() return "" end,
}

local ANSWER <const> = {
    send = function(res, text) must(res:send(text)) end,
    late = function(res, text)
        task.yield()
        collectgarbage "step"
        must(res:send(text))
    end,
    write = function(res, text, k)
        for i = 1, #text, k * 10 do must(res:write(text:sub(i, i + k * 10 - 1))) end
        must(res:finish{["X-End"] = "1"})
    end,
    length = function(res, text, k)
        res:set("Content-Length", #text)
        for i = 1, #text, k * 10 do must(res:write(text:sub(i, i + k * 10 - 1))) end
    end,
    file = function(res, text)
        local file <close> = io.tmpfile()
        file:write("<", text)
        file:flush()
        must(res:sendfile(file, 1))
    end,
    empty = function(res)
        res.status = 204
        must(res:send())
    end,
    fail = function() error "as told" end,
}

local function reply(method, i, got, extra)
    return ("%s %s %s %s"):format(method, i, got, TEXT:sub(1, extra))
end

local function handle(req, res)
    local read <const>, answer <const>, k <const>, extra <const> =
        req.query:match "^(%a+),(%a+),(%d+),(%d+)$"
    local got <const> = READ[read](req, math.tointeger(k))
    ANSWER[answer](res, reply(req.method, req.path:sub(2), got, math.tointeger(extra)),
        math.tointeger(k))
end

-- -- what comes back -------------------------------------------------------------

local function head(f)
    local line <const> = f:read "l"
    if not line then return nil end
    local fields <const> = {}
    for field in f:lines "l" do
        if field == "\r" then break end
        local name <const>, value <const> = field:match "^([%w-]+): (.*)\r$"
        fields[name:lower()] = value
    end
    return assert(line:match "^HTTP/1%.1 (%d%d%d) [%a ]+\r$", line), fields
end

local function chunks(f)
    local body = ""
    while true do
        local size <const> = tonumber(assert(f:read "l"):match "^(%x+)\r$", 16)
        if size == 0 then
            repeat local line <const> = assert(f:read "l") until line == "\r"
            return body
        end
        body = body .. assert(f:read(size))
        assert(f:read(2) == "\r\n")
    end
end

-- Status, body, whether the connection goes on; nil at its end.
local function answer(f, method)
    local status, fields = head(f)
    if status == "100" then status, fields = head(f) end
    if not status then return nil end
    local body = ""
    if method ~= "HEAD" and status ~= "204" then
        local length <const> = tonumber(fields["content-length"])
        body = length == 0 and "" or length and f:read(length) or chunks(f)
    end
    return status, body, fields.connection ~= "close"
end

-- Whether that is the answer; for what was read in part there are several.
local function check(r, status, body)
    local expected <const> = r.answer == "empty" and "204" or r.answer == "fail" and "500" or "200"
    assert(status == expected, r.text:sub(1, 100) .. status)
    if r.method == "HEAD" or r.answer == "empty" or r.answer == "fail" then return end
    local got = r.body
    if r.read == "none" then got = "" end
    if r.read == "some" then
        got = got:sub(1, #body - #reply(r.method, r.i, "", r.extra))
        assert(#got <= r.k and (#got > 0 or r.body == ""))
    end
    assert(body == reply(r.method, r.i, got, r.extra), r.text:sub(1, 200))
end

local function send(s, list, from)
    local all = {}
    for i = from, #list do all[#all + 1] = list[i].text end
    all = table.concat(all)
    local at, step <const> = 1, pick{10, 1000, 100000}
    while at <= #all do
        local n <const> = random(step)
        if not s:sendall(all:sub(at, at + n - 1)) then return end
        at = at + n
        if random(3) == 1 then task.yield() end
    end
end

-- Asks for all from the first on; how many were answered before the connection
-- ended, which it may only after a body that was not read.
local function converse(connect, list, from)
    local s <close> = connect()
    local sender <const> = task.spawn(send, s, list, from)
    local f <close> = s:makefile "r"
    local i = from
    local on = true
    while on and i <= #list do
        local r <const> = list[i]
        local status <const>, body <const>, more <const> = answer(f, r.method)
        if not status then
            on = false
        else
            check(r, status, body)
            i, on = i + 1, more
        end
    end
    s:close()
    sender:join()
    local last <const> = list[i - 1]
    assert(i > #list or i > from and (last.read ~= "all" and last.read ~= "pieces"), i)
    return i
end

describe("random requests in random pieces", function()
    for seed = 1, tasks.many(20) // 4 do
        it("are answered as the model says, seed " .. seed, function()
            math.randomseed(seed)
            local handled, connections = 0, 0
            serving.serve({handler = handle, linger_timeout = 0.2}, function(server, connect)
                local list <const> = {}
                for c = 1, 8 do
                    local requests <const> = {}
                    for i = 1, tasks.many(100) do requests[i] = request(i) end
                    list[c] = task.spawn(function()
                        local i = 1
                        while i <= #requests do
                            i = converse(connect, requests, i)
                            connections = connections + 1
                        end
                        handled = handled + #requests
                    end)
                end
                local deadline <const> = socket.monotonic() + net.LIMIT
                for c = 1, 8 do assert(list[c]:join(deadline - socket.monotonic()) ~= false) end
                while server:stats().connections > 0 do task.sleep(0.001) end
                for _, err in ipairs(server.errors) do assert.truthy(err:find "as told", err) end
            end)
            print(("# seed %d: %d requests over %d connections"):format(seed, handled, connections))
        end)
    end
end)
