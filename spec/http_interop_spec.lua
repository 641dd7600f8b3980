-- curl as a client of ours, in the ways that people use it.

local net <const> = require "spec.support.net"
local process <const> = dofile("examples/lib/process.lua")
local socket <const> = require "tidewire.socket"
local turns <const> = require "spec.support.turns"

local have_curl <const> = os.execute "curl --version >/dev/null 2>&1"
local have_json <const> = pcall(require, "cjson.safe")
-- What is freed is not used again by then.
local sanitized <const> = (os.getenv "TIDEWIRE_BUILD" or ""):find "/san$" ~= nil

process.limit = 60

describe("curl", function()
    if not have_curl then
        pending("gets along with our server (curl is not installed)")
        return
    end

    local folder, server, port

    local function run(format, ...)
        local command <const> = format:format(...)
        local pipe <const> = assert(io.popen(command))
        local output <const> = pipe:read "a"
        local ok <const>, _, status <const> = pipe:close()
        return output, ok and 0 or status
    end

    -- What curl prints, and its status. URL stands for the server's.
    local function curl(arguments, before)
        local words <const> = arguments:gsub("URL", "http://127.0.0.1:" .. port)
            :gsub("DIR", folder)
        return run("%s curl -S --no-progress-meter --max-time 20 %s 2>&1", before or "", words)
    end

    setup(function()
        folder = net.path()
        assert(os.execute(("mkdir -p %s/files %s/uploads"):format(folder, folder)))
        run("head -c 10485760 /dev/urandom >%s/large", folder)
        run("head -c 20971520 /dev/urandom >%s/larger", folder)
        run("printf 0123456789 >%s/files/ten.txt; ln %s/large %s/files/large", folder, folder,
            folder)
        server = process.start(process.lua("lua5.4", "spec/interop/http_server.lua", folder))
        port = server:expect "^(%d+)\n"
    end)

    teardown(function()
        if server then server:kill() end
        os.execute("rm -rf " .. folder)
    end)

    it("uses one connection for several requests", function()
        assert.equal("hello\n1 1.1 200\nhello\n0 1.1 200\nhello\n0 1.1 200\n", curl(
            [[-w '%{num_connects} %{http_version} %{http_code}\n' URL/hello URL/hello URL/hello]]))
    end)

    it("speaks HTTP/1.0, with and without keep-alive", function()
        local plain <const> = curl "-0 -i URL/hello"
        assert.matches("\r\nConnection: close\r\n", plain)
        assert.matches("\r\n\r\nhello\n$", plain)
        assert.equal("hello\n1\nhello\n0\n", curl(
            [[--http1.0 -H 'Connection: keep-alive' -w '%{num_connects}\n' URL/hello URL/hello]]))
        -- Without chunks the end of the connection is the body's.
        assert.equal("10485760", curl "-0 URL/large | grep 0123456789abcde | wc -c":match "%d+")
    end)

    it("asks for heads", function()
        local head <const> = curl "-I -w '%{size_download}' URL/hello"
        assert.matches("^HTTP/1.1 200 OK\r\n", head)
        assert.matches("\r\nContent%-Length: 6\r\n", head)
        assert.matches("\r\n\r\n0$", head)
        assert.equal("hello\n", (curl "-I -o /dev/null URL/hello --next URL/hello"))
    end)

    it("gets many things at once", function()
        local output <const> = curl "-Z --parallel-max 20 'URL/hello?[1-200]'"
        assert.equal(("hello\n"):rep(200), output)
    end)

    it("gets files, whole and in ranges", function()
        assert.equal("0123456789", (curl "URL/files/ten.txt"))
        for range, expected in pairs {
            ["0-3"] = "0123 206", ["-3"] = "789 206", ["5-"] = "56789 206", ["9-99"] = "9 206",
        } do
            assert.equal(expected, (curl("-w ' %{http_code}' URL/files/ten.txt -r " .. range)))
        end
        assert.equal("416", curl "-o /dev/null -w '%{http_code}' -r 10- URL/files/ten.txt")
        assert.matches("multipart/byteranges.*\r\n0\r\n.*\r\n89\r\n",
            (curl "-i -r 0-0,8-9 URL/files/ten.txt"))
        assert.equal("", (curl "-o DIR/got URL/files/large"))
        assert.equal("", (run("cmp %s/got %s/large 2>&1", folder, folder)))
        run("truncate -s 1234567 %s/got", folder)
        curl "-o DIR/got -C - URL/files/large"
        assert.equal("", (run("cmp %s/got %s/large 2>&1", folder, folder)))
        local etag <const> = curl("-I URL/files/ten.txt"):match "\nETag: ([^\r]*)"
        assert.equal("304 ", (curl(("-H 'If-None-Match: %s' -w '%%{http_code} ' URL/files/ten.txt")
            :format(etag))))
    end)

    it("talks over a Unix socket", function()
        assert.equal("hello\n", (curl "--unix-socket DIR/socket http://localhost/hello"))
    end)

    it("sends and gets ten megabytes", function()
        for _, how in ipairs { "", "-H 'Transfer-Encoding: chunked'", "-0", "-H 'Expect:'" } do
            assert.equal("", (curl("-o DIR/got --data-binary @DIR/large URL/echo " .. how)))
            assert.equal("", (run("cmp %s/got %s/large 2>&1", folder, folder)))
        end
    end)

    it("sends what comes from a pipe, in chunks", function()
        assert.equal("10485760 eof chunked -\n",
            (curl("-T - URL/count", "cat " .. folder .. "/large |")))
        assert.equal("3 eof chunked -\n", (curl("-T . -X POST URL/count", "printf abc |")))
        assert.equal("0 eof chunked -\n", (curl("-T - URL/count", ": |")))
    end)

    it("is told to go on, or not to", function()
        local went_on <const> =
            curl "-v -H 'Expect: 100-continue' --data-binary @DIR/large URL/count"
        assert.matches("< HTTP/1.1 100 Continue\r\n", went_on)
        assert.matches("10485760 eof %- 10485760\n", went_on)
        local refused <const> = curl("-v -H 'Expect: 100-continue' --data-binary @DIR/larger "
            .. "-w '%{size_upload}' URL/refuse")
        assert.is_nil(refused:find "100 Continue\r")
        assert.matches("< HTTP/1.1 413 ", refused)
        assert.matches("\n0$", refused)
        -- Without a body there is nothing to wait for.
        assert.equal("hello\n", (curl "-H 'Expect: 100-continue' URL/hello"))
        assert.equal("0 eof - 0\n", (curl "-H 'Expect: 100-continue' -d '' URL/count"))
    end)

    it("may be refused while it is sending", function()
        local output <const> =
            curl "-H 'Expect:' --data-binary @DIR/larger -o /dev/null -w '%{http_code}' URL/refuse"
        assert.matches("413", output)
        assert.equal("413 413", (curl("-d x -o /dev/null -w '%{http_code} ' URL/refuse "
            .. "--next -s -d x -o /dev/null -w '%{http_code}' URL/refuse")))
    end)

    it("sends forms", function()
        assert.equal("a=x+y%26%C3%BC&b=1&a=2\n", (curl("--data-urlencode 'a=x y&ü' -d b=1 "
            .. "--data-urlencode a=2 URL/form")))
        assert.equal("q=%3D%26+z&r=\n", (curl "-G --data-urlencode 'q==& z' -d r URL/args"))
        assert.equal("500", (curl "-o /dev/null -w '%{http_code}' -F a=1 URL/form"))
    end)

    it("sends JSON", function()
        if not have_json then return pending "lua-cjson is not installed" end
        assert.equal('{"a":[1,2.5,"ü"]}',
            (curl [[-H 'Content-Type: application/json' -d '{"a":[1,2.5,"\u00fc"]}' URL/json]]))
        assert.equal("400", (curl
            "-H 'Content-Type: application/json' -o /dev/null -w '%{http_code}' -d '{' URL/json"))
        assert.equal("415", (curl "-o /dev/null -w '%{http_code}' -d 1 URL/json"))
    end)

    it("uploads files, which are never held in memory", function()
        local before <const> = tonumber((curl "URL/memory"))
        local lines <const> = curl("-F a=1 -F 'f=@DIR/larger;filename=\"../x y.bin\"' "
            .. "-F 'b=<DIR/files/ten.txt' -F 'g=@DIR/files/ten.txt;type=text/x-ten' -F 'é=ü' "
            .. "URL/upload")
        local path <const> =
            lines:match "^a=1\nf x y.bin application/octet%-stream 20971520 (%C*)\nb=0123456789\n"
        assert.is_truthy(path, lines)
        assert.equal("", (run("cmp %s %s/larger 2>&1", path, folder)))
        assert.matches("\ng ten.txt text/x%-ten 10 [^\n]*\né=ü\n$", lines)
        local grown <const> = tonumber((curl "URL/memory")) - before
        assert.is_true(sanitized or grown < 4096, grown .. " KiB")
        -- A file in chunks, and one that breaks off.
        assert.matches("^f larger application/octet%-stream 20971520 ",
            (curl "-H 'Transfer-Encoding: chunked' -F f=@DIR/larger URL/upload"))
        local count <const> = run("ls %s/uploads | wc -l", folder)
        run("timeout 0.3 curl -s --limit-rate 1M -F f=@%s/larger http://127.0.0.1:%s/upload",
            folder, port)
        turns.eventually(function() return run("ls %s/uploads | wc -l", folder) == count end)
    end)

    it("keeps cookies, and deletes them", function()
        assert.equal("\n", (curl "-c DIR/jar URL/cookies"))
        assert.equal("first=1 second=2\n", (curl "-b DIR/jar -c DIR/jar URL/cookies"))
        assert.equal("first=1\n", (curl "-b DIR/jar -c DIR/jar URL/cookies"))
        assert.matches("#HttpOnly_127.0.0.1\tFALSE\t/cookies\tFALSE\t0\tsecond\t2\n",
            (run("cat %s/jar", folder)))
    end)

    it("follows redirects", function()
        assert.equal("hello\n", (curl "-L URL/redirect/302"))
        assert.equal("data", (curl "-L -d data URL/redirect/307"))
        assert.equal("405", (curl "-L -d data -o /dev/null -w '%{http_code}' URL/redirect/303"))
    end)

    it("shares the server with one who does not wait for answers", function()
        local s <close> = assert(socket.create_connection { "127.0.0.1", math.tointeger(port) })
        s:settimeout(net.LIMIT)
        s:sendall(("POST /count HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"):rep(1000)
            .. "GET /none HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert.equal("hello\n", (curl "URL/hello"))
        local answers <const> = s:makefile():read "a"
        assert.equal(1000, select(2, answers:gsub("\r\n\r\n3 eof %- 3\nHTTP/1.1 ", "")))
        assert.matches("404 Not Found\n$", answers)
    end)

    it("gets trailers", function()
        assert.matches("with trailers\n.*[Cc]hecksum: 1234", (curl "-D - URL/trailers"))
    end)
end)
