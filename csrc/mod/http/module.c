/* The C module "tidewire.http_core". */
#include "mod/http/module.h"

int luaopen_tidewire_http_core(lua_State *L)
{
    luaL_checkversion(L);
    lua_newtable(L);
    tw_http_open_file(L);
    luaL_setfuncs(L, tw_http_codec_functions, 0);
    return 1;
}
