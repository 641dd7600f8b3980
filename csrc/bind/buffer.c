/*
 * Reusable memory for recv_into and send: what Python does with a bytearray.
 * Positions count from 1, and from the end when negative, as in string.sub.
 */
#include "bind/buffer.h"
#include "bind/ltw.h"
#include "bind/module.h"

#include <string.h>

/* More than any message, and far from where sizes could overflow. */
enum
{
    BUFFER_MAX = 1 << 30
};

/* The kernel copies large receives faster to where one begins. */
enum
{
    CACHE_LINE = 64
};

const char *ltw_bytes(lua_State *L, int idx, const char *name, size_t *len)
{
    if (lua_type(L, idx) == LUA_TSTRING)
        return lua_tolstring(L, idx, len);
    const struct ltw_buffer *buf = ltw_test(L, idx, LTW_BUFFER);
    if (!buf)
        ltw_typeerror(L, idx, name, "string or buffer");
    *len = buf->size;
    return buf->data;
}

/* buffer(n) of zero bytes, or buffer(string) with its contents. */
static int net_buffer(lua_State *L)
{
    size_t size;
    const char *text = NULL;
    if (lua_type(L, 1) == LUA_TSTRING)
        text = lua_tolstring(L, 1, &size);
    else
        size = (size_t)ltw_integer(L, 1, "size", 0, BUFFER_MAX);
    struct ltw_buffer *buf =
        ltw_new(L, LTW_BUFFER, sizeof *buf + size + CACHE_LINE - 1, 0);
    uintptr_t behind = (uintptr_t)(buf + 1) + CACHE_LINE - 1;
    buf->data = (char *)(behind - behind % CACHE_LINE);
    buf->size = size;
    if (text)
        memcpy(buf->data, text, size);
    return 1;
}

/* string.sub's rules: sets *first (from 0) and returns how many bytes. */
static size_t sub_range(lua_State *L, int idx, size_t size, size_t *first)
{
    lua_Integer len = (lua_Integer)size;
    lua_Integer i =
        lua_isnoneornil(L, idx)
            ? 1
            : ltw_integer(L, idx, "i", LUA_MININTEGER, LUA_MAXINTEGER);
    lua_Integer j =
        lua_isnoneornil(L, idx + 1)
            ? -1
            : ltw_integer(L, idx + 1, "j", LUA_MININTEGER, LUA_MAXINTEGER);
    if (i < 0)
        i = i < -len ? 1 : len + i + 1;
    else if (i == 0)
        i = 1;
    if (j < 0)
        j = j < -len ? 0 : len + j + 1;
    else if (j > len)
        j = len;
    *first = i > j ? 0 : (size_t)i - 1;
    return i > j ? 0 : (size_t)(j - i) + 1;
}

const char *ltw_slice(lua_State *L, int idx, int range, size_t *len)
{
    size_t first, size;
    const char *data = ltw_bytes(L, idx, "data", &size);
    if (lua_isnoneornil(L, range) && lua_isnoneornil(L, range + 1))
    {
        *len = size;
        return data;
    }
    *len = sub_range(L, range, size, &first);
    return data + first;
}

/* b:sub([i [, j]]) -> string */
static int buf_sub(lua_State *L)
{
    ltw_check(L, 1, LTW_BUFFER);
    size_t len;
    const char *data = ltw_slice(L, 1, 2, &len);
    lua_pushlstring(L, data, len);
    return 1;
}

/* b:set(i, data): overwrites the bytes from position i on; returns b. */
static int buf_set(lua_State *L)
{
    struct ltw_buffer *buf = ltw_check(L, 1, LTW_BUFFER);
    size_t len;
    const char *data = ltw_bytes(L, 3, "data", &len);
    size_t at =
        (size_t)ltw_integer(L, 2, "i", 1, (lua_Integer)buf->size + 1) - 1;
    if (len > buf->size - at)
        ltw_argerror(L, 3, "data", "does not fit into the buffer");
    memmove(buf->data + at, data, len);
    lua_settop(L, 1);
    return 1;
}

/*
 * b:view([i [, j]]): a buffer that is the bytes of b:sub(i, j): what is written
 * to one is read from the other. It keeps b's memory.
 */
static int buf_view(lua_State *L)
{
    ltw_check(L, 1, LTW_BUFFER);
    size_t len;
    char *data = (char *)ltw_slice(L, 1, 2, &len);
    struct ltw_buffer *view = ltw_new(L, LTW_BUFFER, sizeof *view, 1);
    lua_pushvalue(L, 1);
    lua_setiuservalue(L, -2, 1);
    view->data = data;
    view->size = len;
    return 1;
}

static int buf_len(lua_State *L)
{
    const struct ltw_buffer *buf = ltw_check(L, 1, LTW_BUFFER);
    lua_pushinteger(L, (lua_Integer)buf->size);
    return 1;
}

static int buf_tostring(lua_State *L)
{
    const struct ltw_buffer *buf = ltw_check(L, 1, LTW_BUFFER);
    lua_pushfstring(L, "buffer (%I bytes)", (lua_Integer)buf->size);
    return 1;
}

/* -- lists of buffers ---------------------------------------------------- */

enum
{
    /* The kernel takes 1024, and says itself what is wrong with more. */
    LIST_MAX = 1025
};

/* The i-th of the list at `idx`, to be written to if `into`. */
static struct iovec buffer_at(lua_State *L, int idx, lua_Integer i, bool into)
{
    lua_rawgeti(L, idx, i);
    const struct ltw_buffer *buf = ltw_test(L, -1, LTW_BUFFER);
    bool text = !buf && !into && lua_type(L, -1) == LUA_TSTRING;
    if (!buf && !text)
        luaL_argerror(L, idx,
                      lua_pushfstring(L, "buffers[%I]: %s expected, got %s", i,
                                      into ? "buffer" : "string or buffer",
                                      luaL_typename(L, -1)));
    struct iovec iov = {NULL, 0};
    if (text)
        iov.iov_base = (void *)lua_tolstring(L, -1, &iov.iov_len);
    else
        iov = (struct iovec){buf->data, buf->size};
    lua_pop(L, 1);
    return iov;
}

size_t ltw_checkbuffers(lua_State *L, int idx, bool into)
{
    if (!lua_istable(L, idx))
        ltw_typeerror(L, idx, "buffers", "table");
    size_t n = lua_rawlen(L, idx);
    for (size_t i = 0; i < n; i++)
        buffer_at(L, idx, (lua_Integer)i + 1, into);
    return n;
}

int ltw_setbuffers(lua_State *L, int idx, bool into, struct msghdr *msg)
{
    size_t n = ltw_checkbuffers(L, idx, into);
    size_t count = n < LIST_MAX ? n : LIST_MAX;
    struct tw_runtime *rt = &ltw_state(L)->rt;
    struct iovec *iov = (void *)tw_runtime_scratch(rt, count * sizeof *iov);
    if (!iov)
        return -ENOMEM;
    for (size_t i = 0; i < count; i++)
        iov[i] = buffer_at(L, idx, (lua_Integer)i + 1, into);
    msg->msg_iov = iov;
    msg->msg_iovlen = count;
    return 0;
}

void ltw_open_buffer(lua_State *L)
{
    static const luaL_Reg meta[] = {
        {"__len", buf_len}, {"__tostring", buf_tostring}, {NULL, NULL}};
    static const luaL_Reg methods[] = {{"sub", buf_sub},
                                       {"string", buf_sub},
                                       {"set", buf_set},
                                       {"view", buf_view},
                                       {NULL, NULL}};
    ltw_newtype(L, LTW_BUFFER, meta, methods);
}

const luaL_Reg ltw_buffer_functions[] = {{"buffer", net_buffer}, {NULL, NULL}};
