-- What bytes are as requests, to us and to others. A verdict is what a server
-- answers to each request in them: "200" to one that is well-formed, with ":" and
-- the length of its body if it has one; a refusal is the status, or "no" where
-- only that is known. Nothing is said of a request that does not end.

local core <const> = require "tidewire.http_core"
local net <const> = require "spec.support.net"
local nginx <const> = require "spec.support.nginx"
local process <const> = dofile("examples/lib/process.lua")
local socket <const> = require "tidewire.socket"

local verdicts <const> = {}

-- How many bytes of the body at the beginning of `bytes` are its own, and how
-- long it is as it stands there; nil if it does not end; false, status.
local function body(head, bytes)
    if head.framing == "none" then return 0, 0 end
    local feed <const> = core.body(head.framing, head.length)
    local own, read = 0, 0
    repeat
        local piece <const>, used <const>, done <const>, status <const> = feed(bytes:sub(read + 1))
        if not piece then return false, status end
        own, read = own + #piece, read + used
        if done then return own, read end
    until used == 0
    return nil
end

-- What is said of the first request of `bytes`, and what lies behind it; nil,
-- if it was the last.
local function first(bytes)
    local head <const>, message <const>, _, status <const> = core.parse_request(bytes)
    if not head then return message ~= "a head without an end" and status or nil end
    local own <const>, read <const> = body(head, bytes:sub(head.size + 1))
    if not own then return read end
    local said <const> = own > 0 and "200:" .. own or "200"
    local goes_on <const> = head.keep and head.method ~= "CONNECT"
    return said, goes_on and bytes:sub(head.size + read + 1) or nil
end

--- Ours.
function verdicts.ours(bytes)
    local said <const> = {}
    while bytes and bytes ~= "" do
        said[#said + 1], bytes = first(bytes)
    end
    return table.concat(said, " ")
end

--- The verdict with "no" for every refusal.
function verdicts.plain(verdict)
    return (verdict:gsub("%f[%w][45]%d%d%f[%W]", "no"))
end

--- Debian's libhttp-parser's of each of a list of bytes; nil, why if there is
--- none.
function verdicts.parser(list)
    if not os.execute("test -e /usr/include/http_parser.h") then
        return nil, "libhttp-parser-dev is not installed"
    end
    local program <const>, input <const> = net.path(), {}
    for i, bytes in ipairs(list) do input[i] = ("%d\n%s"):format(#bytes, bytes) end
    local path <const> = net.file(table.concat(input))
    assert(os.execute(("cc -O1 spec/support/http_parser.c -lhttp_parser -o %s"):format(program)))
    local child <close> = process.start(("%s <%s"):format(program, path))
    local out <const> = {}
    for line in child:finish():gmatch("([^\n]*)\n") do out[#out + 1] = line:gsub(" $", "") end
    os.remove(program)
    os.remove(path)
    return out
end

-- The answers in what nginx sent, as a verdict. To what names no version it
-- answers with a body alone.
local function answers(bytes)
    local said <const> = {}
    while bytes ~= "" do
        local head <const> = core.parse_response(bytes, "GET")
        local rest <const> = head and bytes:sub(head.size + 1) or bytes
        local read <const> = head and select(2, body(head, rest)) or #rest
        local text <const> = rest:sub(1, read)
        local status <const> = head and head.status or tonumber(text:match("<title>(%d+)") or 200)
        bytes = rest:sub(read + 1)
        if status == 200 then
            said[#said + 1] = text:match("^[1-9]%d*") and "200:" .. text:match("^%d+") or "200"
        elseif status >= 400 then
            said[#said + 1] = tostring(status)
        end
    end
    return table.concat(said, " ")
end

-- In front a server that reads bodies as a whole and passes them on; at the back
-- one that answers with their lengths.
local NGINX <const> = [[
    client_max_body_size 0;
    server {
        listen unix:%1/front;
        location / { proxy_pass http://unix:%1/back:; proxy_ignore_client_abort on; }
    }
    server {
        listen unix:%1/back;
        location / { return 200 "$http_content_length\n"; }
    }
]]

-- Sends the bytes and nothing more; what comes until the server closes.
local function exchange(path, bytes)
    local s <close> = assert(socket.socket(socket.AF_UNIX))
    s:settimeout(net.LIMIT)
    assert(s:connect(path))
    s:sendall(bytes) -- the server may close before it has read them
    s:shutdown(socket.SHUT_WR)
    return (net.drain(s))
end

--- nginx's of each of a list of bytes; nil, why if there is none.
function verdicts.nginx(list)
    if nginx.missing then return nil, nginx.missing end
    local folder <const> = net.path()
    assert(os.execute("mkdir " .. folder))
    local server <close> = nginx.start(folder, NGINX)
    local out <const> = {}
    for i, bytes in ipairs(list) do out[i] = answers(exchange(folder .. "/front", bytes)) end
    os.execute("rm -r " .. folder)
    server:kill()
    return out
end

return verdicts
