/* The C module "tidewire.http_core". */
#include "mod/http/module.h"

#include <string.h>

/* Sets functions in the table on top, with the two states as upvalues. */
static void setfuncs(lua_State *L, const luaL_Reg *list)
{
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_pushvalue(L, lua_upvalueindex(2));
    luaL_setfuncs(L, list, 2);
}

/* A type: its metatable goes to that user value, its methods, in several lists,
   to the module under that name, if there is one. */
struct type
{
    const char *name, *field;
    int metatable;
    const luaL_Reg *meta, *methods[4];
};

static const struct type types[] = {
    {"tidewire.http.server",
     NULL,
     TW_HTTP_SERVER,
     tw_http_server_meta,
     {tw_http_server_methods}},
    {"tidewire.http.request",
     "request",
     TW_HTTP_REQUEST,
     tw_http_request_meta,
     {tw_http_request_methods, tw_http_request_body}},
    {"tidewire.http.response",
     "response",
     TW_HTTP_RESPONSE,
     tw_http_response_meta,
     {tw_http_response_methods, tw_http_answer_methods,
      tw_http_sendfile_methods}},
};

/* Adds to the module on top. Returns the address of the metatable. */
static const void *open_type(lua_State *L, const struct type *type)
{
    lua_newtable(L); /* methods */
    for (int i = 0; type->methods[i]; i++)
        setfuncs(L, type->methods[i]);
    lua_createtable(L, 0, 8); /* methods mt */
    lua_pushstring(L, type->name);
    lua_setfield(L, -2, "__name");
    lua_pushliteral(L, "locked");
    lua_setfield(L, -2, "__metatable");
    lua_pushvalue(L, -2);
    lua_setfield(L, -2, "__index");
    for (int i = 1; i <= 2; i++)
        lua_pushvalue(L, lua_upvalueindex(i));
    lua_pushvalue(L, -4); /* methods mt state state methods */
    luaL_setfuncs(L, type->meta, 3);
    const void *address = lua_topointer(L, -1);
    lua_setiuservalue(L, lua_upvalueindex(2), type->metatable);
    if (type->field)
        lua_setfield(L, -2, type->field);
    else
        lua_pop(L, 1);
    return address;
}

/* Called with both states as upvalues; returns the module. */
static int fill_module(lua_State *L)
{
    struct tw_http *http = tw_http_state(L);
    lua_newtable(L);
    http->server = open_type(L, &types[0]);
    http->request = open_type(L, &types[1]);
    http->response = open_type(L, &types[2]);
    tw_http_open_file(L);
    luaL_setfuncs(L, tw_http_codec_functions, 0);
    setfuncs(L, tw_http_functions);
    lua_newtable(L);
    setfuncs(L, tw_http_request_lazy);
    lua_pushvalue(L, -1);
    lua_setiuservalue(L, lua_upvalueindex(2), TW_HTTP_LAZY);
    lua_setfield(L, -2, "lazy");
    return 1;
}

/*
 * The module: server(options), see server.c; `request` and `response`, the
 * tables of the methods that handlers' arguments have, to be added to; `lazy`,
 * a table from names to functions: req.name is then what the function returns
 * for the request, kept from the first time on.
 */
int luaopen_tidewire_http_core(lua_State *L)
{
    luaL_checkversion(L);
    const struct tw_api *api = tw_api_open(L);
    api->push_state(L);
    struct tw_http *http =
        lua_newuserdatauv(L, sizeof *http, TW_HTTP_USER_VALUES);
    memset(http, 0, sizeof *http);
    http->api = api;
    lua_pushcclosure(L, fill_module, 2);
    lua_call(L, 0, 1);
    return 1;
}
