/*
 * The Lua type "address": immutable and interned, so that equal addresses are
 * the same object and work as table keys. The table that interns them is weak
 * and keyed by the bytes of the sockaddr.
 */
#include "bind/address.h"
#include "bind/module.h"
#include "core/family.h"

#include <limits.h>
#include <string.h>

struct address
{
    socklen_t len;
    int proto;
    char bytes[];
};

/* The integer keys of the table, from 1 on: objects lately asked for, each
   where its bytes say, to be found without making a string. */
enum
{
    RECENT = 64
};

static lua_Integer recent_place(const struct tw_addr *addr)
{
    const unsigned char *bytes = (const unsigned char *)&addr->u;
    uint32_t hash = (uint32_t)addr->proto;
    for (socklen_t i = 0; i < addr->len; i++)
        hash = hash * 31 + bytes[i];
    return 1 + (hash ^ hash >> 8) % RECENT;
}

static bool holds(const struct address *obj, const struct tw_addr *addr)
{
    return obj && obj->len == addr->len && obj->proto == addr->proto &&
           memcmp(obj->bytes, &addr->u, addr->len) == 0;
}

/* Pushes the key of an address: its bytes, and what else tells it apart. */
static void push_key(lua_State *L, const struct tw_addr *addr)
{
    lua_pushlstring(L, (const char *)&addr->u, addr->len);
    if (!addr->proto)
        return;
    lua_pushfstring(L, " of %d", addr->proto);
    lua_concat(L, 2);
}

/* Pushes the object, found by its bytes or new. The table is at `t`. */
static void intern(lua_State *L, int t, const struct tw_addr *addr)
{
    push_key(L, addr);
    lua_pushvalue(L, -1); /* key key */
    if (lua_rawget(L, t) == LUA_TNIL)
    {
        lua_pop(L, 1);
        struct address *obj =
            ltw_new(L, LTW_ADDRESS, sizeof *obj + addr->len, 0);
        obj->len = addr->len;
        obj->proto = addr->proto;
        memcpy(obj->bytes, &addr->u, addr->len); /* key obj */
        lua_pushvalue(L, -2);
        lua_pushvalue(L, -2);
        lua_rawset(L, t);
    }
    lua_replace(L, -2);
}

void ltw_pushaddr(lua_State *L, const struct tw_addr *addr)
{
    if (addr->len == 0)
    {
        lua_pushnil(L);
        return;
    }
    lua_Integer place = recent_place(addr);
    lua_getiuservalue(L, lua_upvalueindex(1), LTW_ADDRESSES); /* t */
    lua_rawgeti(L, -1, place);
    if (!holds(lua_touserdata(L, -1), addr))
    {
        lua_pop(L, 1);
        intern(L, lua_gettop(L), addr);
        lua_pushvalue(L, -1);
        lua_rawseti(L, -3, place);
    }
    lua_replace(L, -2);
}

bool ltw_getaddr(lua_State *L, int idx, struct tw_addr *addr)
{
    const struct address *obj = ltw_test(L, idx, LTW_ADDRESS);
    if (!obj)
        return false;
    addr->len = obj->len;
    addr->proto = obj->proto;
    memcpy(&addr->u, obj->bytes, obj->len);
    return true;
}

static void check(lua_State *L, struct tw_addr *addr)
{
    ltw_check(L, 1, LTW_ADDRESS);
    ltw_getaddr(L, 1, addr);
}

/* Elements of an address whose family is unknown: its number, and the rest of
   the bytes. */
static int push_raw(lua_State *L, const struct tw_addr *addr, size_t i)
{
    const size_t head = sizeof addr->u.sa.sa_family;
    if (i == 0)
        lua_pushinteger(L, tw_addr_family(addr));
    else if (addr->len < head)
        lua_pushliteral(L, "");
    else
        lua_pushlstring(L, addr->u.sa.sa_data, addr->len - head);
    return 1;
}

/* Pushes the i-th element, from 0, of Python's tuple. */
static int push_element(lua_State *L, const struct tw_addr *addr, size_t i)
{
    struct tw_part part;
    const struct tw_family *family = tw_addr_family_of(addr);
    if (!family)
        return push_raw(L, addr, i);
    tw_addr_get(addr, &family->fields[i], &part);
    if (part.bytes)
        lua_pushlstring(L, part.bytes, part.len);
    else
        lua_pushinteger(L, part.num);
    return 1;
}

static size_t count(const struct tw_addr *addr)
{
    const struct tw_family *family = tw_addr_family_of(addr);
    return family ? tw_addr_count(addr, family) : 2;
}

/* addr:unpack(): the elements of Python's tuple. */
static int addr_unpack(lua_State *L)
{
    struct tw_addr addr;
    check(L, &addr);
    size_t n = count(&addr);
    for (size_t i = 0; i < n; i++)
        push_element(L, &addr, i);
    return (int)n;
}

static int addr_len(lua_State *L)
{
    struct tw_addr addr;
    check(L, &addr);
    lua_pushinteger(L, (lua_Integer)count(&addr));
    return 1;
}

/* Pushes the field of that name, or the family's number, or the method. */
static int push_field(lua_State *L, const struct tw_addr *addr, const char *key)
{
    const struct tw_family *family = tw_addr_family_of(addr);
    if (strcmp(key, "family") == 0)
    {
        lua_pushinteger(L, tw_addr_family(addr));
        return 1;
    }
    for (size_t i = 0; family && family->fields[i].name; i++)
        if (strcmp(key, family->fields[i].name) == 0)
            return push_element(L, addr, i);
    if (strcmp(key, "unpack") == 0)
        return luaL_getmetafield(L, 1, key) != LUA_TNIL;
    return 0;
}

static int addr_index(lua_State *L)
{
    struct tw_addr addr;
    check(L, &addr);
    if (lua_type(L, 2) == LUA_TSTRING)
        return push_field(L, &addr, lua_tostring(L, 2));
    if (!lua_isinteger(L, 2))
        return 0;
    lua_Unsigned i = (lua_Unsigned)lua_tointeger(L, 2) - 1;
    return i < count(&addr) ? push_element(L, &addr, i) : 0;
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

/* An address argument while it is read. */
struct given
{
    int idx;
    bool table; /* else the fields are arguments, from idx on */
    const struct tw_family *family;
    struct tw_addr addr;
    const char *name; /* a host that must be looked up, or NULL */
};

/* Which argument to blame for the i-th field. */
static int blame(const struct given *g, size_t i)
{
    return g->table ? g->idx : g->idx + (int)i;
}

/* Pushes what is given for the i-th field: by place, else by name. */
static void push_given(lua_State *L, const struct given *g, size_t i)
{
    if (!g->table)
        lua_pushvalue(L, i < 2 ? g->idx + (int)i : g->idx + 2);
    else if (lua_geti(L, g->idx, (lua_Integer)i + 1) == LUA_TNIL)
    {
        lua_pop(L, 1);
        lua_getfield(L, g->idx, g->family->fields[i].name);
    }
}

/* The number on top of the stack, as the i-th field. */
static int64_t number_given(lua_State *L, const struct given *g, size_t i)
{
    const struct tw_field *field = &g->family->fields[i];
    int exact = 0;
    lua_Integer n = 0;
    if (lua_type(L, -1) == LUA_TNUMBER)
        n = lua_tointegerx(L, -1, &exact);
    if (!exact)
        luaL_argerror(L, blame(g, i),
                      lua_pushfstring(L, "%s: integer expected, got %s",
                                      field->name,
                                      luaL_tolstring(L, -1, NULL)));
    lua_Integer max = field->max;
    lua_Integer min = field->kind == TW_FIELD_INT ? -max : 0;
    if (field->kind != TW_FIELD_NUM && (n < min || n > max))
        luaL_argerror(L, blame(g, i),
                      lua_pushfstring(L, "%s: must be %I to %I, got %I",
                                      field->name, min, max, n));
    return n;
}

/* The string on top of the stack, as the i-th field. */
static const char *text_given(lua_State *L, const struct given *g, size_t i,
                              size_t *len)
{
    const struct tw_field *field = &g->family->fields[i];
    int type = lua_type(L, -1);
    if (type != LUA_TSTRING)
        luaL_argerror(L, blame(g, i),
                      lua_pushfstring(L, "%s: string expected, got %s",
                                      field->name, lua_typename(L, type)));
    const char *text = lua_tolstring(L, -1, len);
    bool any = field->kind == TW_FIELD_BYTES || field->kind == TW_FIELD_PATH;
    if (!any && strlen(text) != *len)
        ltw_argerror(L, blame(g, i), field->name, "contains a NUL byte");
    bool fixed = field->kind == TW_FIELD_BYTES || field->kind == TW_FIELD_TEXT;
    if (fixed && *len > (size_t)field->max)
        luaL_argerror(L, blame(g, i),
                      lua_pushfstring(L, "%s: longer than %d bytes",
                                      field->name, (int)field->max));
    return text;
}

/* Reads the i-th field: 0, or an error. */
static int read_field(lua_State *L, struct given *g, size_t i)
{
    const struct tw_field *field = &g->family->fields[i];
    struct tw_part part = {.bytes = NULL};
    push_given(L, g, i);
    bool number = tw_field_is_number(field);
    if (field->optional && lua_isnil(L, -1))
        part.num = field->preset;
    else if (number)
        part.num = number_given(L, g, i);
    else
        part.bytes = text_given(L, g, i, &part.len);
    int rc = number || part.bytes ? tw_addr_put(&g->addr, field, &part) : 0;
    if (rc == -EINVAL && field->kind == TW_FIELD_PATH)
        ltw_argerror(L, blame(g, i), field->name, "contains a NUL byte");
    if (rc == TW_ERESOLVE + EAI_NONAME)
    {
        g->name = part.bytes; /* and stays on the stack */
        return 0;
    }
    lua_pop(L, 1);
    return rc;
}

/* Some families' tables differ by what is in field 0. */
static const struct tw_family *family_given(lua_State *L, struct given *g,
                                            const struct tw_sock *sock)
{
    const struct tw_family *family =
        tw_family_find(sock->family, sock->proto, -1);
    if (!family || !tw_family_varies(sock->family))
        return family;
    g->family = family;
    push_given(L, g, 0);
    int64_t variant = number_given(L, g, 0);
    lua_pop(L, 1);
    family = tw_family_find(sock->family, sock->proto, variant);
    if (!family)
        ltw_argerror(L, g->idx, g->family->fields[0].name, "unknown");
    return family;
}

static int read_fields(lua_State *L, struct given *g,
                       const struct tw_sock *sock, const char *op)
{
    size_t n = 0;
    int rc = 0;
    tw_addr_begin(&g->addr, g->family, sock->proto);
    while (g->family->fields[n].name)
        n++;
    if (g->table && luaL_len(L, g->idx) > (lua_Integer)n)
        ltw_argerror(L, g->idx, "address", "has too many elements");
    for (size_t i = 0; i < n && rc >= 0; i++)
        rc = read_field(L, g, i);
    /* Of no socket, nothing is looked up. */
    if (rc >= 0 && g->name && !sock->net && !tw_addr_numeric(g->name))
        rc = TW_ERESOLVE + EAI_NONAME;
    if (rc >= 0)
    {
        if (g->name)
            ltw_pushlookup(L, g->name, &g->addr);
        else
            ltw_pushaddr(L, &g->addr);
        return 0;
    }
    push_given(L, g, 0);
    const char *where = rc == -ENAMETOOLONG ? g->family->fields[0].name
                                            : luaL_tolstring(L, -1, NULL);
    return ltw_fail_at(L, rc, op, where);
}

int ltw_toaddr(lua_State *L, int idx, const struct tw_sock *sock,
               const char *op)
{
    struct given g = {.idx = idx, .table = lua_istable(L, idx)};
    luaL_checkstack(L, 8, NULL);
    if (ltw_test(L, idx, LTW_ADDRESS))
    {
        lua_settop(L, idx);
        return 0;
    }
    if (lua_type(L, idx) != LUA_TSTRING && !g.table)
        ltw_typeerror(L, idx, "address", "host, table or address");
    lua_settop(L, g.table ? idx : idx + 1);
    if (!g.table)
        lua_pushnil(L); /* where further fields would be */
    g.family = family_given(L, &g, sock);
    if (!g.family)
        return ltw_fail(L, -EAFNOSUPPORT, op);
    int results = read_fields(L, &g, sock, op);
    if (results)
        return results;
    lua_replace(L, idx);
    lua_settop(L, idx);
    return 0;
}

/* An int field of the table at `idx`, at most `max`; or 0. */
static int int_field(lua_State *L, int idx, const char *name, int max)
{
    int exact = 0;
    lua_Integer n = 0;
    if (lua_getfield(L, idx, name) != LUA_TNIL)
    {
        n = lua_tointegerx(L, -1, &exact);
        if (!exact || n < 0 || n > max)
            luaL_argerror(
                L, idx,
                lua_pushfstring(L, "%s: integer expected, 0 to %d", name, max));
    }
    lua_pop(L, 1);
    return (int)n;
}

/* Pushes the element of the table at `idx`, by place or by name. */
static int push_of(lua_State *L, int idx, int place, const char *name)
{
    int type = lua_geti(L, idx, place);
    if (type != LUA_TNIL)
        return type;
    lua_pop(L, 1);
    return lua_getfield(L, idx, name);
}

/* IPv4 or IPv6, as the host looks; what is no number is IPv6 if more than a
   port goes with it. */
static int family_guessed(lua_State *L, int idx)
{
    struct tw_addr addr;
    bool table = lua_istable(L, idx);
    if (table)
        push_of(L, idx, 1, "host");
    else
        lua_pushvalue(L, idx);
    int family = AF_INET;
    if (lua_type(L, -1) == LUA_TSTRING)
    {
        const char *host = lua_tostring(L, -1);
        int rc = tw_addr_inet(&addr, AF_INET, host, 0);
        bool more = table && luaL_len(L, idx) > 2 && !tw_addr_numeric(host);
        if (rc == TW_ERESOLVE + EAI_ADDRFAMILY || strchr(host, '%') || more)
            family = AF_INET6;
    }
    lua_pop(L, 1);
    return family;
}

int ltw_tonumeric(lua_State *L, int idx, const char *op)
{
    struct tw_sock like = {.family = AF_UNSPEC}; /* of no network */
    struct tw_wait wait = {.timeout = 0};
    struct tw_addr addr;
    if (lua_istable(L, idx))
    {
        like.family = (int16_t)int_field(L, idx, "family", INT16_MAX);
        like.proto = int_field(L, idx, "proto", INT_MAX);
    }
    if (like.family == AF_UNSPEC)
        like.family = (int16_t)family_guessed(L, idx);
    int failed = ltw_toaddr(L, idx, &like, op);
    return failed ? failed : ltw_resolved(L, idx, &wait, &addr);
}

/* True if what is given has no port, nor says of what family it is. */
static bool is_path(lua_State *L)
{
    if (!lua_istable(L, 1))
        return lua_isnone(L, 2);
    bool family = lua_getfield(L, 1, "family") != LUA_TNIL;
    bool port = push_of(L, 1, 2, "port") != LUA_TNIL;
    lua_pop(L, 2);
    return !family && !port;
}

/*
 * address(host, port), address{host, port [, flowinfo, scope_id]} or
 * address(path): the object for a numeric address. Of any other family:
 * address{family = AF_NETLINK, ...} with the elements of Python's tuple by
 * place or by name, and proto = where the socket's protocol decides (AF_CAN,
 * AF_BLUETOOTH). Results: the address; or nil, message, code ("EAI_NONAME"
 * when the host is a name).
 */
static int net_address(lua_State *L)
{
    const struct tw_sock unix_like = {.family = AF_UNIX};
    int failed = is_path(L) ? ltw_toaddr(L, 1, &unix_like, "address")
                            : ltw_tonumeric(L, 1, "address");
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
