--- What is in a folder, as a page for people.

local query <const> = require "tidewire.http.query"

local listing <const> = {}

-- More names than anybody reads, and soon made.
local MOST <const> = 10000

local HEAD <const> = [[
<!DOCTYPE html>
<meta charset=utf-8>
<meta name=viewport content="width=device-width, initial-scale=1">
<meta name=color-scheme content="light dark">
]]

local UP <const> = '<li><a href="../">../</a>\n'

local ENTITIES <const> = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;",
    ['"'] = "&quot;", ["'"] = "&#39;" }

local function escape(text)
    return (text:gsub("[&<>\"']", ENTITIES))
end

--- Writes a path so that it can stand in a URL.
function listing.encode(path)
    return (path:gsub("[^/]+", query.escape))
end

--- The page about a folder.
-- @param root of tidewire.http_core
-- @param path below it, with a slash at its end
-- @param title what to call it
-- @param dotfiles whether to name what begins with a dot
-- @return HTML; or nil, message, code
function listing.page(root, path, title, dotfiles)
    local names <const>, message <const>, code <const> = root:names(path, MOST)
    if not names then
        return nil, message, code
    end
    table.sort(names)
    local out <const> = { HEAD, "<title>", escape(title), "</title>\n<h1>", escape(title),
        "</h1>\n<ul>\n", path ~= "/" and UP or "" }
    for _, name in ipairs(names) do
        if dotfiles or name:byte() ~= 0x2e then
            -- "./": a name with a colon would be taken for a scheme.
            out[#out + 1] = ('<li><a href="./%s">%s</a>\n')
                :format(listing.encode(name), escape(name))
        end
    end
    out[#out + 1] = "</ul>\n"
    return table.concat(out)
end

return listing
