/*
 * Names to addresses and back, whatever may have to ask a resolver: a lookup is
 * a userdata, and one step waits for the answer to any of them. What a resolver
 * need not be asked is answered on the spot, and no thread is made for it.
 */
#include "bind/address.h"
#include "bind/module.h"
#include "core/names.h"

#include <limits.h>
#include <string.h>

/* Pushes the results that a function makes of an answer. */
typedef int push_fn(lua_State *L, const struct tw_answer *answer);

struct ltw_lookup
{
    struct tw_lookup lookup;
    struct tw_addr like;
    push_fn *push;
    char where[]; /* what is looked up, for messages */
};

/* Pushes a lookup; one that cannot even begin is done and has failed. */
static struct ltw_lookup *start(lua_State *L, const struct tw_query *query,
                                const char *where)
{
    struct tw_runtime *rt = ltw_runtime(L);
    struct tw_resolver *resolver;
    size_t len = strlen(where) + 1;
    struct ltw_lookup *lk = ltw_new(L, LTW_LOOKUP, sizeof *lk + len, 0);
    memcpy(lk->where, where, len);
    if (tw_query_local(query))
    {
        tw_lookup_now(&lk->lookup, rt->net, query);
        return lk;
    }
    int rc = tw_runtime_resolver(rt, &resolver);
    if (rc >= 0)
        rc = tw_lookup_start(&lk->lookup, resolver, query);
    lk->lookup.rc = rc;
    lk->lookup.done = rc < 0;
    return lk;
}

void ltw_pushlookup(lua_State *L, const char *host, const struct tw_addr *like)
{
    struct tw_query query = {.kind = TW_QUERY_ADDRS, .host = host};
    query.hints.ai_family = tw_addr_family(like);
    query.hints.ai_socktype = SOCK_STREAM; /* any one: each host once */
    int port = tw_addr_port(like);
    lua_pushstring(L, host);
    if (port)
    {
        lua_pushfstring(L, "%s:%d", host, port);
        lua_replace(L, -2);
    }
    start(L, &query, lua_tostring(L, -1))->like = *like;
    lua_remove(L, -2);
}

/* Ends a lookup without an answer: pushes why. It does not wait to be
   collected, as what is made while a state closes has no finalizer. */
static int give_up(lua_State *L, struct ltw_lookup *lk, int rc)
{
    tw_lookup_deinit(&lk->lookup);
    return ltw_fail_at(L, rc, "lookup", lk->where);
}

/* 0 if the answer is there; TW_TASK_WAIT; or the results of a failure. */
static int settle(lua_State *L, struct ltw_lookup *lk, struct tw_wait *wait)
{
    if (wait->status < 0)
        return give_up(L, lk, wait->status);
    if (!lk->lookup.done && wait->timeout == 0)
        return give_up(L, lk, -EAGAIN);
    if (lk->lookup.done)
        return lk->lookup.rc < 0 ? give_up(L, lk, lk->lookup.rc) : 0;
    wait->kind = TW_FOR_LOOKUP;
    wait->at = &lk->lookup.waiter;
    return TW_TASK_WAIT;
}

int ltw_resolved(lua_State *L, int idx, struct tw_wait *wait,
                 struct tw_addr *addr)
{
    if (ltw_getaddr(L, idx, addr))
        return 0;
    struct ltw_lookup *lk = ltw_check(L, idx, LTW_LOOKUP);
    int results = settle(L, lk, wait);
    if (results != 0)
        return results;
    const struct addrinfo *ai = lk->lookup.answer.list;
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

/* Stack: lookup, timeout. Results: those of its `push`; or nil, message,
   code. */
static int answer_k(lua_State *L, struct tw_wait *wait)
{
    struct ltw_lookup *lk = lua_touserdata(L, 1);
    wait->timeout = (int64_t)lua_tointeger(L, 2);
    int results = settle(L, lk, wait);
    if (results != 0)
        return results;
    results = lk->push(L, &lk->lookup.answer);
    tw_lookup_deinit(&lk->lookup);
    return results;
}

/* The rest of a function that has pushed what it looks up, for messages: runs
   `step`, with the lookup and the timeout on the stack. */
static int run(lua_State *L, const struct tw_query *query, push_fn *push,
               int64_t timeout, tw_step step)
{
    start(L, query, lua_tostring(L, -1))->push = push;
    lua_replace(L, 1);
    lua_settop(L, 1);
    lua_pushinteger(L, timeout);
    return tw_task_run(L, &ltw_state(L)->rt, step);
}

/* -- getaddrinfo and gethostbyname ---------------------------------------- */

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

static int push_entries(lua_State *L, const struct tw_answer *answer)
{
    lua_newtable(L);
    lua_Integer i = 0;
    for (const struct addrinfo *ai = answer->list; ai; ai = ai->ai_next)
    {
        push_entry(L, ai);
        lua_seti(L, -2, ++i);
    }
    return 1;
}

/* The service of a query from a port number, a name, or nil. Numbers below 0
   are left to fail like any other text that is no service. */
static const char *service_arg(lua_State *L, int idx)
{
    if (lua_isnoneornil(L, idx) || lua_type(L, idx) == LUA_TSTRING)
        return lua_isnoneornil(L, idx) ? NULL : ltw_text(L, idx, "port");
    ltw_integer(L, idx, "port", LUA_MININTEGER, UINT16_MAX);
    lua_pushinteger(L, lua_tointeger(L, idx)); /* 80.0 is 80 */
    lua_tostring(L, -1);
    lua_replace(L, idx);
    return lua_tostring(L, idx);
}

/*
 * getaddrinfo(host, port [, family [, type [, proto [, flags [, timeout]]]]]):
 * host and port may be nil. Results: a list of entries {family, type, proto,
 * canonname, addr}; or nil, message, code ("EAI_NONAME", "timeout", ...;
 * "EAGAIN" when the timeout is 0 and a resolver must be asked).
 */
static int core_getaddrinfo(lua_State *L)
{
    struct tw_query query = {.kind = TW_QUERY_ADDRS};
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
    return run(L, &query, push_entries, timeout, answer_k);
}

static int gethostbyname_k(lua_State *L, struct tw_wait *wait)
{
    struct tw_addr addr;
    char host[TW_ADDR_HOST_MAX];
    wait->timeout = (int64_t)lua_tointeger(L, 2);
    int results = ltw_resolved(L, 1, wait, &addr);
    if (results != 0)
        return results;
    lua_pushstring(L, tw_addr_host(&addr, host));
    return 1;
}

/* gethostbyname(host [, timeout]): its first IPv4 address as text; or nil,
   message, code. "" is 0.0.0.0 and "<broadcast>" 255.255.255.255. */
static int net_gethostbyname(lua_State *L)
{
    struct tw_runtime *rt = &ltw_state(L)->rt;
    const struct tw_sock like = {.net = rt->net, .family = AF_INET};
    ltw_text(L, 1, "host");
    int64_t timeout = ltw_seconds(L, 2, "timeout");
    lua_settop(L, 1);
    lua_pushinteger(L, 0); /* a port */
    int failed = ltw_toaddr(L, 1, &like, "lookup");
    if (failed)
        return failed;
    lua_pushinteger(L, timeout);
    return tw_task_run(L, rt, gethostbyname_k);
}

/* -- names of hosts -------------------------------------------------------- */

static const char *next(const char *string)
{
    return string + strlen(string) + 1;
}

/* Pushes a list of the next n strings; returns what comes after them. */
static const char *push_strings(lua_State *L, const char *at, size_t n)
{
    lua_createtable(L, (int)n, 0);
    for (size_t i = 0; i < n; i++, at = next(at))
    {
        lua_pushstring(L, at);
        lua_seti(L, -2, (lua_Integer)i + 1);
    }
    return at;
}

static int push_host(lua_State *L, const struct tw_answer *answer)
{
    lua_pushstring(L, answer->strings);
    const char *at = push_strings(L, next(answer->strings), answer->names - 1);
    push_strings(L, at, answer->addrs);
    return 3;
}

static int look_up_host(lua_State *L, enum tw_query_kind kind)
{
    struct tw_query query = {.kind = kind};
    query.host = ltw_text(L, 1, "host");
    int64_t timeout = ltw_seconds(L, 2, "timeout");
    lua_pushvalue(L, 1);
    return run(L, &query, push_host, timeout, answer_k);
}

/*
 * gethostbyname_ex(host [, timeout]): the host's name, a list of its aliases
 * and a list of its IPv4 addresses, all text; or nil, message, code: that of
 * getaddrinfo for what is no host, else "HOST_NOT_FOUND", "TRY_AGAIN",
 * "NO_RECOVERY" or "NO_DATA".
 */
static int net_gethostbyname_ex(lua_State *L)
{
    return look_up_host(L, TW_QUERY_BYNAME);
}

/* gethostbyaddr(host [, timeout]): ditto, by the address of the host, which is
   IPv4, IPv6, or a name to look up first. */
static int net_gethostbyaddr(lua_State *L)
{
    return look_up_host(L, TW_QUERY_BYADDR);
}

static int push_fqdn(lua_State *L, const struct tw_answer *answer)
{
    const char *at = answer->strings;
    for (size_t i = 0; i < answer->names; i++, at = next(at))
        if (strchr(at, '.'))
        {
            lua_pushstring(L, at);
            return 1;
        }
    lua_pushstring(L, answer->strings);
    return 1;
}

/* As answer_k; what has no answer keeps its name. */
static int getfqdn_k(lua_State *L, struct tw_wait *wait)
{
    int results = answer_k(L, wait);
    if (results == TW_TASK_WAIT || results == 1)
        return results;
    const struct ltw_lookup *lk = lua_touserdata(L, 1);
    lua_pushstring(L, lk->where);
    return 1;
}

/* Pushes the name at 1 without white space around it; this machine's for none
   and for the wildcards. */
static void push_name(lua_State *L)
{
    static const char white[] = " \t\n\v\f\r";
    char own[TW_NAME_MAX] = "localhost"; /* when all else fails */
    const struct tw_net *net = ltw_runtime(L)->net;
    const char *name = lua_isnoneornil(L, 1) ? "" : ltw_text(L, 1, "name");
    name += strspn(name, white);
    size_t len = strlen(name);
    while (len > 0 && strchr(white, name[len - 1]))
        len--;
    lua_pushlstring(L, name, len);
    name = lua_tostring(L, -1);
    if (len > 0 && strcmp(name, "0.0.0.0") != 0 && strcmp(name, "::") != 0)
        return;
    lua_pop(L, 1);
    net->gethostname(net, own, sizeof own);
    lua_pushstring(L, own);
}

/*
 * getfqdn([name [, timeout]]): the first of the host's names that has a dot,
 * else its first; the name itself when it cannot be looked up (in time). No
 * name, "", "0.0.0.0" and "::" are this machine.
 */
static int net_getfqdn(lua_State *L)
{
    struct tw_query query = {.kind = TW_QUERY_BYADDR};
    int64_t timeout = ltw_seconds(L, 2, "timeout");
    push_name(L);
    query.host = lua_tostring(L, -1);
    return run(L, &query, push_fqdn, timeout, getfqdn_k);
}

/* -- getnameinfo ----------------------------------------------------------- */

static int push_pair(lua_State *L, const struct tw_answer *answer)
{
    lua_pushstring(L, answer->strings);
    lua_pushstring(L, next(answer->strings));
    return 2;
}

/* The host of the table at 1 if it is one that stands for many, else NULL. */
static const char *wildcard(lua_State *L)
{
    static const char *const hosts[] = {"", "<broadcast>", NULL};
    size_t i = 0;
    if (lua_geti(L, 1, 1) == LUA_TNIL)
        lua_getfield(L, 1, "host");
    const char *host = lua_tostring(L, -1);
    while (hosts[i] && (!host || strcmp(host, hosts[i]) != 0))
        i++;
    lua_settop(L, 1);
    return hosts[i];
}

/*
 * getnameinfo(address [, flags [, timeout]]): the host's name and the
 * service's at {host, port [, flowinfo, scope_id]} or an address object; with
 * NI_NUMERICHOST and NI_NUMERICSERV numbers, an IPv6 host with its %scope.
 * Else nil, message, code ("EAI_NONAME" also when the host is not numeric).
 */
static int net_getnameinfo(lua_State *L)
{
    char text[TW_ADDR_TEXT_MAX];
    struct tw_query query = {.kind = TW_QUERY_NAMES};
    query.flags = ltw_optint(L, 2, "flags", 0);
    int64_t timeout = ltw_seconds(L, 3, "timeout");
    if (!lua_istable(L, 1) && !ltw_test(L, 1, LTW_ADDRESS))
        ltw_typeerror(L, 1, "address", "table or address");
    lua_settop(L, 1);
    const char *many = lua_istable(L, 1) ? wildcard(L) : NULL;
    int failed = ltw_tonumeric(L, 1, "getnameinfo");
    if (failed)
        return failed;
    if (many)
        return ltw_fail_at(L, TW_ERESOLVE + EAI_NONAME, "getnameinfo", many);
    ltw_getaddr(L, 1, &query.addr);
    lua_pushstring(L, tw_addr_format(&query.addr, text));
    return run(L, &query, push_pair, timeout, answer_k);
}

void ltw_open_lookup(lua_State *L)
{
    static const luaL_Reg meta[] = {
        {"__gc", lookup_gc}, {"__close", lookup_gc}, {NULL, NULL}};
    ltw_newtype(L, LTW_LOOKUP, meta, NULL);
}

const luaL_Reg ltw_lookup_functions[] = {
    {"getaddrinfo", core_getaddrinfo},
    {"gethostbyname", net_gethostbyname},
    {"gethostbyname_ex", net_gethostbyname_ex},
    {"gethostbyaddr", net_gethostbyaddr},
    {"getfqdn", net_getfqdn},
    {"getnameinfo", net_getnameinfo},
    {NULL, NULL}};
