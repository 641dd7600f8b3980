/* What the hosts share that are Lua interpreters with functions of their own.
 */
#ifndef HOST_H
#define HOST_H

#include "tidewire.h"

#include <lauxlib.h>
#include <lualib.h>
#include <stdio.h>

/* Runs a script in a state that has the standard libraries and, built in, the
   C module; closes it. Returns the exit status. */
static inline int host_run(lua_State *L, const char *script)
{
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
    lua_pushcfunction(L, luaopen_tidewire_core);
    lua_setfield(L, -2, "tidewire.core");
    lua_settop(L, 0);
    int rc = luaL_dofile(L, script);
    if (rc != LUA_OK)
        fprintf(stderr, "%s\n", lua_tostring(L, -1));
    lua_close(L);
    return rc == LUA_OK ? 0 : 1;
}

#endif
