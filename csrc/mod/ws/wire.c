/* The type itself: what it is made of, and its ends. */
#include "mod/ws/wire.h"

#define WIRE_TYPE "tidewire.websocket.wire"

struct tw_ws_wire *tw_ws_to_wire(lua_State *L, int idx)
{
    if (!lua_getmetatable(L, idx))
        return NULL;
    bool same = lua_rawequal(L, -1, lua_upvalueindex(3));
    lua_pop(L, 1);
    return same ? lua_touserdata(L, idx) : NULL;
}

struct tw_ws_wire *tw_ws_self(lua_State *L)
{
    struct tw_ws_wire *w = tw_ws_to_wire(L, 1);
    if (!w)
        luaL_typeerror(L, 1, WIRE_TYPE);
    return w;
}

struct tw_ws *tw_ws_shared(lua_State *L)
{
    struct tw_ws *ws = lua_touserdata(L, lua_upvalueindex(2));
    if (!tw_ws_ready(ws) || !tw_ws_runtime(L)->loop)
        luaL_error(L, "tidewire is closed in this Lua state");
    return ws;
}

/* wire(stream, client, max_message, max_fragments) */
static int ws_wire(lua_State *L)
{
    lua_getfield(L, LUA_REGISTRYINDEX, TW_API_KEY); /* checked by now */
    const struct tw_api *api = lua_touserdata(L, -1);
    struct tw_stream *st = api->to_stream(L, 1);
    luaL_argexpected(L, st && st->ops && st->ops->watch, 1, "open stream");
    lua_Integer max_message = luaL_checkinteger(L, 3);
    lua_Integer max_fragments = luaL_checkinteger(L, 4);
    luaL_argcheck(L, max_message >= 0, 3, "max_message: must not be negative");
    luaL_argcheck(L, max_fragments > 0 && max_fragments <= UINT32_MAX, 4,
                  "max_fragments: must be positive");
    struct tw_ws_wire *w = lua_newuserdatauv(L, sizeof *w, 2);
    *w = (struct tw_ws_wire){
        .api = api, .st = st, .client = lua_toboolean(L, 2)};
    lua_pushvalue(L, lua_upvalueindex(3));
    lua_setmetatable(L, -2);
    lua_pushvalue(L, 1);
    lua_setiuservalue(L, -2, 1);
    lua_pushvalue(L, lua_upvalueindex(2));
    lua_setiuservalue(L, -2, 2);
    tw_ws_reader_init(&w->reader, tw_ws_shared(L), !w->client);
    w->reader.max_message = (uint64_t)max_message;
    w->reader.max_fragments = (uint32_t)max_fragments;
    if (st->ops->never_sleep)
        st->ops->never_sleep(st);
    return 1;
}

const luaL_Reg tw_ws_wire_functions[] = {{"wire", ws_wire}, {NULL, NULL}};

static int wire_gc(lua_State *L)
{
    struct tw_ws_wire *w = luaL_checkudata(L, 1, WIRE_TYPE);
    tw_ws_reader_deinit(&w->reader);
    return 0;
}

void tw_ws_new_wire(lua_State *L)
{
    luaL_newmetatable(L, WIRE_TYPE);
    lua_pushcfunction(L, wire_gc);
    lua_setfield(L, -2, "__gc");
}

void tw_ws_open_wire(lua_State *L)
{
    lua_newtable(L);
    for (int i = 0; i < 3; i++)
        lua_pushvalue(L, -4); /* state shared mt methods state shared mt */
    tw_ws_setfuncs(L, tw_ws_input_methods);
    tw_ws_setfuncs(L, tw_ws_output_methods);
    lua_pop(L, 3);
    lua_setfield(L, -2, "__index");
}
