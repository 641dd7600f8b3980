/* Sockets in Lua: options and timeouts. */
#include "bind/module.h"
#include "bind/socket.h"

#include <limits.h>
#include <string.h>

/* The kernel's largest options are far smaller; Python's limit. */
enum
{
    OPTION_MAX = 1024,
    UNIT_MAX = 8 /* bytes that one of size may stand for: SO_GET_FILTER */
};

/* -- by number ----------------------------------------------------------- */

/* The options of AF_VSOCK itself are numbers of 64 bits, all others ints. */
static size_t width(const struct ltw_socket *s, int level)
{
    bool wide = s->sock.family == AF_VSOCK && level == AF_VSOCK;
    return wide ? sizeof(int64_t) : sizeof(int);
}

/* Pushes a number of `len` bytes. */
static void push_number(lua_State *L, const char *bytes, size_t len)
{
    int64_t wide;
    int number;
    memcpy(&wide, bytes, sizeof wide);
    memcpy(&number, bytes, sizeof number);
    lua_pushinteger(L, len > sizeof number ? (lua_Integer)wide : number);
}

/*
 * s:getsockopt(level, option [, size]): an integer; with a size, which those of
 * AF_VSOCK do not take, the option's bytes, at most so many, as a string. Or
 * nil, message, code.
 */
static int sock_getsockopt(lua_State *L)
{
    const struct ltw_socket *s = ltw_check(L, 1, LTW_SOCKET);
    char bytes[OPTION_MAX * UNIT_MAX] = {0};
    struct tw_optval opt = {.level = ltw_int(L, 2, "level"),
                            .name = ltw_int(L, 3, "option")};
    size_t size = (size_t)(lua_isnoneornil(L, 4)
                               ? 0
                               : ltw_integer(L, 4, "size", 0, OPTION_MAX));
    if (size && s->sock.family == AF_VSOCK)
        ltw_argerror(L, 4, "size", "the options of AF_VSOCK are integers");
    opt.value = bytes;
    opt.len = (socklen_t)(size ? size : width(s, opt.level));
    int rc = s->closed ? TW_ECLOSED : tw_sock_getopt(&s->sock, &opt);
    if (rc < 0)
        return ltw_fail(L, rc, "getsockopt");
    if (size)
        lua_pushlstring(L, bytes, opt.len);
    else
        push_number(L, bytes, opt.len);
    return 1;
}

/*
 * s:setsockopt(level, option, value [, size]): value is an integer (of 64 bits
 * for the options of AF_VSOCK), a boolean, or a string of bytes; nil, with a
 * size, passes no bytes but that size. Results: true; or nil, message, code.
 */
static int sock_setsockopt(lua_State *L)
{
    struct ltw_socket *s = ltw_check(L, 1, LTW_SOCKET);
    struct tw_optval opt = {.level = ltw_int(L, 2, "level"),
                            .name = ltw_int(L, 3, "option")};
    size_t len = width(s, opt.level);
    const bool wide = len > sizeof(int);
    int64_t big = 0;
    int number = 0;
    opt.value = wide ? (void *)&big : &number;
    switch (lua_type(L, 4))
    {
    case LUA_TBOOLEAN:
        big = number = lua_toboolean(L, 4);
        break;
    case LUA_TNUMBER:
        if (wide)
            big = ltw_integer(L, 4, "value", 0, LUA_MAXINTEGER);
        else
            number = ltw_int(L, 4, "value");
        break;
    case LUA_TSTRING:
        opt.value = (void *)lua_tolstring(L, 4, &len);
        break;
    case LUA_TNIL:
        opt.value = NULL;
        len = (size_t)ltw_integer(L, 5, "size", 0, OPTION_MAX);
        break;
    default:
        ltw_typeerror(L, 4, "value", "integer, boolean or string");
    }
    if (len > OPTION_MAX)
        ltw_argerror(L, 4, "value", "longer than 1024 bytes");
    opt.len = (socklen_t)len;
    int rc = s->closed ? TW_ECLOSED : tw_sock_setopt(&s->sock, &opt);
    return ltw_result(L, rc, "setsockopt");
}

/* -- by name ------------------------------------------------------------- */

static const struct tw_opt *option_arg(lua_State *L, int idx)
{
    const char *name = ltw_text(L, idx, "option");
    const struct tw_opt *opt = tw_opt_find(name);
    if (!opt)
        ltw_argerror(L, idx, "option",
                     lua_pushfstring(L, "unknown option '%s'", name));
    return opt;
}

static void push_option(lua_State *L, const struct tw_opt *opt,
                        const struct tw_optany *value)
{
    switch (opt->kind)
    {
    case TW_OPT_BOOL:
        lua_pushboolean(L, value->num);
        break;
    case TW_OPT_MSEC:
        lua_pushnumber(L, value->num / 1e3);
        break;
    case TW_OPT_LINGER:
        if (value->num < 0)
            lua_pushboolean(L, 0);
        else
            lua_pushinteger(L, value->num);
        break;
    case TW_OPT_TEXT:
        lua_pushlstring(L, value->text, value->len);
        break;
    case TW_OPT_CRED:
        lua_createtable(L, 0, 3);
        lua_pushinteger(L, value->pid);
        lua_setfield(L, -2, "pid");
        lua_pushinteger(L, value->uid);
        lua_setfield(L, -2, "uid");
        lua_pushinteger(L, value->gid);
        lua_setfield(L, -2, "gid");
        break;
    default:
        lua_pushinteger(L, value->num);
    }
}

static void option_value(lua_State *L, int idx, const struct tw_opt *opt,
                         struct tw_optany *value)
{
    const char *text;
    int64_t ns, ms;
    switch (opt->kind)
    {
    case TW_OPT_BOOL:
        if (!lua_isboolean(L, idx))
            ltw_typeerror(L, idx, "value", "boolean");
        value->num = lua_toboolean(L, idx);
        break;
    case TW_OPT_MSEC:
        ns = ltw_seconds(L, idx, "value");
        ms = ns == TW_FOREVER ? 0 : (ns + 999999) / 1000000;
        value->num = ms > INT_MAX ? INT_MAX : (int)ms;
        break;
    case TW_OPT_LINGER:
        if (lua_isboolean(L, idx) && !lua_toboolean(L, idx))
            value->num = -1;
        else
            value->num = (int)ltw_integer(L, idx, "value", 0, INT_MAX);
        break;
    case TW_OPT_TEXT:
        text = ltw_string(L, idx, "value", &value->len);
        if (value->len > TW_OPT_TEXT_MAX)
            ltw_argerror(L, idx, "value", "longer than 64 bytes");
        memcpy(value->text, text, value->len);
        break;
    default:
        value->num = ltw_int(L, idx, "value");
    }
}

/*
 * s:getoption(name): the option as a boolean, integer, string, number of
 * seconds ("user_timeout"), seconds or false ("linger"), or table
 * ("peercred"); or nil, message, code. An unknown name raises.
 */
static int sock_getoption(lua_State *L)
{
    const struct ltw_socket *s = ltw_check(L, 1, LTW_SOCKET);
    const struct tw_opt *opt = option_arg(L, 2);
    struct tw_optany value;
    int rc = s->closed ? TW_ECLOSED : tw_opt_get(&s->sock, opt, &value);
    if (rc < 0)
        return ltw_fail_at(L, rc, "getoption", opt->name);
    push_option(L, opt, &value);
    return 1;
}

/* s:setoption(name, value): true; or nil, message, code. An unknown name or a
   value of the wrong type raises. */
static int sock_setoption(lua_State *L)
{
    struct ltw_socket *s = ltw_check(L, 1, LTW_SOCKET);
    const struct tw_opt *opt = option_arg(L, 2);
    struct tw_optany value;
    if (opt->readonly)
        ltw_argerror(L, 2, "option",
                     lua_pushfstring(L, "'%s' cannot be set", opt->name));
    option_value(L, 3, opt, &value);
    int rc = s->closed ? TW_ECLOSED : tw_opt_set(&s->sock, opt, &value);
    return rc < 0 ? ltw_fail_at(L, rc, "setoption", opt->name)
                  : ltw_result(L, rc, "setoption");
}

/* -- timeouts ------------------------------------------------------------ */

static int set_timeout(lua_State *L, struct ltw_socket *s, int64_t timeout,
                       const char *op)
{
    int rc = s->closed ? TW_ECLOSED : tw_sock_settimeout(&s->sock, timeout);
    return ltw_result(L, rc, op);
}

/*
 * s:settimeout(seconds): the limit of each operation; nil for none, 0 for
 * never waiting. Results: true; or nil, message, code.
 */
static int sock_settimeout(lua_State *L)
{
    struct ltw_socket *s = ltw_check(L, 1, LTW_SOCKET);
    luaL_checkany(L, 2);
    return set_timeout(L, s, ltw_seconds(L, 2, "timeout"), "settimeout");
}

/* s:gettimeout(): seconds, nil for none. */
static int sock_gettimeout(lua_State *L)
{
    const struct ltw_socket *s = ltw_check(L, 1, LTW_SOCKET);
    return ltw_pushseconds(L, s->sock.timeout);
}

/* s:setblocking(flag): settimeout(nil) if true, settimeout(0) if false; the
   number 0 counts as false. */
static int sock_setblocking(lua_State *L)
{
    struct ltw_socket *s = ltw_check(L, 1, LTW_SOCKET);
    luaL_checkany(L, 2);
    return set_timeout(L, s, ltw_truth(L, 2) ? TW_FOREVER : 0, "setblocking");
}

/* s:getblocking(): false if the timeout is 0. */
static int sock_getblocking(lua_State *L)
{
    const struct ltw_socket *s = ltw_check(L, 1, LTW_SOCKET);
    lua_pushboolean(L, s->sock.timeout != 0);
    return 1;
}

const luaL_Reg ltw_socket_options[] = {{"getsockopt", sock_getsockopt},
                                       {"setsockopt", sock_setsockopt},
                                       {"getoption", sock_getoption},
                                       {"setoption", sock_setoption},
                                       {"settimeout", sock_settimeout},
                                       {"gettimeout", sock_gettimeout},
                                       {"setblocking", sock_setblocking},
                                       {"getblocking", sock_getblocking},
                                       {NULL, NULL}};
