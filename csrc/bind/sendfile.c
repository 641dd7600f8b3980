/*
 * Sockets in Lua: sendfile. Files with positions go through the kernel; what
 * has none is read by lua/tidewire/sendfile.lua.
 */
#include "bind/module.h"
#include "bind/socket.h"

#include <limits.h>
#include <stdio.h>

/* The stack of sendfile. */
enum
{
    SELF = 1,
    SOURCE,
    OFFSET,
    COUNT,
    SENT
};

/* Bytes given to the kernel at a time: between them others may have a turn, or
   at least signals. Each call ends a segment, so many small ones cost more. */
enum
{
    PIECE = 64 << 20,
    FAIR_PIECE = 2 << 20, /* when there are others */
    ATTEMPT = 256 << 10   /* what counts as one attempt against the budget */
};

/* What is sent; from the stack. */
struct job
{
    struct ltw_socket *s;
    luaL_Stream *stream; /* an io file, or NULL */
    int fd;              /* -1: the file has been closed */
    int64_t offset, count, sent;
};

/* The descriptor of an io file, -1 if it is closed. */
static int fd_of(const luaL_Stream *stream)
{
    return stream->closef ? fileno(stream->f) : -1;
}

static struct job read_job(lua_State *L)
{
    struct job job = {.s = lua_touserdata(L, SELF),
                      .stream = lua_touserdata(L, SOURCE),
                      .offset = lua_tointeger(L, OFFSET),
                      .count = lua_tointeger(L, COUNT),
                      .sent = lua_tointeger(L, SENT)};
    job.fd = job.stream ? fd_of(job.stream) : (int)lua_tointeger(L, SOURCE);
    return job;
}

ssize_t ltw_trysendfile(struct tw_runtime *rt, struct ltw_socket *s, int file,
                        int64_t offset, size_t len)
{
    size_t most = rt->live ? FAIR_PIECE : PIECE;
    bool was_cut = s->cut;
    int rc = ltw_attempt(rt, s, TW_WRITE, 0);
    if (rc >= 0)
        rc = ltw_nonblocking(rt, s);
    if (rc < 0)
        return rc;
    s->cut = false;
    if (was_cut)
        return TW_WANT_RETRY;
    ssize_t n =
        tw_sock_sendfile(&s->sock, file, offset, len < most ? len : most);
    if (n == TW_WANT_WRITE)
        tw_watch_blocked(&s->watch, TW_WRITE);
    else if (n > 0)
        rt->budget -= (int)(n / ATTEMPT);
    s->cut = n > 0 && (size_t)n < len && tw_task_may_block(rt, &s->sock);
    return n;
}

static ssize_t send_piece(struct tw_runtime *rt, const struct job *job)
{
    if (job->fd < 0 || job->s->closed)
        return TW_ECLOSED;
    int64_t left = job->count - job->sent;
    return ltw_trysendfile(rt, job->s, job->fd, job->offset + job->sent,
                           (size_t)left);
}

/* Leaves an io file's position where the last byte sent was. */
static void leave_position(const struct job *job)
{
    if (job->stream && job->fd >= 0)
        fseeko(job->stream->f, (off_t)(job->offset + job->sent), SEEK_SET);
}

static int sock_sendfile_k(lua_State *L, struct tw_wait *wait)
{
    struct job job = read_job(L);
    ssize_t n = wait->status;
    while (n >= 0)
    {
        n = send_piece(wait->rt, &job);
        job.sent += n > 0 ? n : 0;
        if (n == 0 || job.sent == job.count)
        {
            leave_position(&job);
            lua_pushinteger(L, job.sent);
            return 1;
        }
    }
    lua_settop(L, COUNT);
    lua_pushinteger(L, job.sent);
    if (tw_err_want(n) && ltw_want(job.s, wait, (int)n, 0))
        return TW_TASK_WAIT;
    leave_position(&job);
    int results = ltw_sockfail(L, job.s, (int)n, "sendfile");
    lua_pushinteger(L, job.sent);
    return results + 1;
}

/* -- the source ---------------------------------------------------------- */

/* True if the value at SOURCE has that method. */
static bool has_method(lua_State *L, const char *name)
{
    bool found = false;
    bool userdata = lua_type(L, SOURCE) == LUA_TUSERDATA &&
                    luaL_getmetafield(L, SOURCE, "__index") != LUA_TNIL;
    if (userdata || lua_istable(L, SOURCE))
        found = lua_getfield(L, SOURCE, name) == LUA_TFUNCTION;
    lua_settop(L, SENT);
    return found;
}

static int fail(lua_State *L, int code)
{
    int results = ltw_fail(L, code, "sendfile");
    lua_pushinteger(L, 0);
    return results + 1;
}

/* Pushes what the io library has taken from a file's descriptor in advance, as
   far as it is wanted. */
static void push_ahead(lua_State *L, const luaL_Stream *stream)
{
    size_t n = stream ? tw__read_ahead(stream->f) : 0;
    luaL_Buffer buffer;
    if ((lua_Unsigned)lua_tointeger(L, COUNT) < n)
        n = (size_t)lua_tointeger(L, COUNT);
    char *data = luaL_buffinitsize(L, &buffer, n);
    n = n ? fread(data, 1, n, stream->f) : 0;
    luaL_pushresultsize(&buffer, n);
}

static int by_reading_k(lua_State *L, int status, lua_KContext ctx)
{
    (void)status, (void)ctx;
    return lua_gettop(L) - SENT;
}

/* Leaves it to Lua: self, source, offset, count, read ahead. */
static int by_reading(lua_State *L, int fd, const luaL_Stream *stream)
{
    ltw_pushprovided(L, "sendfile");
    lua_pushvalue(L, SELF);
    if (fd >= 0)
        lua_pushinteger(L, fd);
    else
        lua_pushvalue(L, SOURCE);
    lua_pushvalue(L, OFFSET);
    lua_pushvalue(L, COUNT);
    push_ahead(L, stream);
    lua_callk(L, 5, LUA_MULTRET, 0, by_reading_k);
    return by_reading_k(L, LUA_OK, 0);
}

static int send_object(lua_State *L)
{
    const struct ltw_socket *s = lua_touserdata(L, SELF);
    if (lua_tointeger(L, OFFSET) > 0 && !has_method(L, "seek"))
        ltw_argerror(L, OFFSET, "offset", "the file cannot seek");
    if (s->closed)
        return fail(L, TW_ECLOSED);
    return by_reading(L, -1, NULL);
}

/* The io file at SOURCE, or NULL. */
static int send_descriptor(lua_State *L, int fd, const luaL_Stream *stream)
{
    struct tw_runtime *rt = ltw_runtime(L);
    const struct ltw_socket *s = lua_touserdata(L, SELF);
    bool open = fd >= 0 && !s->closed;
    off_t offset = (off_t)lua_tointeger(L, OFFSET);
    int seekable = open ? rt->net->seekable(rt->net, fd) : TW_ECLOSED;
    if (seekable == 0 && offset > 0)
        return fail(L, -ESPIPE);
    if (seekable == 0)
        return by_reading(L, fd, stream);
    /* This writes what is buffered, and forgets what was read ahead. */
    if (seekable > 0 && stream && fseeko(stream->f, offset, SEEK_SET) != 0)
        seekable = -errno;
    if (seekable < 0)
        return fail(L, seekable);
    return tw_task_run(L, rt, sock_sendfile_k);
}

static void check_arguments(lua_State *L)
{
    const struct ltw_socket *s = ltw_check(L, SELF, LTW_SOCKET);
    lua_settop(L, COUNT);
    lua_Integer offset = lua_isnil(L, OFFSET) ? 0
                                              : ltw_integer(L, OFFSET, "offset",
                                                            0, LUA_MAXINTEGER);
    lua_Integer count = lua_isnil(L, COUNT)
                            ? LUA_MAXINTEGER
                            : ltw_integer(L, COUNT, "count", 1, LUA_MAXINTEGER);
    lua_settop(L, SOURCE);
    lua_pushinteger(L, offset);
    lua_pushinteger(L, count);
    lua_pushinteger(L, 0);
    bool number = lua_type(L, SOURCE) == LUA_TNUMBER;
    if (number)
        ltw_integer(L, SOURCE, "file", 0, INT_MAX);
    else if (!luaL_testudata(L, SOURCE, LUA_FILEHANDLE) &&
             !has_method(L, "read"))
        ltw_typeerror(L, SOURCE, "file",
                      "file, descriptor or object with a read method");
    /* Others would have to stop half way. */
    if (s->sock.type != SOCK_STREAM)
        luaL_argerror(L, SELF, "must be of type SOCK_STREAM");
    if (s->sock.timeout == 0 && !s->closed)
        luaL_argerror(L, SELF, "must not be non-blocking, settimeout(0)");
}

/*
 * s:sendfile(file [, offset = 0 [, count]]): sends what a file holds from
 * `offset` on, at most `count` bytes, without copying them through here; the
 * timeout covers the whole. How many bytes that were; or nil, message, code and
 * how many bytes were sent before the failure.
 *
 * file: an io file, whose position is then behind the last byte sent, also
 * after a failure; the number of a descriptor, whose position plays no part; or
 * any object with a read method. What has no positions (pipes, terminals,
 * objects without a seek method) is read from where it is.
 */
static int sock_sendfile(lua_State *L)
{
    check_arguments(L);
    const luaL_Stream *stream = luaL_testudata(L, SOURCE, LUA_FILEHANDLE);
    if (stream)
        return send_descriptor(L, fd_of(stream), stream);
    if (lua_type(L, SOURCE) == LUA_TNUMBER)
        return send_descriptor(L, (int)lua_tointeger(L, SOURCE), NULL);
    return send_object(L);
}

const luaL_Reg ltw_socket_file[] = {{"sendfile", sock_sendfile}, {NULL, NULL}};
