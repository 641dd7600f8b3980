/* The C module "tidewire.ws_core": what its files offer to module.c. */
#ifndef TW_MOD_WS_MODULE_H
#define TW_MOD_WS_MODULE_H

#include "mod/ws/frame.h"
#include "tidewire.h"

#include <lauxlib.h>
#include <lua.h>

TW_API int luaopen_tidewire_ws_core(lua_State *L);

/* Functions of the module. */
extern const luaL_Reg tw_ws_wire_functions[], tw_ws_output_functions[],
    tw_ws_handshake_functions[];

/* Pushes the metatable of wires, still empty; fills it once it is on top, with
   the other upvalues of all functions below it. */
void tw_ws_new_wire(lua_State *L);
void tw_ws_open_wire(lua_State *L);

/* Sets functions in the table below the three upvalues on top. */
void tw_ws_setfuncs(lua_State *L, const luaL_Reg *list);

#endif
