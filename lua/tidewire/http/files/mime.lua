--- Media types by the names of files: the system's table, and the commonest where
-- there is none.

local mime <const> = {}

local SYSTEM <const> = "/etc/mime.types"

local COMMON <const> = {
    avif = "image/avif", css = "text/css", csv = "text/csv", gif = "image/gif",
    gz = "application/gzip", htm = "text/html", html = "text/html",
    ico = "image/vnd.microsoft.icon", jpeg = "image/jpeg", jpg = "image/jpeg",
    js = "text/javascript", json = "application/json", map = "application/json",
    md = "text/markdown", mjs = "text/javascript", mp3 = "audio/mpeg", mp4 = "video/mp4",
    ogg = "audio/ogg", pdf = "application/pdf", png = "image/png", svg = "image/svg+xml",
    tar = "application/x-tar", txt = "text/plain", wasm = "application/wasm",
    webm = "video/webm", webmanifest = "application/manifest+json", webp = "image/webp",
    woff = "font/woff", woff2 = "font/woff2", xml = "application/xml", zip = "application/zip",
}

--- Reads a table in the format of mime.types: on each line a type, then the
-- extensions that have it.
-- @param path the file; one that cannot be read is like an empty one
-- @return a table extension in lower case -> type, with the commonest too
function mime.load(path)
    local types <const> = setmetatable({}, { __index = COMMON })
    local file <close> = io.open(path)
    for line in file and file:lines() or function() end do
        local type <const>, extensions <const> = line:match "^([%w!#$&^_.+-]+/%S+)%s+([^#]*)"
        for extension in (extensions or ""):gmatch "%S+" do
            types[extension:lower()] = type
        end
    end
    return types
end

local types

--- The type of a file, for Content-Type.
-- @param name of the file; what stands behind its last dot decides
-- @param own types to use before the system's, as they are: extension in lower case
-- -> type
-- @return "application/octet-stream" if nothing is known; the system's of text with
-- UTF-8 as the charset
function mime.of(name, own)
    local extension <const> = (name:match "%.([^./]+)$" or ""):lower()
    if own and own[extension] then
        return own[extension]
    end
    types = types or mime.load(SYSTEM)
    local found <const> = types[extension] or "application/octet-stream"
    return found:find "^text/" and found .. "; charset=utf-8" or found
end

return mime
