/* Streams in Lua: the reads. */
#include "bind/module.h"
#include "bind/stream.h"

#include <string.h>

static int run(lua_State *L, tw_step step)
{
    return tw_task_run(L, &ltw_state(L)->rt, step);
}

/* -- read ---------------------------------------------------------------- */

/* Pushes the first `n` bytes of the input and takes them; drops `cut` more
   off their end from what is pushed. */
static int push_input(lua_State *L, struct ltw_file *f, size_t n, size_t cut)
{
    /* Taken first: pushing may run a finalizer that reads this stream. What is
       taken stays where it is until then. */
    const char *data = tw_buf_data(&f->st.rbuf);
    tw_stream_take(&f->st, n);
    lua_pushlstring(L, data, n - cut);
    return 0;
}

static int read_line(lua_State *L, struct ltw_file *f, bool chop)
{
    ssize_t n = tw_stream_line(&f->st);
    if (n < 0)
        return (int)n;
    bool newline = tw_buf_data(&f->st.rbuf)[n - 1] == '\n';
    return push_input(L, f, (size_t)n, chop && newline);
}

static int read_count(lua_State *L, struct ltw_file *f, size_t n)
{
    ssize_t got = tw_stream_count(&f->st, n ? n : 1);
    return got < 0 ? (int)got : push_input(L, f, n ? (size_t)got : 0, 0);
}

static int read_all(lua_State *L, struct ltw_file *f)
{
    ssize_t n = tw_stream_all(&f->st, f->st.max_all);
    return n < 0 ? (int)n : push_input(L, f, (size_t)n, 0);
}

/* As in Lua, a malformed numeral is consumed and gives nil. */
static int read_number(lua_State *L, struct ltw_file *f)
{
    ssize_t n = tw_stream_numeral(&f->st);
    if (n < 0)
        return (int)n;
    push_input(L, f, (size_t)n, 0);
    if (lua_stringtonumber(L, lua_tostring(L, -1)) == 0)
        lua_pushnil(L);
    lua_remove(L, -2);
    return 0;
}

/* Skips the asterisk that formats had before Lua 5.3. */
static char format_letter(lua_State *L, int idx)
{
    const char *format = ltw_string(L, idx, "format", NULL);
    format += *format == '*';
    if (!*format || !strchr("lLna", *format))
        ltw_argerror(L, idx, "format", "must be a count, l, L, n or a");
    return *format;
}

/* Reads by the format at `idx`: 0 with the value pushed, or a code. */
static int read_format(lua_State *L, struct ltw_file *f, int idx)
{
    if (lua_type(L, idx) == LUA_TNUMBER)
        return read_count(L, f, (size_t)lua_tointeger(L, idx));
    switch (format_letter(L, idx))
    {
    case 'n':
        return read_number(L, f);
    case 'a':
        return read_all(L, f);
    case 'L':
        return read_line(L, f, false);
    default:
        return read_line(L, f, true);
    }
}

/*
 * Stack: self, number of formats, formats, values read so far. A failure is
 * added after the values, so that none is lost.
 */
static int file_read_k(lua_State *L, struct tw_wait *wait)
{
    struct ltw_file *f = lua_touserdata(L, 1);
    int first = 3, last = 2 + (int)lua_tointeger(L, 2);
    int rc = ltw_fileobstacle(f, wait, TW_READ);
    while (rc >= 0 && lua_gettop(L) < 2 * last - first + 1)
    {
        rc = read_format(L, f, lua_gettop(L) - last + first);
        if (rc >= 0 && lua_isnil(L, -1))
            return lua_gettop(L) - last; /* no number: stop here, as Lua */
    }
    int values = lua_gettop(L) - last;
    if (rc >= 0)
        return values;
    int results = ltw_filewait(L, f, wait, rc, "read");
    return results == TW_TASK_WAIT ? results : values + results;
}

/* From self, formats to what file_read_k expects. */
static void read_args(lua_State *L)
{
    if (lua_gettop(L) == 1)
        lua_pushliteral(L, "l");
    int n = lua_gettop(L) - 1;
    luaL_checkstack(L, n + LUA_MINSTACK, "too many formats");
    for (int i = 2; i <= n + 1; i++)
    {
        if (lua_type(L, i) == LUA_TNUMBER)
            ltw_integer(L, i, "count", 0, LUA_MAXINTEGER);
        else
            format_letter(L, i);
    }
    lua_pushinteger(L, n);
    lua_insert(L, 2);
}

/*
 * f:read(...): a value for each format, as Lua's file:read: "l" (default), "L",
 * "n", "a" or a count. What fails is followed by a message and a code, "eof"
 * at the end.
 */
static int file_read(lua_State *L)
{
    ltw_openfor(L, TW_STREAM_READ);
    read_args(L);
    return run(L, file_read_k);
}

/* The end gives nil; a failure raises, as it would be missed otherwise. */
static int lines_next_k(lua_State *L, struct tw_wait *wait)
{
    int results = file_read_k(L, wait);
    if (results < 3 || !lua_isnil(L, -results))
        return results;
    if (wait->status == TW_ECANCELLED)
        return results; /* the task gets another error than this text */
    if (strcmp(lua_tostring(L, -results + 2), tw_err_name(TW_EOF)) != 0)
        return luaL_error(L, "%s", lua_tostring(L, -results + 1));
    lua_pop(L, results - 1);
    return 1;
}

/* Upvalues: the state, the stream, the number of formats, the formats. */
static int lines_next(lua_State *L)
{
    int n = (int)lua_tointeger(L, lua_upvalueindex(3));
    lua_settop(L, 0);
    luaL_checkstack(L, n + LUA_MINSTACK, "too many formats");
    for (int i = 2; i <= n + 3; i++)
        lua_pushvalue(L, lua_upvalueindex(i));
    ltw_openfor(L, TW_STREAM_READ);
    return run(L, lines_next_k);
}

/* f:lines(...): an iterator that reads by the formats, raising on failure. */
static int file_lines(lua_State *L)
{
    ltw_openfor(L, TW_STREAM_READ);
    luaL_argcheck(L, lua_gettop(L) <= 200, 200, "too many formats");
    read_args(L);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_pushcclosure(L, lines_next, lua_gettop(L));
    return 1;
}

/* -- reads for protocols ------------------------------------------------- */

/* Ends the step of a read that returned `n`. */
static int finish(lua_State *L, struct ltw_file *f, struct tw_wait *wait,
                  ssize_t n)
{
    if (n < 0)
        return ltw_filewait(L, f, wait, (int)n, "read");
    push_input(L, f, (size_t)n, 0);
    return 1;
}

static size_t size_arg(lua_State *L, int idx, const char *name)
{
    return (size_t)ltw_integer(L, idx, name, 1, LUA_MAXINTEGER);
}

static int read_until_k(lua_State *L, struct tw_wait *wait)
{
    struct ltw_file *f = lua_touserdata(L, 1);
    size_t dlen;
    const char *delim = lua_tolstring(L, 2, &dlen);
    ssize_t n = ltw_fileobstacle(f, wait, TW_READ);
    if (n >= 0)
        n = tw_stream_until(&f->st, delim, dlen, (size_t)lua_tointeger(L, 3));
    return finish(L, f, wait, n);
}

/*
 * f:read_until(delimiter [, max]): everything through the delimiter, at most
 * `max` bytes; or nil, message, code ("eof" if the stream ends before it,
 * "EMSGSIZE" if it is not found in time), with the input left in place.
 */
static int file_read_until(lua_State *L)
{
    struct ltw_file *f = ltw_openfor(L, TW_STREAM_READ);
    size_t dlen;
    ltw_string(L, 2, "delimiter", &dlen);
    if (dlen == 0)
        ltw_argerror(L, 2, "delimiter", "must not be empty");
    lua_Integer max = lua_isnoneornil(L, 3)
                          ? (lua_Integer)f->st.max
                          : ltw_integer(L, 3, "max", 1, LUA_MAXINTEGER);
    lua_settop(L, 2);
    lua_pushinteger(L, max);
    return run(L, read_until_k);
}

static int read_exact_k(lua_State *L, struct tw_wait *wait)
{
    struct ltw_file *f = lua_touserdata(L, 1);
    ssize_t n = ltw_fileobstacle(f, wait, TW_READ);
    if (n >= 0)
        n = tw_stream_exact(&f->st, (size_t)lua_tointeger(L, 2));
    return finish(L, f, wait, n);
}

/* f:read_exact(n): n bytes; or nil, message, code ("eof" if the stream ends
   before), with the input left in place. */
static int file_read_exact(lua_State *L)
{
    ltw_openfor(L, TW_STREAM_READ);
    ltw_integer(L, 2, "n", 0, LUA_MAXINTEGER);
    return run(L, read_exact_k);
}

static int read_some_k(lua_State *L, struct tw_wait *wait)
{
    struct ltw_file *f = lua_touserdata(L, 1);
    ssize_t n = ltw_fileobstacle(f, wait, TW_READ);
    if (n >= 0)
        n = tw_stream_some(&f->st, (size_t)lua_tointeger(L, 2));
    return finish(L, f, wait, n);
}

/* f:read_some(max): what is there, at least one byte; or nil, message, code. */
static int file_read_some(lua_State *L)
{
    ltw_openfor(L, TW_STREAM_READ);
    size_arg(L, 2, "max");
    return run(L, read_some_k);
}

static int peek_k(lua_State *L, struct tw_wait *wait)
{
    struct ltw_file *f = lua_touserdata(L, 1);
    ssize_t n = ltw_fileobstacle(f, wait, TW_READ);
    if (n >= 0)
        n = tw_stream_count(&f->st, (size_t)lua_tointeger(L, 2));
    if (n < 0)
        return ltw_filewait(L, f, wait, (int)n, "read");
    lua_pushlstring(L, tw_buf_data(&f->st.rbuf), (size_t)n);
    return 1;
}

/* f:peek(n): the next n bytes, fewer only at the end, without taking them; or
   nil, message, code. */
static int file_peek(lua_State *L)
{
    ltw_openfor(L, TW_STREAM_READ);
    size_arg(L, 2, "n");
    return run(L, peek_k);
}

/* f:unread(data): puts bytes back in front of the input; true, or nil,
   message, code. */
static int file_unread(lua_State *L)
{
    struct ltw_file *f = ltw_openfor(L, TW_STREAM_READ);
    size_t len;
    const char *data = ltw_string(L, 2, "data", &len);
    int rc = f->st.ops ? 0 : TW_ECLOSED;
    if (rc >= 0 && !tw_stream_unread(&f->st, data, len))
        rc = -ENOMEM;
    return ltw_result(L, rc, "unread");
}

void ltw_framearg(lua_State *L, struct tw_frame *frame)
{
    if (!tw_frame_parse(frame, ltw_text(L, 2, "format")))
        ltw_argerror(L, 2, "format",
                     "must be one unsigned integer of string.pack, as >I4");
}

static int read_frame_k(lua_State *L, struct tw_wait *wait)
{
    struct ltw_file *f = lua_touserdata(L, 1);
    struct tw_frame frame;
    ssize_t n = ltw_fileobstacle(f, wait, TW_READ);
    tw_frame_parse(&frame, lua_tostring(L, 2));
    if (n >= 0)
        n = tw_stream_frame(&f->st, &frame, (size_t)lua_tointeger(L, 3));
    return finish(L, f, wait, n);
}

/*
 * f:read_frame(format [, max]): the body of a frame whose length comes first,
 * written as string.pack(format, length) would; or nil, message, code ("eof",
 * "EMSGSIZE" for a length over `max`), with the input left in place.
 */
static int file_read_frame(lua_State *L)
{
    struct ltw_file *f = ltw_openfor(L, TW_STREAM_READ);
    struct tw_frame frame;
    ltw_framearg(L, &frame);
    lua_Integer max = lua_isnoneornil(L, 3)
                          ? (lua_Integer)f->st.max
                          : ltw_integer(L, 3, "max", 0, LUA_MAXINTEGER);
    lua_settop(L, 2);
    lua_pushinteger(L, max);
    return run(L, read_frame_k);
}

const luaL_Reg ltw_stream_reads[] = {{"read", file_read},
                                     {"lines", file_lines},
                                     {"read_until", file_read_until},
                                     {"read_exact", file_read_exact},
                                     {"read_some", file_read_some},
                                     {"peek", file_peek},
                                     {"unread", file_unread},
                                     {"read_frame", file_read_frame},
                                     {NULL, NULL}};
