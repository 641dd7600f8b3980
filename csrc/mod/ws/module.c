/* The C module "tidewire.ws_core": WebSocket frames (RFC 6455) on wslay. */
#include "tidewire.h"

#include <lauxlib.h>
#include <lua.h>

TW_API int luaopen_tidewire_ws_core(lua_State *L);

int luaopen_tidewire_ws_core(lua_State *L)
{
    luaL_checkversion(L);
    lua_newtable(L);
    return 1;
}
