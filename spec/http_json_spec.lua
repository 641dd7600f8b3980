-- JSON by way of cjson, where that is installed, and without it.

local net <const> = require "spec.support.net"

local installed <const> = pcall(require, "cjson.safe")
local json <const> = require "tidewire.http.json"

describe("json", function()
    if not installed then
        pending("reads and writes", function() end, "lua-cjson is not installed")
        return
    end

    it("writes values", function()
        for text, value in pairs {
            ["[1,\"a\",true,null]"] = { 1, "a", true, json.null }, ["{}"] = {},
            ['{"a":[{}]}'] = { a = { {} } }, ['"\\u0000\\"<\\/\228"'] = '\0"</\228', ["1.5"] = 1.5,
            ["false"] = false, ["null"] = json.null, ["[null,2]"] = { nil, 2 },
        } do
            assert.equal(text, json.encode(value))
        end
    end)

    it("raises for what cannot be said", function()
        local loop <const> = {}
        loop.loop = loop
        for _, value in ipairs { print, 0 / 0, 1 / 0, { [true] = 1 }, { [1000] = 1 }, loop } do
            net.raises("http_json_spec.lua", function() json.encode(value) end)
        end
    end)

    it("reads values, whole numbers as integers", function()
        assert.same({ a = { 1, 2.5, "x" }, b = json.null, c = {} },
            json.decode '{"a":[1.0,2.5,"\\u0078"],"b":null,"c":{}}')
        for text, kind in pairs { ["1"] = "integer", ["-1e2"] = "integer", ["1.5"] = "float",
            ["1e300"] = "float" } do
            assert.equal(kind, math.type(json.decode(text)))
            assert.equal(kind, math.type(json.decode("[[" .. text .. "]]")[1][1]))
        end
        assert.is_false(json.decode " false ")
        assert.equal(json.null, json.decode "null")
    end)

    it("refuses what is malformed or too deep", function()
        for _, text in ipairs {
            "", " ", "{", "[1,]", "{a:1}", "[1] 2", "NaN", "Infinity", "0x10", "'a'", '"\\ud800"',
            '{"a"}', "nul", "[1 2]", ("["):rep(1001) .. ("]"):rep(1001), "\239\187\191 1",
        } do
            net.fails("EBADMSG", json.decode(text))
        end
        local depth <const> = ("["):rep(1000) .. ("]"):rep(1000)
        assert.equal(depth, json.encode(json.decode(depth:gsub("%[%]", "[1]"))):gsub("1", ""))
    end)

    it("leaves the script's own cjson as it is", function()
        assert.is_truthy(require("cjson.safe").decode "NaN")
    end)
end)

describe("json without cjson", function()
    it("says what is missing", function()
        local path <const>, cpath <const> = package.path, package.cpath
        local loaded <const>, ours <const> = package.loaded, "tidewire.http.json"
        local kept <const>, mine <const> = loaded["cjson.safe"], loaded[ours]
        loaded["cjson.safe"], loaded[ours] = nil, nil
        package.path, package.cpath = "lua/?.lua", ""
        local without <const> = require "tidewire.http.json"
        package.path, package.cpath = path, cpath
        loaded["cjson.safe"], loaded[ours] = kept, mine
        net.raises("lua-cjson", without.encode, 1)
        net.raises("lua-cjson", without.decode, "1")
    end)
end)
