--- Static files: a handler for what is in a folder, and for nothing outside of it.

local accept <const> = require "tidewire.http.accept"
local core <const> = require "tidewire.http_core"
local date <const> = require "tidewire.http.date"
local headers <const> = require "tidewire.http.headers"
local listing <const> = require "tidewire.http.files.listing"
local mime <const> = require "tidewire.http.files.mime"
local options <const> = require "tidewire.options"
local representation <const> = require "tidewire.http.files.representation"

local files <const> = {}

local rules <const> = options.rules

-- The options, and what they must be.
local OPTIONS <const> = {
    index = rules.tbl, list = rules.boolean, dotfiles = rules.boolean,
    follow = rules.boolean, precompressed = rules.boolean, types = rules.tbl,
    max_age = rules.count, headers = rules.tbl,
}

-- What an error in opening is to the client; any other is trouble of our own: 500.
local STATUS <const> = {
    ENOENT = 404, ENOTDIR = 404, ENAMETOOLONG = 404, ELOOP = 404, EXDEV = 404,
    ENXIO = 404, ENODEV = 404, EINVAL = 404, EACCES = 403, EPERM = 403,
    EMFILE = 503, ENFILE = 503, ENOMEM = 503, EAGAIN = 503,
}

-- Compressed files that may stand beside others, the better first.
local CODINGS <const> = { { name = "br", suffix = ".br" }, { name = "gzip", suffix = ".gz" } }

-- How much is remembered of files, or of values of Accept-Encoding, at a time: one
-- for each, and for each so many bytes of contents; and how long their names may be:
-- clients choose them.
local KNOWN <const>, BYTES <const>, LENGTH <const> = 4096, 1024, 512

-- Adds to a table that forgets everything once it is full.
local function remember(memory, key, value, bytes)
    local n <const> = memory.n + 1 + bytes // BYTES
    if n > KNOWN then
        memory.known, memory.n = {}, 0
    elseif #key <= LENGTH then
        memory.known[key], memory.n = value, n
    end
    return value
end

-- The codings that a client takes, the best first.
local function codings(memory, value)
    local list = memory.known[value]
    if list then
        return list
    end
    local wishes <const> = accept.parse(value)
    local plain <const> = accept.quality(wishes, "identity")
    list = {}
    for _, coding in ipairs(CODINGS) do
        local q <const> = accept.quality(wishes, coding.name)
        if q > 0 and q >= plain then
            table.insert(list, list[1] and q > list[1].q and 1 or #list + 1,
                { q = q, name = coding.name, suffix = coding.suffix })
        end
    end
    return remember(memory, value, list, 0)
end

-- What is said of a version of a file. What changes the file changes its size or
-- its time, but for changes within one tick of the clock: so the tag of what is
-- younger than HTTP's dates can tell is weak (RFC 9110 8.8.1).
local function describe(self, path, size, mtime, coding)
    local seconds <const> = mtime // 1000000000
    local young <const> = self.now - seconds < 2
    -- Not later than the answer's own date (RFC 9110 8.8.2.1).
    local modified <const> = date.format(math.min(seconds, self.now))
    local etag <const> = ('%s"%x-%x%s"'):format(young and "W/" or "", size, mtime,
        coding and "-" .. coding.name or "")
    local fields <const> = table.move(self.fields, 1, #self.fields, 4,
        { { "ETag", etag }, { "Last-Modified", modified }, { "Accept-Ranges", "bytes" } })
    if coding then
        fields[#fields + 1] = { "Content-Encoding", coding.name }
    end
    return { path = path, size = size, mtime = mtime, seconds = seconds, young = young,
        modified = modified, etag = etag, fields = fields,
        type = mime.of(coding and path:sub(1, -#coding.suffix - 1) or path, self.types) }
end

-- Opens a file. Contents that have been read are kept, and read again when the
-- file's size, its times or its place on the disk are others.
-- Returns what representation.send takes, or false for a folder, or nil, message, code.
local function open(self, path, coding)
    local key <const> = coding and coding.name .. path or path
    local about = self.about.known[key]
    local data <const>, size <const>, mtime <const>, version <const> =
        self.root:load(path, about and about.version)
    if data == true then
        return about, about.data
    elseif not data then
        return data, size, mtime
    end
    local new <const> = not about or about.young or about.size ~= size or about.mtime ~= mtime
    about = new and describe(self, path, size, mtime, coding) or about
    about.version, about.data = version, version and data
    if new or version then
        remember(self.about, key, about, version and size or 0)
    end
    return about, data
end

-- A file that is the same, compressed: if the client takes it, and it has not been
-- left behind by a change.
local function compressed(self, req, about)
    local accepted <const> = req:header "accept-encoding"
    for _, coding in ipairs(accepted and codings(self.codings, accepted) or {}) do
        local other <const>, data <const> = open(self, about.path .. coding.suffix, coding)
        if other and other.mtime >= about.mtime then
            return other, data
        end
    end
end

local function send_file(self, req, res, about, data)
    local _ <close> = type(data) == "userdata" and data or nil
    local other, contents
    if self.precompressed then
        other, contents = compressed(self, req, about)
    end
    if not other then
        return representation.send(req, res, about, data)
    end
    local _ <close> = type(contents) == "userdata" and contents or nil
    return representation.send(req, res, other, contents)
end

-- Opens what a path leads to, or the index page where it ends with a slash; as
-- `open` does.
local function find(self, path)
    if path:byte(-1) ~= 0x2f then
        return open(self, path)
    end
    for _, name in ipairs(self.index) do
        local about <const>, data <const>, code <const> = open(self, path .. name)
        if about or about == nil and code ~= "ENOENT" then
            return about, data, code
        end
    end
    return nil, "no index page", "ENOENT"
end

local function send_list(self, res, path, title)
    local page <const>, message <const>, code <const> =
        listing.page(self.root, path, title, self.dotfiles)
    if not page then
        return nil, message, code
    end
    res:html(page)
    return true
end

-- From a folder's name to its page. Two slashes at the beginning, or what browsers
-- take for one, would name another host.
local function redirect(req, res)
    local path <const> = listing.encode(req.path):gsub("^/+", "/")
    return res:redirect(path .. "/" .. (req.query and "?" .. req.query or ""), 301)
end

-- The path that a request names below the root, which a router may have somewhere;
-- nil if there can be no such file.
local function path_of(self, req)
    local path <const>, target <const> = req.subpath or req.path, req.target
    -- A slash that is encoded is part of a name.
    if path:byte() ~= 0x2f
            or target:find("%2", 1, true) and target:match("^[^?]*"):find "%%2[fF]" then
        return nil
    elseif path:find("/.", 1, true) and (not self.dotfiles
            or (path .. "/"):find "/%.%.?/") then
        return nil
    end
    return path
end

local function get(self, req, res)
    local below <const> = path_of(self, req)
    if not below then
        return res:error(404)
    end
    local about, data, code = find(self, below)
    if about then
        return send_file(self, req, res, about, data)
    elseif about == false then
        return redirect(req, res)
    elseif self.list and code == "ENOENT" and below:byte(-1) == 0x2f then
        about, data, code = send_list(self, res, below, req.path)
    end
    if not about and not STATUS[code] then
        error(data, 0)
    elseif not about then
        res:error(STATUS[code])
    end
end

local function answer(self, req, res)
    local method <const>, now <const> = req.method, os.time()
    if now ~= self.now then
        self.now = now
        self.root:reopen()
    end
    if method == "GET" or method == "HEAD" then
        return get(self, req, res)
    end
    res:set("Allow", "GET, HEAD, OPTIONS")
    if method ~= "OPTIONS" then
        return res:error(405)
    end
    res.status = 204
    res:send()
end

-- The fields that all files are sent with: a list of {name, value}.
local function fields_of(given, precompressed)
    local fields <const> = {}
    if precompressed then
        fields[1] = { "Vary", "Accept-Encoding" }
    end
    if given.max_age then
        fields[#fields + 1] = { "Cache-Control", ("max-age=%d"):format(given.max_age) }
    end
    for name, value in pairs(headers.new(given.headers)) do
        fields[#fields + 1] = { name, value }
    end
    return fields
end

--- A handler that answers with the files below a folder.
--
-- GET and HEAD, with conditions and ranges; a folder's index page. Paths are names
-- below the root: what leads out of it (`..`, links), what is no file, and names
-- that hold an encoded slash or NUL are not found. The root's own path may be a
-- link: that is looked at again once a second. Some small files' contents are kept,
-- 4 MiB at most, and read again when a file is not the same any more by its times,
-- size and inode; tags, too, rest on these.
--
-- Options: `index` {"index.html"}: names of index pages.
-- `list` false: list folders that have none. `dotfiles` false: show names that
-- begin with a dot. `follow` true: follow links that stay below the root.
-- `precompressed` true: send NAME.br or NAME.gz instead, where the client takes it
-- and it is not older. `types`: of extensions, before the system's, each as it is to be
-- sent: "text/plain; charset=utf-8". `max_age`: for Cache-Control, in seconds.
-- `headers`: name -> value, sent with every file.
-- @param root path of the folder
-- @param given options
-- @return handler(req, res); or nil, message, code if the folder cannot be opened
function files.files(root, given)
    given = options.check(given, OPTIONS, 2)
    options.values(given, OPTIONS, 2)
    if type(root) ~= "string" or root:find("\0", 1, true) then
        error("root: a path expected, got " .. tostring(root), 2)
    end
    local folder <const>, message <const>, code <const> = core.root(root, given.follow ~= false)
    if not folder then
        return nil, message, code
    end
    local precompressed <const> = given.precompressed ~= false
    local self <const> = {
        root = folder, now = os.time(),
        index = given.index or { "index.html" }, list = given.list,
        dotfiles = given.dotfiles, precompressed = precompressed, types = given.types,
        fields = fields_of(given, precompressed),
        about = { known = {}, n = 0 }, codings = { known = {}, n = 0 },
    }
    return function(req, res)
        return answer(self, req, res)
    end
end

return files
