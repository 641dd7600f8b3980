-- Requests and what they mean, without a connection: routes, queries, cookies, forms
-- with files that are saved.

local check <const> = dofile "spec/support/fault/check.lua"
local cookies <const> = require "tidewire.http.cookies"
local multipart <const> = require "tidewire.http.multipart"
local query <const> = require "tidewire.http.query"
local random <const> = require "tidewire.http.multipart.random"
local router <const> = require("tidewire.http.router").router

local path <const> = os.tmpname()
os.remove(path)
random.name = function() return "fixed" end

local BODY <const> = '--B\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'
    .. '--B\r\nContent-Disposition: form-data; name="f"; filename="x"\r\n\r\n'
    .. ("0123456789"):rep(1000) .. "\r\n--B--\r\n"

local function source()
    local at = 1
    return { read = function()
        if at > #BODY then
            return nil, "end", "eof"
        end
        at = at + 777
        return BODY:sub(at - 777, at - 1)
    end }
end

local function answer(req)
    local form <const> =
        check(multipart.read(source(), "multipart/form-data; boundary=B", { disk = 1 << 20 }))
    assert(check(check(form:next()):body()) == "1")
    assert(select(2, check(check(form:next()):save(path))) == 10000)
    os.remove(path)
    assert(select(3, form:next()) == "eof")
    assert(check(query.decode "a=%20+&b").a == "  ")
    assert(cookies.parse("a=1; b=2").b == "2")
    return req.params.id
end

return function()
    local app <const> = router():get("/users/:id", answer):mount("/x", answer)
    local ok <const>, result <const> = pcall(app, { method = "GET", target = "/users/a%20b" }, {})
    -- A file is there as a whole or not at all.
    assert(not io.open(path .. ".fixed"))
    if not ok then error(result, 0) end
    assert(result == "a b")
end
