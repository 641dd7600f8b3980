-- The files in multipart forms: their names, and how they are saved.

local support <const> = require "spec.support.multipart"
local net <const> = require "spec.support.net"
local multipart <const> = require "tidewire.http.multipart"

local KIND <const> = support.KIND
local source_of <const> = support.source
local field <const> = support.field

describe("a part's names", function()
    local function part_of(disposition)
        local text <const> = ("--B\r\nContent-Disposition: form-data; %s\r\nX: 1\r\nx: 2\r\n\r\n")
            :format(disposition)
        return assert(multipart.read(source_of(text .. "\r\n--B--"), KIND):next())
    end

    it("are as they were sent, but for escaped quotes", function()
        for text, names in pairs {
            ["name=a"] = { "a" }, ['NAME="a b;"; FileName=""'] = { "a b;", "" },
            ['name="a\\"b"; filename="C:\\dir\\x.txt"'] = { 'a"b', "C:\\dir\\x.txt" },
            ['name="ä%22"; filename="../../x"'] = { "ä%22", "../../x" },
            ["name=a; filename=b; filename*=UTF-8''%c3%a4%2Fx"] = { "a", "ä/x" },
            ["name=a; filename=b; filename*=utf-8'en'%ff"] = { "a", "b" },
            ["name=a; filename=b; filename*=latin1''%e4"] = { "a", "b" },
        } do
            local part <const> = part_of(text)
            assert.same(names, { part.name, part.filename }, text)
        end
        assert.equal("1, 2", part_of("name=a").headers.X)
    end)

    it("give a file's name only without what is special", function()
        for filename, expected in pairs {
            ["x.txt"] = "x.txt", ["../../etc/passwd"] = "passwd", ["C:\\a\\b c.txt"] = "b c.txt",
            [".htaccess"] = "htaccess", ["a\1b\127"] = false, ["..."] = false, [".. ."] = false,
            ["a/"] = false, ["/"] = false, [""] = false, ["ü"] = "ü", ["a\\..\\.."] = false,
        } do
            if not filename:find "%c" then
                assert.equal(expected or nil, part_of(('name=a; filename="%s"')
                    :format(filename:gsub("\\", "\\\\"))):basename(), filename)
            end
        end
        assert.equal("ab", part_of("name=a; filename*=utf-8''a%00%0A%7fb"):basename())
        assert.equal("x", part_of("name=a; filename*=utf-8''..%2Fx"):basename())
        assert.is_nil(part_of("name=a"):basename())
        local long <const> = part_of("name=a; filename=" .. ("ü"):rep(200)):basename()
        assert.equal(("ü"):rep(127), long)
    end)
end)

describe("part:save", function()
    local folder

    before_each(function()
        folder = net.path()
        assert(os.execute("mkdir " .. folder))
    end)

    after_each(function() os.execute("rm -r " .. folder) end)

    local function content(path)
        local file <close> = assert(io.open(path, "rb"))
        return file:read "a"
    end

    local function files()
        local pipe <close> = io.popen("ls -A " .. folder)
        return pipe:read "a"
    end

    local text <const> = field("a", ("x\r\n"):rep(1000), '; filename="../../a"')
        .. field("b", "2") .. "--B--"

    it("writes to a file, or to one in a directory", function()
        local form <const> = multipart.read(source_of(text, 7), KIND)
        assert.same({ folder .. "/file", 3000 }, { form:next():save(folder .. "/file") })
        assert.equal(("x\r\n"):rep(1000), content(folder .. "/file"))
        local path <const>, size <const> = form:next():save(folder .. "/")
        assert.matches("^" .. folder .. "/%x+$", path)
        assert.same({ "2", 1 }, { content(path), size })
        os.remove(path)
        assert.equal("file\n", files())
    end)

    it("leaves nothing, or what was there, when it fails", function()
        local cut <const> = text:sub(1, 1000)
        net.fails("EBADMSG", multipart.read(source_of(cut, 7), KIND):next():save(folder .. "/"))
        assert.equal("", files())
        local file <close> = io.open(folder .. "/file", "w")
        file:write "old"
        file:close()
        for _, limits in ipairs { { disk = 2999 }, { part = 2999 } } do
            local form <const> = multipart.read(source_of(text, 100), KIND, limits)
            net.fails("EMSGSIZE", form:next():save(folder .. "/file"))
            net.fails("EMSGSIZE", form:next())
        end
        net.raises("stop", function()
            local source <const> = source_of(text, 100)
            local form <const> = multipart.read(source, KIND)
            local part <const> = form:next()
            source.read = function() error "stop" end
            part:save(folder .. "/file")
        end)
        assert.same({ "file\n", "old" }, { files(), content(folder .. "/file") })
    end)

    it("says why a file cannot be written", function()
        local form <const> = multipart.read(source_of(text), KIND)
        net.fails("ENOENT", form:next():save(folder .. "/none/file"))
        net.fails("ENOENT", form:next():save(folder .. "/none/"))
        os.execute("mkdir " .. folder .. "/dir")
        net.fails("EISDIR", multipart.read(source_of(text), KIND):next():save(folder .. "/dir"))
        assert.equal("dir\n", files())
    end)

    it("holds no file in memory", function()
        local piece <const>, left = ("0123456789abcdef"):rep(4096), 400
        local source <const> = { read = function()
            left = left - 1
            return left == 399 and field("a", ""):sub(1, -3) or left > 0 and piece
                or left == 0 and "\r\n--B--" or nil, "end", "eof"
        end }
        collectgarbage()
        collectgarbage() -- also what finalizers kept
        local before <const>, most, times = collectgarbage "count", 0, 0
        local read <const> = source.read
        function source.read()
            if left % 40 == 0 then
                collectgarbage() -- what is garbage, others decide
                most = math.max(most, collectgarbage "count" - before)
                times = times + 1
            end
            return read()
        end
        local part <const> = multipart.read(source, KIND):next()
        assert.equal(398 * 65536, select(2, part:save(folder .. "/file")))
        assert.equal(11, times)
        assert.is_true(most < 4096, most .. " KiB")
    end)
end)
