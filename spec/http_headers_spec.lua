-- The headers object: names in any case, order, repeated fields, and what may
-- not be set.

local headers <const> = require "tidewire.http.headers"
local net <const> = require "spec.support.net"

local function listed(h)
    local list <const> = {}
    for name, value in pairs(h) do list[#list + 1] = name .. "=" .. value end
    return table.concat(list, " ")
end

local function three()
    return headers.new{{"Accept", "a"}, {"Host", "h"}, {"ACCEPT", "b"}}
end

describe("headers", function()
    it("are found by name in any case", function()
        local h <const> = headers.new{{"Content-Type", "text/plain"}}
        assert.equal("text/plain", h["content-type"])
        assert.equal("text/plain", h["CONTENT-TYPE"])
        assert.equal("text/plain", h:get "Content-type")
        assert.is_nil(h["content"])
        assert.is_nil(h[1.5])
        assert.is_nil(h[2])
    end)

    it("keep their order and spelling", function()
        assert.equal("Accept=a Host=h ACCEPT=b", listed(three()))
        assert.equal("Accept: a\r\nHost: h\r\nACCEPT: b\r\n", tostring(three()))
        assert.equal("", tostring(headers.new()))
    end)

    it("are joined when repeated, but for Set-Cookie", function()
        local h <const> = three()
        assert.equal("a, b", h.accept)
        assert.same({"a", "b"}, h:all "accept")
        assert.same({}, h:all "none")
        h:add("Set-Cookie", "x=1"):add("set-cookie", "y=2")
        assert.equal("x=1", h["Set-Cookie"])
        assert.same({"x=1", "y=2"}, h:all "Set-Cookie")
    end)

    it("are set where the first one was", function()
        assert.equal("accept=c Host=h", listed(three():set("accept", "c")))
        assert.equal("Accept=a host=i ACCEPT=b", listed(three():set("host", "i")))
        assert.equal("Accept=a Host=h ACCEPT=b New=1", listed(three():set("New", 1)))
        assert.equal("Host=h", listed(three():set("accept", nil)))
        local h <const> = three()
        h.accept, h.host, h["X-Y"] = "d", nil, 2
        assert.equal("accept=d X-Y=2", listed(h))
    end)

    it("are removed, also while they are gone through", function()
        assert.equal("Host=h", listed(three():remove "aCCEPT"))
        assert.equal("Accept=a Host=h ACCEPT=b", listed(three():remove "x"))
        local h <const> = three()
        for name in pairs(h) do h:remove(name) end
        assert.equal("", listed(h))
    end)

    it("may have the names of methods", function()
        local h <const> = headers.new{{"set", "1"}, {"get", "2"}, {"__index", "3"}}
        assert.equal("1", h:get "set")
        assert.equal("2", h.Get)
        assert.equal("3", h.__index)
    end)

    it("are made from other headers and from tables", function()
        local first <const> = three()
        local h <const> = headers.new(first)
        h:set("Accept", "c")
        assert.equal("Accept=a Host=h ACCEPT=b", listed(first))
        assert.equal("A=1 B=2 B=3 C=4",
            listed(headers.new{C = "4", B = {"2", 3}, A = 1}))
        assert.equal("X=0 A=1", listed(headers.new{{"X", "0"}, A = "1"}))
    end)

    it("refuse names that are not tokens", function()
        for _, name in ipairs{"", " ", "a b", "a:", "a\r\nb", "a\0", "\u{e9}", "a\t", "(a)"} do
            net.raises("not a token", headers.new, {{name, "v"}})
            net.raises("not a token", headers.new, {[name] = "v"})
            local h <const> = headers.new()
            net.raises("not a token", h.add, h, name, "v")
            net.raises("not a token", h.set, h, name, "v")
            net.raises("not a token", function() h[name] = "v" end)
        end
        net.raises("string expected", function() headers.new()[1] = "v" end)
        net.raises("string expected", function() headers.new{{5, "v"}} end)
        assert.equal("!#$%&'*+-.^_`|~09azAZ=v", listed(headers.new{{"!#$%&'*+-.^_`|~09azAZ", "v"}}))
    end)

    it("refuse values that could end a line", function()
        for _, value in ipairs{"\r", "\n", "a\r\nb: c", "\0", "a\1", "\127", " a", "a ", "a\t"} do
            local h <const> = headers.new()
            net.raises("control bytes", h.add, h, "n", value)
            net.raises("control bytes", h.set, h, "n", value)
            net.raises("control bytes", headers.new, {n = value})
            assert.equal("", listed(h))
        end
        net.raises("string or number expected", function() headers.new{n = true} end)
        net.raises("string or number expected", function() headers.new():add("n") end)
        assert.equal("n=", listed(headers.new{n = ""}))
        assert.equal("n=a\tb \u{e9}\xff", listed(headers.new{n = "a\tb \u{e9}\xff"}))
    end)

    it("blame the caller", function()
        local here <const> = debug.getinfo(1, "S").short_src
        local h <const> = headers.new()
        for _, f in ipairs{function() h:add("a b", "") end, function() h:set("a", "\n") end,
            function() h.a = "\n" end, function() headers.new{a = "\n"} end,
            function() headers.new{["a b"] = ""} end} do
            assert.equal(here, net.raises("header", f):match "^([^:]+):%d")
        end
    end)
end)
