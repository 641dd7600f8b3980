-- Percent-encoding, queries and forms.

local net <const> = require "spec.support.net"
local query <const> = require "tidewire.http.query"

describe("query.unescape", function()
    it("undoes escapes, in either case, once", function()
        assert.equal("a b/\255\0%41", query.unescape "a%20b%2f%FF%00%2541")
    end)

    it("keeps what is no escape", function()
        for _, text in ipairs { "", "%", "%%", "%4", "%zz", "100%", "a+b", "%4g%", "% 41" } do
            assert.equal(text, query.unescape(text))
        end
        assert.equal("%A", query.unescape "%%41")
    end)
end)

describe("query.escape", function()
    it("leaves the unreserved alone only", function()
        assert.equal("aZ09-._~", query.escape "aZ09-._~")
        assert.equal("%20%2B%2F%3F%26%3D%25%2A%C3%A4%00", query.escape " +/?&=%*ä\0")
    end)

    it("is undone by query.unescape, whatever the bytes", function()
        local all <const> = {}
        for i = 0, 255 do all[i + 1] = string.char(i) end
        local text <const> = table.concat(all)
        assert.equal(text, query.unescape(query.escape(text)))
    end)
end)

describe("query.decode", function()
    it("reads pairs in order, and the first of each name", function()
        local args <const>, list <const> = query.decode "a=1&b=x+y%26z&a=2"
        assert.same({ a = "1", b = "x y&z" }, args)
        assert.same({ { "a", "1" }, { "b", "x y&z" }, { "a", "2" } }, list)
        assert.same({ "1", "2" }, query.all(list, "a"))
        assert.same({}, query.all(list, "c"))
    end)

    it("reads what is odd as browsers do", function()
        for text, expected in pairs {
            [""] = {}, ["&"] = {}, ["&&a=1&"] = { { "a", "1" } }, ["a"] = { { "a", "" } },
            ["="] = { { "", "" } }, ["=x"] = { { "", "x" } }, ["a=b=c"] = { { "a", "b=c" } },
            ["a;b=1"] = { { "a;b", "1" } }, ["%61=%zz"] = { { "a", "%zz" } },
            ["a%3Db=%2B"] = { { "a=b", "+" } }, ["?a=1"] = { { "?a", "1" } },
            ["a\n=\0"] = { { "a\n", "\0" } },
        } do
            assert.same(expected, select(2, query.decode(text)), text)
        end
        assert.same({}, (query.decode(nil)))
    end)

    it("reads so many and no more", function()
        local text <const> = ("a=1&"):rep(1000)
        assert.equal(1000, #select(2, query.decode(text)))
        net.fails("EMSGSIZE", query.decode(text .. "b"))
        net.fails("EMSGSIZE", query.decode("a&b&c", { max = 2 }))
        assert.has_error(function() query.decode("a", { maximum = 2 }) end,
            "unknown option 'maximum'")
    end)
end)

describe("query.encode", function()
    it("writes lists in order and tables by name", function()
        assert.equal("b=1&a=2&b=", query.encode { { "b", 1 }, { "a", "2" }, { "b", "" } })
        assert.equal("a=x+y%26&b=1&b=2.5", query.encode { b = { 1, 2.5 }, a = "x y&" })
        assert.equal("", query.encode {})
        assert.equal("%C3%A4%7E=*-._", query.encode { ["ä~"] = "*-._" })
    end)

    it("is undone by query.decode", function()
        local list <const> = { { "ä b", "&=+%\r\n" }, { "", "" }, { "x", "a;b" } }
        assert.same(list, select(2, query.decode(query.encode(list))))
    end)

    it("raises for what is neither string nor number", function()
        assert.has_error(function() query.encode { a = true } end,
            "query: string or number expected, got boolean")
    end)
end)
