-- What a browser gets: as much of HTTP/1.1 as the web responders need. They differ
-- only in who waits for whom.

local socket <const> = require "tidewire.socket"

local web <const> = {}

local HEADER_LIMIT <const> = 8192 -- bytes of a request

local PAGES <const> = {
    ["/"] = function() return "<h1>欢迎来此访问!</h1>\n<a href=/time>The time</a>\n" end,
    ["/time"] = function() return os.date("%c") .. "\n" end,
}

local STATUS <const> = {
    [200] = "200 OK",
    [400] = "400 Bad Request",
    [404] = "404 Not Found",
    [405] = "405 Method Not Allowed\r\nAllow: GET, HEAD",
    [408] = "408 Request Timeout",
    [413] = "413 Content Too Large",
    [431] = "431 Request Header Fields Too Large",
}

-- The method, path, version ("0" or "1") and header fields, by name in small letters,
-- of a request; nil if it is none.
local function parse(text)
    local first <const>, rest <const> = text:match("^[\r\n]*(.-)\r\n(.*)\r\n$")
    local method <const>, path <const>, version <const> =
        (first or ""):match("^(%u+) (/[%g]*) HTTP/1%.([01])$")
    local fields <const> = {}
    for line in (rest or ""):gmatch("(.-)\r\n") do
        local name <const>, value <const> = line:match("^([^%s:]+):%s*(.-)%s*$")
        if not name then return nil end
        fields[name:lower()] = value
    end
    if not method or version == "1" and not fields.host then return nil end
    return {method = method, path = path:match("^[^?]*"), version = version, fields = fields}
end

-- The next request; or nil and the status that it deserves, 0 if there is none.
local function read_request(stream)
    if not stream:peek(1) then return nil, 0 end -- gone, or silent for too long
    local text, code, _
    repeat -- empty lines may come before a request
        text, _, code = stream:read_until("\r\n\r\n", HEADER_LIMIT)
    until text ~= "\r\n\r\n"
    local request <const> = text and parse(text)
    if text then return request, not request and 400 end
    return nil, code == "EMSGSIZE" and 431 or code == "timeout" and 408 or 0
end

-- The status and the body that answer a request.
local function answer(request)
    local page <const> = PAGES[request.path]
    if request.method ~= "GET" and request.method ~= "HEAD" then return 405 end
    return page and 200 or 404, page and page()
end

-- True if there may be another request after this one.
local function keeps_alive(request)
    local fields <const> = request.fields
    local wish <const> = (fields.connection or ""):lower()
    if fields["transfer-encoding"] or (fields["content-length"] or "0") ~= "0" then
        return false -- what follows is a body, and nobody here reads it
    end
    return wish == "keep-alive" or request.version == "1" and not wish:find("close", 1, true)
end

-- Writes a response; it leaves when the next read has to wait, or with flush.
local function respond(stream, status, body, head_only, alive)
    body = body or "<h1>" .. STATUS[status]:match("[^\r]*") .. "</h1>\n"
    return stream:write("HTTP/1.1 ", STATUS[status],
        "\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: ", #body,
        "\r\nDate: ", os.date("!%a, %d %b %Y %H:%M:%S GMT"),
        "\r\nConnection: ", alive and "keep-alive" or "close",
        "\r\n\r\n", head_only and "" or body)
end

-- Says good-bye and waits until it is heard: to close a socket with input that
-- nobody has read would destroy the response on its way.
local function hang_up(conn, stream)
    stream:flush()
    conn:shutdown(socket.SHUT_WR)
    conn:settimeout(1)
    for _ = 1, 100 do
        if not stream:read_some(65536) then break end
    end
end

--- Answers the requests of one connection, until it ends. `patience`: how many
--- seconds a request may take to come, and a response to go.
function web.serve(conn, patience)
    local stream <close> = conn:makefile("rw")
    conn:settimeout(patience)
    local alive
    repeat
        local request <const>, problem <const> = read_request(stream)
        if problem == 0 then return end
        local status, body = problem, nil
        if request then status, body = answer(request) end
        alive = request ~= nil and keeps_alive(request)
        print(request and request.method or "?", request and request.path or "?", status)
        local head_only <const> = request and request.method == "HEAD"
        if not respond(stream, status, body, head_only, alive) then return end
    until not alive
    hang_up(conn, stream)
end

return web
