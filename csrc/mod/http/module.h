/* The C module "tidewire.http_core": what its files offer to module.c. */
#ifndef TW_MOD_HTTP_MODULE_H
#define TW_MOD_HTTP_MODULE_H

#include "tidewire.h"

#include <lauxlib.h>
#include <lua.h>

extern const luaL_Reg tw_http_codec_functions[];

TW_API int luaopen_tidewire_http_core(lua_State *L);

/* Add to the table on top. */
void tw_http_open_file(lua_State *L);

#endif
