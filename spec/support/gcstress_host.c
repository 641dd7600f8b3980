/*
 * A Lua interpreter that forces a full garbage collection whenever one of our
 * C functions, or liblua on its behalf, asks for memory: whatever C holds
 * without anchoring it dies there, and what is freed is overwritten, so that
 * it shows. With GCSTRESS=all the same goes for every other request too.
 *
 *     gcstress_host script.lua [arguments]
 *
 * Ours are the shared objects from a directory "tidewire". Whether one of
 * their functions is running is read off the C stack: a word of it points into
 * their code. A stale word at worst forces a collection too many.
 */
#include "fault_mem.h"

#include <lauxlib.h>
#include <link.h>
#include <lualib.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum
{
    RANGES = 16
};

struct range
{
    uintptr_t from, to;
};

static struct
{
    struct fault_mem mem;
    struct range ours[RANGES];
    int count;
    const char *stack_base; /* main's frame */
    bool everywhere;
    lua_State *running; /* what Ctrl-C stops */
    bool warns;
} stress;

/* -- whose code ---------------------------------------------------------- */

static int note_object(struct dl_phdr_info *info, size_t size, void *unused)
{
    (void)size;
    (void)unused;
    if (!strstr(info->dlpi_name, "/tidewire/"))
        return 0;
    for (int i = 0; i < info->dlpi_phnum && stress.count < RANGES; i++)
    {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        uintptr_t from = info->dlpi_addr + segment->p_vaddr;
        if (segment->p_type == PT_LOAD && segment->p_flags & PF_X)
            stress.ours[stress.count++] =
                (struct range){from, from + segment->p_memsz};
    }
    return 0;
}

static bool is_ours(uintptr_t word)
{
    for (int i = 0; i < stress.count; i++)
        if (word >= stress.ours[i].from && word < stress.ours[i].to)
            return true;
    return false;
}

/* A searcher of package.searchers that looks what has been loaded. */
static int search(lua_State *L)
{
    int top = lua_gettop(L);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, top, LUA_MULTRET);
    stress.count = 0;
    dl_iterate_phdr(note_object, NULL);
    return lua_gettop(L);
}

static void watch_searchers(lua_State *L)
{
    lua_getglobal(L, "package");
    lua_getfield(L, -1, "searchers");
    for (lua_Integer i = 1; lua_geti(L, -1, i) != LUA_TNIL; i++)
    {
        lua_pushcclosure(L, search, 1);
        lua_seti(L, -2, i);
    }
    lua_pop(L, 3);
}

/* -- when ---------------------------------------------------------------- */

/* True if a word of the C stack points into our code. */
__attribute__((no_sanitize("address"))) static bool on_stack(void)
{
    const uintptr_t *word = __builtin_frame_address(0);
    while ((const char *)word < stress.stack_base)
        if (is_ours(*word++))
            return true;
    return false;
}

static bool collect(const struct fault_mem *mem, const void *caller)
{
    (void)mem;
    (void)caller;
    if (stress.everywhere)
        return true;
    return stress.count > 0 && on_stack();
}

/* The library's own requests are not liblua's to repeat. */
static void *allocate(void *ud, void *ptr, size_t osize, size_t nsize)
{
    const struct fault_request request = {ptr, osize, nsize};
    const void *caller = __builtin_return_address(0);
    if (is_ours((uintptr_t)caller))
        return fault_mem_own(ud, ptr, osize, nsize);
    return fault_mem_twice(ud, &request, caller);
}

/* -- the interpreter ----------------------------------------------------- */

/* As lua5.4: Ctrl-C raises an error at the next instruction or call. */
static void stop(lua_State *L, lua_Debug *ar)
{
    (void)ar;
    lua_sethook(L, NULL, 0, 0);
    luaL_error(L, "interrupted!");
}

static void interrupt(int number)
{
    const int now = LUA_MASKCALL | LUA_MASKRET | LUA_MASKLINE | LUA_MASKCOUNT;
    signal(number, SIG_DFL);
    lua_sethook(stress.running, stop, now, 1);
}

/* As lua5.4: silent until warn("@on"). */
static void warning(void *prefix, const char *text, int more)
{
    bool first = *(bool *)prefix;
    *(bool *)prefix = !more;
    if (first && !more && *text == '@')
        stress.warns = strcmp(text, "@on") == 0;
    else if (stress.warns)
        fprintf(stderr, "%s%s%s", first ? "Lua warning: " : "", text,
                more ? "" : "\n");
}

static int traceback(lua_State *L)
{
    luaL_traceback(L, L, luaL_tolstring(L, 1, NULL), 1);
    return 1;
}

static void report(void)
{
    if (getenv("GCSTRESS_REPORT"))
        fprintf(stderr, "gcstress: %ld collections forced\n",
                stress.mem.collections);
    if (!stress.mem.problem)
        return;
    fprintf(stderr, "gcstress: %s\n", stress.mem.problem);
    _Exit(1);
}

/* Arguments: argc, argv. */
static int run(lua_State *L)
{
    int argc = (int)lua_tointeger(L, 1);
    char **argv = lua_touserdata(L, 2);
    luaL_openlibs(L);
    fault_mem_learn(&stress.mem, L);
    watch_searchers(L);
    lua_createtable(L, argc, 1);
    for (int i = 0; i < argc; i++)
    {
        lua_pushstring(L, argv[i]);
        lua_rawseti(L, -2, i - 1);
    }
    lua_setglobal(L, "arg");
    if (luaL_loadfile(L, argv[1]) != LUA_OK)
        return lua_error(L);
    luaL_checkstack(L, argc, "too many arguments");
    for (int i = 2; i < argc; i++)
        lua_pushstring(L, argv[i]);
    lua_call(L, argc - 2, 0);
    return 0;
}

int main(int argc, char **argv)
{
    const char *where = getenv("GCSTRESS");
    stress.stack_base = __builtin_frame_address(0);
    stress.everywhere = where && strcmp(where, "all") == 0;
    lua_State *L = lua_newstate(allocate, &stress.mem);
    if (argc < 2 || !L)
        return 2;
    atexit(report);
    bool prefix = true;
    lua_setwarnf(L, warning, &prefix);
    stress.running = L;
    struct sigaction action = {.sa_handler = interrupt};
    sigaction(SIGINT, &action, NULL);
    stress.mem.collect = collect;
    lua_pushcfunction(L, traceback);
    lua_pushcfunction(L, run);
    lua_pushinteger(L, argc);
    lua_pushlightuserdata(L, argv);
    int rc = lua_pcall(L, 2, 0, 1);
    if (rc != LUA_OK)
        fprintf(stderr, "gcstress_host: %s\n", lua_tostring(L, -1));
    stress.mem.collect = NULL;
    lua_close(L);
    return rc == LUA_OK ? 0 : 1;
}
