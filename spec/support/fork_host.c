/*
 * A Lua interpreter whose scripts can fork: what becomes of tasks then.
 *
 *     fork_host script.lua
 *
 * fork(f) calls f in a child process, which then closes its copy of the state,
 * and waits for it: the child's exit status, 0 if f returned and -n if signal n
 * ended it.
 */
#include "host.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static int child(lua_State *L)
{
    lua_State *main_thread;
    int rc = lua_pcall(L, 0, 0, 0);
    if (rc != LUA_OK)
        fprintf(stderr, "child: %s\n", lua_tostring(L, -1));
    lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_MAINTHREAD);
    main_thread = lua_tothread(L, -1);
    lua_pop(L, 1);
    lua_close(main_thread);
    exit(rc == LUA_OK ? 0 : 1);
}

static int host_fork(lua_State *L)
{
    int status = 0;
    luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_settop(L, 1);
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0)
        return child(L);
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        return luaL_error(L, "fork");
    lua_pushinteger(L, WIFEXITED(status) ? WEXITSTATUS(status)
                                         : -WTERMSIG(status));
    return 1;
}

int main(int argc, char **argv)
{
    lua_State *L = luaL_newstate();
    if (argc < 2 || !L)
        return 2;
    luaL_openlibs(L);
    lua_register(L, "fork", host_fork);
    return host_run(L, argv[1]);
}
