/* Types, arguments and results. */
#include "bind/ltw.h"

#include <limits.h>
#include <math.h>
#include <string.h>

static const char *const type_names[LTW_TYPES] = {
    [LTW_SOCKET] = "tidewire.socket",       [LTW_ADDRESS] = "tidewire.address",
    [LTW_BUFFER] = "tidewire.buffer",       [LTW_STREAM] = "tidewire.stream",
    [LTW_LOOKUP] = "tidewire.lookup",       [LTW_TASK] = TW_TASK_TYPE,
    [LTW_SCOPE] = "tidewire.scope",         [LTW_EVENT] = "tidewire.event",
    [LTW_SEMAPHORE] = "tidewire.semaphore", [LTW_CHANNEL] = "tidewire.channel",
    [LTW_SIGNAL] = "tidewire.signal",       [LTW_PUMP] = "tidewire.pump",
    [LTW_BATCH] = "tidewire.batch",
};

struct tw_runtime *ltw_runtime(lua_State *L)
{
    struct tw_runtime *rt = &ltw_state(L)->rt;
    if (!rt->loop)
        luaL_error(L, "tidewire is closed in this Lua state");
    return rt;
}

/* Sets functions in the table on top, with the state as upvalue. */
static void setfuncs(lua_State *L, const luaL_Reg *list)
{
    lua_pushvalue(L, lua_upvalueindex(1));
    luaL_setfuncs(L, list, 1);
}

void ltw_newtype(lua_State *L, enum ltw_type type, const luaL_Reg *meta,
                 const luaL_Reg *methods)
{
    /* Not luaL_newmetatable: loading may have failed half-way before. */
    lua_createtable(L, 0, 8); /* mt */
    lua_pushstring(L, type_names[type]);
    lua_setfield(L, -2, "__name");
    lua_pushvalue(L, -1);
    lua_setfield(L, LUA_REGISTRYINDEX, type_names[type]);
    setfuncs(L, meta);
    if (methods)
    {
        lua_newtable(L); /* mt methods */
        setfuncs(L, methods);
        lua_setfield(L, -2, "__index");
    }
    lua_pushliteral(L, "locked");
    lua_setfield(L, -2, "__metatable");
    ltw_state(L)->metatables[type] = lua_topointer(L, -1);
    lua_pop(L, 1);
}

void ltw_addmethods(lua_State *L, enum ltw_type type, const luaL_Reg *list)
{
    luaL_getmetatable(L, type_names[type]);
    lua_getfield(L, -1, "__index");
    setfuncs(L, list);
    lua_pop(L, 2);
}

void *ltw_new(lua_State *L, enum ltw_type type, size_t size, int uservalues)
{
    void *block = lua_newuserdatauv(L, size, uservalues);
    memset(block, 0, size);
    luaL_setmetatable(L, type_names[type]);
    return block;
}

void *ltw_test(lua_State *L, int idx, enum ltw_type type)
{
    /* A light userdata or another value never has one of our metatables. */
    if (!lua_getmetatable(L, idx))
        return NULL;
    const struct ltw *state = ltw_state(L);
    const void *mt = lua_topointer(L, -1);
    bool same = mt == state->metatables[type];
    for (int i = 0; !same && type == LTW_SOCKET && i < state->nkinds; i++)
        same = mt == state->kinds[i];
    lua_pop(L, 1);
    return same ? lua_touserdata(L, idx) : NULL;
}

void *ltw_check(lua_State *L, int idx, enum ltw_type type)
{
    void *block = ltw_test(L, idx, type);
    if (!block)
        luaL_typeerror(L, idx, type_names[type]);
    return block;
}

int ltw_argerror(lua_State *L, int idx, const char *name, const char *what)
{
    return luaL_argerror(L, idx, lua_pushfstring(L, "%s: %s", name, what));
}

int ltw_typeerror(lua_State *L, int idx, const char *name, const char *expected)
{
    const char *got = luaL_typename(L, idx);
    if (lua_type(L, idx) == LUA_TNUMBER)
        got = luaL_tolstring(L, idx, NULL);
    return luaL_argerror(
        L, idx,
        lua_pushfstring(L, "%s: %s expected, got %s", name, expected, got));
}

lua_Integer ltw_integer(lua_State *L, int idx, const char *name,
                        lua_Integer min, lua_Integer max)
{
    int exact = 0;
    lua_Integer n = lua_tointegerx(L, idx, &exact);
    if (!exact || lua_type(L, idx) != LUA_TNUMBER)
        ltw_typeerror(L, idx, name, "integer");
    if (n < min || n > max)
        luaL_argerror(L, idx,
                      lua_pushfstring(L, "%s: must be %I to %I, got %I", name,
                                      min, max, n));
    return n;
}

bool ltw_truth(lua_State *L, int idx)
{
    bool zero = lua_type(L, idx) == LUA_TNUMBER && lua_tonumber(L, idx) == 0;
    return lua_toboolean(L, idx) && !zero;
}

void ltw_checkkeys(lua_State *L, int idx, const char *const *keys)
{
    lua_pushnil(L);
    while (lua_next(L, idx))
    {
        size_t i = 0;
        lua_pop(L, 1);
        const char *key =
            lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "";
        while (keys[i] && strcmp(keys[i], key) != 0)
            i++;
        if (!keys[i])
            ltw_argerror(L, idx, "options",
                         lua_pushfstring(L, "unknown option '%s'",
                                         luaL_tolstring(L, -1, NULL)));
    }
}

int ltw_int(lua_State *L, int idx, const char *name)
{
    return (int)ltw_integer(L, idx, name, INT_MIN, INT_MAX);
}

int ltw_optint(lua_State *L, int idx, const char *name, int none)
{
    return lua_isnoneornil(L, idx) ? none : ltw_int(L, idx, name);
}

const char *ltw_string(lua_State *L, int idx, const char *name, size_t *len)
{
    if (lua_type(L, idx) != LUA_TSTRING)
        ltw_typeerror(L, idx, name, "string");
    return lua_tolstring(L, idx, len);
}

const char *ltw_text(lua_State *L, int idx, const char *name)
{
    size_t len;
    const char *text = ltw_string(L, idx, name, &len);
    if (strlen(text) != len)
        ltw_argerror(L, idx, name, "contains a NUL byte");
    return text;
}

int64_t ltw_seconds(lua_State *L, int idx, const char *name)
{
    if (lua_isnoneornil(L, idx) ||
        (lua_isboolean(L, idx) && !lua_toboolean(L, idx)))
        return TW_FOREVER;
    if (lua_type(L, idx) != LUA_TNUMBER)
        ltw_typeerror(L, idx, name, "number of seconds");
    lua_Number s = lua_tonumber(L, idx);
    if (!(s >= 0))
        ltw_argerror(L, idx, name,
                     "must be a number of seconds, not negative or NaN");
    /* 1e9 seconds are 31 years; beyond that nobody waits for it. */
    return s > 1e9 ? TW_FOREVER : (int64_t)ceil(s * 1e9);
}

void ltw_timeout(lua_State *L, int idx, const char *name)
{
    int64_t ns = ltw_seconds(L, idx, name);
    lua_settop(L, idx - 1);
    lua_pushinteger(L, ns);
}

int ltw_pushseconds(lua_State *L, int64_t ns)
{
    if (ns == TW_FOREVER)
        lua_pushnil(L);
    else
        lua_pushnumber(L, (lua_Number)ns / 1e9);
    return 1;
}

int ltw_fail(lua_State *L, int code, const char *op)
{
    return ltw_fail_at(L, code, op, NULL);
}

int ltw_fail_at(lua_State *L, int code, const char *op, const char *where)
{
    const char *text = tw_err_text(code);
    luaL_pushfail(L);
    if (code == TW_EOF)
        lua_pushstring(L, text);
    else if (where)
        lua_pushfstring(L, "%s %s: %s", op, where, text);
    else
        lua_pushfstring(L, "%s: %s", op, text);
    lua_pushstring(L, tw_err_name(code));
    return 3;
}

int ltw_fail_addr(lua_State *L, int code, const char *op,
                  const struct tw_addr *addr)
{
    char text[TW_ADDR_TEXT_MAX];
    return ltw_fail_at(L, code, op, tw_addr_format(addr, text));
}

int ltw_result(lua_State *L, int rc, const char *op)
{
    if (rc < 0)
        return ltw_fail(L, rc, op);
    lua_pushboolean(L, 1);
    return 1;
}
