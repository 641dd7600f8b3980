/*
 * The Lua type "stream": the interface of Lua's own files over a socket, with
 * the buffers in C. The socket is the stream's user value.
 */
#include "bind/socket.h"

#include <string.h>

struct file
{
    struct tw_stream st; /* first: what all kinds of stream share */
    struct tw_runtime *rt;
    struct ltw_socket *sock; /* kept alive by the user value */
    int mode;                /* tw_stream_mode bits */
};

static struct file *self(lua_State *L)
{
    return ltw_check(L, 1, LTW_STREAM);
}

/* -- the operations underneath ------------------------------------------- */

static struct file *file_of(struct tw_stream *st)
{
    return tw__container_of(st, struct file, st);
}

static ssize_t file_read_op(struct tw_stream *st, void *data, size_t len)
{
    struct ltw_socket *s = file_of(st)->sock;
    if (s->sock.fd < 0 && s->ended)
        return TW_EOF; /* closed at its end, with input still buffered */
    return ltw_tryrecv(file_of(st)->rt, s, data, len, 0);
}

static ssize_t file_write_op(struct tw_stream *st, const void *data,
                             size_t len)
{
    return ltw_trysend(file_of(st)->rt, file_of(st)->sock, data, len, 0);
}

/* The last file of a closed socket takes the descriptor with it. */
static int file_close_op(struct tw_stream *st)
{
    struct file *f = file_of(st);
    f->sock->files--;
    f->sock->writers -= (f->mode & TW_STREAM_WRITE) != 0;
    if (f->sock->files == 0 && f->sock->closed)
        return ltw_release(f->rt, f->sock);
    return 0;
}

static const struct tw_stream_ops file_ops = {
    .name = "socket",
    .read = file_read_op,
    .write = file_write_op,
    .close = file_close_op,
};

/* -- steps in common ----------------------------------------------------- */

/* Raises if the stream was not opened for that. */
static struct file *open_for(lua_State *L, int mode)
{
    struct file *f = self(L);
    if (!(f->mode & mode))
        luaL_argerror(L, 1, mode == TW_STREAM_READ ? "not open for reading"
                                                   : "not open for writing");
    tw_stream_begin(&f->st);
    return f;
}

static int obstacle(const struct file *f, const struct task_wait *wait)
{
    return wait->status < 0 ? wait->status : f->st.ops ? 0 : TW_ECLOSED;
}

/* What a step does about rc < 0: TASK_WAIT, or the failure's results. */
static int unfinished(lua_State *L, struct file *f, struct task_wait *wait,
                      int rc)
{
    const char *op = rc == TW_WANT_WRITE ? "write" : "read";
    /* Whoever is asked a question should have got it before we wait. */
    if (rc == TW_WANT_READ && tw_buf_len(&f->st.wbuf) > 0)
    {
        int flushed = tw_stream_flush(&f->st);
        rc = flushed < 0 ? flushed : rc;
    }
    if (tw_err_want(rc) && ltw_want(f->sock, wait, rc, 0))
        return TASK_WAIT;
    return ltw_fail(L, rc, op);
}

static int run(lua_State *L, task_step step)
{
    return task_run(L, &ltw_state(L)->rt, step);
}

/* -- read ---------------------------------------------------------------- */

/* Pushes the first `n` bytes of the input and takes them; drops `cut` more
   off their end from what is pushed. */
static int push_input(lua_State *L, struct file *f, size_t n, size_t cut)
{
    lua_pushlstring(L, tw_buf_data(&f->st.rbuf), n - cut);
    tw_stream_take(&f->st, n);
    return 0;
}

static int read_line(lua_State *L, struct file *f, bool chop)
{
    ssize_t n = tw_stream_line(&f->st);
    if (n < 0)
        return (int)n;
    bool newline = tw_buf_data(&f->st.rbuf)[n - 1] == '\n';
    return push_input(L, f, (size_t)n, chop && newline);
}

static int read_count(lua_State *L, struct file *f, size_t n)
{
    ssize_t got = tw_stream_count(&f->st, n ? n : 1);
    return got < 0 ? (int)got : push_input(L, f, n ? (size_t)got : 0, 0);
}

static int read_all(lua_State *L, struct file *f)
{
    ssize_t n = tw_stream_all(&f->st, f->st.max_all);
    return n < 0 ? (int)n : push_input(L, f, (size_t)n, 0);
}

/* As in Lua, a malformed numeral is consumed and gives nil. */
static int read_number(lua_State *L, struct file *f)
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
static int read_format(lua_State *L, struct file *f, int idx)
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
static int file_read_k(lua_State *L, struct task_wait *wait)
{
    struct file *f = lua_touserdata(L, 1);
    int first = 3, last = 2 + (int)lua_tointeger(L, 2);
    int rc = obstacle(f, wait);
    while (rc >= 0 && lua_gettop(L) < 2 * last - first + 1)
    {
        rc = read_format(L, f, lua_gettop(L) - last + first);
        if (rc >= 0 && lua_isnil(L, -1))
            return lua_gettop(L) - last; /* no number: stop here, as Lua */
    }
    int values = lua_gettop(L) - last;
    if (rc >= 0)
        return values;
    int results = unfinished(L, f, wait, rc);
    return results == TASK_WAIT ? results : values + results;
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
    open_for(L, TW_STREAM_READ);
    read_args(L);
    return run(L, file_read_k);
}

/* The end gives nil; a failure raises, as it would be missed otherwise. */
static int lines_next_k(lua_State *L, struct task_wait *wait)
{
    int results = file_read_k(L, wait);
    if (results < 3 || !lua_isnil(L, -results))
        return results;
    if (strcmp(lua_tostring(L, -results + 2), tw_err_name(TW_EOF)) != 0)
        return luaL_error(L, "%s", lua_tostring(L, -results + 1));
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
    open_for(L, TW_STREAM_READ);
    return run(L, lines_next_k);
}

/* f:lines(...): an iterator that reads by the formats, raising on failure. */
static int file_lines(lua_State *L)
{
    open_for(L, TW_STREAM_READ);
    luaL_argcheck(L, lua_gettop(L) <= 200, 200, "too many formats");
    read_args(L);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_pushcclosure(L, lines_next, lua_gettop(L));
    return 1;
}

/* -- reads for protocols ------------------------------------------------- */

/* Ends the step of a read that returned `n`. */
static int finish(lua_State *L, struct file *f, struct task_wait *wait,
                  ssize_t n)
{
    if (n < 0)
        return unfinished(L, f, wait, (int)n);
    push_input(L, f, (size_t)n, 0);
    return 1;
}

static size_t size_arg(lua_State *L, int idx, const char *name)
{
    return (size_t)ltw_integer(L, idx, name, 1, LUA_MAXINTEGER);
}

static int read_until_k(lua_State *L, struct task_wait *wait)
{
    struct file *f = lua_touserdata(L, 1);
    size_t dlen;
    const char *delim = lua_tolstring(L, 2, &dlen);
    ssize_t n = obstacle(f, wait);
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
    struct file *f = open_for(L, TW_STREAM_READ);
    size_t dlen;
    ltw_string(L, 2, "delimiter", &dlen);
    if (dlen == 0)
        ltw_argerror(L, 2, "delimiter", "must not be empty");
    lua_Integer max = ltw_optinteger(L, 3, "max", 1, LUA_MAXINTEGER,
                                     (lua_Integer)f->st.max);
    lua_settop(L, 2);
    lua_pushinteger(L, max);
    return run(L, read_until_k);
}

static int read_exact_k(lua_State *L, struct task_wait *wait)
{
    struct file *f = lua_touserdata(L, 1);
    ssize_t n = obstacle(f, wait);
    if (n >= 0)
        n = tw_stream_exact(&f->st, (size_t)lua_tointeger(L, 2));
    return finish(L, f, wait, n);
}

/* f:read_exact(n): n bytes; or nil, message, code ("eof" if the stream ends
   before), with the input left in place. */
static int file_read_exact(lua_State *L)
{
    open_for(L, TW_STREAM_READ);
    ltw_integer(L, 2, "n", 0, LUA_MAXINTEGER);
    return run(L, read_exact_k);
}

static int read_some_k(lua_State *L, struct task_wait *wait)
{
    struct file *f = lua_touserdata(L, 1);
    ssize_t n = obstacle(f, wait);
    if (n >= 0)
        n = tw_stream_some(&f->st, (size_t)lua_tointeger(L, 2));
    return finish(L, f, wait, n);
}

/* f:read_some(max): what is there, at least one byte; or nil, message, code. */
static int file_read_some(lua_State *L)
{
    open_for(L, TW_STREAM_READ);
    size_arg(L, 2, "max");
    return run(L, read_some_k);
}

static int peek_k(lua_State *L, struct task_wait *wait)
{
    struct file *f = lua_touserdata(L, 1);
    ssize_t n = obstacle(f, wait);
    if (n >= 0)
        n = tw_stream_count(&f->st, (size_t)lua_tointeger(L, 2));
    if (n < 0)
        return unfinished(L, f, wait, (int)n);
    lua_pushlstring(L, tw_buf_data(&f->st.rbuf), (size_t)n);
    return 1;
}

/* f:peek(n): the next n bytes, fewer only at the end, without taking them; or
   nil, message, code. */
static int file_peek(lua_State *L)
{
    open_for(L, TW_STREAM_READ);
    size_arg(L, 2, "n");
    return run(L, peek_k);
}

/* f:unread(data): puts bytes back in front of the input; true, or nil,
   message, code. */
static int file_unread(lua_State *L)
{
    struct file *f = open_for(L, TW_STREAM_READ);
    size_t len;
    const char *data = ltw_string(L, 2, "data", &len);
    int rc = f->st.ops ? 0 : TW_ECLOSED;
    if (rc >= 0 && !tw_stream_unread(&f->st, data, len))
        rc = -ENOMEM;
    return ltw_result(L, rc, "unread");
}

static void frame_arg(lua_State *L, struct tw_frame *frame)
{
    if (!tw_frame_parse(frame, ltw_text(L, 2, "format")))
        ltw_argerror(L, 2, "format",
                     "must be one unsigned integer of string.pack, as >I4");
}

static int read_frame_k(lua_State *L, struct task_wait *wait)
{
    struct file *f = lua_touserdata(L, 1);
    struct tw_frame frame;
    ssize_t n = obstacle(f, wait);
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
    struct file *f = open_for(L, TW_STREAM_READ);
    struct tw_frame frame;
    frame_arg(L, &frame);
    lua_Integer max = ltw_optinteger(L, 3, "max", 0, LUA_MAXINTEGER,
                                     (lua_Integer)f->st.max);
    lua_settop(L, 2);
    lua_pushinteger(L, max);
    return run(L, read_frame_k);
}

/* -- write --------------------------------------------------------------- */

/* Slots of file_write_k: which argument is at work, how much of it is done,
   and how much of all; the arguments follow. */
enum { W_ARG = 2, W_DONE = 3, W_TOTAL = 4, W_FIRST = 5 };

static void advance(lua_State *L, int slot, lua_Integer n)
{
    lua_pushinteger(L, lua_tointeger(L, slot) + n);
    lua_replace(L, slot);
}

/* Writes on from where the slots say: 0 when all is accepted, or a code. */
static int write_args(lua_State *L, struct file *f)
{
    while (lua_tointeger(L, W_ARG) <= lua_gettop(L))
    {
        size_t len, done = (size_t)lua_tointeger(L, W_DONE);
        const char *data =
            ltw_bytes(L, (int)lua_tointeger(L, W_ARG), "data", &len);
        ssize_t n = done < len ? tw_stream_write(&f->st, data + done,
                                                 len - done)
                               : 0;
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

static int file_write_k(lua_State *L, struct task_wait *wait)
{
    struct file *f = lua_touserdata(L, 1);
    int rc = obstacle(f, wait);
    if (rc >= 0)
        rc = write_args(L, f);
    if (rc >= 0)
    {
        lua_settop(L, 1);
        return 1;
    }
    if (tw_err_want(rc) && ltw_want(f->sock, wait, rc, 0))
        return TASK_WAIT;
    ltw_fail(L, rc, "write");
    lua_pushvalue(L, W_TOTAL);
    return 4;
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
    open_for(L, TW_STREAM_WRITE);
    return start_write(L);
}

/* f:write_frame(format, data): as write, with the length of data in front as
   string.pack(format, #data) writes it. */
static int file_write_frame(lua_State *L)
{
    open_for(L, TW_STREAM_WRITE);
    struct tw_frame frame;
    char prefix[TW_FRAME_WIDTH_MAX];
    size_t len;
    frame_arg(L, &frame);
    ltw_bytes(L, 3, "data", &len);
    if (len > tw_frame_limit(&frame))
        ltw_argerror(L, 3, "data", "too long for the format");
    lua_settop(L, 3);
    tw_frame_encode(&frame, len, prefix);
    lua_pushlstring(L, prefix, frame.width);
    lua_replace(L, 2);
    return start_write(L);
}

static int file_flush_k(lua_State *L, struct task_wait *wait)
{
    struct file *f = lua_touserdata(L, 1);
    int rc = obstacle(f, wait);
    if (rc >= 0)
        rc = tw_stream_flush(&f->st);
    if (tw_err_want(rc) && ltw_want(f->sock, wait, rc, 0))
        return TASK_WAIT;
    if (rc < 0)
        return ltw_fail(L, rc, "flush");
    lua_settop(L, 1);
    return 1;
}

/* f:flush(): sends what is buffered; the stream, or nil, message, code. */
static int file_flush(lua_State *L)
{
    open_for(L, TW_STREAM_WRITE);
    return run(L, file_flush_k);
}

/* f:setvbuf(mode [, size]): "no", "full" or "line" output buffering. */
static int file_setvbuf(lua_State *L)
{
    static const char *const modes[] = {"no", "full", "line", NULL};
    struct file *f = self(L);
    int mode = luaL_checkoption(L, 2, NULL, modes);
    lua_Integer size =
        ltw_optinteger(L, 3, "size", 1, TW_STREAM_MAX, TW_STREAM_WBUF);
    f->st.wlimit = mode == 0 ? 0 : (size_t)size;
    f->st.by_line = mode == 2;
    lua_pushboolean(L, 1);
    return 1;
}

/* -- closing ------------------------------------------------------------- */

static int file_close_k(lua_State *L, struct task_wait *wait)
{
    struct file *f = lua_touserdata(L, 1);
    int rc = wait->status;
    if (rc >= 0 && f->st.ops)
        rc = tw_stream_flush(&f->st);
    if (tw_err_want(rc) && ltw_want(f->sock, wait, rc, 0))
        return TASK_WAIT;
    int closed = tw_stream_close(&f->st);
    return ltw_result(L, rc < 0 ? rc : closed, "close");
}

/*
 * f:close(): sends what is buffered and lets go of the socket; true, or nil,
 * message, code if the output could not be sent. Closing twice is harmless.
 */
static int file_close(lua_State *L)
{
    self(L);
    return run(L, file_close_k);
}

static int file_gc(lua_State *L)
{
    struct file *f = self(L);
    if (f->st.ops && tw_buf_len(&f->st.wbuf) > 0)
        lua_warning(L, "tidewire: a stream was collected with output not "
                       "sent; flush or close it", 0);
    tw_stream_close(&f->st);
    return 0;
}

/* f:fileno(): the socket's descriptor, -1 if closed. */
static int file_fileno(lua_State *L)
{
    const struct file *f = self(L);
    lua_pushinteger(L, f->st.ops ? f->sock->sock.fd : -1);
    return 1;
}

static int file_tostring(lua_State *L)
{
    static const char *const modes[] = {"", "r", "w", "rw"};
    const struct file *f = self(L);
    if (f->st.ops)
        lua_pushfstring(L, "stream (fd=%d, %s)", f->sock->sock.fd,
                        modes[f->mode]);
    else
        lua_pushliteral(L, "stream (closed)");
    return 1;
}

/* -- making -------------------------------------------------------------- */

static int mode_arg(lua_State *L, int idx)
{
    int mode = 0;
    const char *text =
        lua_isnoneornil(L, idx) ? "r" : ltw_text(L, idx, "mode");
    for (const char *p = text; *p; p++)
    {
        if (!strchr("rwb", *p))
            ltw_argerror(L, idx, "mode", "may hold only r, w and b");
        mode |= *p == 'r' ? TW_STREAM_READ : 0;
        mode |= *p == 'w' ? TW_STREAM_WRITE : 0;
    }
    return mode ? mode : TW_STREAM_READ;
}

/* Buffering as in Python: -1 default, 0 none, 1 by line, else the size. */
static void set_buffering(lua_State *L, int idx, struct file *f)
{
    lua_Integer n =
        ltw_optinteger(L, idx, "buffering", -1, TW_STREAM_MAX, -1);
    f->st.by_line = n == 1;
    f->st.exact = n == 0;
    if (n == 0 || n > 1)
        f->st.wlimit = (size_t)n;
}

/* The options table at `idx`: buffering and max; nothing else. */
static void set_options(lua_State *L, int idx, struct file *f)
{
    lua_pushnil(L);
    while (lua_next(L, idx))
    {
        const char *key =
            lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "?";
        if (strcmp(key, "buffering") == 0)
            set_buffering(L, lua_gettop(L), f);
        else if (strcmp(key, "max") == 0)
            f->st.max = f->st.max_all =
                (size_t)ltw_integer(L, lua_gettop(L), "max", 1, 1L << 40);
        else
            ltw_argerror(L, idx, "options",
                         lua_pushfstring(L, "unknown option '%s'",
                                         luaL_tolstring(L, -2, NULL)));
        lua_pop(L, 1);
    }
}

/*
 * s:makefile([mode = "r" [, buffering]]) or s:makefile(mode, {buffering =,
 * max =}): a stream over the socket; `max` bounds every read that has no bound
 * of its own. Or nil, message, code.
 */
int ltw_makefile(lua_State *L)
{
    struct ltw_socket *s = ltw_check(L, 1, LTW_SOCKET);
    int mode = mode_arg(L, 2);
    lua_settop(L, 3);
    if (s->closed)
        return ltw_fail(L, TW_ECLOSED, "makefile");
    struct file *f = ltw_new(L, LTW_STREAM, sizeof *f, 1);
    lua_pushvalue(L, 1);
    lua_setiuservalue(L, -2, 1);
    f->rt = &ltw_state(L)->rt;
    f->sock = s;
    f->mode = mode;
    tw_stream_init(&f->st, NULL, &f->rt->mem);
    if (lua_istable(L, 3))
        set_options(L, 3, f);
    else
        set_buffering(L, 3, f);
    f->st.ops = &file_ops; /* from here on closing it counts */
    s->files++;
    s->writers += (mode & TW_STREAM_WRITE) != 0;
    lua_settop(L, 4);
    return 1;
}

void ltw_open_stream(lua_State *L)
{
    static const luaL_Reg meta[] = {{"__gc", file_gc},
                                    {"__close", file_close},
                                    {"__tostring", file_tostring},
                                    {NULL, NULL}};
    static const luaL_Reg methods[] = {
        {"read", file_read},
        {"lines", file_lines},
        {"read_until", file_read_until},
        {"read_exact", file_read_exact},
        {"read_some", file_read_some},
        {"peek", file_peek},
        {"unread", file_unread},
        {"read_frame", file_read_frame},
        {"write", file_write},
        {"write_frame", file_write_frame},
        {"flush", file_flush},
        {"setvbuf", file_setvbuf},
        {"close", file_close},
        {"fileno", file_fileno},
        {NULL, NULL}};
    ltw_newtype(L, LTW_STREAM, meta, methods);
}
