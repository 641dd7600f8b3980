-- Folders of files to be served, and what http.files answers about them.

local assert <const> = require "luassert"
local files <const> = require "tidewire.http.files"
local net <const> = require "spec.support.net"

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
    local file <const> = assert(io.open(full, "w"))
    assert(file:write(text))
    file:close()
    assert(os.execute(("touch -d @%s %s"):format(mtime or 1000000000, quote(full))))
end

function mt:__close()
    os.execute("chmod -R u+rwx " .. quote(self.folder) .. "; rm -rf " .. quote(self.folder))
end

--- A folder with these files (path -> text), served with these options.
function site.new(contents, options)
    local folder <const> = net.path()
    local self <const> = setmetatable({ folder = folder, root = folder .. "/www" }, mt)
    assert(os.execute("mkdir -p " .. quote(self.root)))
    for path, text in pairs(contents or {}) do
        self:put(path, text)
    end
    self.handler = assert(files.files(self.root, options))
    return self
end

--- A folder that is there already; it is not removed.
function site.at(root)
    return setmetatable({ root = root, handler = assert(files.files(root)) }, { __index = methods })
end

-- A request and an answer as the server makes them, without one.
local function exchange(method, target, fields)
    local path <const>, query <const> = target:match "^([^?]*)%??(.*)$"
    local req <const> = {
        method = method, target = target, query = query ~= "" and query or nil,
        path = path:gsub("%%(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end),
        header = function(_, name) return fields[name:lower()] end,
    }
    local res <const> = { status = 200, headers = {}, body = "" }
    function res:set(name, value) self.headers[name:lower()] = tostring(value) end
    function res:write(data)
        self.body = self.body .. data
        return self
    end
    function res:send(data) return self:write(data or "") end
    function res.finish() end
    function res:sendfile(fd, offset, count)
        local file <close> = assert(io.open("/proc/self/fd/" .. fd))
        file:seek("set", offset)
        return self:write(file:read(count))
    end
    return req, res
end

--- Asks for something: {status, headers (by names in lower case), body}.
function methods:ask(method, target, fields)
    local lower <const> = {}
    for name, value in pairs(fields or {}) do
        lower[name:lower()] = value
    end
    local req <const>, res <const> = exchange(method, target, lower)
    self.handler(req, res)
    return res
end

--- GET with further fields of the request.
function methods:get(target, fields)
    return self:ask("GET", target, fields)
end

return site
