/*
 * What workers do: they take connections that something has come on, read the
 * request, call the handler, and see the exchange to its end. While one calls a
 * handler, which may wait, there is always another that sleeps or is coming.
 */
#include "mod/http/conn.h"
#include "mod/http/exchange.h"

#include <string.h>

enum
{
    SPARE = 32,  /* workers that may sleep; what is more ends */
    CALLED = 1,  /* what a sleeping worker is woken with */
    ATTEMPTS = 4 /* what a request takes of a task's budget, about */
};

/* The stack of a worker. Above it: nothing; true or false, if it sleeps or lets
   others have their turn; or the request and the answer. */
enum
{
    SELF = 1,
    HANDLER,
    EXPLAIN,
    REQ_TYPE,
    RES_TYPE,
    TOP = RES_TYPE,
    REQ,
    RES
};

static bool is_idle(const struct tw_http_server *s)
{
    return !tw_http_first(s, TW_HTTP_READY);
}

void tw_http_call_worker(struct tw_http_server *s)
{
    if (s->coming == 0 && s->api->queue_wake(&s->sleepers, CALLED))
        s->coming++;
}

static int spawn(lua_State *L)
{
    lua_getiuservalue(L, 1, TW_HTTP_SPAWN);
    lua_call(L, 0, 0);
    return 0;
}

/* Before a handler is called: somebody else must be there for what comes
   meanwhile. Without memory for him it has to wait. */
static void see_to_others(lua_State *L, struct tw_http_server *s)
{
    if (s->coming > 0)
        return;
    if (s->asleep > 0)
    {
        if (!is_idle(s))
            tw_http_call_worker(s);
        return;
    }
    lua_pushcfunction(L, spawn);
    lua_pushvalue(L, SELF);
    if (lua_pcall(L, 1, 0, 0) != LUA_OK)
    {
        lua_pop(L, 1);
        return;
    }
    s->spawned++;
    s->coming++; /* he looks for work first */
}

/* -- reading requests ---------------------------------------------------- */

/* Where the input of a connection is. */
struct input
{
    const char *data;
    size_t len;
};

/* More of it: bytes, or a code. What has come before is in the stream's buffer;
   if there is nothing, it stays out of it. */
static ssize_t receive(struct tw_http_conn *c, struct input *in)
{
    struct tw_http_server *s = c->server;
    struct tw_stream *st = c->st;
    size_t held = tw_buf_len(&st->rbuf), room = TW_HTTP_INPUT;
    if (!st->ops)
        return TW_ECLOSED;
    if (held > 0)
        room = s->limits.head > held ? s->limits.head - held : 1;
    char *to = held ? tw_buf_reserve(&st->rbuf, room) : s->input;
    if (!to)
        return -ENOMEM;
    ssize_t n = st->ops->read(st, to, room);
    if (n > 0 && held)
        st->rbuf.end += (size_t)n;
    *in = held ? (struct input){tw_buf_data(&st->rbuf), tw_buf_len(&st->rbuf)}
               : (struct input){to, n > 0 ? (size_t)n : 0};
    return n;
}

/* Keeps the first part of a head until the rest comes. */
static bool keep(struct tw_http_conn *c, const struct input *in)
{
    struct tw_buf *held = &c->st->rbuf;
    if (in->len == 0 || tw_buf_len(held) > 0)
        return true;
    return tw_buf_append(held, in->data, in->len);
}

/* The size of a head at the front of the input; 0: something else happens to
   the connection first. */
static int find_head(struct tw_http_conn *c, struct input *in)
{
    struct tw_http_server *s = c->server;
    const char *why = "bad request";
    ssize_t rc = 1;
    *in = (struct input){tw_buf_data(&c->st->rbuf), tw_buf_len(&c->st->rbuf)};
    if (!c->unread)
        rc = receive(c, in);
    c->unread = false;
    while (rc > 0)
    {
        int size = tw_http_scan(&c->scan, in->data, in->len, &s->limits, &why);
        if (size > 0)
            return size;
        if (size < 0)
        {
            tw_http_conn_refuse(c, -size, why);
            return 0;
        }
        if (!keep(c, in))
            break;
        if (c->phase != TW_HTTP_HEADING)
            tw_http_conn_phase(c, TW_HTTP_HEADING);
        rc = receive(c, in);
    }
    if (tw_err_want((int)rc))
        tw_http_conn_await(c, (int)rc);
    else
        tw_http_conn_drop(c);
    return 0;
}

/* Moves a head to where nothing but another request replaces it, and what came
   after it to the stream's buffer. False: no memory. */
static bool take_head(struct tw_http_conn *c, const struct input *in,
                      size_t size)
{
    struct tw_http_server *s = c->server;
    struct tw_buf *held = &c->st->rbuf;
    c->scan = (struct tw_http_scan){0};
    if (in->data == s->input)
        return in->len == size ||
               tw_buf_append(held, in->data + size, in->len - size);
    memcpy(s->input, in->data, size);
    tw_buf_consume(held, size);
    return true;
}

/* Pushes the request of a head, and an answer, which it returns. */
static struct tw_http_res *push_exchange(lua_State *L, struct tw_http_server *s,
                                         const struct tw_http_head *head,
                                         const char *bytes)
{
    tw_http_req_new(L, s, head, bytes);
    lua_pushvalue(L, REQ_TYPE);
    lua_setmetatable(L, REQ);
    struct tw_http_res *res = tw_http_res_new(L);
    lua_pushvalue(L, RES_TYPE);
    lua_setmetatable(L, RES);
    return res;
}

/* Makes an exchange of a head. False, with nothing pushed, if finalizers that
   ran meanwhile have closed the connection. */
static bool begin_exchange(lua_State *L, struct tw_http_conn *c,
                           const struct tw_http_head *head)
{
    struct tw_http_server *s = c->server;
    tw_http_conn_busy(c);
    struct tw_http_res *res = push_exchange(L, s, head, s->input);
    struct tw_http_req *req = lua_touserdata(L, REQ);
    if (c->state != TW_HTTP_BUSY)
    {
        lua_settop(L, TOP);
        return false;
    }
    tw_http_conn_bind(c, req, res);
    res->keep = head->keep && !s->stopping;
    res->bodiless = head->method.len == 4 && memcmp(req->bytes, "HEAD", 4) == 0;
    req->since = s->logging ? s->rt->net->clock(s->rt->net) : 0;
    s->requests++;
    return true;
}

/* Reads a request: true with it and the answer pushed, or nothing. */
static bool next_request(lua_State *L, struct tw_http_conn *c)
{
    struct tw_http_server *s = c->server;
    struct input in;
    int size = find_head(c, &in);
    if (size == 0)
        return false;
    if (!take_head(c, &in, (size_t)size))
    {
        tw_http_conn_drop(c);
        return false;
    }
    struct tw_http_head head = {.fields = s->fields, .room = s->limits.fields};
    int rc = tw_http_request(&head, s->input, (size_t)size);
    if (rc < 0)
    {
        tw_http_conn_refuse(c, -rc, head.why);
        return false;
    }
    return begin_exchange(L, c, &head);
}

/* -- calling the handler ------------------------------------------------- */

/* Arguments: the server, its error, the request. Called protected. */
static int report(lua_State *L)
{
    lua_getiuservalue(L, 1, TW_HTTP_ONERROR);
    lua_replace(L, 1);
    lua_call(L, 2, 0);
    return 0;
}

/* The status for the error on top: its own, if it is a table with one (as
   lua/tidewire/http/failure.lua makes them), or 500. */
static int failure_of(lua_State *L)
{
    lua_Integer status = 0;
    if (lua_istable(L, -1))
    {
        lua_pushliteral(L, "status");
        lua_rawget(L, -2);
        status = lua_tointeger(L, -1);
        lua_pop(L, 1);
    }
    return status >= 400 && status <= 599 ? (int)status : 500;
}

/* Ditto; the error is a C string. */
static int report_flaw(lua_State *L)
{
    lua_pushstring(L, lua_touserdata(L, 2));
    lua_replace(L, 2);
    return report(L);
}

/* Tells onerror of the error on top and the exchange's request; pops it. */
static void tell(lua_State *L, lua_CFunction how)
{
    lua_pushcfunction(L, how); /* error f */
    lua_pushvalue(L, SELF);
    lua_pushvalue(L, -3);
    lua_pushvalue(L, REQ);
    lua_pcall(L, 3, 0, 0);
    lua_settop(L, RES);
}

/* What is wrong with an answer whose handler has returned; or NULL. */
static const char *flaw_of(const struct tw_http_res *res)
{
    if (res->conn->broken)
        return NULL;
    if (res->stage == TW_HTTP_FRESH)
        return "the handler has not answered";
    if (!res->bodiless && res->length > res->bytes)
        return "the body is shorter than its Content-Length";
    return NULL;
}

/* The handler has returned, or failed with what is on top. What is the client's
   doing is nobody else's business. */
static void handled(lua_State *L, const struct tw_http_server *s, int status)
{
    struct tw_http_res *res = lua_touserdata(L, RES);
    bool failed = status != LUA_OK && status != LUA_YIELD;
    int failure = failed ? failure_of(L) : 0;
    if (!failed && (!res->conn || res->stage == TW_HTTP_DONE))
        return; /* as it should be */
    bool cancelled = failed && s->api->is_cancelled(L, -1);
    const char *flaw = failed ? NULL : flaw_of(res);
    if (res->conn && (cancelled || res->writing))
        tw_http_conn_abort(res->conn); /* also if another task is at it yet */
    else if (res->conn)
        tw_http_res_close(res, failure);
    if (failure >= 500 && !cancelled)
        tell(L, report);
    lua_settop(L, RES);
    if (!flaw)
        return;
    lua_pushlightuserdata(L, (void *)flaw);
    tell(L, report_flaw);
}

static int work_step(lua_State *L, struct tw_wait *wait);

static int handled_k(lua_State *L, int status, lua_KContext ctx)
{
    struct tw_http_server *s = lua_touserdata(L, SELF);
    (void)ctx;
    handled(L, s, status);
    return s->api->run(L, tw_http_runtime(L), work_step);
}

/* Stack: ... REQ, RES. */
static void call_handler(lua_State *L, struct tw_http_server *s)
{
    see_to_others(L, s);
    lua_pushvalue(L, HANDLER);
    lua_pushvalue(L, REQ);
    lua_pushvalue(L, RES);
    handled(L, s, lua_pcallk(L, 2, 0, EXPLAIN, 0, handled_k));
}

/* -- the end of an exchange ---------------------------------------------- */

/* The connection goes on to the next request, if there may be one. */
static void go_on(struct tw_http_conn *c, bool keep_alive)
{
    bool read = tw_http_req_discard(c->req);
    bool last = !keep_alive || c->server->stopping;
    if (c->broken)
        tw_http_conn_abort(c);
    else if (!read || (last && tw_buf_len(&c->st->rbuf) > 0))
        tw_http_conn_leave(c);
    else if (last)
        tw_http_conn_drop(c);
    else
    {
        tw_http_conn_unbind(c);
        tw_http_conn_phase(c, TW_HTTP_IDLE);
        c->unread = tw_buf_len(&c->st->rbuf) > 0;
        if (c->unread)
            tw_http_conn_ready(c);
        else
            tw_http_conn_await(c, TW_WANT_READ);
    }
}

/* Nothing else is to be done for the exchange. */
static void let_go(lua_State *L)
{
    const struct tw_http_res *res = lua_touserdata(L, RES);
    struct tw_http_conn *c = res->conn;
    if (c && c->phase != TW_HTTP_LEAVING)
        go_on(c, res->keep);
    else if (c)
    {
        tw_http_conn_unbind(c);
        if (c->state == TW_HTTP_READY)
            tw_http_conn_linger(c);
    }
    lua_settop(L, TOP);
}

/* The log has returned, or failed with what is on top. */
static void logged(lua_State *L, const struct tw_http_server *s, int status)
{
    bool failed = status != LUA_OK && status != LUA_YIELD;
    if (failed && !s->api->is_cancelled(L, -1))
        tell(L, report);
    let_go(L);
}

static int logged_k(lua_State *L, int status, lua_KContext ctx)
{
    const struct tw_http_server *s = lua_touserdata(L, SELF);
    (void)ctx;
    logged(L, s, status);
    return s->api->run(L, tw_http_runtime(L), work_step);
}

static void log_exchange(lua_State *L, struct tw_http_server *s)
{
    const struct tw_http_req *req = lua_touserdata(L, REQ);
    int64_t took = s->rt->net->clock(s->rt->net) - req->since;
    see_to_others(L, s);
    lua_getiuservalue(L, SELF, TW_HTTP_LOG);
    lua_pushvalue(L, REQ);
    lua_pushvalue(L, RES);
    lua_pushnumber(L, (lua_Number)took / 1e9);
    logged(L, s, lua_pcallk(L, 3, 0, 0, 0, logged_k));
}

/* A request that no handler was called for: of it nothing is known but what was
   wrong. It has an answer, so that the log finds all that it always finds. The
   client need not wait for that; if he is gone it is noticed afterwards. */
static void log_refusal(lua_State *L, struct tw_http_server *s,
                        struct tw_http_conn *c)
{
    const struct tw_http_head head = {
        .fields = s->fields, .size = 1, .why = c->why};
    size_t done = 0;
    struct tw_http_res *res = push_exchange(L, s, &head, "");
    struct tw_http_req *req = lua_touserdata(L, REQ);
    if (c->state != TW_HTTP_READY) /* finalizers have run */
    {
        lua_settop(L, TOP);
        return;
    }
    res->status = c->refused;
    res->stage = TW_HTTP_DONE;
    res->bytes = (int64_t)strlen(c->why) + 1;
    req->since = s->rt->net->clock(s->rt->net);
    c->refused = 0;
    tw_http_conn_bind(c, req, res);
    (void)tw_http_put(c, "", 0, &done);
    log_exchange(L, s);
}

/* Sends what is left, then lets go; true if it has to wait for that. */
static bool conclude(lua_State *L, struct tw_http_server *s,
                     struct tw_wait *wait)
{
    struct tw_http_res *res = lua_touserdata(L, RES);
    struct tw_http_conn *c = res->conn;
    size_t done = 0;
    int rc = 0;
    if (c && !c->broken)
        rc = wait->status < 0 ? wait->status : tw_http_put(c, "", 0, &done);
    if (rc < 0 && tw_http_wants(c, wait, rc, s->write_time))
    {
        tw_http_hold(L, RES, c);
        return true;
    }
    wait->status = 0;
    if (s->logging)
        log_exchange(L, s);
    else
        let_go(L);
    return false;
}

/* -- the loop ------------------------------------------------------------ */

/* What a worker waited for has come, or the wait has failed. */
static void woken(lua_State *L, struct tw_http_server *s,
                  const struct tw_wait *wait)
{
    bool slept = lua_toboolean(L, REQ);
    lua_settop(L, TOP);
    if (slept)
        s->asleep--;
    if (!slept || wait->status == CALLED)
        s->coming--;
}

static int rest(lua_State *L, struct tw_http_server *s, struct tw_wait *wait)
{
    if (s->asleep >= SPARE)
        return 0;
    s->asleep++;
    lua_pushboolean(L, 1);
    wait->begun = false;
    wait->kind = TW_FOR_QUEUE;
    wait->at = &s->sleepers;
    wait->timeout = TW_FOREVER;
    return TW_TASK_WAIT;
}

static int let_others(lua_State *L, struct tw_http_server *s,
                      struct tw_wait *wait)
{
    s->coming++;
    lua_pushboolean(L, 0);
    wait->begun = false;
    wait->kind = TW_FOR_TURN;
    wait->timeout = TW_FOREVER;
    return TW_TASK_WAIT;
}

/* No script refers to connections that are gone any longer. */
static void bury(lua_State *L, struct tw_http_server *s)
{
    struct tw_http_conn *c;
    lua_rawgetp(L, LUA_REGISTRYINDEX, s);
    while ((c = tw_http_first(s, TW_HTTP_DEAD)) != NULL)
    {
        for (int i = -1; i <= 0; i++)
        {
            lua_pushboolean(L, 0); /* not nil: the place stays */
            lua_rawseti(L, -2, 2 * (lua_Integer)c->index + i);
        }
        tw_http_link_remove(&c->place);
        tw_http_link_add(&s->states[TW_HTTP_FREE], &c->place);
        c->state = TW_HTTP_FREE;
    }
    lua_pop(L, 1);
}

/* The exchange that this worker is at ends with the worker. */
static int give_up(lua_State *L)
{
    const struct tw_http_res *res = lua_touserdata(L, RES);
    if (lua_gettop(L) >= RES && res->conn)
        tw_http_conn_abort(res->conn);
    lua_settop(L, TOP);
    return 0;
}

static const struct tw_http_conn *after(const struct tw_http_server *s,
                                        const struct tw_http_conn *c)
{
    const struct tw_http_link *link = c->place.next;
    return link == &s->states[TW_HTTP_READY]
               ? NULL
               : tw__container_of(link, struct tw_http_conn, place);
}

/* With hundreds of connections what the next ones need has not been in the
   cache for long: first their streams, then what those stand on. */
static void fetch_next(const struct tw_http_server *s,
                       const struct tw_http_conn *c)
{
    const struct tw_http_conn *next = after(s, c);
    if (next && next->st->ops)
        __builtin_prefetch(next->st->ops->watch(next->st));
    next = next ? after(s, next) : NULL;
    const char *st = next ? (const char *)next->st : NULL;
    for (size_t at = 0; st && at < sizeof *next->st + 64; at += 64)
        __builtin_prefetch(st + at);
}

static int work_step(lua_State *L, struct tw_wait *wait)
{
    struct tw_http_server *s = lua_touserdata(L, SELF);
    if (lua_gettop(L) == REQ)
        woken(L, s, wait);
    if (wait->status == TW_ECANCELLED || wait->status == -ECHILD)
        return give_up(L);
    for (;;)
    {
        if (lua_gettop(L) == RES && conclude(L, s, wait))
            return TW_TASK_WAIT;
        lua_settop(L, TOP);
        if (tw_http_first(s, TW_HTTP_DEAD))
            bury(L, s);
        struct tw_http_conn *c = tw_http_first(s, TW_HTTP_READY);
        if (!c)
            return rest(L, s, wait);
        if (s->rt->budget < ATTEMPTS)
            return let_others(L, s, wait);
        if (c->phase == TW_HTTP_LEAVING)
        {
            if (c->refused)
                log_refusal(L, s, c);
            else
                tw_http_conn_linger(c);
            return let_others(L, s, wait);
        }
        fetch_next(s, c);
        if (next_request(L, c))
            call_handler(L, s);
    }
}

/* What a worker was about to handle when memory ran out. */
static void drop_orphans(struct tw_http_server *s)
{
    struct tw_http_link *end = &s->states[TW_HTTP_BUSY], *next;
    for (struct tw_http_link *link = end->next; link != end; link = next)
    {
        struct tw_http_conn *c =
            tw__container_of(link, struct tw_http_conn, place);
        next = link->next;
        if (!c->res)
            tw_http_conn_drop(c);
    }
}

/*
 * server:work(): what a worker does until it is not needed any more. Raises
 * when there is no memory: it is to be called again then.
 */
int tw_http_server_work(lua_State *L)
{
    struct tw_http *http = tw_http_state(L);
    struct tw_http_server *s =
        tw_http_check(L, 1, http->server, "tidewire.http.server");
    lua_settop(L, SELF);
    lua_getiuservalue(L, SELF, TW_HTTP_HANDLER);
    lua_getiuservalue(L, SELF, TW_HTTP_EXPLAIN);
    tw_http_push(L, TW_HTTP_REQUEST);
    tw_http_push(L, TW_HTTP_RESPONSE);
    if (s->spawned > 0)
    {
        s->spawned--;
        s->coming--;
    }
    drop_orphans(s);
    return http->api->run(L, tw_http_runtime(L), work_step);
}
