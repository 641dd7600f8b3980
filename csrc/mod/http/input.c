/* The bodies of requests as handlers read them. */
#include "mod/http/exchange.h"

#include <string.h>

enum
{
    PIECE = 65536, /* bytes that req:read brings at most, unless told */
    PIECE_MAX = 1 << 20,
    RATE = 512 /* bytes a second that are hardly anything */
};

/* Bytes of the body, in the scratch block or the stream's buffer; and what may
   come behind the last of them. */
struct piece
{
    const char *data;
    size_t len;
    const char *trailers; /* NULL: none */
    size_t trailers_len;
};

/* Reads on in bytes that have arrived. Counts those that were the body's or of
   its framing as *used. A negative status, or 0. */
static int advance(struct tw_http_req *r, const char *data, size_t len,
                   struct piece *piece, size_t *used)
{
    struct tw_http_span span = {0};
    int64_t n = tw_http_body_read(r->body, data, len, &span);
    if (n < 0)
        return (int)n;
    *used = (size_t)n;
    *piece = (struct piece){.data = data + span.at, .len = span.len};
    r->got += span.len;
    if (r->body->done && r->body->trailers.len > 0)
    {
        piece->trailers = data + r->body->trailers.at;
        piece->trailers_len = r->body->trailers.len;
    }
    return 0;
}

/* From the stream's buffer, which begins with what came with the head. */
static int from_buffer(struct tw_http_conn *c, size_t max, struct piece *piece)
{
    struct tw_buf *in = &c->st->rbuf;
    size_t len = tw_buf_len(in), used = 0;
    int rc =
        advance(c->req, tw_buf_data(in), len < max ? len : max, piece, &used);
    if (rc == 0 && used == 0 && len > max)
        rc = advance(c->req, tw_buf_data(in), len, piece, &used);
    if (rc == 0)
        tw_buf_consume(in, used);
    return rc < 0 ? -EBADMSG : used > 0 ? 0 : TW_WANT_READ;
}

/* From the stream: what is not needed yet goes to its buffer. */
static int from_stream(struct tw_http_conn *c, size_t max, struct piece *piece)
{
    struct tw_http_server *s = c->server;
    struct tw_buf *in = &c->st->rbuf;
    bool held = tw_buf_len(in) > 0; /* part of a trailer section */
    size_t used = 0;
    char *to = held ? tw_buf_reserve(in, PIECE) : s->api->scratch(s->rt, max);
    if (!to)
        return -ENOMEM;
    ssize_t n = c->st->ops->read(c->st, to, held ? (size_t)PIECE : max);
    if (n < 0)
        return n == TW_EOF ? -ECONNRESET : (int)n;
    if (held)
    {
        in->end += (size_t)n;
        return from_buffer(c, max, piece);
    }
    if (advance(c->req, to, (size_t)n, piece, &used) < 0)
        return -EBADMSG;
    if (used < (size_t)n && !tw_buf_append(in, to + used, (size_t)n - used))
        return -ENOMEM;
    return 0;
}

/* The next bytes of the body: 0 with perhaps none of them, TW_EOF, TW_WANT_*,
   or an error. */
static int next_piece(struct tw_http_conn *c, size_t max, struct piece *piece)
{
    *piece = (struct piece){0};
    if (c->req->body->done)
        return TW_EOF;
    if (!c->st->ops || c->broken)
        return TW_ECLOSED;
    int rc = TW_WANT_READ;
    if (tw_buf_len(&c->st->rbuf) > 0)
        rc = from_buffer(c, max, piece);
    return rc == TW_WANT_READ ? from_stream(c, max, piece) : rc;
}

bool tw_http_req_discard(struct tw_http_req *r)
{
    struct tw_http_conn *c = r->conn;
    struct piece piece;
    size_t thrown = 0;
    if (!r->body || r->body->done)
        return true;
    if (!r->asked)
        return false; /* the client may send it, or the next request */
    int rc = 0;
    while (rc == 0 && !r->body->done && thrown < TW_HTTP_DISCARD)
    {
        rc = next_piece(c, PIECE, &piece);
        thrown += piece.len;
    }
    return r->body->done;
}

/* -- for handlers -------------------------------------------------------- */

/* Tells the client, if it waits for that, to send the body: 0, TW_WANT_WRITE,
   or an error. */
static int ask(struct tw_http_conn *c)
{
    static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";
    struct tw_http_req *r = c->req;
    size_t done = 0;
    if (!r->asked && c->res->stage == TW_HTTP_FRESH &&
        !tw_buf_append(&c->st->wbuf, text, sizeof text - 1))
        return -ENOMEM;
    r->asked = true;
    return tw_http_put(c, "", 0, &done);
}

/* What came after the last chunk becomes a list that goes with the request. Not
   read to the server's fields: finalizers that run may need them. */
static void keep_trailers(lua_State *L, struct tw_http_req *r,
                          const char *bytes, size_t len)
{
    struct tw_http_head head = {.room = r->conn->server->limits.fields};
    head.fields = lua_newuserdatauv(L, head.room * sizeof *head.fields, 0);
    if (tw_http_fields(&head, bytes, len) < 0)
        return;
    tw_http_push_fields(L, bytes, &head);
    lua_pushliteral(L, "trailer fields");
    lua_replace(L, 2);
    tw_http_req_keep(L);
    lua_pop(L, 1);
}

/* Pushes the bytes. All is copied at once: whatever allocates may run a
   finalizer that receives something else there. */
static void push_piece(lua_State *L, struct tw_http_req *r,
                       const struct piece *piece)
{
    if (!piece->trailers)
    {
        lua_pushlstring(L, piece->data, piece->len);
        return;
    }
    const char *from = piece->len ? piece->data : piece->trailers;
    size_t at = (size_t)(piece->trailers - from);
    const char *copy = lua_pushlstring(L, from, at + piece->trailers_len);
    if (r->conn)
        keep_trailers(L, r, copy + at, piece->trailers_len);
    lua_pushlstring(L, copy, piece->len);
}

static int fail(lua_State *L, struct tw_http_req *r, int code)
{
    struct tw_http_conn *c = r->conn;
    if (code == TW_EOF || !c)
        return tw_http_state(L)->api->fail(L, code, "read");
    c->res->keep = false;
    int results = tw_http_state(L)->api->fail(L, code, "read");
    if (code == -ECONNRESET && r->head.framing == TW_HTTP_LENGTH)
    {
        lua_pushfstring(L, "read: short body (%I of %I)", (lua_Integer)r->got,
                        (lua_Integer)r->head.length);
        lua_replace(L, -3);
    }
    return results;
}

/* True if there is, or will be, more than the limit. */
static bool too_much(const struct tw_http_req *r)
{
    bool said = r->head.framing == TW_HTTP_LENGTH;
    return (said ? r->head.length : r->got) > r->max_body;
}

/* Bytes that nobody counts any more. */
static const int64_t MUCH = INT64_C(1) << 40;

/* How long the next of the body may take, ns. Who sends hardly anything has as
   long for all of it: otherwise a byte now and then would hold on for ever. */
static int64_t time_left(const struct tw_http_req *r)
{
    int64_t most = r->conn->server->body_time;
    int64_t got = r->got < MUCH ? r->got : MUCH;
    int64_t left = got * (1000000000 / RATE) - r->waited;
    return most == TW_FOREVER || left >= 0 ? most : most + left;
}

/* Has the step wait for the body: false if that may not be. *rc says why. */
static bool await(struct tw_http_conn *c, struct tw_wait *wait, int *rc)
{
    int64_t left = time_left(c->req);
    if (left <= 0)
        *rc = TW_ETIMEDOUT;
    c->req->waits = tw_http_now(c->server);
    return tw_http_wants(c, wait, *rc, left);
}

static void awaited(struct tw_http_req *r)
{
    if (r->waits && r->conn)
        r->waited += tw_http_now(r->conn->server) - r->waits;
    r->waits = 0;
}

/* Stack: the request, how many bytes at most. */
static int req_read_k(lua_State *L, struct tw_wait *wait)
{
    struct tw_http_req *r = lua_touserdata(L, 1);
    struct tw_http_conn *c = r->conn;
    struct piece piece = {0};
    size_t max = (size_t)lua_tointeger(L, 2);
    awaited(r);
    int rc = wait->status < 0 ? wait->status
             : !c             ? TW_ECLOSED
             : !r->body       ? TW_EOF
             : too_much(r)    ? TW_ETOOLONG
                              : ask(c);
    while (rc == 0 && piece.len == 0 && !piece.trailers)
        rc = next_piece(c, max, &piece);
    if (rc == 0 && too_much(r))
        rc = TW_ETOOLONG;
    if (tw_err_want(rc) && await(c, wait, &rc))
    {
        tw_http_hold(L, 1, c);
        return TW_TASK_WAIT;
    }
    if (rc == 0)
        push_piece(L, r, &piece);
    return rc < 0 || piece.len == 0 ? fail(L, r, rc < 0 ? rc : TW_EOF) : 1;
}

/*
 * req:read([n]): a piece of the body, at most n bytes of it; nil, message,
 * "eof" after the last; or nil, message, code: "EMSGSIZE" if the body is longer
 * than max_body, "EBADMSG" if it is malformed, "ECONNRESET" if the connection
 * ended before it did, "timeout", "closed" when the exchange is over.
 */
static int req_read(lua_State *L)
{
    const struct tw_http *http = tw_http_state(L);
    tw_http_check(L, 1, http->request, "tidewire.http.request");
    lua_Integer n = luaL_optinteger(L, 2, PIECE);
    luaL_argcheck(L, n >= 1, 2, "must be at least 1");
    lua_settop(L, 1);
    lua_pushinteger(L, n < PIECE_MAX ? n : PIECE_MAX);
    return http->api->run(L, tw_http_runtime(L), req_read_k);
}

const luaL_Reg tw_http_request_body[] = {{"read", req_read}, {NULL, NULL}};
