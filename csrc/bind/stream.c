/*
 * The Lua type "stream": the interface of Lua's own files over a socket, with
 * the buffers in C. The socket is the stream's user value.
 */
#include "bind/stream.h"
#include "bind/module.h"

#include <limits.h>
#include <string.h>

static struct ltw_file *self(lua_State *L)
{
    return ltw_check(L, 1, LTW_STREAM);
}

/* -- the operations underneath ------------------------------------------- */

static struct ltw_file *file_of(struct tw_stream *st)
{
    return tw__container_of(st, struct ltw_file, st);
}

static ssize_t file_read_op(struct tw_stream *st, void *data, size_t len)
{
    struct ltw_socket *s = file_of(st)->sock;
    if (s->sock.fd < 0 && s->ended)
        return TW_EOF; /* closed at its end, with input still buffered */
    ssize_t n = ltw_tryrecv(file_of(st)->rt, s, data, len, 0);
    return n == 0 ? TW_WANT_RETRY : n; /* an empty datagram adds nothing */
}

static ssize_t file_write_op(struct tw_stream *st, const void *data, size_t len)
{
    return ltw_trysend(file_of(st)->rt, file_of(st)->sock, data, len, 0);
}

/* The last file of a closed socket takes the descriptor with it. */
static int file_close_op(struct tw_stream *st)
{
    struct ltw_file *f = file_of(st);
    struct ltw_file **place = &f->sock->files;
    while (*place != f)
        place = &(*place)->next;
    *place = f->next;
    if (!f->sock->files && f->sock->closed)
        return ltw_release(f->rt, f->sock);
    return 0;
}

static struct tw_watch *file_watch_op(struct tw_stream *st)
{
    return &file_of(st)->sock->watch;
}

/* Only without a limit of its own may a socket's attempt sleep. */
static void file_never_sleep_op(struct tw_stream *st)
{
    struct tw_sock *sock = &file_of(st)->sock->sock;
    if (sock->timeout == TW_FOREVER)
        sock->timeout--;
}

static ssize_t file_writev_op(struct tw_stream *st, const struct iovec *pieces,
                              int count)
{
    const struct msghdr msg = {.msg_iov = (struct iovec *)pieces,
                               .msg_iovlen = (size_t)count};
    return ltw_trysendmsg(file_of(st)->rt, file_of(st)->sock, &msg, 0);
}

/* With longer files a head does not wait for the first of their bytes: it is
   there sooner, and under BBR the server then needs a third less time for 10 MB
   (less of it is sent at once, more as the client's acknowledgements come). */
enum
{
    ALONE = 256 << 10
};

static ssize_t file_sendfile_op(struct tw_stream *st, int file, int64_t offset,
                                size_t len)
{
    struct ltw_file *f = file_of(st);
    struct tw_buf *held = &st->wbuf;
    int rc = tw_buf_len(held) ? ltw_attempt(f->rt, f->sock, TW_WRITE, 0) : 0;
    while (rc >= 0 && tw_buf_len(held) > 0)
    {
        ssize_t n = ltw_trysend(f->rt, f->sock, tw_buf_data(held),
                                tw_buf_len(held), len <= ALONE ? MSG_MORE : 0);
        tw_buf_consume(held, n > 0 ? (size_t)n : 0);
        rc = n < 0 ? (int)n : 0;
    }
    return rc < 0 ? rc : ltw_trysendfile(f->rt, f->sock, file, offset, len);
}

static int file_shutdown_op(struct tw_stream *st)
{
    return tw_sock_shutdown(&file_of(st)->sock->sock, SHUT_WR);
}

/* TCP then resets the connection. */
static void file_spoil_op(struct tw_stream *st)
{
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    const struct tw_optval opt = {.level = SOL_SOCKET,
                                  .name = SO_LINGER,
                                  .value = &at_once,
                                  .len = sizeof at_once};
    tw_sock_setopt(&file_of(st)->sock->sock, &opt);
}

static const struct tw_stream_ops file_ops = {
    .name = "socket",
    .read = file_read_op,
    .write = file_write_op,
    .close = file_close_op,
    .watch = file_watch_op,
    .never_sleep = file_never_sleep_op,
    .writev = file_writev_op,
    .sendfile = file_sendfile_op,
    .shutdown = file_shutdown_op,
    .spoil = file_spoil_op,
};

/* -- the family ---------------------------------------------------------- */

/* What the metatables of all kinds of stream have, and nothing else. */
#define KIND "__stream"

void ltw_streamkind(lua_State *L)
{
    lua_pushboolean(L, 1);
    lua_setfield(L, -2, KIND);
}

struct tw_stream *ltw_tostream(lua_State *L, int idx)
{
    if (lua_type(L, idx) != LUA_TUSERDATA ||
        luaL_getmetafield(L, idx, KIND) == LUA_TNIL)
        return NULL;
    lua_pop(L, 1);
    return lua_touserdata(L, idx);
}

/* -- steps in common ----------------------------------------------------- */

struct ltw_file *ltw_openfor(lua_State *L, int mode)
{
    struct ltw_file *f = self(L);
    if (!(f->mode & mode))
        luaL_argerror(L, 1,
                      mode == TW_STREAM_READ ? "not open for reading"
                                             : "not open for writing");
    tw_stream_begin(&f->st);
    return f;
}

int ltw_fileobstacle(const struct ltw_file *f, const struct tw_wait *wait,
                     unsigned dir)
{
    if (wait->status < 0)
        return wait->status;
    if (!f->st.ops)
        return TW_ECLOSED;
    /* Somebody is in the middle of something, with part of it buffered. */
    return f->sock->watch.claimed & dir ? -EBUSY : 0;
}

int ltw_filewait(lua_State *L, struct ltw_file *f, struct tw_wait *wait, int rc,
                 const char *op)
{
    /* Whoever is asked a question should have got it before we wait; but what
       somebody else is sending needs no help. */
    bool sending = f->sock && f->sock->watch.claimed & TW_WRITE;
    if (rc == TW_WANT_READ && ltw_fileunsent(f) && !sending)
    {
        int flushed = tw_stream_flush(&f->st);
        rc = flushed < 0 ? flushed : rc;
    }
    if (tw_err_want(rc) && ltw_want(f->sock, wait, rc, 0))
        return TW_TASK_WAIT;
    tw_stream_begin(&f->st); /* whoever reads next may look for another end */
    return ltw_fail(L, rc, op);
}
/* -- closing ------------------------------------------------------------- */

/* A closed stream keeps its socket no longer. */
static void let_go(lua_State *L, struct ltw_file *f)
{
    f->sock = NULL;
    lua_pushnil(L);
    lua_setiuservalue(L, 1, 1);
}

static int file_close_k(lua_State *L, struct tw_wait *wait)
{
    struct ltw_file *f = lua_touserdata(L, 1);
    int rc = wait->status;
    if (rc >= 0 && f->st.ops)
        rc = tw_stream_flush(&f->st);
    if (tw_err_want(rc) && ltw_want(f->sock, wait, rc, 0))
        return TW_TASK_WAIT;
    /* Who waits for it, or has just been woken, needs the socket until he goes
       on. Closing forgets who that is. */
    bool needed = f->sock && f->sock->watch.claimed;
    int closed = tw_stream_close(&f->st);
    if (f->sock)
    {
        if (wait->rt->loop)
            tw_loop_nudge(wait->rt->loop, &f->sock->watch);
        if (!needed)
            let_go(L, f);
    }
    return ltw_result(L, rc < 0 ? rc : closed, "close");
}

/*
 * f:close(): sends what is buffered and lets go of the socket; true, or nil,
 * message, code if the output could not be sent. Closing twice is harmless.
 */
static int file_close(lua_State *L)
{
    self(L);
    return tw_task_run(L, &ltw_state(L)->rt, file_close_k);
}

static int file_gc(lua_State *L)
{
    struct ltw_file *f = self(L);
    if (f->st.ops && ltw_fileunsent(f))
        lua_warning(L,
                    "tidewire: a stream was collected with output not "
                    "sent; flush or close it",
                    0);
    tw_stream_close(&f->st);
    return 0;
}

/* f:fileno(): the socket's descriptor, -1 if closed. */
static int file_fileno(lua_State *L)
{
    const struct ltw_file *f = self(L);
    lua_pushinteger(L, f->st.ops ? f->sock->sock.fd : -1);
    return 1;
}

static int file_tostring(lua_State *L)
{
    static const char *const modes[] = {"", "r", "w", "rw"};
    const struct ltw_file *f = self(L);
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
    const char *text = lua_isnoneornil(L, idx) ? "r" : ltw_text(L, idx, "mode");
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
static void set_buffering(lua_State *L, int idx, struct ltw_file *f)
{
    lua_Integer n = lua_isnoneornil(L, idx)
                        ? -1
                        : ltw_integer(L, idx, "buffering", -1, TW_STREAM_MAX);
    f->st.by_line = n == 1;
    f->st.exact = n == 0;
    if (n == 0 || n > 1)
        f->st.wlimit = (size_t)n;
}

/* The options table at `idx`: buffering and max; nothing else. */
static void set_options(lua_State *L, int idx, struct ltw_file *f)
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
    struct ltw_file *f = ltw_new(L, LTW_STREAM, sizeof *f, 1);
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
    f->next = s->files;
    s->files = f;
    lua_settop(L, 4);
    return 1;
}

/*
 * stdio(fd, mode [, buffering]): a stream over one of the process's own
 * descriptors, which it neither closes nor changes; writes are not buffered, so
 * that nothing is left when the process ends. What is buffered is as in Python.
 */
static int core_stdio(lua_State *L)
{
    int fd = (int)ltw_integer(L, 1, "fd", 0, INT_MAX);
    ltw_text(L, 2, "mode");
    lua_settop(L, 3);
    if (lua_isnil(L, 3))
    {
        lua_pushinteger(L, mode_arg(L, 2) == TW_STREAM_READ ? -1 : 0);
        lua_replace(L, 3);
    }
    struct ltw_socket *s = ltw_newsocket(L);
    lua_replace(L, 1);
    int results = ltw_makefile(L);
    s->sock.timeout = TW_FOREVER;
    tw_sock_borrow(&s->sock, fd); /* now that nothing can fail any more */
    tw_watch_init(&s->watch, fd);
    s->closed = true; /* the stream has it all to itself */
    return results;
}

const luaL_Reg ltw_stream_functions[] = {{"stdio", core_stdio}, {NULL, NULL}};

void ltw_open_stream(lua_State *L)
{
    static const luaL_Reg meta[] = {{"__gc", file_gc},
                                    {"__close", file_close},
                                    {"__tostring", file_tostring},
                                    {NULL, NULL}};
    static const luaL_Reg methods[] = {
        {"close", file_close}, {"fileno", file_fileno}, {NULL, NULL}};
    ltw_newtype(L, LTW_STREAM, meta, methods);
    luaL_getmetatable(L, "tidewire.stream");
    ltw_streamkind(L);
    lua_pop(L, 1);
    ltw_addmethods(L, LTW_STREAM, ltw_stream_reads);
    ltw_addmethods(L, LTW_STREAM, ltw_stream_writes);
}
