/* Answers, or parts of them, that are in files. */
#include "mod/http/exchange.h"

#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

/* The stack of sendfile. */
enum
{
    SELF = 1,
    SOURCE,
    OFFSET,
    LEFT
};

enum
{
    PIECE = 65536 /* of what has to be read and written */
};

/* The number at `idx`; what none can have is none that is open. */
static int number_at(lua_State *L, int idx)
{
    lua_Integer fd = luaL_checkinteger(L, idx);
    return fd < 0 ? -1 : fd > INT_MAX ? INT_MAX : (int)fd;
}

/* The descriptor of what is at 2: a number, an io file, or an object with a
   method `fileno`; -1: it is closed. Asked for anew each time. */
static int descriptor(lua_State *L)
{
    int fd = -1;
    if (lua_type(L, SOURCE) == LUA_TNUMBER)
        return number_at(L, SOURCE);
    const luaL_Stream *file = luaL_testudata(L, SOURCE, LUA_FILEHANDLE);
    if (file)
        return file->closef ? fileno(file->f) : -1;
    if (lua_type(L, SOURCE) != LUA_TUSERDATA && !lua_istable(L, SOURCE))
        luaL_typeerror(L, SOURCE, "file or descriptor");
    lua_getfield(L, SOURCE, "fileno");
    lua_pushvalue(L, SOURCE);
    lua_call(L, 1, 1);
    fd = number_at(L, -1);
    lua_pop(L, 1);
    return fd;
}

/* The next bytes of the file: how many were sent or, where the stream sends no
   files or there are only few, held back with the head. */
static ssize_t next_piece(struct tw_http_conn *c, int fd, int64_t offset,
                          size_t left)
{
    const struct tw_net *net = c->server->rt->net;
    struct tw_stream *st = c->st;
    if (!st->ops || c->broken)
        return TW_ECLOSED;
    if (left > TW_HTTP_SMALL && st->ops->sendfile)
        return st->ops->sendfile(st, fd, offset, left);
    size_t len = left < PIECE ? left : PIECE;
    char *to = tw_buf_reserve(&st->wbuf, len);
    ssize_t n = to ? net->read_at(net, fd, offset, to, len) : -ENOMEM;
    st->wbuf.end += n > 0 ? (size_t)n : 0;
    return n;
}

/* One step forward, with what the stack says: > 0 if there are more, 0 at the
   end, or a code. */
static int advance(lua_State *L, struct tw_http_res *res)
{
    struct tw_http_conn *c = res->conn;
    int64_t left = (int64_t)lua_tointeger(L, LEFT);
    int64_t offset = (int64_t)lua_tointeger(L, OFFSET);
    bool direct = left > TW_HTTP_SMALL && c->st->ops && c->st->ops->sendfile;
    size_t done = 0;
    int rc = 0;
    if (left <= 0 || (!direct && tw_buf_len(&c->st->wbuf) > PIECE))
        rc = tw_http_put(c, "", 0, &done);
    if (rc < 0 || left <= 0)
        return rc;
    int fd = descriptor(L);
    ssize_t n =
        res->conn ? next_piece(c, fd, offset, (size_t)left) : TW_ECLOSED;
    if (n <= 0)
        return n < 0 ? (int)n : -EIO; /* the file has become shorter */
    res->bytes += n;
    lua_pushinteger(L, (lua_Integer)(offset + n));
    lua_replace(L, OFFSET);
    left -= n;
    if (left == 0 && tw_http_res_chunked(res) < 0)
        return -ENOMEM;
    lua_pushinteger(L, (lua_Integer)left);
    lua_replace(L, LEFT);
    return 1;
}

static int sendfile_k(lua_State *L, struct tw_wait *wait)
{
    struct tw_http_res *res = lua_touserdata(L, SELF);
    int rc = wait->status < 0 ? wait->status : 1;
    while (rc > 0)
        rc = res->conn ? advance(L, res) : TW_ECLOSED;
    if (rc < 0 && !tw_err_want(rc) && res->conn)
        res->conn->broken = true;
    if (rc == 0 && res->whole)
        res->stage = TW_HTTP_DONE;
    return tw_http_res_wait(L, wait, rc, "sendfile");
}

/* Sets *count to the bytes from `offset` on that there are, at most what it
   was. 0, or an error. */
static int measure(int fd, int64_t offset, int64_t *count)
{
    struct stat st;
    if (fd < 0)
        return TW_ECLOSED;
    if (fstat(fd, &st) < 0)
        return -errno;
    if (!S_ISREG(st.st_mode))
        return -ESPIPE;
    int64_t most = st.st_size > offset ? (int64_t)st.st_size - offset : 0;
    if (*count > most)
        *count = most;
    return 0;
}

/*
 * res:sendfile(file [, offset = 0 [, count]]): the bytes of a file from
 * `offset` on, `count` at most: the whole answer, with its length, unless
 * Content-Length was set or something has been written; then they are the next
 * part of it. `file` is an io file, a descriptor, or an object with a method
 * fileno; its position plays no part. True; or nil, message, code.
 */
static int res_sendfile(lua_State *L)
{
    struct tw_http_res *res = tw_http_res_open(L, "sendfile");
    if (!res)
        return 3;
    const struct tw_api *api = tw_http_state(L)->api;
    int64_t offset = (int64_t)luaL_optinteger(L, OFFSET, 0);
    int64_t count = (int64_t)luaL_optinteger(L, LEFT, LUA_MAXINTEGER);
    luaL_argcheck(L, offset >= 0, OFFSET, "must not be negative");
    luaL_argcheck(L, count >= 0, LEFT, "must not be negative");
    lua_settop(L, SOURCE);
    int rc = measure(descriptor(L), offset, &count);
    if (rc < 0 || !res->conn)
        return api->fail(L, rc < 0 ? rc : TW_ECLOSED, "sendfile");
    bool whole = res->stage == TW_HTTP_FRESH && res->length < 0;
    if (whole)
        res->length = count;
    tw_http_res_check(L, res, (size_t)count);
    res->whole = whole;
    if (tw_http_res_chunk(res, (size_t)count) < 0)
        res->conn->broken = true;
    lua_pushinteger(L, (lua_Integer)offset);
    lua_pushinteger(L, res->bodiless ? 0 : (lua_Integer)count);
    return api->run(L, tw_http_runtime(L), sendfile_k);
}

const luaL_Reg tw_http_sendfile_methods[] = {{"sendfile", res_sendfile},
                                             {NULL, NULL}};
