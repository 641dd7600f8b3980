/* The C module "tidewire.ws_core": WebSocket frames (RFC 6455) on wslay. */
#include "mod/ws/module.h"

static int shared_gc(lua_State *L)
{
    tw_ws_deinit(lua_touserdata(L, 1));
    return 0;
}

/* Pushes what all connections of the state share. */
static void push_shared(lua_State *L)
{
    struct tw_mem mem = {0};
    struct tw_ws *ws = lua_newuserdatauv(L, sizeof *ws, 0);
    *ws = (struct tw_ws){0};
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, shared_gc);
    lua_setfield(L, -2, "__gc");
    lua_setmetatable(L, -2);
    mem.fn = lua_getallocf(L, &mem.ud);
    if (tw_ws_init(ws, &mem) < 0)
        luaL_error(L, "not enough memory");
}

int luaopen_tidewire_ws_core(lua_State *L)
{
    luaL_checkversion(L);
    lua_newtable(L);
    push_shared(L); /* module shared */
    tw_ws_open_wire(L);
    lua_pushvalue(L, -1);
    lua_insert(L, -3); /* shared module shared */
    luaL_setfuncs(L, tw_ws_wire_functions, 1);
    lua_insert(L, -2); /* module shared */
    lua_pop(L, 1);
    luaL_setfuncs(L, tw_ws_handshake_functions, 0);
    return 1;
}
