/*
 * The metatables of sockets. The attributes family, type and proto never
 * change, so sockets that agree in them share a metatable whose __index is a
 * plain table: finding a method then costs no function call.
 */
#include "bind/module.h"
#include "bind/socket.h"

#include <string.h>

/* Copies the fields of the table at `from` into the one on top. */
static void copy_fields(lua_State *L, int from)
{
    from = lua_absindex(L, from);
    lua_pushnil(L);
    while (lua_next(L, from))
    {
        lua_pushvalue(L, -2);
        lua_insert(L, -2);
        lua_rawset(L, -4);
    }
}

static void set_field(lua_State *L, const char *name, int value)
{
    lua_pushinteger(L, value);
    lua_setfield(L, -2, name);
}

/* Pushes a metatable like the type's own, but for __index: a table that holds
   the attributes beside the methods. */
static void new_kind(lua_State *L, const struct tw_sock *s)
{
    struct ltw *state = ltw_state(L);
    luaL_getmetatable(L, "tidewire.socket"); /* base */
    if (state->nkinds == LTW_KINDS)
        return;
    lua_newtable(L);
    copy_fields(L, -2); /* base mt */
    lua_newtable(L);
    lua_getfield(L, -3, "__methods");
    lua_insert(L, -2);
    copy_fields(L, -2); /* base mt methods index */
    set_field(L, "family", s->family);
    set_field(L, "type", s->type);
    set_field(L, "proto", s->proto);
    lua_setfield(L, -3, "__index");
    lua_pop(L, 1);
    lua_replace(L, -2); /* mt */
}

void ltw_opened(lua_State *L, int idx)
{
    struct ltw *state = ltw_state(L);
    struct ltw_socket *s = lua_touserdata(L, idx);
    idx = lua_absindex(L, idx);
    tw_watch_init(&s->watch, s->sock.fd);
    lua_getiuservalue(L, lua_upvalueindex(1), LTW_SOCKET_KINDS);
    lua_pushfstring(L, "%d %d %d", s->sock.family, s->sock.type, s->sock.proto);
    lua_pushvalue(L, -1); /* kinds key key */
    if (lua_rawget(L, -3) == LUA_TNIL)
    {
        lua_pop(L, 1);
        new_kind(L, &s->sock);
        lua_pushvalue(L, -2);
        lua_pushvalue(L, -2);
        lua_rawset(L, -5); /* kinds key mt */
        if (lua_topointer(L, -1) != state->metatables[LTW_SOCKET])
            state->kinds[state->nkinds++] = lua_topointer(L, -1);
    }
    lua_setmetatable(L, idx);
    lua_pop(L, 2);
}

/* The fields and methods of a socket of no common kind. Upvalue 2 holds the
   methods. */
static int sock_index(lua_State *L)
{
    const struct ltw_socket *s = ltw_check(L, 1, LTW_SOCKET);
    lua_pushvalue(L, 2);
    if (lua_rawget(L, lua_upvalueindex(2)) != LUA_TNIL)
        return 1;
    const char *key = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "";
    if (strcmp(key, "family") == 0)
        lua_pushinteger(L, s->sock.family);
    else if (strcmp(key, "type") == 0)
        lua_pushinteger(L, s->sock.type);
    else if (strcmp(key, "proto") == 0)
        lua_pushinteger(L, s->sock.proto);
    return 1;
}

void ltw_open_kinds(lua_State *L)
{
    luaL_getmetatable(L, "tidewire.socket"); /* mt */
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_getfield(L, -2, "__index"); /* mt state methods */
    lua_pushvalue(L, -1);
    lua_setfield(L, -4, "__methods");
    lua_pushcclosure(L, sock_index, 2); /* mt __index */
    lua_setfield(L, -2, "__index");
    lua_pop(L, 1);
}
