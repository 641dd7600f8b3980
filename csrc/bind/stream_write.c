/* Streams in Lua: the writes. */
#include "bind/module.h"
#include "bind/stream.h"

#include <string.h>

static int run(lua_State *L, tw_step step)
{
    return tw_task_run(L, &ltw_state(L)->rt, step);
}

/* -- write --------------------------------------------------------------- */

/* Slots of file_write_k: which argument is at work, how much of it is done,
   and how much of all; the arguments follow. */
enum
{
    W_ARG = 2,
    W_DONE = 3,
    W_TOTAL = 4,
    W_FIRST = 5
};

static void advance(lua_State *L, int slot, lua_Integer n)
{
    lua_pushinteger(L, lua_tointeger(L, slot) + n);
    lua_replace(L, slot);
}

/* Writes on from where the slots say: 0 when all is accepted, or a code. */
static int write_args(lua_State *L, struct ltw_file *f)
{
    while (lua_tointeger(L, W_ARG) <= lua_gettop(L))
    {
        size_t len, done = (size_t)lua_tointeger(L, W_DONE);
        const char *data =
            ltw_bytes(L, (int)lua_tointeger(L, W_ARG), "data", &len);
        ssize_t n =
            done < len ? tw_stream_write(&f->st, data + done, len - done) : 0;
        if (n < 0)
            return (int)n;
        advance(L, W_DONE, n);
        advance(L, W_TOTAL, n);
        if (done + (size_t)n < len)
            continue;
        advance(L, W_ARG, 1);
        lua_pushinteger(L, 0);
        lua_replace(L, W_DONE);
    }
    size_t held = tw_buf_len(&f->st.wbuf);
    if (f->st.by_line && memchr(tw_buf_data(&f->st.wbuf), '\n', held))
        return tw_stream_flush(&f->st);
    return 0;
}

static int file_write_k(lua_State *L, struct tw_wait *wait)
{
    struct ltw_file *f = lua_touserdata(L, 1);
    int rc = ltw_fileobstacle(f, wait, TW_WRITE);
    if (rc >= 0)
        rc = write_args(L, f);
    if (rc >= 0)
    {
        lua_settop(L, 1);
        return 1;
    }
    int results = ltw_filewait(L, f, wait, rc, "write");
    if (results == TW_TASK_WAIT)
        return results;
    lua_pushvalue(L, W_TOTAL);
    return results + 1;
}

/* From self, data ... to what file_write_k expects, and on. */
static int start_write(lua_State *L)
{
    size_t len;
    for (int i = 2; i <= lua_gettop(L); i++)
    {
        if (lua_type(L, i) == LUA_TNUMBER)
            lua_tolstring(L, i, NULL);
        ltw_bytes(L, i, "data", &len);
    }
    const lua_Integer start[] = {W_FIRST, 0, 0};
    for (int i = 0; i < 3; i++)
    {
        lua_pushinteger(L, start[i]);
        lua_insert(L, W_ARG + i);
    }
    return run(L, file_write_k);
}

/*
 * f:write(...): the stream itself, having sent or buffered strings, numbers
 * and buffers; or nil, message, code and how many bytes were taken.
 */
static int file_write(lua_State *L)
{
    ltw_openfor(L, TW_STREAM_WRITE);
    return start_write(L);
}

/* f:write_frame(format, data): as write, with the length of data in front as
   string.pack(format, #data) writes it. */
static int file_write_frame(lua_State *L)
{
    ltw_openfor(L, TW_STREAM_WRITE);
    struct tw_frame frame;
    char prefix[TW_FRAME_WIDTH_MAX];
    size_t len;
    ltw_framearg(L, &frame);
    ltw_bytes(L, 3, "data", &len);
    if (len > tw_frame_limit(&frame))
        ltw_argerror(L, 3, "data", "too long for the format");
    lua_settop(L, 3);
    tw_frame_encode(&frame, len, prefix);
    lua_pushlstring(L, prefix, frame.width);
    lua_replace(L, 2);
    return start_write(L);
}

static int file_flush_k(lua_State *L, struct tw_wait *wait)
{
    struct ltw_file *f = lua_touserdata(L, 1);
    int rc = ltw_fileobstacle(f, wait, TW_WRITE);
    if (rc >= 0)
        rc = tw_stream_flush(&f->st);
    if (rc < 0)
        return ltw_filewait(L, f, wait, rc, "flush");
    lua_settop(L, 1);
    return 1;
}

/* f:flush(): sends what is buffered; the stream, or nil, message, code. */
static int file_flush(lua_State *L)
{
    ltw_openfor(L, TW_STREAM_WRITE);
    return run(L, file_flush_k);
}

/* f:setvbuf(mode [, size]): "no", "full" or "line" output buffering. */
static int file_setvbuf(lua_State *L)
{
    static const char *const modes[] = {"no", "full", "line", NULL};
    struct ltw_file *f = ltw_check(L, 1, LTW_STREAM);
    int mode = luaL_checkoption(L, 2, NULL, modes);
    lua_Integer size = lua_isnoneornil(L, 3)
                           ? TW_STREAM_WBUF
                           : ltw_integer(L, 3, "size", 1, TW_STREAM_MAX);
    f->st.wlimit = mode == 0 ? 0 : (size_t)size;
    f->st.by_line = mode == 2;
    lua_pushboolean(L, 1);
    return 1;
}

const luaL_Reg ltw_stream_writes[] = {{"write", file_write},
                                      {"write_frame", file_write_frame},
                                      {"flush", file_flush},
                                      {"setvbuf", file_setvbuf},
                                      {NULL, NULL}};
