-- http.files: no way out of the root, and nothing but files.

local core <const> = require "tidewire.http_core"
local net <const> = require "spec.support.net"
local peer <const> = require "spec.support.peer"
local process <const> = dofile("examples/lib/process.lua")
local site <const> = require "spec.support.http_site"
local strace <const> = require "spec.support.strace"
local tasks <const> = require "spec.support.tasks"

local SECRET <const> = "the secret"

-- A root beside a secret, and many ways to it.
local function prison(options)
    local here <const> = site.new({ ["a.txt"] = "inside", ["sub/index.html"] = "index",
        ["sub/deep/b.txt"] = "deep", ["../secret"] = SECRET, ["../www2/secret"] = SECRET },
        options)
    here:run([[ln -s ../secret out && ln -s %s/secret absolute && ln -s .. up &&
        ln -s ../.. sub/up && ln -s loop loop && ln -s loop2 loop1 && ln -s loop1 loop2 &&
        ln -s a.txt inside && ln -s ../a.txt sub/inside && ln -s sub folder &&
        ln -s %s/a.txt back && ln -s /proc/self/root magic && ln -s /proc/self/cwd/ cwd &&
        ln -s /etc/passwd passwd && ln -s / slash && ln -s sub/../../secret crooked &&
        ln -s nowhere dangling && mkfifo fifo && cp -a /dev/null null 2>/dev/null;
        exec 3<a.txt; ln -s /proc/self/fd/0 fd; ln -s fifo to_fifo; true]],
        here.folder, here.root)
    return here
end

local OUT <const> = {
    "/..", "/../", "/../secret", "/../../etc/passwd", "/sub/../../secret",
    "/sub/../a.txt", "/sub/..", "/sub/deep/../../../secret", "/./../secret", "/./a.txt",
    "/%2e%2e/secret", "/%2E%2E/secret", "/.%2e/secret", "/%2e./secret", "/%2e/a.txt",
    "/..%2fsecret", "/..%2Fsecret", "/sub%2f..%2f..%2fsecret", "/%2e%2e%2fsecret",
    "/sub%2findex.html", "/%2fa.txt", "/%2f..%2fsecret", "/..%5csecret", "/..\\secret",
    "/%5c..%5csecret", "/sub\\..\\..\\secret", "/.../secret", "/....//secret", "//../secret",
    "//../../secret", "/..//secret", "///etc/passwd", "//etc/passwd", "/etc/passwd",
    "/%00", "/a.txt%00", "/a.txt%00.html", "/..%00/secret", "/%00/../secret",
    "/%252e%252e/secret", "/..%252fsecret", "/%c0%ae%c0%ae/secret", "/..;/secret",
    "/..%c0%afsecret", "/%u002e%u002e/secret", "/~root/.profile", "/www2/secret",
    "/../www2/secret", "/../www/a.txt", "/up/secret", "/up/www/a.txt", "/up/", "/sub/up/secret",
    "/out", "/absolute", "/back", "/crooked", "/passwd", "/slash/etc/passwd", "/slash/",
    "/magic/etc/passwd", "/magic/", "/cwd/README.md", "/fd", "/loop", "/loop1", "/loop/a",
    "/dangling", "/fifo", "/to_fifo", "/fifo/", "/null", "/a.txt/", "/a.txt/.", "/a.txt/..",
    "/" .. ("n"):rep(255), "/" .. ("n"):rep(256), "/" .. ("d/"):rep(3000) .. "a.txt",
    "/" .. ("../"):rep(2000) .. "etc/passwd", "a.txt", "*", "?", "../secret", "%2e%2e/secret",
}

local function refused(here, target)
    local answer <const> = here:get(target)
    -- What is no target at all does not come as far.
    local bad <const> = answer.status == 400
    assert.same({target, bad and 400 or 404, bad and answer.body or "404 Not Found\n"},
        {target, answer.status, answer.body})
    assert.is_falsy(answer.body:find(SECRET, 1, true))
end

for name, options in pairs {
    ["as usual"] = {},
    ["with names that begin with a dot"] = { dotfiles = true },
    ["with lists"] = { list = true, dotfiles = true },
    ["without links"] = { follow = false, dotfiles = true },
} do
    it("nothing outside is found, " .. name, function()
        local here <close> = prison(options)
        for _, target in ipairs(OUT) do
            refused(here, target)
        end
    end)
end

it("links that stay inside are followed, unless told not to", function()
    local here <close> = prison()
    local strict <close> = prison{ follow = false }
    for target, text in pairs { ["/inside"] = "inside", ["/sub/inside"] = "inside",
            ["/folder/"] = "index", ["/folder/deep/b.txt"] = "deep" } do
        assert.same({target, text}, {target, here:get(target).body})
        refused(strict, target)
    end
    assert.equal("deep", strict:get("/sub/deep/b.txt").body)
end)

-- Even the superuser may read only what the permissions allow.
local BOUND <const> = "setpriv --inh-caps=-dac_override,-dac_read_search "
    .. "--bounding-set=-dac_override,-dac_read_search"

it("the root itself keeps paths inside", function()
    local here <close> = prison()
    local root <close> = assert(core.root(here.root, true))
    local before <const> = net.descriptors()
    for _, target in ipairs(OUT) do
        root:load(target)
        root:names(target, 10)
    end
    assert.equal(before, net.descriptors())
    for path, code in pairs { ["../secret"] = "EXDEV", ["/.."] = "EXDEV", ["out"] = "EXDEV",
            ["sub/../../secret"] = "EXDEV", ["a.txt\0"] = "EINVAL", ["fifo"] = "ENOENT",
            ["loop"] = "ELOOP", ["magic"] = "EXDEV" } do
        net.fails(code, root:load(path))
    end
    net.fails("ENOENT", root:names("nowhere", 1))
    net.fails("ENOTDIR", root:names("a.txt", 1))
    assert.equal(2, #assert(root:names("/", 2)))
    assert.equal("inside", (root:load "sub/../a.txt"))
    assert.is_false((root:load ""))
    root:close()
    net.raises("the root is closed", root.load, root, "a.txt")
end)

it("what may not be read is forbidden", function()
    local here <close> = site.new{ ["a"] = "a", ["sub/b"] = "b" }
    here:run("chmod 0 a sub")
    local allowed <close> = io.open(here.root .. "/a")
    if allowed and not os.execute(BOUND .. " true 2>/dev/null") then
        return pending "permissions do not bind this user"
    end
    local child <close> = peer.start_within(allowed and BOUND or "", [[
        local here = require "spec.support.http_site".at(arg[1])
        say(here:get("/a").status, here:get("/sub/b").status)
        here:run("chmod 111 sub && chmod 0 .")
        say(here:get("/sub/b").status)
    ]], here.root)
    assert.same({"403\t403\n403\n", 0}, {child:finish()})
end)

it("a folder that turns into a link meanwhile leads nowhere else", function()
    local here <close> = site.new{ ["x/name"] = "inside", ["../outside/name"] = SECRET }
    local child <close> = process.start(("sh -c 'cd %s && echo go && while :; do " ..
        "mv -T x y; ln -s ../outside x; mv -T x z; mv -T y x; done'"):format(here.root))
    child:expect "go"
    local seen <const> = {}
    for _ = 1, tasks.stressed and 100 or 3000 do
        local answer <const> = here:get "/x/name"
        seen[answer.status .. answer.body] = true
    end
    child:kill "KILL"
    assert.is_nil(seen["200" .. SECRET])
    seen["200inside"], seen["404404 Not Found\n"] = nil, nil
    assert.is_nil(next(seen))
end)

it("no descriptor left is 503, and passes", function()
    local here <close> = site.new{ ["a"] = "a", ["big"] = ("b"):rep(100000) }
    local child <close> = peer.start_with("ulimit -n 20", [[
        local here = require "spec.support.http_site".at(arg[1])
        here:get("/a")
        local held = {}
        repeat held[#held + 1] = io.open("/dev/null") until #held > 0 and not io.open("/dev/null")
        say(here:get("/a").status, here:get("/big").status)
        for _, file in ipairs(held) do file:close() end
        say(here:get("/a").body, #here:get("/big").body)
    ]], here.root)
    assert.same({"503\t503\na\t100000\n", 0}, {child:finish()})
end)

-- An older kernel, or a process that may not: the path is followed step by step.
local WALK <const> = [[
local site = require "spec.support.http_site"
local here <close> = site.new({ ["sub/a"] = "inside", ["../secret"] = "secret", b = "b" },
    { dotfiles = true })
here:run("ln -s ../secret out; ln -s b in; ln -s sub folder; mkfifo fifo")
for _, target in ipairs{ "/sub/a", "//sub//a", "/b", "/out", "/in", "/folder/a", "/sub/../b",
        "/../secret", "/sub", "/sub/", "/fifo", "/b/", "/b/x", "/" .. ("n"):rep(256),
        "/sub/" .. ("n"):rep(255) .. "/x" } do
    io.write(here:get(target).status, " ")
end
local root <close> = assert(require "tidewire.http_core".root(here.root, true))
for _, path in ipairs { "../secret", "/..", "sub/../../secret", "sub/..", "out", "a\0b" } do
    io.write(select(3, root:load(path)) or "found", " ")
end
print()
]]

local cases <const> = {}
for _, code in ipairs { "ENOSYS", "EPERM" } do
    cases[#cases + 1] = {
        "finds the same without openat2 (" .. code .. "), links apart",
        inject = "openat2:error=" .. code, bare = true, script = WALK,
        says = "200 200 200 404 404 404 404 404 301 404 404 404 404 404 404 "
            .. "EXDEV EXDEV EXDEV EXDEV ELOOP EINVAL \n",
    }
end

strace.describe("a kernel", cases)
