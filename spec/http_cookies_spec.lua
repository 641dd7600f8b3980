-- Cookies, read and written.

local cookies <const> = require "tidewire.http.cookies"
local net <const> = require "spec.support.net"

describe("cookies.parse", function()
    it("reads what clients send", function()
        for text, expected in pairs {
            ["a=1; b=2"] = { a = "1", b = "2" }, ["a=1;b = 2 ;"] = { a = "1", b = "2" },
            ['a="x y"; b="'] = { a = "x y", b = '"' }, ["a=1; a=2"] = { a = "1" },
            ["a=b=c; d="] = { a = "b=c", d = "" }, ["a; =b; ; ;c=1"] = { c = "1" },
            ["a=%20+ü"] = { a = "%20+ü" }, ['a="b;c"'] = { a = '"b' }, [""] = {},
            ["$Version=1; a=1"] = { ["$Version"] = "1", a = "1" },
        } do
            assert.same(expected, cookies.parse(text), text)
        end
        assert.same({}, cookies.parse(nil))
    end)

    it("reads so many and no more", function()
        local list <const> = {}
        for i = 1, 10000 do list[i] = "c" .. i .. "=" .. i end
        local found <const> = cookies.parse(table.concat(list, "; "))
        assert.equal("256", found.c256)
        assert.is_nil(found.c257)
    end)

    it("takes time that grows with the length only", function()
        local began <const> = os.clock()
        for _, text in ipairs { " ", "=", ";", "a= ", '"', "a=\t\t\t" } do
            cookies.parse(text:rep(32768 // #text))
            cookies.parse("a=" .. text:rep(32768 // #text))
            cookies.parse("a" .. text:rep(32768 // #text) .. "b")
        end
        assert.is_true(os.clock() - began < 2)
    end)
end)

describe("cookies.format", function()
    it("writes a cookie and its attributes", function()
        assert.equal("a=1; Path=/", cookies.format("a", "1"))
        assert.equal("a=", cookies.format("a", "", { path = false }))
        assert.equal("a=x!#~; Path=/b; Domain=example.org; Max-Age=60; "
            .. "Expires=Sun, 06 Nov 1994 08:49:37 GMT; Secure; HttpOnly; SameSite=Lax",
            cookies.format("a", "x!#~", {
                path = "/b", domain = "example.org", max_age = 60, expires = 784111777,
                secure = true, httponly = true, samesite = "Lax",
            }))
    end)

    it("deletes one", function()
        assert.equal("a=; Path=/; Domain=x; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
            cookies.format("a", false, { domain = "x", max_age = 60 }))
    end)

    it("takes exactly the bytes that a value may have", function()
        for byte = 0, 255 do
            local char <const> = string.char(byte)
            local good <const> = byte > 0x20 and byte < 0x7f and not char:find '[",;\\]'
            assert.equal(good, (pcall(cookies.format, "a", char)), byte)
        end
    end)

    it("raises for what may not be in one", function()
        for message, args in pairs {
            ["not a token"] = { "a b", "1" }, ["name nil"] = { nil, "1" },
            ["name : not"] = { "", "1" }, ["name a=: not"] = { "a=", "1" },
            ['"b": what may not'] = { "b", nil }, ['"c": what may not'] = { "c", 1 },
            ["bad path"] = { "a", "1", { path = "/;x" } },
            ['"p": bad path'] = { "p", "1", { path = "x" } },
            ['"q": bad path'] = { "q", "1", { path = "/\r\n" } },
            ["bad domain"] = { "a", "1", { domain = "a b" } },
            ["max_age: seconds"] = { "a", "1", { max_age = "60" } },
            ["expires: a time"] = { "a", "1", { expires = 1.5 } },
            ["samesite: Strict"] = { "a", "1", { samesite = "lax" } },
            ["httponly: true"] = { "a", "1", { httponly = 1 } },
            ["None must be secure"] = { "a", "1", { samesite = "None" } },
            ["must be secure"] = { "__Secure-a", "1" },
            ["must have no domain"] = { "__Host-a", "1", { secure = true, domain = "x" } },
            ['"__host-p": must have'] = { "__host-p", "1", { secure = true, path = "/x" } },
            ["too long"] = { "a", ("x"):rep(4087) },
            ["unknown option 'max-age'"] = { "a", "1", { ["max-age"] = 1 } },
        } do
            local where <const> = net.raises(message, function()
                cookies.format(table.unpack(args, 1, 3))
            end)
            assert.matches("http_cookies_spec.lua", where)
        end
        assert.equal(4096, #cookies.format("a", ("x"):rep(4086)))
        assert.equal("__Host-a=1; Path=/; Secure",
            cookies.format("__Host-a", "1", { secure = true }))
    end)
end)
