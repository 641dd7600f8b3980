/* The C module "tidewire.http_core": what its files offer to module.c. */
#ifndef TW_MOD_HTTP_MODULE_H
#define TW_MOD_HTTP_MODULE_H

#include "task/api.h"
#include "tidewire.h"

#include <lauxlib.h>
#include <lua.h>

/* The module's state: second upvalue of its functions, after core's. */
struct tw_http
{
    const struct tw_api *api;
    const void *server, *request, *response; /* their metatables */
    /* Of the exchange that was begun last and goes on; else NULL. */
    const void *known_request, *known_response;
};

/* Its user values. */
enum
{
    TW_HTTP_SERVER = 1, /* the metatables ... */
    TW_HTTP_REQUEST,
    TW_HTTP_RESPONSE,
    TW_HTTP_LAZY, /* fields of requests: functions that make them */
    TW_HTTP_USER_VALUES = TW_HTTP_LAZY
};

static inline struct tw_runtime *tw_http_runtime(lua_State *L)
{
    return lua_touserdata(L, lua_upvalueindex(1));
}

static inline struct tw_http *tw_http_state(lua_State *L)
{
    return lua_touserdata(L, lua_upvalueindex(2));
}

/* Functions in metatables have a third: the table of the type's methods. */
static inline void tw_http_push_method(lua_State *L, int name)
{
    lua_pushvalue(L, name);
    lua_rawget(L, lua_upvalueindex(3));
}

static inline void tw_http_push(lua_State *L, int user_value)
{
    lua_getiuservalue(L, lua_upvalueindex(2), user_value);
}

/* The userdata at `idx`; raises unless that is its metatable. */
static inline void *tw_http_check(lua_State *L, int idx, const void *metatable,
                                  const char *name)
{
    if (lua_getmetatable(L, idx))
    {
        bool same = lua_topointer(L, -1) == metatable;
        lua_pop(L, 1);
        if (same)
            return lua_touserdata(L, idx);
    }
    luaL_typeerror(L, idx, name);
    return NULL;
}

/* Ditto, of a method's self; what is `known` needs no look at its metatable. */
static inline void *tw_http_self(lua_State *L, const void *known,
                                 const void *metatable, const char *name)
{
    void *block = lua_touserdata(L, 1);
    if (__builtin_expect(block && block == known, 1))
        return block;
    return tw_http_check(L, 1, metatable, name);
}

/* What does without all that: adds to the table on top. */
extern const luaL_Reg tw_http_codec_functions[];
void tw_http_open_file(lua_State *L);

/* The functions, and what the types are made of. */
extern const luaL_Reg tw_http_functions[], tw_http_server_meta[],
    tw_http_server_methods[], tw_http_request_meta[], tw_http_request_methods[],
    tw_http_response_meta[], tw_http_response_methods[], tw_http_request_body[],
    tw_http_request_lazy[], tw_http_answer_methods[],
    tw_http_sendfile_methods[];

TW_API int luaopen_tidewire_http_core(lua_State *L);

#endif
