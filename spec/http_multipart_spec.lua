-- Forms as multipart/form-data, read in any pieces.

local support <const> = require "spec.support.multipart"
local net <const> = require "spec.support.net"
local multipart <const> = require "tidewire.http.multipart"

local KIND <const> = support.KIND
local source_of <const> = support.source
local collect <const> = support.collect
local field <const> = support.field
local reads <const> = support.reads

describe("a multipart form", function()
    it("is read part by part", function()
        reads({ parts = {
            { "a", nil, "text/plain", "1" },
            { "f", "x.bin", "image/png", "\r\n--b\r\n\0--B\r\n--" },
            { "", nil, "text/plain", "" },
        } }, field("a", "1")
            .. field("f", "\r\n--b\r\n\0--B\r\n--", '; filename="x.bin"\r\ncontent-type:image/png ')
            .. field("", "") .. "--B--\r\n")
    end)

    it("may have something before it and after it", function()
        reads({ parts = { { "a", nil, "text/plain", "1" } } },
            "before\r\n--\r\n--Bx\r\n" .. field("a", "1") .. "--B--\r\nafter\r\n--B\r\n")
        reads({}, "--B--")
        reads({}, "x\r\n--B--\t \r\n")
    end)

    it("may have white space behind a boundary, but nothing else", function()
        local head <const> = '\r\nContent-Disposition: form-data; name="a"\r\n\r\n'
        reads({ parts = { { "a", nil, "text/plain", "1" } } },
            "--B \t" .. head .. "1\r\n--B--  ")
        local text <const> = "\r\n--B x\r\n--B-\r\n--B--x\r\n--B\n\r\n-B\r\n--B\r--B\r\n --B--"
        reads({ parts = { { "a", nil, "text/plain", text } } },
            "--B" .. head .. text .. "\r\n--B--\r\n")
        local long <const> = "1\r\n--B" .. (" "):rep(65) .. "\r\n--B--" .. ("\t"):rep(65)
        local parts <const>, code <const> =
            collect(source_of("--B" .. head .. long .. "\r\n--B--" .. (" "):rep(64), 1))
        assert.same({ { "a", nil, "text/plain", long } }, parts)
        assert.is_nil(code)
    end)

    it("may have parts without content", function()
        reads({ parts = { { "a", nil, "text/plain", "" }, { "b", nil, "text/plain", "" } } },
            '--B\r\nContent-Disposition: form-data; name="a"\r\n\r\n'
            .. '--B\r\nContent-Disposition: form-data; name="b"\r\n\r\n\r\n--B--\r\n')
    end)

    it("must end with the last boundary", function()
        for text, n in pairs {
            [""] = 0, ["--B"] = 0, ["--B\r\n"] = 0, ["--B-"] = 0, ["x--B--"] = 0, ["--C--"] = 0,
            [field("a", "1")] = 1, [field("a", "1") .. "--B"] = 1, ["--B\n--B--"] = 0,
            [field("a", "1") .. "--B\r\n"] = 1, ["--B\r\nContent-Dispo"] = 0,
        } do
            for size = 1, 2 do
                local parts <const>, code <const> = collect(source_of(text, size))
                assert.equal("EBADMSG", code, text)
                assert.equal(n, #parts, text)
            end
        end
    end)

    it("must have parts with well-formed heads", function()
        local good <const> = 'Content-Disposition: form-data; name="a"'
        for _, head in ipairs {
            "", "Content-Type: text/plain", "Content-Disposition: form-data",
            "Content-Disposition: form-data; filename=x", "Content-Disposition: file; name=x",
            good .. "\r\n" .. good, good .. "; name=b", good .. "; x", good .. ' "', good .. "\0",
            good .. "\r\n more", good .. "\r\nX : 1", good .. "\r\n: 1", good .. "\r\nX",
            good .. "\r\nX: a\nb", good .. "\r\nX: a\rb", good .. '; filename="x',
            good .. "\r\nContent-Type: Multipart/mixed; boundary=C",
            good .. "\r\nContent-Transfer-Encoding: base64",
        } do
            reads({ code = "EBADMSG" }, "--B\r\n" .. head .. "\r\n\r\n1\r\n--B--\r\n")
        end
        reads({ parts = { { "a", nil, "text/plain", "1" } } }, "--B\r\n" .. good
            .. "\r\nContent-Transfer-Encoding: 8BIT\r\n\r\n1\r\n--B--\r\n")
    end)

    it("is one by its type only", function()
        local source <const> = source_of "--B--"
        for _, kind in ipairs {
            "text/plain", "multipart/mixed; boundary=B", "multipart/form-data",
            "multipart/form-data; boundary=", "multipart/form-data; boundary=B; boundary=C",
            'multipart/form-data; boundary="B', 'multipart/form-data; boundary="B "',
            "multipart/form-data; boundary=" .. ("B"):rep(71),
            'multipart/form-data; boundary="B\r"',
            "multipart/form-datax; boundary=B",
        } do
            net.fails("ENOTSUP", multipart.read(source, kind))
        end
        net.fails("ENOTSUP", multipart.read(source, nil))
        local form <const> = multipart.read(source_of "--a b?--",
            'Multipart/Form-Data; charset=x; BOUNDARY="a b?"')
        net.fails("eof", form:next())
    end)
end)

describe("a part", function()
    local text <const> = field("a", ("0123456789"):rep(100)) .. field("b", "2") .. "--B--"

    it("is read in pieces of any size", function()
        for _, n in ipairs { 1, 7, 1000, 1001, 1 << 40 } do
            for _, size in ipairs { 1, 100, 5000 } do
                local part <const> = multipart.read(source_of(text, size), KIND):next()
                local pieces <const> = {}
                for piece in function() return (part:read(n)) end do
                    assert.is_true(#piece > 0 and #piece <= n)
                    pieces[#pieces + 1] = piece
                end
                assert.equal(("0123456789"):rep(100), table.concat(pieces))
                net.fails("eof", part:read(n))
                assert.equal("", part:body())
            end
        end
        net.raises("less than one byte", function()
            multipart.read(source_of(text), KIND):next():read(0)
        end)
    end)

    it("is skipped when the next one is asked for, and over then", function()
        for _, read in ipairs { 0, 1, 500 } do
            local form <const> = multipart.read(source_of(text), KIND)
            local part <const> = form:next()
            if read > 0 then part:read(read) end
            assert.equal("2", form:next():body())
            net.fails("closed", part:read())
            net.fails("closed", part:body())
            net.fails("closed", part:save(net.path()))
            net.fails("eof", form:next())
            net.fails("eof", form:next())
        end
    end)

    it("fails as the body does, and so does all that follows", function()
        local source <const> = source_of(text, 500)
        local read <const>, calls = source.read, 0
        function source.read(...)
            calls = calls + 1
            if calls > 2 then return nil, "gone", "ECONNRESET" end
            return read(...)
        end
        local form <const> = multipart.read(source, KIND)
        local part <const> = form:next()
        net.fails("ECONNRESET", part:body())
        net.fails("ECONNRESET", part:read())
        net.fails("ECONNRESET", form:next())
        assert.equal(3, calls)
    end)
end)

describe("for part in a form", function()
    it("goes over the parts, and raises what is answered with a status", function()
        local names <const> = {}
        local function over(text, limits)
            for part in multipart.read(source_of(text), KIND, limits) do
                names[#names + 1] = part.name
            end
        end
        local text <const> = field("a", "1") .. field("b", "2")
        over(text .. "--B--")
        assert.same({ "a", "b" }, names)
        local ok, failure = pcall(over, text)
        assert.same({ false, 400, "EBADMSG" }, { ok, failure.status, failure.code })
        assert.matches("ends before the last boundary", tostring(failure))
        ok, failure = pcall(over, text, { parts = 1 })
        assert.same({ false, 413, "EMSGSIZE" }, { ok, failure.status, failure.code })
    end)
end)
