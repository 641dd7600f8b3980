-- URLs: RFC 3986's own examples of references, what is taken apart and put
-- together, and what is refused.

local net <const> = require "spec.support.net"
local url <const> = require "tidewire.http.url"

local KEYS <const> = {"scheme", "userinfo", "user", "password", "host", "port", "path",
    "query", "fragment"}

local function parts(text)
    local u <const>, plain <const> = assert(url.parse(text)), {}
    for _, key in ipairs(KEYS) do plain[key] = u[key] end
    return plain
end

-- RFC 3986 5.4, against http://a/b/c/d;p?q.
local REFERENCES <const> = [[
g:h g:h
g http://a/b/c/g
./g http://a/b/c/g
g/ http://a/b/c/g/
/g http://a/g
//g http://g
?y http://a/b/c/d;p?y
g?y http://a/b/c/g?y
#s http://a/b/c/d;p?q#s
g#s http://a/b/c/g#s
g?y#s http://a/b/c/g?y#s
;x http://a/b/c/;x
g;x http://a/b/c/g;x
g;x?y#s http://a/b/c/g;x?y#s
. http://a/b/c/
./ http://a/b/c/
.. http://a/b/
../ http://a/b/
../g http://a/b/g
../.. http://a/
../../ http://a/
../../g http://a/g
../../../g http://a/g
../../../../g http://a/g
/./g http://a/g
/../g http://a/g
g. http://a/b/c/g.
.g http://a/b/c/.g
g.. http://a/b/c/g..
..g http://a/b/c/..g
./../g http://a/b/g
./g/. http://a/b/c/g/
g/./h http://a/b/c/g/h
g/../h http://a/b/c/h
g;x=1/./y http://a/b/c/g;x=1/y
g;x=1/../y http://a/b/c/y
g?y/./x http://a/b/c/g?y/./x
g?y/../x http://a/b/c/g?y/../x
g#s/./x http://a/b/c/g#s/./x
g#s/../x http://a/b/c/g#s/../x
http:g http:g
]]

describe("url.resolve", function()
    it("does what RFC 3986 5.4 says", function()
        local count = 0
        for ref, expected in REFERENCES:gmatch "(%S+) (%S+)\n" do
            assert.equal(expected, tostring(url.resolve("http://a/b/c/d;p?q", ref)))
            count = count + 1
        end
        assert.equal(41, count)
        assert.equal("http://a/b/c/d;p?q", tostring(url.resolve("http://a/b/c/d;p?q", "")))
    end)

    it("takes what follows the host from the reference", function()
        local base <const> = "http://u:p@h:81/x/y?z#f"
        assert.equal("http://u:p@h:81/x/w", tostring(url.resolve(base, "w")))
        assert.equal("http://other/w", tostring(url.resolve(base, "//other/w")))
        assert.equal("https://h/", tostring(url.resolve(base, "https://h/")))
        assert.equal("http://h/w", tostring(url.resolve("http://h", "w")))
        assert.equal("http://[::1]:8/w", tostring(url.resolve("http://[::1]:8", "/v/../w")))
    end)

    it("takes URLs that are parsed already, and leaves them as they are", function()
        local base <const>, ref <const> = url.parse "http://h/a/b", url.parse "../c"
        assert.equal("http://h/c", tostring(url.resolve(base, ref)))
        assert.equal("http://h/a/b", tostring(base))
        assert.equal("../c", tostring(ref))
    end)

    it("passes on what is wrong with either", function()
        net.fails("EINVAL", url.resolve("http://h/", "a b"))
        net.fails("EINVAL", url.resolve("http://h h/", "a"))
    end)
end)

describe("url.remove_dots", function()
    it("does what RFC 3986 5.2.4 says", function()
        assert.equal("/a/g", url.remove_dots "/a/b/c/./../../g")
        assert.equal("mid/6", url.remove_dots "mid/content=5/../6")
        assert.equal("", url.remove_dots "")
        assert.equal("/", url.remove_dots "/")
        assert.equal("//", url.remove_dots "//")
        assert.equal("/a//b/", url.remove_dots "/a//b/.")
        assert.equal("/a/", url.remove_dots "/a//..")
        assert.equal("/...", url.remove_dots "/...")
    end)

    it("takes time in proportion to the path", function()
        local path <const> = ("/../a"):rep(1e5) .. "/.."
        assert.equal("/", net.quick(function() return url.remove_dots(path) end))
    end)
end)

describe("url.parse", function()
    it("tells the parts apart", function()
        assert.same({scheme = "http", userinfo = "al%40:p%3aw", user = "al@", password = "p:w",
            host = "example.org", port = 8080, path = "/a/b;c", query = "d=e?f", fragment = "g"},
            parts "HTTP://al%40:p%3aw@Example.ORG:8080/a/b;c?d=e?f#g")
        assert.same({scheme = "http", host = "h", path = ""}, parts "http://h")
        assert.same({scheme = "http", host = "h", path = "/"}, parts "http://h:/")
        assert.same({scheme = "http", host = "h", path = "", query = "", fragment = ""},
            parts "http://h?#")
        assert.same({scheme = "http", host = "h", path = "", query = "a/b@c:d"},
            parts "http://h?a/b@c:d")
        assert.same({scheme = "mailto", path = "a@b"}, parts "mailto:a@b")
        assert.same({path = "a/b:c"}, parts "a/b:c")
        assert.same({path = ""}, parts "")
        assert.same({scheme = "http", userinfo = "", user = "", password = "", host = "h",
            path = "/"}, parts "http://@h/")
        assert.same({scheme = "file", host = "", path = "/etc"}, parts "file:///etc")
    end)

    it("knows IPv6 literals", function()
        assert.same({scheme = "http", host = "2001:db8::a", port = 81, path = "/"},
            parts "http://[2001:DB8::A]:81/")
        assert.same({scheme = "http", host = "::ffff:1.2.3.4", path = ""},
            parts "http://[::ffff:1.2.3.4]")
        assert.equal("fe80::1%eth0", url.parse "http://[fe80::1%25eth0]/".host)
        assert.equal("http://[fe80::1%25eth0]/", tostring(url.parse "http://[fe80::1%25eth0]/"))
    end)

    it("refuses what two readers could take for different things", function()
        for _, text in ipairs{"http://a b/", "http://a/b c", "http://a/\r\nX: y", "http://a/\0",
            "http://a\t/", "http://a/\127", "http://a@b@c/", "http://a\\@b/", "http://a\\b/",
            "http://a:b/", "http://a:-1/", "http://a:65536/", "http://a:123456/", "http://a:1:2/",
            "http://[::1/", "http://::1/", "http://[::1]x/", "http://[]/", "http://[g::]/",
            "http://[1.2.3.4]/", "http://[::1%eth0]/", "http://[::1%25]/", "http://a%2fb/",
            "http://\u{e9}/", "http://a,b/", "http://[::1]@/", "http://[a]@h/"} do
            net.fails("EINVAL", url.parse(text))
        end
    end)

    it("encodes what is not ASCII", function()
        assert.equal("http://h/%C3%A9?%E2%82%AC#%FF", tostring(url.parse "http://h/é?€#\xff"))
    end)

    it("gives back what it was given", function()
        for _, text in ipairs{"http://h", "http://h/", "http://u@h:1/p?q#f", "http://h?", "a", "?",
            "//h/p", "x:y", "http://:@h/", "file:///etc", "/a?b", "http://h/%zz%2F"} do
            assert.equal(text, tostring(url.parse(text)))
        end
    end)
end)

describe("url.build", function()
    it("puts parts together", function()
        assert.equal("http://h:81/a?b#c", url.build{scheme = "http", host = "h", port = 81,
            path = "a", query = "b", fragment = "c"})
        assert.equal("http://h", url.build{scheme = "http", host = "h"})
        assert.equal("x:/.//a", url.build{scheme = "x", path = "//a"})
    end)

    it("names host and port as a Host field does", function()
        local function hostport(text) return url.hostport(url.parse(text)) end
        assert.equal("h", hostport "http://h/")
        assert.equal("h", hostport "http://h:80/")
        assert.equal("h:443", hostport "http://h:443/")
        assert.equal("h", hostport "https://h:443/")
        assert.equal("[::1]:8", hostport "http://u@[::1]:8/")
        assert.equal("[fe80::1]", hostport "http://[fe80::1%25lo]/")
    end)
end)
