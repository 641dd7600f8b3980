-- Multipart forms that are written.

local peer <const> = require "spec.support.http_serving"
local support <const> = require "spec.support.multipart"
local net <const> = require "spec.support.net"
local http <const> = require "tidewire.http"
local multipart <const> = require "tidewire.http.multipart"

local source_of <const> = support.source

describe("multipart.encode", function()
    local function written(given)
        local body <const> = assert(multipart.encode(given))
        local pieces <const> = {}
        for piece in body.open() do pieces[#pieces + 1] = piece end
        local text <const> = table.concat(pieces)
        assert.equal(body.length, #text)
        return text, body
    end

    -- What reading a form gives back.
    local function back(given)
        local text <const>, body <const> = written(given)
        local parts <const> = {}
        for part in assert(multipart.read(source_of(text, 11), body.kind)) do
            parts[#parts + 1] = { part.name, part.filename, part.headers["content-type"],
                part:body() }
        end
        return parts
    end

    it("writes fields and files that can be read back", function()
        local path <const> = net.path()
        local file <close> = io.open(path, "wb")
        file:write(("\r\n--B\0"):rep(30000))
        file:close()
        local name <const> = path:match "[^/]*$"
        assert.same({ { "a", nil, nil, "1" }, { "ü", nil, nil, "x\r\ny" } },
            back { ["ü"] = "x\r\ny", a = 1 })
        assert.same({
            { "f", name, "application/octet-stream", ("\r\n--B\0"):rep(30000) },
            { 'a%22%0D%0Ab', nil, nil, "" },
            { "g", 'x%22y', "text/plain; charset=utf-8", "text" },
            { "null", "n.txt", "application/octet-stream", "" },
        }, back {
            { name = "f", path = path }, { name = 'a"\r\nb', value = "" },
            { name = "g", value = "text", filename = 'x"y', type = "text/plain; charset=utf-8" },
            { name = "null", path = "/dev/null", filename = "n.txt" },
        })
        os.remove(path)
        net.fails("ENOENT", multipart.encode { { name = "f", path = path } })
    end)

    it("makes a body that the client sends, again if it has to", function()
        local path <const> = net.path()
        local file <close> = io.open(path, "wb")
        file:write(("0123456789"):rep(100000))
        file:flush()
        local received <const> = {}
        peer.serve(function(req, res)
            for part in req:multipart { part = 1 << 20 } do
                received[#received + 1] = { req.length, part.name, part:body() }
            end
            if req.path == "/" then res:redirect("/b", 307) else res:text "done" end
        end, function(server)
            local body <const> = multipart.encode { { name = "f", path = path } }
            local url <const> = ("http://127.0.0.1:%d/"):format(server:getsockname().port)
            for _ = 1, 2 do
                assert.equal("done", assert(http.post(url, body)).body)
            end
            local one <const> = { body.length, "f", ("0123456789"):rep(100000) }
            assert.same({ one, one, one, one }, received)
        end)
        os.remove(path)
    end)

    it("says when a file is not what it was", function()
        local path <const> = net.path()
        local file <close> = io.open(path, "wb")
        file:write(("x"):rep(100000))
        file:flush()
        local body <const> = multipart.encode { { name = "f", path = path } }
        assert(os.execute("truncate -s 70000 " .. path))
        local pieces <const> = body.open()
        assert.is_string(pieces())
        assert.equal(65536, #pieces())
        assert.equal(70000 - 65536, #pieces())
        net.fails("EIO", pieces())
        os.remove(path)
        net.fails("ENOENT", (function(next) next() return next() end)(body.open()))
    end)

    it("chooses a boundary that nobody foresees", function()
        local _, a <const> = written {}
        local _, b <const> = written {}
        assert.is_true(a.kind ~= b.kind)
        assert.same({}, back {})
    end)

    it("raises for what cannot be sent", function()
        for _, given in ipairs {
            { { name = "a" } }, { { value = "a" } }, { { name = "a", value = {} } },
            { { name = "a", value = "b", path = "c" } }, { { name = "a", value = "1", x = 1 } },
            { { name = "a", value = "b", type = "a\r\nb" } }, { a = true },
        } do
            net.raises("http_multipart_encoder_spec.lua", function() multipart.encode(given) end)
        end
    end)
end)
