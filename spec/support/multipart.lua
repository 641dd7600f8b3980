-- Multipart forms for specs, and what they are read as.

local assert <const> = require "luassert"
local multipart <const> = require "tidewire.http.multipart"

local support <const> = {}

--- The type that these forms have.
support.KIND = "multipart/form-data; boundary=B"

--- A body that comes in pieces of those sizes, one after another, then in pieces of
--- the last one.
function support.source(text, ...)
    local sizes <const>, at, i = { ... }, 1, 0
    return { read = function(_, n)
        if at > #text then
            return nil, "end of body", "eof"
        end
        i = i + 1
        local size <const> = math.min(n, sizes[i] or sizes[#sizes] or n)
        at = at + size
        return text:sub(at - size, at - 1)
    end }
end

--- All parts of a form as {name, filename, type, body}; and the code that it failed
--- with, if it did.
function support.collect(source, limits)
    local form <const> = assert(multipart.read(source, support.KIND, limits))
    local parts <const> = {}
    while true do
        local part <const>, _, code <const> = form:next()
        if not part then
            return parts, code ~= "eof" and code or nil
        end
        local body <const>, _, why <const> = part:body()
        parts[#parts + 1] = { part.name, part.filename, part.type, body or why }
    end
end

--- A part as it is sent.
function support.field(name, content, more)
    return ('--B\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\n%s\r\n')
        :format(name, more or "", content)
end

--- Checks what a text is read as: at once, one byte at a time, and in two pieces
--- split everywhere. `expected` has the `parts` and the `code`.
function support.reads(expected, text, limits)
    local function check(...)
        local parts <const>, code <const> = support.collect(support.source(text, ...), limits)
        assert.same(expected.parts or {}, parts)
        assert.equal(expected.code, code)
    end
    check()
    check(1)
    for i = 1, #text - 1 do
        check(i, #text)
    end
end

return support
