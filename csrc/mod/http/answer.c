/* Answers that are sent bit by bit, and the end of all answers. */
#include "mod/http/conn.h"
#include "mod/http/exchange.h"

#include <stdio.h>
#include <string.h>

static const struct tw_api *api_of(lua_State *L)
{
    return tw_http_state(L)->api;
}

/* -- what is held back until it can leave -------------------------------- */

static bool append(struct tw_http_conn *c, const char *data, size_t len)
{
    return tw_buf_append(&c->st->wbuf, data, len);
}

static bool put_head(struct tw_http_conn *c, struct tw_http_res *res)
{
    struct tw_buf *out = &c->st->wbuf;
    char *to = tw_buf_reserve(out, tw_http_head_room(c));
    if (to)
        out->end += (size_t)(tw_http_head_write(c, res, to) - to);
    return to != NULL;
}

int tw_http_res_chunk(struct tw_http_res *res, size_t len)
{
    struct tw_http_conn *c = res->conn;
    char size[24];
    if (res->stage == TW_HTTP_FRESH)
    {
        tw_http_res_begin(res, -1);
        if (!put_head(c, res))
            return -ENOMEM;
    }
    if (!res->chunked || res->bodiless || len == 0)
        return 0;
    int n = snprintf(size, sizeof size, "%zx\r\n", len);
    return append(c, size, (size_t)n) ? 0 : -ENOMEM;
}

int tw_http_res_chunked(struct tw_http_res *res)
{
    bool framed = res->chunked && !res->bodiless;
    return !framed || append(res->conn, "\r\n", 2) ? 0 : -ENOMEM;
}

/* -- steps --------------------------------------------------------------- */

struct tw_http_res *tw_http_res_open(lua_State *L, const char *op)
{
    struct tw_http_res *res = tw_http_res_self(L);
    if (res->stage == TW_HTTP_DONE)
        luaL_error(L, "the answer has been sent");
    int rc = !res->conn ? TW_ECLOSED : res->writing ? -EBUSY : 0;
    if (rc == 0)
        return res;
    api_of(L)->fail(L, rc, op);
    return NULL;
}

int tw_http_res_wait(lua_State *L, struct tw_wait *wait, int rc, const char *op)
{
    struct tw_http_res *res = lua_touserdata(L, 1);
    struct tw_http_conn *c = res->conn;
    res->writing =
        rc < 0 && c && tw_http_wants(c, wait, rc, c->server->write_time);
    if (res->writing)
    {
        tw_http_hold(L, 1, c);
        return TW_TASK_WAIT;
    }
    if (rc < 0)
        return api_of(L)->fail(L, rc, op);
    lua_pushboolean(L, 1);
    return 1;
}

/* The stack of what sends: the answer, the data, how much of it has been taken,
   and how much may be held back in the end. */
enum
{
    SELF = 1,
    DATA,
    DONE,
    HELD
};

enum
{
    LOOK = 1024 /* bytes read to see whether the client is still there */
};

/* Who asked for the head alone is sent nothing by which it could be noticed
   that he has gone, and nobody waits for what he says, so that no event tells
   it either. What has come is kept: 0, or an error. */
static int look(struct tw_http_conn *c)
{
    struct tw_buf *in = &c->st->rbuf;
    const struct tw_http_body *body = c->req->body;
    if (!c->st->ops || c->broken)
        return TW_ECLOSED;
    if (tw_buf_len(in) > 0 || (body && !body->done))
        return 0;
    struct tw_watch *watch = c->st->ops->watch(c->st);
    if (watch)
        watch->ready |= TW_READ;
    char *to = tw_buf_reserve(in, LOOK);
    ssize_t n = to ? c->st->ops->read(c->st, to, LOOK) : -ENOMEM;
    if (n > 0)
        in->end += (size_t)n;
    else
        tw_buf_deinit(in);
    return n == TW_EOF ? -EPIPE : n > 0 || tw_err_want((int)n) ? 0 : (int)n;
}

static int write_k(lua_State *L, struct tw_wait *wait)
{
    struct tw_http_res *res = lua_touserdata(L, SELF);
    struct tw_http_conn *c = res->conn;
    size_t len, done = (size_t)lua_tointeger(L, DONE), before = done;
    const char *data = lua_tolstring(L, DATA, &len);
    int rc = wait->status < 0 ? wait->status : c ? 0 : TW_ECLOSED;
    bool ours = done < len;
    if (rc == 0)
        rc = tw_http_put(c, data, len, &done);
    res->bytes += (int64_t)(done - before);
    if (rc == 0 && ours)
        rc = tw_http_res_chunked(res);
    if (rc == 0 && ours)
        rc = tw_http_put(c, data, len, &done);
    if (rc == 0 && res->bodiless)
        rc = look(c);
    lua_pushinteger(L, (lua_Integer)done);
    lua_replace(L, DONE);
    if (tw_err_want(rc) && done == len &&
        tw_buf_len(&c->st->wbuf) <= (size_t)lua_tointeger(L, HELD))
        rc = 0;
    return tw_http_res_wait(L, wait, rc, "write");
}

/* Sends on: `done` bytes of the data at 2, and what is held back, all of it but
   what `held` allows. */
static int go_on(lua_State *L, size_t done, size_t held)
{
    lua_pushinteger(L, (lua_Integer)done);
    lua_pushinteger(L, (lua_Integer)held);
    return api_of(L)->run(L, tw_http_runtime(L), write_k);
}

static int fail_write(lua_State *L, struct tw_http_res *res)
{
    res->conn->broken = true;
    return api_of(L)->fail(L, -ENOMEM, "write");
}

void tw_http_res_check(lua_State *L, const struct tw_http_res *res, size_t len)
{
    if (res->length >= 0 && (uint64_t)(res->length - res->bytes) < len)
        luaL_error(L, "the body is longer than its Content-Length");
}

/*
 * res:write(data): the next bytes of the body, of which the whole length need
 * not be known: then it is sent in chunks (HTTP/1.0: until the connection
 * ends). They leave at once, or as soon as the client reads what came before;
 * when too much waits for that, so does this. True; or nil, message, code.
 */
static int res_write(lua_State *L)
{
    size_t len;
    const char *data = luaL_checklstring(L, 2, &len);
    struct tw_http_res *res = tw_http_res_open(L, "write");
    if (!res)
        return 3;
    tw_http_res_check(L, res, len);
    if (tw_http_res_chunk(res, len) < 0)
        return fail_write(L, res);
    lua_settop(L, 2);
    bool copied = len <= TW_HTTP_SMALL;
    if (copied && !res->bodiless &&
        (!append(res->conn, data, len) ||
         (len && tw_http_res_chunked(res) < 0)))
        return fail_write(L, res);
    bool gone = copied || res->bodiless;
    if (gone)
        res->bytes += (int64_t)len;
    return go_on(L, gone ? len : 0, TW_HTTP_HELD_BACK);
}

/* res:flush(): waits until all that was written has left; sends the head if
   nothing was. True; or nil, message, code. */
static int res_flush(lua_State *L)
{
    struct tw_http_res *res = tw_http_res_open(L, "flush");
    if (!res)
        return 3;
    if (tw_http_res_chunk(res, 0) < 0)
        return fail_write(L, res);
    lua_settop(L, SELF);
    lua_pushliteral(L, "");
    return go_on(L, 0, 0);
}

/* -- the end ------------------------------------------------------------- */

/* The body ends here: 0, -ENOMEM, or -EPROTO if it is too short. */
static int finish(struct tw_http_res *res, const char *trailers, size_t len)
{
    struct tw_http_conn *c = res->conn;
    bool framed = res->chunked && !res->bodiless;
    res->stage = TW_HTTP_DONE;
    if (res->length > res->bytes && !res->bodiless)
        return -EPROTO;
    if (!framed)
        return 0;
    return append(c, "0\r\n", 3) && append(c, trailers, len) &&
                   append(c, "\r\n", 2)
               ? 0
               : -ENOMEM;
}

/* Adds a trailer, name and value on top, to the text below; pops both. */
static void add_trailer(lua_State *L)
{
    size_t name_len, value_len;
    const char *name = lua_tolstring(L, -2, &name_len);
    const char *value = lua_tolstring(L, -1, &value_len);
    if (!name || !value || !tw_http_field_ok(name, name_len, value, value_len))
        luaL_error(L, "finish: no field that a trailer may be");
    lua_pushfstring(L, "%s: %s\r\n", name, value);
    lua_replace(L, -3);
    lua_pop(L, 1);
    lua_concat(L, 2);
}

/* The text on top is to be trailers: what says how a message is read, or where
   it goes, may not come behind it (RFC 9110 6.5.1). */
static void check_trailers(lua_State *L)
{
    struct tw_http_head head = {.room = UINT32_MAX};
    size_t len;
    lua_pushvalue(L, -1);
    lua_pushliteral(L, "\r\n");
    lua_concat(L, 2);
    const char *text = lua_tolstring(L, -1, &len);
    if (tw_http_fields(&head, text, len) < 0 || head.known)
        luaL_error(L, "finish: no field that a trailer may be");
    lua_pop(L, 1);
}

/* Pushes the lines of the table at 2: {name = value}, or a list of {name,
   value}. */
static void push_trailers(lua_State *L)
{
    lua_pushliteral(L, "");
    if (lua_isnoneornil(L, 2))
        return;
    luaL_checktype(L, 2, LUA_TTABLE);
    lua_pushnil(L);
    while (lua_next(L, 2)) /* text key value */
    {
        bool pair = lua_istable(L, -1);
        lua_pushvalue(L, 3);
        if (pair)
            lua_rawgeti(L, -2, 1);
        else
            lua_pushvalue(L, -3);
        if (pair)
            lua_rawgeti(L, -3, 2);
        else
            lua_pushvalue(L, -3);
        add_trailer(L); /* text key value text */
        lua_replace(L, 3);
        lua_pop(L, 1);
    }
    check_trailers(L);
}

/* res:finish([trailers]): the end of what was written, perhaps with more fields
   (of chunked answers; of others they are dropped): {name = value}, or a list
   of {name, value}. True when all has left; or nil, message, code. */
static int res_finish(lua_State *L)
{
    lua_settop(L, 2);
    struct tw_http_res *res = tw_http_res_self(L);
    size_t len;
    push_trailers(L);
    if (res->stage == TW_HTTP_DONE)
    {
        lua_pushboolean(L, 1);
        return 1;
    }
    if (!tw_http_res_open(L, "finish"))
        return 3;
    if (res->stage == TW_HTTP_FRESH && res->length < 0)
        res->length = 0;
    const char *trailers = lua_tolstring(L, 3, &len);
    int rc = tw_http_res_chunk(res, 0);
    rc = rc < 0 ? rc : finish(res, trailers, len);
    if (rc < 0)
        res->conn->broken = true;
    if (rc == -EPROTO)
        return luaL_error(L, "the body is shorter than its Content-Length");
    if (rc < 0)
        return fail_write(L, res);
    lua_settop(L, SELF);
    lua_pushliteral(L, "");
    return go_on(L, 0, 0);
}

/* Answers with that status alone, and its name as the body. */
static int answer_status(struct tw_http_res *res, int status)
{
    struct tw_http_conn *c = res->conn;
    const char *text = tw_http_reason(status);
    size_t len = strlen(text) + 1;
    tw_buf_deinit(&c->fields);
    *res = (struct tw_http_res){.conn = c,
                                .status = (int16_t)status,
                                .length = -1,
                                .keep = res->keep,
                                .bodiless = res->bodiless,
                                .plain = true};
    tw_http_res_begin(res, (int64_t)len);
    res->stage = TW_HTTP_DONE;
    if (!put_head(c, res))
        return -ENOMEM;
    if (res->bodiless)
        return 0;
    res->bytes = (int64_t)len;
    return append(c, text, len - 1) && append(c, "\n", 1) ? 0 : -ENOMEM;
}

void tw_http_res_close(struct tw_http_res *res, int failure)
{
    int rc = 0;
    if (res->stage == TW_HTTP_FRESH)
        rc = answer_status(res, failure ? failure : 500);
    else if (res->stage == TW_HTTP_OPEN)
        rc = failure ? -EPROTO : finish(res, "", 0);
    if (rc < 0)
        res->conn->broken = true;
}

/* -- another protocol ---------------------------------------------------- */

static int upgrade_k(lua_State *L, struct tw_wait *wait)
{
    struct tw_http_res *res = lua_touserdata(L, SELF);
    struct tw_http_conn *c = res->conn;
    size_t done = 0;
    int rc = wait->status < 0 ? wait->status : c ? 0 : TW_ECLOSED;
    if (rc == 0)
        rc = tw_http_put(c, "", 0, &done);
    int results = tw_http_res_wait(L, wait, rc, "upgrade");
    if (rc < 0)
        return results;
    lua_rawgetp(L, LUA_REGISTRYINDEX, c->server);
    lua_rawgeti(L, -1, 2 * (lua_Integer)c->index - 1);
    tw_http_conn_release(c);
    return 1;
}

/*
 * res:upgrade(protocol): answers that what follows is another protocol, with
 * the fields that were set, and returns the stream, which is the script's from
 * now on, with what the client has sent by now. Or nil, message, code.
 */
static int res_upgrade(lua_State *L)
{
    size_t len;
    const char *name = luaL_checklstring(L, 2, &len);
    luaL_argcheck(L, tw_http_field_ok("Upgrade", 7, name, len), 2,
                  "no name that a protocol may have");
    struct tw_http_res *res = tw_http_res_open(L, "upgrade");
    if (!res)
        return 3;
    struct tw_http_conn *c = res->conn;
    if (res->stage != TW_HTTP_FRESH)
        return luaL_error(L, "the head of the answer has been sent");
    if (c->req->body && !c->req->body->done)
        return luaL_error(L, "upgrade: the request has a body");
    const char *line = lua_pushfstring(L,
                                       "Connection: Upgrade\r\n"
                                       "Upgrade: %s\r\n",
                                       name);
    if (!tw_buf_append(&c->fields, line, lua_rawlen(L, -1)))
        return fail_write(L, res);
    res->status = 101;
    res->switched = true;
    tw_http_res_begin(res, -1);
    res->stage = TW_HTTP_DONE;
    if (!put_head(c, res))
        return fail_write(L, res);
    return api_of(L)->run(L, tw_http_runtime(L), upgrade_k);
}

const luaL_Reg tw_http_answer_methods[] = {{"write", res_write},
                                           {"flush", res_flush},
                                           {"finish", res_finish},
                                           {"upgrade", res_upgrade},
                                           {NULL, NULL}};
