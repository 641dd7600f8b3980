-- The linter itself: a tree with breaches of every rule, and one with none.

local process <const> = dofile("examples/lib/process.lua")

local FOLDERS <const> = "csrc/core csrc/loop csrc/task csrc/bind csrc/host csrc/odd"
    .. " csrc/mod/ws csrc/mod/tls obj/mod/ws spec/c spec/fuzz spec/support lua examples lib"

local function write(path, text)
    local file <close> = assert(io.open(path, "w"))
    assert(file:write(text))
end

-- The linter's output and status in a tree of these files, with a library made
-- of `object`, or without one.
local function lint(files, object)
    local tree <const> = os.tmpname()
    local here <const> = process.start("pwd"):finish():match "[^\n]+"
    assert(os.execute(("rm %s && mkdir %s && cd %s && mkdir -p %s")
        :format(tree, tree, tree, FOLDERS)))
    write(tree .. "/Makefile", "all:\n")
    for path, text in pairs(files) do
        write(tree .. "/" .. path, text)
    end
    if object then
        write(tree .. "/lib/object.c", object)
        assert(os.execute(([[cd %s/lib && cc -O0 -fPIC -c object.c && ar qcs libtidewire.a object.o
            cc -O0 -fPIC -c object.c -o ../obj/mod/ws/frame.o]]):format(tree)))
    end
    local child <close> = process.start("sh -c " .. process.quote(
        ("cd %s && TIDEWIRE_BUILD=. lua5.4 %s/spec/support/lint.lua"):format(tree, here)))
    local output <const>, status <const> = child:finish()
    os.execute("rm -r " .. tree)
    return output, status
end

local CLEAN_OBJECT <const> = [[
static const int one = 1;
const int *const tw_table[] = {&one};
int tw_three(void) { return 3; }
]]

-- A function of 70 lines.
local function long(name, comment, open, close)
    return ("\n%s\nstatic void %s(int x)\n{\n%s%s%s}\n"):format(comment, name, open,
        ("    x++;\n"):rep(66), close)
end

-- Enough short functions for the long ones to be exceptions.
local SHORT <const> = ("static void f(void)\n{\n}\n"):rep(90)

local CLEAN <const> = {
    ["csrc/core/short.c"] = SHORT,
    ["csrc/core/net_kernel.c"] = [[
#include "core/net.h"
/* printf("it's only said") */
int tw_open(const char *s)
{
    const char *t = "exit(1) \" abort(";
    return s == t || '"' == *s || socket(1, 2, 3);
}
]],
    ["csrc/core/net.h"] = "struct tw_net;\nint (*table(struct sockaddr *bind))(void);\n",
    ["csrc/loop/poll.c"] = [[
#include "core/net.h"
static int wait(struct state *st)
{
    net->connect(1);
    return poll(st->fds, 1, 2);
}
]],
    ["csrc/task/wait.c"] = [[
#include <lua.h>
int task_wait(void)
{
    return lua_yieldk(L);
}
]],
    ["csrc/mod/ws/frame.c"] = '#include "task/api.h"\n#include "mod/ws/frame.h"\n',
    ["csrc/bind/ltw.c"] = [[
static int deep(int a, int b, int c, int d, int (*e)(int, int))
{
    static const int table[] = {1, 2};
    if (a)
        return 1;
    else if (b)
        return 2;
    else if (c)
        return 3;
    else if (d)
        return 4;
    for (;;)
        while (a)
            if (b)
                return 5;
again:
    switch (a)
    {
    case 1:
        do
            a--;
        while (b);
    }
}
]] .. long("steps", "/* One switch. */", "    switch (x)\n    {\n", "    }\n"),
    ["csrc/host/main.c"] = '#include "tidewire.h"\nint main(void)\n{\n    exit(printf(""));\n}\n',
}

-- What the linter must say about which file.
local BREACHES <const> = {
    ["csrc/core/short.c"] = { SHORT },
    ["csrc/core/a.c"] = { '#include "loop/loop.h"\n#include <lauxlib.h>\n',
        "a.c:1: core/ may not include loop/loop.h", "a.c:2: core/ may not include Lua's headers" },
    ["csrc/core/b.c"] = { "int shared(void)\n{\n    return 1;\n}\n",
        "b.c:2: shared is shared and has no prefix" },
    ["csrc/core/b.h"] = { "struct job;\nenum tw_x { A };\nstruct sockaddr *tw_f(void);\n",
        "b.h:1: the tag job has no prefix" },
    ["csrc/core/c.c"] = { "static void f(int x)\n{\n    setsockopt (x);\n    p->send(x);\n"
        .. "    epoll_ctl(x);\n    poll(x);\n}\n#define OUT(x) printf(x)\n",
        "c.c:3: setsockopt is not allowed", "c.c:5: epoll_ctl is not", "c.c:6: poll is not",
        "c.c:8: printf is not" },
    ["csrc/loop/d.c"] = { "static void f(int x)\n{\n    if (x)\n        for (;;)\n"
        .. "            while (x)\n                if (x)\n                    x--;\n}\n"
        .. "static void g(int a, int b, int c, int d, int e, int f)\n{\n    ;\n}\n"
        .. long("h", "/* Long. */", "", "") .. "/* TODO: more */\n",
        "d.c:7: f is nested 4 deep", "d.c:10: g has 6 parameters", "h has 68 lines",
        "TODO without an issue" },
    ["csrc/task/e.c"] = { "static void f(int x)\n{\n    lua_yieldk(x);\n    lua_yieldk(x);\n}\n",
        "lua_yieldk is used 2 times" },
    ["csrc/bind/f.c"] = { "static void f(char *x)\n{\n    lua_resume(x);\n    strcpy(x, x);\n}\n",
        "f.c:3: lua_resume is not", "f.c:4: strcpy is not" },
    ["csrc/mod/ws/g.c"] = { '#include "mod/tls/tls.h"\n#include "host/main.h"\n',
        "g.c:1: a module may not include another: mod/tls/tls.h",
        "g.c:2: mod/ may not include host/main.h" },
    ["csrc/odd/h.c"] = { "int x;\n", "there is no layer odd" },
    ["csrc/host/i.h"] = { ("\n"):rep(151), "i.h: 151 lines, at most 150" },
    ["lua/j.lua"] = { "local function f()\n" .. ("\n"):rep(40) .. "end\n",
        "a function of 42 lines" },
    ["Makefile"] = { ("\n"):rep(151), "Makefile: 151 lines" },
}

local STATEFUL_OBJECT <const> = [[
static int counter;
static __thread int mine;
__attribute__((visibility("hidden"))) int tw_hidden = 1;
static int *pointer = &counter;
int shared(void) { return ++*pointer + ++mine + (pointer = 0, 0); }
]]

describe("the linter", function()
    it("has nothing to say about a clean tree", function()
        local output <const>, status <const> = lint(CLEAN, CLEAN_OBJECT)
        assert.matches("lint: clean", output)
        assert.equal(0, status, output)
    end)

    it("finds each breach", function()
        local files <const> = {}
        for path, breach in pairs(BREACHES) do files[path] = breach[1] end
        local output <const>, status <const> = lint(files, CLEAN_OBJECT)
        local expected = 0
        for _, breach in pairs(BREACHES) do
            for i = 2, #breach do
                assert.is_truthy(output:find(breach[i], 1, true), breach[i] .. "\n" .. output)
                expected = expected + 1
            end
        end
        assert.matches("lint: " .. expected .. " problems", output)
        assert.equal(1, status)
    end)

    it("finds writable data of every kind, and names that are not ours", function()
        local output <const>, status <const> = lint(CLEAN, STATEFUL_OBJECT)
        assert.equal(1, status)
        for _, text in ipairs { "object.o: writable data: counter in %.bss",
            "frame.o: writable data: counter in %.bss", "mine in %.tbss", "tw_hidden in %.data",
            "pointer in %.data", "shared is shared and has no prefix" } do
            assert.matches(text, output)
        end
    end)

    it("fails when there is no library to look at", function()
        local output <const>, status <const> = lint(CLEAN)
        assert.equal(1, status)
        assert.matches("no symbols; has it been built", output)
    end)

    it("fails when functions in general are too long", function()
        local files <const> = { ["csrc/core/a.c"] =
            ("static void f(int x)\n{\n%s}\n"):format(("    x++;\n"):rep(40)) }
        local output <const> = lint(files, CLEAN_OBJECT)
        assert.matches("the 50th percentile is 42 lines, at most 12", output)
        assert.matches("the 90th percentile is 42 lines, at most 35", output)
    end)
end)
