/*
 * The `tidewire` command: a Lua interpreter with the C module built in, and
 * the smallest example of a program that embeds the library.
 *
 *     tidewire script.lua [arguments]
 */
#include "tidewire.h"

#include <lauxlib.h>
#include <lualib.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

/* The state that Ctrl-C stops: written once, before the handler is set. */
static lua_State *running;

static void stop(lua_State *L, lua_Debug *ar)
{
    (void)ar;
    lua_sethook(L, NULL, 0, 0);
    luaL_error(L, "interrupted!");
}

static void interrupt(int signal_number)
{
    const int now = LUA_MASKCALL | LUA_MASKRET | LUA_MASKLINE | LUA_MASKCOUNT;
    signal(signal_number, SIG_DFL); /* a second Ctrl-C ends the process */
    lua_sethook(running, stop, now, 1);
}

static int traceback(lua_State *L)
{
    luaL_traceback(L, L, luaL_tolstring(L, 1, NULL), 1);
    return 1;
}

/* As lua5.4 does: the script is arg[0], its arguments follow. */
static void push_arguments(lua_State *L, int argc, char **argv)
{
    lua_createtable(L, argc, 1);
    for (int i = 0; i < argc; i++)
    {
        lua_pushstring(L, argv[i]);
        lua_rawseti(L, -2, i - 1);
    }
    lua_setglobal(L, "arg");
}

/* Protected: everything that may raise. Arguments: argc, argv. */
static int run(lua_State *L)
{
    int argc = (int)lua_tointeger(L, 1);
    char **argv = lua_touserdata(L, 2);
    luaL_openlibs(L);
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
    lua_pushcfunction(L, luaopen_tidewire_core);
    lua_setfield(L, -2, "tidewire.core");
    push_arguments(L, argc, argv);
    lua_settop(L, 0);
    lua_gc(L, LUA_GCGEN, 0, 0);
    if (luaL_loadfile(L, argv[1]) != LUA_OK)
        return lua_error(L);
    for (int i = 2; i < argc; i++)
    {
        luaL_checkstack(L, 1, "too many arguments");
        lua_pushstring(L, argv[i]);
    }
    lua_call(L, argc - 2, 0);
    return 0;
}

static int protected_run(lua_State *L, int argc, char **argv)
{
    lua_pushcfunction(L, traceback);
    lua_pushcfunction(L, run);
    lua_pushinteger(L, argc);
    lua_pushlightuserdata(L, argv);
    return lua_pcall(L, 2, 0, 1);
}

int main(int argc, char **argv)
{
    if (argc < 2 || strcmp(argv[1], "-h") == 0)
    {
        fprintf(stderr, "tidewire %s\nusage: tidewire script.lua [args]\n",
                TW_VERSION);
        return argc < 2 ? 1 : 0;
    }
    lua_State *L = luaL_newstate();
    if (!L)
    {
        fprintf(stderr, "tidewire: not enough memory\n");
        return 1;
    }
    struct sigaction action = {.sa_handler = interrupt};
    running = L;
    sigaction(SIGINT, &action, NULL);
    int rc = protected_run(L, argc, argv);
    if (rc != LUA_OK)
        fprintf(stderr, "tidewire: %s\n", lua_tostring(L, -1));
    lua_close(L);
    return rc == LUA_OK ? 0 : 1;
}
