-- Folders of files, a server that serves them, and what it answers.

local assert <const> = require "luassert"
local http <const> = require "tidewire.http"
local net <const> = require "spec.support.net"
local serving <const> = require "spec.support.http_serving"
local socket <const> = require "tidewire.socket"

local site <const> = {}
local methods <const> = {}
local mt <const> = { __index = methods }

local function quote(text)
    return "'" .. text:gsub("'", "'\\''") .. "'"
end

--- Runs a shell command in the site's folder.
function methods:run(format, ...)
    assert(os.execute(("cd %s && "):format(quote(self.root)) .. format:format(...)))
end

--- Writes a file, and makes it as old as said (seconds since 1970, or 1000000000).
function methods:put(path, text, mtime)
    local full <const> = self.root .. "/" .. path
    os.execute("mkdir -p " .. quote(full:match "^(.*)/"))
    local file <close> = assert(io.open(full, "w"))
    assert(file:write(text))
    file:close()
    assert(os.execute(("touch -d @%s %s"):format(mtime or 1000000000, quote(full))))
end

--- The port that it listens on, on 127.0.0.1.
function methods:port()
    return self.server:getsockname().port
end

--- Serves with another handler.
function methods:serve(handler)
    self.handler = assert(handler)
end

function mt:__close()
    local _ <close> = self.running
    if self.stream then
        self.stream:close()
    end
    if self.folder then
        os.execute("chmod -R u+rwx " .. quote(self.folder) .. "; rm -rf " .. quote(self.folder))
    end
end

local function start(self, options)
    self:serve(http.files(self.root, options))
    self.server = assert(http.server{
        handler = function(req, res) return self.handler(req, res) end,
    })
    self.running = serving.start(self.server)
    return self
end

--- A folder with these files (path -> text), served with these options.
function site.new(contents, options)
    local folder <const> = net.path()
    local self <const> = setmetatable({ folder = folder, root = folder .. "/www" }, mt)
    assert(os.execute("mkdir -p " .. quote(self.root)))
    for path, text in pairs(contents or {}) do
        self:put(path, text)
    end
    return start(self, options)
end

--- A folder that is there already, and stays.
function site.at(root)
    return start(setmetatable({ root = root }, mt))
end

-- The connection to the server, kept from one request to the next.
local function connect(self)
    local client <const> = assert(socket.create_connection(self.server:getsockname(), net.LIMIT))
    client:settimeout(net.LIMIT)
    self.stream = client:makefile "rw"
    client:close()
    return self.stream
end

--- Asks for something: {status, headers (by names in lower case), body, whole:
--- the body has come to its end}. Calls `pause`, if there is one, before the body
--- is read.
function methods:ask(method, target, fields, pause)
    local stream <const> = self.stream or connect(self)
    local lines <const> = { method .. " " .. target .. " HTTP/1.1\r\nHost: a\r\n" }
    for name, value in pairs(fields or {}) do
        lines[#lines + 1] = name .. ": " .. value .. "\r\n"
    end
    assert(stream:write(table.concat(lines), "\r\n"))
    assert(stream:flush())
    local status <const>, headers <const> = serving.head(stream)
    local answer <const> = { status = status, headers = headers, body = "" }
    local length <const> = tonumber(answer.headers["content-length"])
    if pause then
        pause()
    end
    local none <const> = method == "HEAD" or answer.status == 204 or answer.status == 304
    if not none and length > 0 then
        answer.body = stream:read(length) or ""
    end
    answer.whole = none or #answer.body == length
    if not answer.whole or answer.headers.connection == "close" then
        stream:close()
        self.stream = nil
    end
    return answer
end

--- GET with further fields of the request.
function methods:get(target, fields)
    return self:ask("GET", target, fields)
end

return site
