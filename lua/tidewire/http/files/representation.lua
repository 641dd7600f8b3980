--- One file to a client: as it is, a part of it, or the client's own copy.

local conditional <const> = require "tidewire.http.files.conditional"
local ranges <const> = require "tidewire.http.files.ranges"

local representation <const> = {}

-- Sends a part of what data holds, a string or an open file.
local function write(res, data, first, count)
    if type(data) == "string" then
        return res:write(data:sub(first + 1, first + count))
    end
    return res:sendfile(data, first, count)
end

-- Several ranges (RFC 9110 14.6): each has a head of its own. The length of all is
-- known beforehand.
local function send_parts(res, about, data, parts)
    local boundary <const> = ("%016x%016x"):format(math.random(0), math.random(0))
    local stop <const> = ("\r\n--%s--\r\n"):format(boundary)
    local length = #stop
    for _, part in ipairs(parts) do
        part.head = ("\r\n--%s\r\nContent-Type: %s\r\nContent-Range: bytes %d-%d/%d\r\n\r\n")
            :format(boundary, about.type, part.first, part.first + part.count - 1, about.size)
        length = length + #part.head + part.count
    end
    res:set("Content-Type", "multipart/byteranges; boundary=" .. boundary)
    res:set("Content-Length", length)
    for _, part in ipairs(parts) do
        if not res:write(part.head) or not write(res, data, part.first, part.count) then
            return
        end
    end
    res:write(stop)
    res:finish()
end

local function send_whole(res, about, data)
    res:set("Content-Type", about.type)
    if type(data) == "string" then
        return res:send(data)
    end
    return res:sendfile(data, 0, about.size)
end

local function send_ranges(res, about, data, parts)
    local part <const> = parts[1]
    res.status = 206
    if parts[2] then
        return send_parts(res, about, data, parts)
    end
    res:set("Content-Type", about.type)
    res:set("Content-Range", ("bytes %d-%d/%d")
        :format(part.first, part.first + part.count - 1, about.size))
    if type(data) == "string" then
        return res:send(data:sub(part.first + 1, part.first + part.count))
    end
    return res:sendfile(data, part.first, part.count)
end

--- Answers a GET or HEAD request.
-- @param about the file: size, type, etag, modified (as Last-Modified says it),
-- seconds (the same as a number), young (changed too recently to tell versions
-- apart), fields (a list of further {name, value})
-- @param data its contents, or an open file of tidewire.http_core
function representation.send(req, res, about, data)
    local status <const> = conditional.check(req, about.etag, about.seconds)
    if status == 412 then
        return res:error(412)
    end
    -- Only of GET is a part asked for (RFC 9110 14.2).
    local range <const> = not status and req.method == "GET" and req:header "range"
    local parts = nil
    if range and conditional.same(req, about.etag, not about.young and about.modified) then
        parts = ranges.read(range, about.size)
        if parts == false then
            res:set("Content-Range", ("bytes */%d"):format(about.size))
            return res:error(416)
        end
    end
    for _, field in ipairs(about.fields) do
        res:set(field[1], field[2])
    end
    if status then
        res.status = status
        return res:send()
    elseif parts then
        return send_ranges(res, about, data, parts)
    end
    return send_whole(res, about, data)
end

return representation
