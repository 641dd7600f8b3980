/* The records of connections: how they wait, how they run out of time, how they
   end. All of it without Lua. */
#include "mod/http/conn.h"
#include "mod/http/exchange.h"

#include <stdio.h>
#include <string.h>

enum
{
    LINGER_STEPS = 16 /* before others have their turn */
};

static void move(struct tw_http_conn *c, enum tw_http_state state)
{
    struct tw_http_server *s = c->server;
    tw_http_link_remove(&c->place);
    tw_http_link_add(&s->states[state], &c->place);
    s->busy += (state == TW_HTTP_BUSY) - (size_t)(c->state == TW_HTTP_BUSY);
    c->state = (uint8_t)state;
}

/* -- time ---------------------------------------------------------------- */

int64_t tw_http_now(const struct tw_http_server *s)
{
    return s->rt->turned ? s->rt->turned : s->rt->net->clock(s->rt->net);
}

/* Sees to it that the timer fires no later than at `when`. If there is no
   memory for it, the next connection that waits tries again. */
static void arm(struct tw_http_server *s, int64_t when)
{
    if (when >= s->armed || !s->rt->loop)
        return;
    if (s->api->timer(s->rt->loop, &s->timer, when) == 0)
        s->armed = when;
}

void tw_http_conn_phase(struct tw_http_conn *c, enum tw_http_phase phase)
{
    struct tw_http_server *s = c->server;
    tw_http_link_remove(&c->timed);
    tw_http_link_add(&s->phases[phase], &c->timed);
    c->phase = (uint8_t)phase;
    c->deadline = TW_FOREVER;
    if (phase == TW_HTTP_TIMELESS || s->times[phase] == TW_FOREVER)
        return;
    c->deadline = tw_loop_after(tw_http_now(s), s->times[phase]);
    arm(s, c->deadline);
}

/* One that stands in line may only seem to be idle. */
static void expire(struct tw_http_conn *c)
{
    if (c->phase == TW_HTTP_HEADING)
        tw_http_conn_refuse(c, 408, "the head of the request took too long");
    else if (c->state == TW_HTTP_READY && c->phase == TW_HTTP_IDLE)
        tw_http_conn_phase(c, TW_HTTP_IDLE);
    else
        tw_http_conn_drop(c);
}

static struct tw_http_conn *oldest(struct tw_http_server *s, int phase)
{
    struct tw_http_link *link = s->phases[phase].next;
    return link == &s->phases[phase]
               ? NULL
               : tw__container_of(link, struct tw_http_conn, timed);
}

void tw_http_sweep(struct tw_waiter *waiter, int status)
{
    struct tw_http_server *s =
        tw__container_of(waiter, struct tw_http_server, timer);
    int64_t now = s->rt->net->clock(s->rt->net), next = TW_FOREVER;
    (void)status;
    s->rt->turned = now; /* the loop may have slept: times begin now */
    for (int phase = 0; phase < TW_HTTP_TIMELESS; phase++)
    {
        struct tw_http_conn *c = oldest(s, phase);
        for (; c && c->deadline <= now; c = oldest(s, phase))
            expire(c);
        if (c && c->deadline < next)
            next = c->deadline;
    }
    s->armed = TW_FOREVER;
    arm(s, next);
}

/* -- waiting ------------------------------------------------------------- */

static struct tw_watch *watch_of(const struct tw_http_conn *c)
{
    return c->st->ops ? c->st->ops->watch(c->st) : NULL;
}

/* Nobody wakes it any more. */
static void forget(struct tw_http_conn *c)
{
    struct tw_watch *watch = watch_of(c);
    struct tw_loop *loop = c->server->rt->loop;
    if (watch && loop)
        c->server->api->unwait(loop, watch, c->dir, &c->waiter);
}

void tw_http_conn_ready(struct tw_http_conn *c)
{
    move(c, TW_HTTP_READY);
    tw_http_call_worker(c->server);
}

void tw_http_conn_busy(struct tw_http_conn *c)
{
    tw_http_conn_phase(c, TW_HTTP_TIMELESS);
    move(c, TW_HTTP_BUSY);
}

/* 0: linked; 1: there is something already; or an error. */
static int link_to(struct tw_http_conn *c, int want)
{
    struct tw_watch *watch = watch_of(c);
    c->dir = want == TW_WANT_WRITE ? TW_WRITE : TW_READ;
    if (!watch)
        return TW_ECLOSED;
    return c->server->api->wait(c->server->rt->loop, watch, c->dir, &c->waiter);
}

void tw_http_conn_await(struct tw_http_conn *c, int want)
{
    struct tw_buf *in = &c->st->rbuf;
    if (in->data && tw_buf_len(in) == 0)
        tw_buf_deinit(in);
    int rc = link_to(c, want);
    if (rc < 0)
        tw_http_conn_drop(c);
    else if (rc > 0)
        tw_http_conn_ready(c);
    else
        move(c, TW_HTTP_WAITING);
}

/* -- the end ------------------------------------------------------------- */

void tw_http_conn_bind(struct tw_http_conn *c, struct tw_http_req *req,
                       struct tw_http_res *res)
{
    struct tw_http *http = c->server->http;
    req->conn = res->conn = c;
    c->req = req;
    c->res = res;
    http->known_request = req;
    http->known_response = res;
}

/* From now on they may be collected, and others be made where they were. */
static void forget_known(struct tw_http *http, const struct tw_http_conn *c)
{
    if (http->known_request == c->req)
        http->known_request = http->known_response = NULL;
}

void tw_http_conn_unbind(struct tw_http_conn *c)
{
    forget_known(c->server->http, c);
    if (c->req)
        c->req->conn = NULL;
    if (c->res)
        c->res->conn = NULL;
    c->req = NULL;
    c->res = NULL;
    if (c->fields.data)
        tw_buf_deinit(&c->fields);
}

void tw_http_conn_release(struct tw_http_conn *c)
{
    struct tw_http_server *s = c->server;
    if (c->state >= TW_HTTP_DEAD)
        return;
    forget(c);
    tw_http_conn_unbind(c);
    tw_http_conn_phase(c, TW_HTTP_TIMELESS);
    move(c, TW_HTTP_DEAD);
    s->count--;
    s->api->queue_wake_all(&s->watchers, 0);
}

void tw_http_conn_drop(struct tw_http_conn *c)
{
    struct tw_stream *st = c->st;
    tw_http_conn_release(c);
    c->server->api->stream_close(st);
    /* A script may have closed it before, in the middle of an answer. */
    tw_buf_deinit(&st->wbuf);
}

void tw_http_conn_abort(struct tw_http_conn *c)
{
    if (c->st->ops && c->st->ops->spoil)
        c->st->ops->spoil(c->st);
    tw_http_conn_drop(c);
}

/* Throws away what has come: 0; or why there is nothing. A finalizer may have
   turned the loop while the server's input is in use. */
static int discard(struct tw_http_conn *c)
{
    struct tw_http_server *s = c->server;
    char *room = s->api->scratch(s->rt, TW_HTTP_INPUT);
    if (!room)
        return -ENOMEM;
    ssize_t n = c->st->ops->read(c->st, room, TW_HTTP_INPUT);
    return n < 0 ? (int)n : 0;
}

/* One step of leaving: 0, TW_WANT_*, or the end. */
static int leave(struct tw_http_conn *c)
{
    size_t done = 0;
    int rc = c->st->ops ? 0 : TW_ECLOSED;
    if (rc == 0 && !c->told)
        rc = tw_http_put(c, "", 0, &done);
    if (rc < 0 || c->told)
        return rc < 0 ? rc : discard(c);
    c->told = true;
    const struct tw_stream_ops *ops = c->st->ops;
    return ops->shutdown ? ops->shutdown(c->st) : TW_EOF;
}

void tw_http_conn_linger(struct tw_http_conn *c)
{
    move(c, TW_HTTP_LINGERING);
    for (int i = 0; i < LINGER_STEPS; i++)
    {
        int rc = leave(c);
        bool wants = tw_err_want(rc) && rc != TW_WANT_RETRY;
        if (wants)
            rc = link_to(c, rc);
        if (wants && rc == 0)
            return;
        if (rc < 0 && rc != TW_WANT_RETRY)
        {
            tw_http_conn_drop(c);
            return;
        }
    }
    tw_http_conn_ready(c);
}

void tw_http_conn_leave(struct tw_http_conn *c)
{
    tw_http_conn_unbind(c);
    forget(c);
    tw_buf_deinit(&c->st->rbuf);
    tw_http_conn_phase(c, TW_HTTP_LEAVING);
    c->told = false;
    if (c->refused)
        tw_http_conn_ready(c);
    else
        tw_http_conn_linger(c);
}

void tw_http_conn_refuse(struct tw_http_conn *c, int status, const char *why)
{
    char text[512];
    int len = snprintf(text, sizeof text,
                       "HTTP/1.1 %d %s\r\n%sConnection: close\r\n"
                       "Content-Type: text/plain; charset=utf-8\r\n"
                       "Content-Length: %zu\r\n\r\n%s\n",
                       status, tw_http_reason(status), tw_http_date(c->server),
                       strlen(why) + 1, why);
    c->refused = c->server->logging ? (int16_t)status : 0;
    c->why = why;
    if (tw_buf_append(&c->st->wbuf, text, (size_t)len))
        tw_http_conn_leave(c);
    else
        tw_http_conn_drop(c);
}

/* -- records ------------------------------------------------------------- */

static void wake(struct tw_waiter *waiter, int status)
{
    struct tw_http_conn *c =
        tw__container_of(waiter, struct tw_http_conn, waiter);
    if (status < 0)
        tw_http_conn_drop(c);
    else if (c->state == TW_HTTP_LINGERING)
        tw_http_conn_linger(c);
    else
        tw_http_conn_ready(c);
}

static struct tw_http_conn *new_record(struct tw_http_server *s)
{
    struct tw_http_conn *c = tw_http_first(s, TW_HTTP_FREE);
    if (c)
        return c;
    c = tw__mem_new(&s->rt->mem, sizeof *c);
    if (!c)
        return NULL;
    memset(c, 0, sizeof *c);
    c->index = ++s->records;
    c->server = s;
    c->waiter.wake = wake;
    tw_http_link_add(&s->states[TW_HTTP_FREE], &c->place);
    tw_http_link_add(&s->phases[TW_HTTP_TIMELESS], &c->timed);
    tw_buf_init(&c->fields, &s->rt->mem);
    return c;
}

struct tw_http_conn *tw_http_conn_new(struct tw_http_server *s,
                                      struct tw_stream *st)
{
    struct tw_http_conn *c = new_record(s);
    if (!c)
        return NULL;
    c->st = st;
    c->scan = (struct tw_http_scan){0};
    c->broken = false;
    c->refused = 0;
    c->unread = tw_buf_len(&st->rbuf) > 0;
    move(c, TW_HTTP_WAITING);
    s->count++;
    return c;
}

void tw_http_conns_free(struct tw_http_server *s)
{
    const int gone[] = {TW_HTTP_DEAD, TW_HTTP_FREE};
    for (int i = 0; i < 2; i++)
    {
        struct tw_http_conn *c;
        while ((c = tw_http_first(s, gone[i])) != NULL)
        {
            tw_http_link_remove(&c->place);
            tw__mem_free(&s->rt->mem, c, sizeof *c);
        }
    }
}
