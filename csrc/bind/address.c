/*
 * The Lua type "address": immutable and interned, so that equal addresses are
 * the same object and work as table keys. The table that interns them is weak
 * and keyed by the bytes of the sockaddr.
 */
#include "bind/address.h"
#include "bind/module.h"

#include <string.h>

struct address
{
    socklen_t len;
    char bytes[];
};

void ltw_pushaddr(lua_State *L, const struct tw_addr *addr)
{
    if (addr->len == 0)
    {
        lua_pushnil(L);
        return;
    }
    lua_getiuservalue(L, lua_upvalueindex(1), LTW_ADDRESSES); /* t */
    lua_pushlstring(L, (const char *)&addr->u.sa, addr->len); /* t key */
    lua_pushvalue(L, -1);
    if (lua_rawget(L, -3) == LUA_TNIL) /* t key nil */
    {
        lua_pop(L, 1);
        struct address *obj =
            ltw_new(L, LTW_ADDRESS, sizeof *obj + addr->len, 0);
        obj->len = addr->len;
        memcpy(obj->bytes, &addr->u.sa, addr->len); /* t key obj */
        lua_pushvalue(L, -2);
        lua_pushvalue(L, -2);
        lua_rawset(L, -5);
    }
    lua_replace(L, -3);
    lua_pop(L, 1);
}

bool ltw_getaddr(lua_State *L, int idx, struct tw_addr *addr)
{
    const struct address *obj = ltw_test(L, idx, LTW_ADDRESS);
    if (!obj)
        return false;
    addr->len = obj->len;
    memcpy(&addr->u.sa, obj->bytes, obj->len);
    return true;
}

static void check(lua_State *L, struct tw_addr *addr)
{
    ltw_check(L, 1, LTW_ADDRESS);
    ltw_getaddr(L, 1, addr);
}

/* Pushes Python's tuple of the address; returns how many elements. */
static int push_tuple(lua_State *L, const struct tw_addr *addr)
{
    char host[TW_ADDR_HOST_MAX];
    size_t len;
    switch (tw_addr_family(addr))
    {
    case AF_INET:
    case AF_INET6:
        lua_pushstring(L, tw_addr_host(addr, host));
        lua_pushinteger(L, tw_addr_port(addr));
        if (tw_addr_family(addr) == AF_INET)
            return 2;
        lua_pushinteger(L, ntohl(addr->u.in6.sin6_flowinfo));
        lua_pushinteger(L, addr->u.in6.sin6_scope_id);
        return 4;
    case AF_UNIX:
    {
        const char *path = tw_addr_path(addr, &len);
        lua_pushlstring(L, path, len);
        return 1;
    }
    default:
        lua_pushinteger(L, tw_addr_family(addr));
        len = addr->len - sizeof(sa_family_t);
        lua_pushlstring(L, addr->u.sa.sa_data, len);
        return 2;
    }
}

/* addr:unpack(): the elements of Python's tuple. */
static int addr_unpack(lua_State *L)
{
    struct tw_addr addr;
    check(L, &addr);
    return push_tuple(L, &addr);
}

static int addr_len(lua_State *L)
{
    struct tw_addr addr;
    check(L, &addr);
    lua_pushinteger(L, push_tuple(L, &addr));
    return 1;
}

static const char *const part_names[] = {"host", "port", "flowinfo",
                                         "scope_id"};

/* The place in the tuple of a field, or 0. */
static int field_place(int family, const char *key)
{
    if (family == AF_UNIX)
        return strcmp(key, "path") == 0;
    if (family != AF_INET && family != AF_INET6)
        return 0;
    for (int i = 0; i < (family == AF_INET ? 2 : 4); i++)
        if (strcmp(key, part_names[i]) == 0)
            return i + 1;
    return 0;
}

static int addr_index(lua_State *L)
{
    struct tw_addr addr;
    check(L, &addr);
    int family = tw_addr_family(&addr);
    lua_Integer place = 0;
    if (lua_type(L, 2) == LUA_TSTRING)
    {
        const char *key = lua_tostring(L, 2);
        if (strcmp(key, "family") == 0)
        {
            lua_pushinteger(L, family);
            return 1;
        }
        if (strcmp(key, "unpack") == 0)
            return luaL_getmetafield(L, 1, key) != LUA_TNIL;
        place = field_place(family, key);
    }
    else if (lua_isinteger(L, 2))
    {
        place = lua_tointeger(L, 2);
    }
    int n = push_tuple(L, &addr);
    if (place < 1 || place > n)
        return 0;
    lua_pushvalue(L, -n + (int)place - 1);
    return 1;
}

static int addr_newindex(lua_State *L)
{
    return luaL_error(L, "an address cannot be changed");
}

static int addr_tostring(lua_State *L)
{
    struct tw_addr addr;
    char text[TW_ADDR_TEXT_MAX];
    check(L, &addr);
    lua_pushstring(L, tw_addr_format(&addr, text));
    return 1;
}

/* -- addresses as arguments ---------------------------------------------- */

/* One of the numbers of a host address: what it may be, and its default. */
static uint32_t number_at(lua_State *L, int idx, int arg, const char *name,
                          lua_Integer max)
{
    int exact = 0;
    lua_Integer n = 0;
    if (lua_type(L, idx) == LUA_TNUMBER)
        n = lua_tointegerx(L, idx, &exact);
    if (!exact)
        luaL_argerror(L, arg,
                      lua_pushfstring(L, "%s: integer expected, got %s", name,
                                      luaL_tolstring(L, idx, NULL)));
    if (n < 0 || n > max)
        luaL_argerror(
            L, arg,
            lua_pushfstring(L, "%s: must be 0 to %I, got %I", name, max, n));
    return (uint32_t)n;
}

/* The parts of a host address, while they lie on the stack. */
struct parts
{
    const char *host;
    uint16_t port;
    uint32_t flowinfo, scope;
};

/* Reads host, port [, flowinfo, scope_id] at base ..; `arg` is to blame. */
static void read_parts(lua_State *L, int base, int arg, struct parts *p)
{
    size_t len;
    int host = lua_type(L, base);
    if (host != LUA_TSTRING)
        luaL_argerror(L, arg,
                      lua_pushfstring(L, "host: string expected, got %s",
                                      lua_typename(L, host)));
    p->host = lua_tolstring(L, base, &len);
    if (strlen(p->host) != len)
        ltw_argerror(L, arg, "host", "contains a NUL byte");
    int port_arg = base == arg ? arg + 1 : arg;
    p->port = (uint16_t)number_at(L, base + 1, port_arg, "port", UINT16_MAX);
    p->flowinfo = p->scope = 0;
    if (!lua_isnoneornil(L, base + 2))
        p->flowinfo =
            number_at(L, base + 2, arg, "flowinfo", TW_ADDR_FLOWINFO_MAX);
    if (!lua_isnoneornil(L, base + 3))
        p->scope = number_at(L, base + 3, arg, "scope_id", UINT32_MAX);
}

/* Pushes the four parts of a table: by place, else by name. */
static void spread_table(lua_State *L, int idx, int family)
{
    lua_Integer n = luaL_len(L, idx);
    if (n > (family == AF_INET6 ? 4 : 2))
        ltw_argerror(L, idx, "address", "has too many elements");
    lua_settop(L, idx);
    for (int i = 0; i < 4; i++)
    {
        if (lua_geti(L, idx, i + 1) != LUA_TNIL)
            continue;
        lua_pop(L, 1);
        lua_getfield(L, idx, part_names[i]);
    }
}

/* Replaces everything from idx on by the value on top. */
static void settle(lua_State *L, int idx)
{
    lua_replace(L, idx);
    lua_settop(L, idx);
}

static int unix_addr(lua_State *L, int idx, const char *op)
{
    struct tw_addr addr;
    size_t len;
    if (lua_istable(L, idx))
    {
        lua_geti(L, idx, 1);
        lua_replace(L, idx);
    }
    const char *path = ltw_string(L, idx, "path", &len);
    int rc = tw_addr_unix(&addr, path, len);
    if (rc == -EINVAL)
        ltw_argerror(L, idx, "path", "contains a NUL byte");
    if (rc < 0)
        return ltw_fail_at(L, rc, op, "AF_UNIX path");
    ltw_pushaddr(L, &addr);
    settle(L, idx);
    return 0;
}

static int host_addr(lua_State *L, int idx, int family, const char *op)
{
    struct tw_addr addr;
    struct parts parts;
    bool table = lua_istable(L, idx);
    if (table)
        spread_table(L, idx, family);
    else
        lua_settop(L, idx + 1);
    luaL_checkstack(L, 4, NULL);
    lua_pushnil(L); /* where flowinfo and scope_id would be */
    lua_pushnil(L);
    read_parts(L, table ? idx + 1 : idx, idx, &parts);
    int rc = tw_addr_inet(&addr, family, parts.host, parts.port);
    if (family == AF_INET6 && addr.len)
    {
        addr.u.in6.sin6_flowinfo = htonl(parts.flowinfo);
        if (parts.scope)
            addr.u.in6.sin6_scope_id = parts.scope;
    }
    if (rc == 0)
        ltw_pushaddr(L, &addr);
    else if (rc == TW_ERESOLVE + EAI_NONAME)
        rc = ltw_pushlookup(L, parts.host, &addr);
    if (rc < 0)
        return ltw_fail_at(L, rc, op,
                           lua_pushfstring(L, "%s:%d", parts.host, parts.port));
    settle(L, idx);
    return 0;
}

int ltw_toaddr(lua_State *L, int idx, int family, const char *op)
{
    if (ltw_test(L, idx, LTW_ADDRESS))
    {
        lua_settop(L, idx);
        return 0;
    }
    int type = lua_type(L, idx);
    if (type != LUA_TSTRING && type != LUA_TTABLE)
        ltw_typeerror(L, idx, "address", "host, table or address");
    if (family == AF_UNIX)
        return unix_addr(L, idx, op);
    if (family == AF_INET || family == AF_INET6)
        return host_addr(L, idx, family, op);
    return ltw_fail(L, -EAFNOSUPPORT, op);
}

/*
 * address(host, port), address{host, port [, flowinfo, scope_id]} or
 * address(path): the object for a numeric address. Results: the address; or
 * nil, message, code ("EAI_NONAME" when the host is a name).
 */
static int net_address(lua_State *L)
{
    struct tw_addr addr;
    bool pair = lua_istable(L, 1) ? luaL_len(L, 1) > 1 : !lua_isnone(L, 2);
    if (!pair)
    {
        int failed = ltw_toaddr(L, 1, AF_UNIX, "address");
        return failed ? failed : 1;
    }
    if (lua_istable(L, 1))
        lua_geti(L, 1, 1);
    else
        lua_pushvalue(L, 1);
    lua_insert(L, 1);
    const char *host = ltw_text(L, 1, "host");
    int family =
        tw_addr_inet(&addr, AF_INET, host, 0) == TW_ERESOLVE + EAI_ADDRFAMILY ||
                strchr(host, '%')
            ? AF_INET6
            : AF_INET;
    if (tw_addr_inet(&addr, family, host, 0) < 0)
        return ltw_fail_at(L, TW_ERESOLVE + EAI_NONAME, "address", host);
    lua_remove(L, 1);
    int failed = ltw_toaddr(L, 1, family, "address");
    if (!failed && !ltw_test(L, 1, LTW_ADDRESS))
        return ltw_fail(L, TW_ERESOLVE + EAI_NONAME, "address");
    return failed ? failed : 1;
}

void ltw_open_address(lua_State *L)
{
    static const luaL_Reg meta[] = {
        {"__index", addr_index},       {"__newindex", addr_newindex},
        {"__tostring", addr_tostring}, {"__len", addr_len},
        {"unpack", addr_unpack},       {NULL, NULL}};
    ltw_newtype(L, LTW_ADDRESS, meta, NULL);
}

const luaL_Reg ltw_address_functions[] = {{"address", net_address},
                                          {NULL, NULL}};
