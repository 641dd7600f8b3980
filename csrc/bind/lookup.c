/* Name lookup: getaddrinfo and what is made of it. */
#include "bind/address.h"
#include "bind/module.h"
#include "core/names.h"

#include <limits.h>
#include <string.h>

struct ltw_lookup
{
    struct tw_lookup lookup;
    struct tw_addr like;
    char where[]; /* what is looked up, for messages */
};

/* Pushes a started lookup; or returns an error with nothing pushed. */
static int start(lua_State *L, const struct tw_query *query, const char *where,
                 struct ltw_lookup **out)
{
    struct tw_runtime *rt = ltw_runtime(L);
    struct tw_resolver *resolver;
    size_t len = strlen(where) + 1;
    struct ltw_lookup *lk = ltw_new(L, LTW_LOOKUP, sizeof *lk + len, 0);
    memcpy(lk->where, where, len);
    int rc = tw_runtime_resolver(rt, &resolver);
    if (rc >= 0)
        rc = tw_lookup_start(&lk->lookup, resolver, query);
    if (rc < 0)
        lua_pop(L, 1);
    *out = lk;
    return rc;
}

int ltw_pushlookup(lua_State *L, const char *host, const struct tw_addr *like)
{
    struct ltw_lookup *lk;
    struct tw_query query = {.host = host};
    query.hints.ai_family = tw_addr_family(like);
    query.hints.ai_socktype = SOCK_STREAM; /* any one: each host once */
    int port = tw_addr_port(like);
    lua_pushstring(L, host);
    if (port)
    {
        lua_pushfstring(L, "%s:%d", host, port);
        lua_replace(L, -2);
    }
    int rc = start(L, &query, lua_tostring(L, -1), &lk);
    if (rc >= 0)
        lk->like = *like;
    lua_remove(L, rc < 0 ? -1 : -2);
    return rc;
}

/* Asks for another turn when the lookup is done. */
static int wait_for(struct ltw_lookup *lk, struct tw_wait *wait)
{
    wait->kind = TW_FOR_LOOKUP;
    wait->at = &lk->lookup.waiter;
    return TW_TASK_WAIT;
}

/* Ends a lookup without an answer: pushes why. It does not wait to be
   collected, as what is made while a state closes has no finalizer. */
static int give_up(lua_State *L, struct ltw_lookup *lk, int rc)
{
    tw_lookup_deinit(&lk->lookup);
    return ltw_fail_at(L, rc, "lookup", lk->where);
}

int ltw_resolved(lua_State *L, int idx, struct tw_wait *wait,
                 struct tw_addr *addr)
{
    if (ltw_getaddr(L, idx, addr))
        return 0;
    struct ltw_lookup *lk = ltw_check(L, idx, LTW_LOOKUP);
    if (wait->status < 0)
        return give_up(L, lk, wait->status);
    if (!lk->lookup.done && wait->timeout == 0)
        return give_up(L, lk, -EAGAIN);
    if (!lk->lookup.done)
        return wait_for(lk, wait);
    if (lk->lookup.rc < 0)
        return give_up(L, lk, lk->lookup.rc);
    const struct addrinfo *ai = lk->lookup.list;
    addr->len = ai->ai_addrlen;
    addr->proto = 0;
    memcpy(&addr->u.sa, ai->ai_addr, ai->ai_addrlen);
    tw_addr_set_port(addr, tw_addr_port(&lk->like));
    if (ai->ai_family == AF_INET6)
        addr->u.in6.sin6_flowinfo = lk->like.u.in6.sin6_flowinfo;
    tw_lookup_deinit(&lk->lookup);
    ltw_pushaddr(L, addr);
    lua_replace(L, idx);
    return 0;
}

static int lookup_gc(lua_State *L)
{
    struct ltw_lookup *lk = ltw_check(L, 1, LTW_LOOKUP);
    tw_lookup_deinit(&lk->lookup);
    return 0;
}

/* -- getaddrinfo --------------------------------------------------------- */

static void setint(lua_State *L, lua_Integer place, const char *name, int n)
{
    lua_pushinteger(L, n);
    lua_pushvalue(L, -1);
    lua_setfield(L, -3, name);
    lua_seti(L, -2, place);
}

/* Pushes {family, type, proto, canonname, addr}, also under their names. */
static void push_entry(lua_State *L, const struct addrinfo *ai)
{
    struct tw_addr addr = {.len = ai->ai_addrlen};
    memcpy(&addr.u.sa, ai->ai_addr, ai->ai_addrlen);
    lua_createtable(L, 5, 5);
    setint(L, 1, "family", ai->ai_family);
    setint(L, 2, "type", ai->ai_socktype);
    setint(L, 3, "proto", ai->ai_protocol);
    lua_pushstring(L, ai->ai_canonname ? ai->ai_canonname : "");
    lua_pushvalue(L, -1);
    lua_setfield(L, -3, "canonname");
    lua_seti(L, -2, 4);
    ltw_pushaddr(L, &addr);
    lua_pushvalue(L, -1);
    lua_setfield(L, -3, "addr");
    lua_seti(L, -2, 5);
}

/* Stack: lookup. Results: the list of entries, or nil, message, code. */
static int getaddrinfo_k(lua_State *L, struct tw_wait *wait)
{
    struct ltw_lookup *lk = lua_touserdata(L, 1);
    wait->timeout = (int64_t)lua_tointeger(L, 2);
    int rc = wait->status < 0 ? wait->status : lk->lookup.rc;
    if (rc >= 0 && !lk->lookup.done)
        return wait_for(lk, wait);
    if (rc < 0)
        return give_up(L, lk, rc);
    lua_newtable(L);
    lua_Integer i = 0;
    for (const struct addrinfo *ai = lk->lookup.list; ai; ai = ai->ai_next)
    {
        push_entry(L, ai);
        lua_seti(L, -2, ++i);
    }
    tw_lookup_deinit(&lk->lookup);
    return 1;
}

/* The service of a query from a port number, a name, or nil. */
static const char *service_arg(lua_State *L, int idx)
{
    if (lua_isnoneornil(L, idx) || lua_type(L, idx) == LUA_TSTRING)
        return lua_isnoneornil(L, idx) ? NULL : ltw_text(L, idx, "port");
    ltw_integer(L, idx, "port", INT_MIN, UINT16_MAX);
    lua_pushvalue(L, idx);
    lua_tostring(L, -1);
    lua_replace(L, idx);
    return lua_tostring(L, idx);
}

/*
 * getaddrinfo(host, port [, family [, type [, proto [, flags [, timeout]]]]]):
 * host and port may be nil. Results: a list of entries {family, type, proto,
 * canonname, addr}; or nil, message, code ("EAI_NONAME", "timeout", ...).
 */
static int core_getaddrinfo(lua_State *L)
{
    struct ltw_lookup *lk;
    struct tw_query query = {.host = NULL};
    if (!lua_isnoneornil(L, 1))
        query.host = ltw_text(L, 1, "host");
    query.service = service_arg(L, 2);
    query.hints.ai_family = ltw_optint(L, 3, "family", AF_UNSPEC);
    query.hints.ai_socktype = ltw_optint(L, 4, "type", 0);
    query.hints.ai_protocol = ltw_optint(L, 5, "proto", 0);
    query.hints.ai_flags = ltw_optint(L, 6, "flags", 0);
    int64_t timeout = ltw_seconds(L, 7, "timeout");
    lua_pushfstring(L, "%s:%s", query.host ? query.host : "",
                    query.service ? query.service : "");
    const char *where = lua_tostring(L, -1);
    int rc = start(L, &query, where, &lk);
    if (rc < 0)
        return ltw_fail_at(L, rc, "lookup", where);
    lua_replace(L, 1);
    lua_pushinteger(L, timeout);
    lua_replace(L, 2);
    lua_settop(L, 2);
    return tw_task_run(L, &ltw_state(L)->rt, getaddrinfo_k);
}

static int gethostbyname_k(lua_State *L, struct tw_wait *wait)
{
    struct tw_addr addr;
    char host[TW_ADDR_HOST_MAX];
    wait->timeout = TW_FOREVER;
    int rc = ltw_resolved(L, 1, wait, &addr);
    if (rc != 0)
        return rc;
    lua_pushstring(L, tw_addr_host(&addr, host));
    return 1;
}

/* gethostbyname(host): its first IPv4 address as text; or nil, message,
   code. "" is 0.0.0.0 and "<broadcast>" 255.255.255.255. */
static int net_gethostbyname(lua_State *L)
{
    ltw_text(L, 1, "host");
    lua_settop(L, 1);
    lua_pushinteger(L, 0);
    struct tw_runtime *rt = &ltw_state(L)->rt;
    const struct tw_sock like = {.net = rt->net, .family = AF_INET};
    int failed = ltw_toaddr(L, 1, &like, "lookup");
    return failed ? failed : tw_task_run(L, rt, gethostbyname_k);
}

/* -- names that need no lookup ------------------------------------------- */

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

/* gethostname(): this machine's name; or nil, message, code. */
static int net_gethostname(lua_State *L)
{
    char name[TW_NAME_MAX];
    int rc = tw_names_host(name);
    if (rc < 0)
        return ltw_fail(L, rc, "gethostname");
    lua_pushstring(L, name);
    return 1;
}

void ltw_open_lookup(lua_State *L)
{
    static const luaL_Reg meta[] = {
        {"__gc", lookup_gc}, {"__close", lookup_gc}, {NULL, NULL}};
    ltw_newtype(L, LTW_LOOKUP, meta, NULL);
}

const luaL_Reg ltw_lookup_functions[] = {
    {"getaddrinfo", core_getaddrinfo},    {"gethostbyname", net_gethostbyname},
    {"gethostname", net_gethostname},     {"getservbyname", net_getservbyname},
    {"getservbyport", net_getservbyport}, {NULL, NULL}};
