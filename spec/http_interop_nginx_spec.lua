-- Our server behind nginx, where people put it.

local net <const> = require "spec.support.net"
local nginx <const> = require "spec.support.nginx"
local process <const> = dofile("examples/lib/process.lua")

process.limit = 60

local CONFIGURATION <const> = [[
    client_max_body_size 0;
    upstream ours { server unix:%1/socket; keepalive 2; }
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_set_header Host $host;
    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    server {
        listen unix:%1/front;
        set_real_ip_from unix:; real_ip_header X-Client;
        location / { proxy_pass http://ours; }
        location /streamed/ {
            proxy_pass http://ours/;
            proxy_request_buffering off; proxy_buffering off;
        }
        location /old/ { proxy_pass http://ours/; proxy_http_version 1.0; }
    }
]]

local missing <const> = nginx.missing
    or not os.execute "curl --version >/dev/null 2>&1" and "curl is not installed"

describe("behind nginx, our server", function()
    if missing then
        pending("answers as it does alone (" .. missing .. ")")
        return
    end

    local folder, server, proxy

    local function run(format, ...)
        local pipe <close> = assert(io.popen(format:format(...)))
        return (pipe:read "a")
    end

    -- What curl prints when it asks nginx. URL stands for its address.
    local function curl(arguments)
        return run("curl -S --no-progress-meter --max-time 20 --unix-socket %s/front %s 2>&1",
            folder, (arguments:gsub("URL", "http://example.org"):gsub("DIR", folder)))
    end

    setup(function()
        folder = net.path()
        run("mkdir -p %s/files %s/uploads", folder, folder)
        run("head -c 10485760 /dev/urandom >%s/large; ln %s/large %s/files/large", folder, folder,
            folder)
        run("printf 0123456789 >%s/files/ten.txt", folder)
        server = process.start(process.lua("lua5.4", "spec/interop/http_server.lua", folder))
        server:expect "^%d+\n"
        proxy = nginx.start(folder, CONFIGURATION)
    end)

    teardown(function()
        if proxy then proxy:kill() end
        if server then server:kill() end
        os.execute("rm -rf " .. folder)
    end)

    it("answers many requests on few connections", function()
        assert.equal(("hello\n"):rep(100), curl "'URL/hello?[1-100]'")
        local requests <const>, connections <const> =
            curl "-H 'X-Client: 192.0.2.1' URL/proxied"
                :match "^(%d+) (%d+) 192.0.2.1 example.org\n$"
        assert.equal("101", requests)
        assert.is_true(tonumber(connections) <= 2)
    end)

    it("gets and sends what is large, held back or streamed, in either version", function()
        for _, place in ipairs { "", "/streamed", "/old" } do
            for _, how in ipairs { "", "-H 'Transfer-Encoding: chunked'" } do
                -- Not /echo: nginx does not go on with a request once it is answered.
                assert.matches("^10485760 eof ",
                    curl("--data-binary @DIR/large URL" .. place .. "/count " .. how))
            end
            assert.equal("", curl("-o DIR/got URL" .. place .. "/files/large"))
            assert.equal("", run("cmp %s/got %s/large 2>&1", folder, folder))
        end
    end)

    it("answers about files", function()
        assert.equal("345 206", curl "-r 3-5 -w ' %{http_code}' URL/files/ten.txt")
        local etag <const> = curl "-I URL/files/ten.txt":match "\nETag: ([^\r]*)"
        assert.equal("304", curl(("-H 'If-None-Match: %s' -w '%%{http_code}' URL/files/ten.txt")
            :format(etag)))
        assert.matches("\nContent%-Length: 10\r\n.*\r\n\r\n0$",
            curl "-I -w '%{size_download}' URL/files/ten.txt")
    end)

    it("takes files, and refuses them", function()
        assert.matches("^f large application/octet%-stream 10485760 ",
            curl "-F f=@DIR/large URL/streamed/upload")
        assert.equal("413", curl "-F f=@DIR/large -o /dev/null -w '%{http_code}' URL/refuse")
        assert.equal("hello\n", curl "URL/hello")
    end)
end)
