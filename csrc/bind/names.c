/* Names that need no resolver: services, protocols, interfaces, this machine's
   own. */
#include "core/names.h"
#include "bind/ltw.h"
#include "bind/module.h"

#include <string.h>

static const char *proto_arg(lua_State *L, int idx)
{
    return lua_isnoneornil(L, idx) ? NULL : ltw_text(L, idx, "proto");
}

/* getservbyname(name [, proto]): its port; or nil, message, "ENOENT". */
static int net_getservbyname(lua_State *L)
{
    const char *name = ltw_text(L, 1, "name");
    int port = tw_names_port(name, proto_arg(L, 2));
    if (port < 0)
        return ltw_fail_at(L, port, "getservbyname", name);
    lua_pushinteger(L, port);
    return 1;
}

/* getservbyport(port [, proto]): its name; or nil, message, "ENOENT". */
static int net_getservbyport(lua_State *L)
{
    char name[TW_NAME_MAX];
    int port = (int)ltw_integer(L, 1, "port", 0, UINT16_MAX);
    int rc = tw_names_service((uint16_t)port, proto_arg(L, 2), name);
    if (rc < 0)
        return ltw_fail_at(L, rc, "getservbyport",
                           lua_pushfstring(L, "%d", port));
    lua_pushstring(L, name);
    return 1;
}

/* getprotobyname(name): its number; or nil, message, "ENOENT". */
static int net_getprotobyname(lua_State *L)
{
    const char *name = ltw_text(L, 1, "name");
    int number = tw_names_proto(name);
    if (number < 0)
        return ltw_fail_at(L, number, "getprotobyname", name);
    lua_pushinteger(L, number);
    return 1;
}

/* -- this machine --------------------------------------------------------- */

/* gethostname(): this machine's name; or nil, message, code. */
static int net_gethostname(lua_State *L)
{
    char name[TW_NAME_MAX];
    const struct tw_net *net = ltw_runtime(L)->net;
    int rc = net->gethostname(net, name, sizeof name);
    if (rc < 0)
        return ltw_fail(L, rc, "gethostname");
    lua_pushstring(L, name);
    return 1;
}

/* sethostname(name): true; or nil, message, code ("EPERM" for whoever may
   not). */
static int net_sethostname(lua_State *L)
{
    const char *name = ltw_text(L, 1, "name");
    const struct tw_net *net = ltw_runtime(L)->net;
    int rc = net->sethostname(net, name, strlen(name));
    return rc < 0 ? ltw_fail_at(L, rc, "sethostname", name)
                  : ltw_result(L, rc, "sethostname");
}

/* -- interfaces ----------------------------------------------------------- */

/* Pushes {index, name}, also under these names. */
static void push_iface(lua_State *L, const struct tw_iface *iface)
{
    lua_createtable(L, 2, 2);
    lua_pushinteger(L, iface->index);
    lua_pushvalue(L, -1);
    lua_setfield(L, -3, "index");
    lua_seti(L, -2, 1);
    lua_pushstring(L, iface->name);
    lua_pushvalue(L, -1);
    lua_setfield(L, -3, "name");
    lua_seti(L, -2, 2);
}

/* if_nameindex(): a list of {index, name}; or nil, message, code. */
static int net_if_nameindex(lua_State *L)
{
    struct tw_iface *list = NULL;
    ssize_t room = 0, n;
    while ((n = tw_names_ifaces(list, (size_t)room)) > room)
    {
        room = n + 4; /* more may appear meanwhile */
        lua_settop(L, 0);
        list = lua_newuserdatauv(L, (size_t)room * sizeof *list, 0);
    }
    if (n < 0)
        return ltw_fail(L, (int)n, "if_nameindex");
    lua_createtable(L, (int)n, 0);
    for (ssize_t i = 0; i < n; i++)
    {
        push_iface(L, &list[i]);
        lua_seti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

/* if_nametoindex(name): the interface's index; or nil, message, "ENODEV". */
static int net_if_nametoindex(lua_State *L)
{
    const char *name = ltw_text(L, 1, "name");
    int index = tw_names_index(name);
    if (index < 0)
        return ltw_fail_at(L, index, "if_nametoindex", name);
    lua_pushinteger(L, index);
    return 1;
}

/* if_indextoname(index): the interface's name; or nil, message, "ENXIO". */
static int net_if_indextoname(lua_State *L)
{
    char name[TW_IFACE_MAX];
    lua_Integer index = ltw_integer(L, 1, "index", 0, UINT32_MAX);
    int rc = tw_names_iface((unsigned)index, name);
    if (rc < 0)
        return ltw_fail_at(L, rc, "if_indextoname",
                           lua_pushfstring(L, "%I", index));
    lua_pushstring(L, name);
    return 1;
}

const luaL_Reg ltw_names_functions[] = {{"getservbyname", net_getservbyname},
                                        {"getservbyport", net_getservbyport},
                                        {"getprotobyname", net_getprotobyname},
                                        {"gethostname", net_gethostname},
                                        {"sethostname", net_sethostname},
                                        {"if_nameindex", net_if_nameindex},
                                        {"if_nametoindex", net_if_nametoindex},
                                        {"if_indextoname", net_if_indextoname},
                                        {NULL, NULL}};
