-- Lists with weights (Accept, Accept-Encoding) and the parameters of fields.

local accept <const> = require "tidewire.http.accept"
local parameters <const> = require "tidewire.http.parameters"

describe("parameters.read", function()
    -- Checks what is read, and that all of the text is.
    local function reads(expected, text)
        local found <const>, after <const> = parameters.read(text)
        assert.same(expected, found)
        assert.equal(#text + 1, after)
    end

    it("takes tokens and quoted strings, names in any case", function()
        reads({ charset = "utf-8" }, "; charset=utf-8")
        reads({ a = "1", b = "x; y, z", c = "" }, ' ;A=1;b="x; y, z" ; c="" ')
        reads({ a = "1" }, ";;; a=1;")
        reads({}, "")
    end)

    it("undoes the escapes of quotes and backslashes only", function()
        reads({ f = 'a"b\\c' }, [[; f="a\"b\\c"]])
        reads({ f = [[C:\dir\file]] }, [[; f="C:\dir\file"]])
    end)

    it("stops where something is malformed, or comes twice", function()
        for text, at in pairs {
            ["; a=1; a=2"] = 8, ['; a="x'] = 3, ["; a"] = 3, ["; =x"] = 3, ["; a=1 b=2"] = 7,
            ['; a="x"y'] = 8, ["x; a=1"] = 1,
        } do
            assert.equal(at, select(2, parameters.read(text)), text)
        end
        assert.same({ a = "1" }, (parameters.read "; a=1; A=2"))
    end)
end)

describe("accept.parse", function()
    it("reads values, weights and parameters", function()
        assert.same({
            { value = "text/html", q = 1, params = { level = "1, 2" } },
            { value = "gzip", q = 0.5, params = {} },
            { value = "*", q = 0, params = {} },
            { value = "br", q = 1, params = {} },
        }, accept.parse 'text/html ; level="1, 2", GZIP;q=0.5,*; Q=0.000 , ,br;q=1.')
        assert.same({}, accept.parse(nil))
        assert.same({}, accept.parse "")
    end)

    it("leaves out what is malformed", function()
        for _, text in ipairs {
            "gzip;q=2", "gzip;q=0.1234", "gzip;q=-1", "gzip;q=", "gzip;q=x", "gzip x",
            'gzip;a="x, deflate', ";q=1", ",,,", "gzip;q=1.001", '"gzip"',
        } do
            assert.same({}, accept.parse(text), text)
            assert.equal("br", accept.parse("br," .. text)[1].value)
        end
        assert.equal("br", accept.parse("gzip x, br")[1].value)
        assert.equal("br", accept.parse([[gzip;a="\",", br]])[2].value)
    end)

    it("takes time that grows with the length only", function()
        local began <const> = os.clock()
        for _, text in ipairs { "a,", "a;", '"', ';a="', "a;q=", " ", ",\t" } do
            accept.parse(text:rep(32768 // #text))
        end
        assert.is_true(os.clock() - began < 1)
    end)
end)

describe("accept.quality", function()
    it("is the weight of the closest element", function()
        local value <const> = "text/*;q=0.3, text/html;q=0.7, text/html;level=1, */*;q=0.5"
        for name, q in pairs {
            ["text/html"] = 0.7, ["text/plain"] = 0.3, ["image/png"] = 0.5, ["TEXT/HTML"] = 0.7,
        } do
            assert.equal(q, accept.quality(value, name))
            assert.equal(q, accept.quality(accept.parse(value), name))
        end
        assert.equal(1, accept.quality("application/json;charset=utf-8", "application/json"))
    end)

    it("is 0 for what is refused or not mentioned", function()
        assert.equal(0, accept.quality("gzip, br;q=0", "br"))
        assert.equal(0, accept.quality("gzip", "br"))
        assert.equal(0, accept.quality("br;q=0, *", "br"))
        assert.equal(1, accept.quality("br;q=0, *", "gzip"))
        assert.equal(0, accept.quality(nil, "br"))
    end)
end)

describe("accept.best", function()
    local offers <const> = { "application/json", "text/html" }

    it("takes the client's favourite, of equals the first", function()
        assert.equal("text/html", accept.best("text/html, */*;q=0.1", offers))
        assert.equal("application/json", accept.best("*/*", offers))
        assert.equal("application/json", accept.best(nil, offers))
        assert.is_nil(accept.best("image/png", offers))
        assert.is_nil(accept.best("*/*;q=0", offers))
        assert.is_nil(accept.best("", offers))
    end)
end)
