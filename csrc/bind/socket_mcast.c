/* Sockets in Lua: multicast groups. */
#include "bind/address.h"
#include "bind/module.h"
#include "bind/socket.h"
#include "core/mcast.h"

#include <limits.h>

/* Slots: the options' place is taken by one of its fields after the other, so
   that errors blame the right argument. */
enum
{
    SELF = 1,
    GROUP,
    FIELD,
    OPTIONS
};

typedef int change(struct tw_sock *s, const struct tw_mcast *m);

/* A method about groups, while it runs. */
struct call
{
    struct ltw_socket *s;
    const char *op;
    struct tw_mcast m;
};

/* The address object or text at `idx`; returns 0, or the number of results of a
   failure. */
static int read_addr(lua_State *L, int idx, const char *name,
                     const struct call *call, struct tw_addr *addr)
{
    int family = call->s->sock.family;
    if (ltw_getaddr(L, idx, addr))
        return tw_addr_family(addr) == family
                   ? 0
                   : ltw_fail_addr(L, TW_ERESOLVE + EAI_ADDRFAMILY, call->op,
                                   addr);
    if (lua_type(L, idx) != LUA_TSTRING)
        ltw_typeerror(L, idx, name, "host or address");
    const char *text = ltw_text(L, idx, name);
    int rc = tw_addr_inet(addr, family, text, 0);
    return rc < 0 ? ltw_fail_at(L, rc, call->op, text) : 0;
}

/* The interface at `idx`: its index, its name or an address it has; nil leaves
 *route alone. Ditto. */
static int read_interface(lua_State *L, int idx, const char *op,
                          struct tw_mcast_route *route)
{
    char text[TW_ADDR_HOST_MAX];
    struct tw_addr addr;
    const char *name = text;
    if (lua_isnoneornil(L, idx))
        return 0;
    if (lua_type(L, idx) == LUA_TNUMBER)
    {
        lua_Integer index = ltw_integer(L, idx, "interface", 0, INT_MAX);
        route->interface = (unsigned)index;
        return 0;
    }
    if (ltw_getaddr(L, idx, &addr))
        tw_addr_host(&addr, text);
    else if (lua_type(L, idx) == LUA_TSTRING)
        name = ltw_text(L, idx, "interface");
    else
        ltw_typeerror(L, idx, "interface", "index, name or address");
    int rc = tw_mcast_find(ltw_state(L)->rt.net, name, route);
    return rc < 0 ? ltw_fail_at(L, rc, op,
                                lua_pushfstring(L, "interface %s", name))
                  : 0;
}

/* Pushes the options, which are at FIELD if there are any. */
static void push_options(lua_State *L)
{
    static const char *const keys[] = {"interface", "source", NULL};
    if (lua_isnoneornil(L, FIELD))
    {
        lua_newtable(L);
        return;
    }
    if (!lua_istable(L, FIELD))
        ltw_typeerror(L, FIELD, "options", "table");
    ltw_checkkeys(L, FIELD, keys);
    lua_pushvalue(L, FIELD);
}

/* Pushes a failure without a code of the system's own for it. */
static int no_group(lua_State *L, const struct call *call)
{
    char host[TW_ADDR_HOST_MAX];
    luaL_pushfail(L);
    lua_pushfstring(L, "%s %s: not a multicast address", call->op,
                    tw_addr_host(&call->m.group, host));
    lua_pushstring(L, tw_err_name(-EINVAL));
    return 3;
}

/* The group and the options; returns 0 or the number of results of a failure.
   A group's own scope is its interface unless another is named. */
static int read_group(lua_State *L, struct call *call, bool sourced)
{
    struct tw_mcast *m = &call->m;
    lua_settop(L, FIELD);
    push_options(L);
    int failed = read_addr(L, GROUP, "group", call, &m->group);
    if (failed)
        return failed;
    if (!tw_mcast_is_group(&m->group))
        return no_group(L, call);
    if (call->s->sock.family == AF_INET6)
        m->interface = m->group.u.in6.sin6_scope_id;
    lua_getfield(L, OPTIONS, "source");
    lua_replace(L, FIELD);
    if (sourced || !lua_isnil(L, FIELD))
        failed = read_addr(L, FIELD, "source", call, &m->source);
    if (failed)
        return failed;
    lua_getfield(L, OPTIONS, "interface");
    lua_replace(L, FIELD);
    struct tw_mcast_route route = {.interface = m->interface};
    failed = read_interface(L, FIELD, call->op, &route);
    m->interface = route.interface;
    return failed;
}

static int run(lua_State *L, const char *op, change *f, bool sourced)
{
    char host[TW_ADDR_HOST_MAX];
    struct call call = {.s = ltw_check(L, SELF, LTW_SOCKET), .op = op};
    if (call.s->closed)
        return ltw_fail(L, TW_ECLOSED, op);
    int failed = read_group(L, &call, sourced);
    if (failed)
        return failed;
    int rc = f(&call.s->sock, &call.m);
    return rc < 0 ? ltw_fail_at(L, rc, op, tw_addr_host(&call.m.group, host))
                  : ltw_result(L, rc, op);
}

/*
 * s:join_group(group [, {interface =, source =}]): receives from now on what
 * is sent to that multicast address, a host as text or an address object. The
 * interface is a name, an index or an address of it (default: the system's
 * choice, or the group's own scope); with a source, only what comes from there.
 * Results: true; or nil, message, code: "EINVAL" for an address that is no
 * group, "ENODEV" for no such interface, "EADDRINUSE" if it has joined.
 */
static int sock_join_group(lua_State *L)
{
    return run(L, "join_group", tw_mcast_join, false);
}

/* s:leave_group(group [, options]): undoes a join_group with the same
   arguments; "EADDRNOTAVAIL" if there was none. */
static int sock_leave_group(lua_State *L)
{
    return run(L, "leave_group", tw_mcast_leave, false);
}

/* s:block_source(group, {source =, interface =}): of a group that was joined
   for every source, receives no more what comes from that one. */
static int sock_block_source(lua_State *L)
{
    return run(L, "block_source", tw_mcast_block, true);
}

/* s:unblock_source(group, {source =, interface =}): undoes block_source. */
static int sock_unblock_source(lua_State *L)
{
    return run(L, "unblock_source", tw_mcast_unblock, true);
}

/*
 * s:multicast_interface(interface): sends what goes to groups out there: a
 * name, an index, an address of it (which is then also where IPv4 datagrams
 * come from), or nil for the system's choice. Results: true; or nil, message,
 * code.
 */
static int sock_multicast_interface(lua_State *L)
{
    static const char op[] = "multicast_interface";
    struct ltw_socket *s = ltw_check(L, SELF, LTW_SOCKET);
    struct tw_mcast_route route = {.interface = 0};
    luaL_checkany(L, 2);
    if (s->closed)
        return ltw_fail(L, TW_ECLOSED, op);
    int failed = read_interface(L, 2, op, &route);
    if (failed)
        return failed;
    return ltw_result(L, tw_mcast_set_route(&s->sock, &route), op);
}

const luaL_Reg ltw_socket_mcast[] = {
    {"join_group", sock_join_group},
    {"leave_group", sock_leave_group},
    {"block_source", sock_block_source},
    {"unblock_source", sock_unblock_source},
    {"multicast_interface", sock_multicast_interface},
    {NULL, NULL}};
