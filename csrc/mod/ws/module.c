/* The C module "tidewire.ws_core": WebSocket frames (RFC 6455) on wslay. */
#include "mod/ws/module.h"

#include "task/api.h"

static int shared_gc(lua_State *L)
{
    tw_ws_deinit(lua_touserdata(L, 1));
    return 0;
}

/* Pushes what all connections share of the state on top, whose memory it is. */
static void push_shared(lua_State *L)
{
    const struct tw_runtime *rt = lua_touserdata(L, -1);
    struct tw_ws *ws = lua_newuserdatauv(L, sizeof *ws, 0);
    *ws = (struct tw_ws){0};
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, shared_gc);
    lua_setfield(L, -2, "__gc");
    lua_setmetatable(L, -2);
    if (tw_ws_init(ws, &rt->mem) < 0)
        luaL_error(L, "not enough memory");
}

void tw_ws_setfuncs(lua_State *L, const luaL_Reg *list)
{
    for (int i = 0; i < 4; i++)
        lua_pushvalue(L, -4);
    luaL_setfuncs(L, list, 3); /* table and upvalues, table */
    lua_pop(L, 1);
}

int luaopen_tidewire_ws_core(lua_State *L)
{
    luaL_checkversion(L);
    const struct tw_api *api = tw_api_open(L);
    lua_newtable(L);
    api->push_state(L);
    push_shared(L);
    tw_ws_new_wire(L); /* module state shared mt */
    tw_ws_open_wire(L);
    tw_ws_setfuncs(L, tw_ws_wire_functions);
    tw_ws_setfuncs(L, tw_ws_output_functions);
    tw_ws_setfuncs(L, tw_ws_handshake_functions);
    lua_pop(L, 3);
    return 1;
}
