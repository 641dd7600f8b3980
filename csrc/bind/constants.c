/*
 * Constants, under the names of the C headers; the table of errnos; and the
 * tables that name numbers. There are more constants than any script uses, so
 * a module finds one when it is first asked for it, and keeps it as a field:
 * loading costs nothing, and every later use is a plain table access.
 */
#include "bind/ltw.h"
#include "bind/module.h"
#include "core/os_names.h"

#include <stdio.h>
#include <string.h>

/* Made from constants.def: X(name, expression), in strcmp's order. */
#define X(name, expression) char n_##name[sizeof #name];
struct texts
{
#include "bind/constants.inc"
};
#undef X

#define X(name, expression) #name,
static const struct texts texts = {
#include "bind/constants.inc"
};
#undef X

#define X(name, expression) offsetof(struct texts, n_##name),
static const uint16_t offsets[] = {
#include "bind/constants.inc"
};
#undef X

_Static_assert(sizeof(struct texts) <= UINT16_MAX, "offsets are too narrow");

#define X(name, expression) expression,
static const int64_t values[] = {
#include "bind/constants.inc"
};
#undef X

enum
{
    COUNT = sizeof values / sizeof values[0]
};

static const char *name_at(size_t i)
{
    return (const char *)&texts + offsets[i];
}

/* The first whose name is not before `name`; COUNT if there is none. */
static size_t lower_bound(const char *name)
{
    size_t low = 0, high = COUNT;
    while (low < high)
    {
        size_t middle = (low + high) / 2;
        if (strcmp(name_at(middle), name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool begins(const char *name, const char *prefix)
{
    return strncmp(name, prefix, strlen(prefix)) == 0;
}

/* -- tables that fill themselves ------------------------------------------ */

/* What pairs needs: the function next, which scripts may have replaced. */
static int next_field(lua_State *L)
{
    lua_settop(L, 2);
    return lua_next(L, 1) ? 2 : 0;
}

/* Pushes what a __pairs returns for the table at 1. */
static int push_pairs(lua_State *L)
{
    lua_pushcfunction(L, next_field);
    lua_pushvalue(L, 1);
    lua_pushnil(L);
    return 3;
}

/* Sets a field for each constant that begins with `prefix` in the table at 1.
 */
static void add_constants(lua_State *L, const char *prefix)
{
    for (size_t i = lower_bound(prefix); i < COUNT; i++)
    {
        if (!begins(name_at(i), prefix))
            break;
        lua_pushinteger(L, values[i]);
        lua_setfield(L, 1, name_at(i));
    }
}

/* __index of a module: the constant, which becomes a field; else nil. */
static int constant_index(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    if (lua_type(L, 2) != LUA_TSTRING)
        return 0;
    size_t len = 0;
    const char *name = lua_tolstring(L, 2, &len);
    size_t i = lower_bound(name);
    if (i == COUNT || strcmp(name_at(i), name) != 0 || strlen(name) != len)
        return 0;
    lua_pushinteger(L, values[i]);
    lua_pushvalue(L, 2);
    lua_pushvalue(L, -2);
    lua_rawset(L, 1);
    return 1;
}

/* __pairs of a module: all constants, beside what else it has. */
static int constant_pairs(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    add_constants(L, "");
    return push_pairs(L);
}

/* Calls upvalue 1 with the table at 1, and never again. */
static void fill(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_pushvalue(L, 1);
    lua_call(L, 1, 0);
    if (!lua_getmetatable(L, 1))
        return;
    lua_pushnil(L);
    lua_setfield(L, -2, "__index");
    lua_pushnil(L);
    lua_setfield(L, -2, "__pairs");
    lua_pop(L, 1);
}

static int lazy_index(lua_State *L)
{
    fill(L);
    lua_pushvalue(L, 2);
    lua_rawget(L, 1);
    return 1;
}

static int lazy_pairs(lua_State *L)
{
    fill(L);
    return push_pairs(L);
}

/* Replaces the function on top by a table, and that table's metatable, whose
   fields it sets when something is first asked of it. */
static void new_lazy(lua_State *L)
{
    const luaL_Reg meta[] = {
        {"__index", lazy_index}, {"__pairs", lazy_pairs}, {NULL, NULL}};
    lua_newtable(L);
    lua_newtable(L);
    lua_rotate(L, -3, 2); /* t mt f */
    luaL_setfuncs(L, meta, 1);
    lua_pushvalue(L, -1);
    lua_setmetatable(L, -3); /* t mt */
}

/* -- names of numbers ----------------------------------------------------- */

/* These are further names of numbers that others name. */
static bool is_alias(const char *name)
{
    static const char *const aliases[] = {"AF_LOCAL", "AF_ROUTE",
                                          "MSG_NOTIFICATION"};
    for (size_t i = 0; i < sizeof aliases / sizeof aliases[0]; i++)
        if (strcmp(name, aliases[i]) == 0)
            return true;
    return false;
}

/* Fills the table at 1: names to numbers and back. Upvalue 1: the prefix. */
static int name_fill(lua_State *L)
{
    const char *prefix = lua_tostring(L, lua_upvalueindex(1));
    add_constants(L, prefix);
    for (size_t i = lower_bound(prefix); i < COUNT; i++)
    {
        if (!begins(name_at(i), prefix))
            break;
        lua_pushstring(L, name_at(i));
        if (is_alias(name_at(i)))
            lua_pop(L, 1);
        else
            lua_rawseti(L, 1, values[i]);
    }
    return 0;
}

/* The number of a __call, now at 1, and the table that was called at 2. */
static lua_Integer called_with(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 2);
    lua_insert(L, 1);
    return ltw_integer(L, 1, "number", INT32_MIN, UINT32_MAX);
}

/* __call: the number's name; the number itself if it has none. */
static int name_of(lua_State *L)
{
    lua_Integer n = called_with(L);
    if (lua_geti(L, 2, n) == LUA_TNIL)
        lua_pushinteger(L, n);
    return 1;
}

/* __call: ditto of each bit, with "|" between, and what has no name in hex. */
static int names_of(lua_State *L)
{
    lua_Integer n = called_with(L);
    uint32_t rest = 0;
    const char *between = "";
    lua_pushliteral(L, "");
    for (uint32_t bit = 1; bit != 0; bit <<= 1)
    {
        if (!((uint32_t)n & bit))
            continue;
        lua_pushstring(L, between);
        if (lua_geti(L, 2, bit) != LUA_TNIL)
        {
            lua_concat(L, 3);
            between = "|";
            continue;
        }
        lua_pop(L, 2);
        rest |= bit;
    }
    char hex[16];
    snprintf(hex, sizeof hex, "|0x%x", (unsigned)rest);
    lua_pushstring(L, rest ? hex : "");
    lua_concat(L, 2);
    if ((uint32_t)n == rest)
        lua_pushinteger(L, n);
    return 1;
}

/* A table of names as a field of the table on top. */
static void add_names(lua_State *L, const char *field, const char *prefix,
                      lua_CFunction call)
{
    lua_pushstring(L, prefix);
    lua_pushcclosure(L, name_fill, 1);
    new_lazy(L); /* module t mt */
    lua_pushcfunction(L, call);
    lua_setfield(L, -2, "__call");
    lua_pop(L, 1);
    lua_setfield(L, -2, field);
}

/* -- errno ---------------------------------------------------------------- */

/* The kernel's numbers end well before this. */
enum
{
    ERRNO_MAX = 256
};

/* Fills the table at 1: names to numbers and back. */
static int errno_fill(lua_State *L)
{
    for (int n = 1; n < ERRNO_MAX; n++)
    {
        const char *name = strerrorname_np(n);
        if (!name)
            continue;
        lua_pushinteger(L, n);
        lua_setfield(L, 1, name);
        lua_pushstring(L, name);
        lua_rawseti(L, 1, n);
    }
    /* Names that C has as second spellings. */
    lua_pushinteger(L, EWOULDBLOCK);
    lua_setfield(L, 1, "EWOULDBLOCK");
    lua_pushinteger(L, ENOTSUP);
    lua_setfield(L, 1, "ENOTSUP");
    lua_pushinteger(L, EDEADLOCK);
    lua_setfield(L, 1, "EDEADLOCK");
    return 0;
}

void ltw_constants(lua_State *L)
{
    static const luaL_Reg meta[] = {
        {"__index", constant_index}, {"__pairs", constant_pairs}, {NULL, NULL}};
    luaL_newlib(L, meta);
    lua_setmetatable(L, -2);
    lua_pushboolean(L, 1);
    lua_setfield(L, -2, "has_ipv6");
    lua_pushliteral(L, "00:00:00:00:00:00");
    lua_setfield(L, -2, "BDADDR_ANY");
    lua_pushliteral(L, "00:00:00:FF:FF:FF");
    lua_setfield(L, -2, "BDADDR_LOCAL");
    add_names(L, "AddressFamily", "AF_", name_of);
    add_names(L, "SocketKind", "SOCK_", name_of);
    add_names(L, "MsgFlag", "MSG_", names_of);
    add_names(L, "AddressInfo", "AI_", names_of);
    lua_pushcfunction(L, errno_fill);
    new_lazy(L);
    lua_pop(L, 1);
    lua_setfield(L, -2, "errno");
}
