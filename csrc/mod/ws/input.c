/* What comes: bytes of the stream become messages, straight from the memory
   that all receives share. */
#include "mod/ws/wire.h"

#include <string.h>

enum
{
    CHUNK = 1 << 16
};

static const char *name_of(uint8_t kind)
{
    switch (kind)
    {
    case TW_WS_TEXT:
        return "text";
    case TW_WS_BINARY:
        return "binary";
    case TW_WS_PONG:
        return "pong";
    default:
        return "close";
    }
}

static int push_event(lua_State *L, struct tw_ws_wire *w,
                      const struct tw_ws_event *event)
{
    /* First: a finalizer that runs later may read from another wire. */
    lua_pushlstring(L, event->data, event->len);
    tw_ws_release(&w->reader);
    lua_pushstring(L, name_of(event->kind));
    if (event->kind != TW_WS_CLOSE)
        return 2;
    lua_pushinteger(L, event->code);
    return 3;
}

/* nil, what is wrong with what has come, and the close code for it. */
static int push_refusal(lua_State *L, const struct tw_ws_wire *w, int code)
{
    lua_pushnil(L);
    lua_pushstring(L, w->reader.why);
    lua_pushinteger(L, code <= -1000 ? -code : 1011);
    return 3;
}

/* Reads on in bytes that have come, through pings, of which the last is kept:
   how many were read, or a failure. */
static ssize_t look(struct tw_ws_wire *w, const char *data, size_t len,
                    struct tw_ws_event *event)
{
    size_t taken = 0;
    do
    {
        ssize_t n = tw_ws_read(&w->reader, data + taken, len - taken, event);
        if (n < 0)
            return n;
        taken += (size_t)n;
        if (event->kind != TW_WS_PING)
            continue;
        memcpy(w->ping, event->data, event->len);
        w->ping_len = (uint8_t)event->len;
        w->pinged = true;
    } while (taken < len && event->kind == TW_WS_PING);
    if (event->kind == TW_WS_PING)
        event->kind = TW_WS_MORE;
    return (ssize_t)taken;
}

/* Ditto, of what the stream has in its buffer. */
static ssize_t look_in_buffer(struct tw_ws_wire *w, struct tw_ws_event *event)
{
    struct tw_buf *in = &w->st->rbuf;
    ssize_t n = look(w, tw_buf_data(in), tw_buf_len(in), event);
    if (n > 0)
        tw_buf_consume(in, (size_t)n);
    if (tw_buf_len(in) == 0)
        tw_buf_deinit(in);
    return n < 0 && n > -1000 ? -1011 : n;
}

/* Ditto, of what the stream gives: also TW_EOF, TW_WANT_*, or an error. The
   refusals of what has come are below -1000, no error is. */
static ssize_t look_in_stream(struct tw_runtime *rt, struct tw_ws_wire *w,
                              struct tw_ws_event *event)
{
    char *data = w->api->scratch(rt, CHUNK);
    if (!data)
        return -ENOMEM;
    ssize_t n = w->st->ops->read(w->st, data, CHUNK);
    if (n <= 0)
        return n;
    w->heard = true;
    ssize_t taken = look(w, data, (size_t)n, event);
    if (taken < 0)
        return taken > -1000 ? -1011 : taken;
    if (taken < n &&
        !tw_buf_append(&w->st->rbuf, data + taken, (size_t)(n - taken)))
        return -ENOMEM;
    return taken;
}

static bool refused(ssize_t n)
{
    return n <= -1000 && n > -5000;
}

/* Answers the latest ping: of a flood of them that is one (RFC 6455 5.5.3).
   While a task sends, it is left for the time after that. */
static void answer(lua_State *L, struct tw_ws_wire *w)
{
    if (!w->pinged || w->held)
        return;
    const struct tw_ws_frame pong = {.opcode = TW_WS_PONG,
                                     .fin = true,
                                     .mask = w->client,
                                     .data = w->ping,
                                     .len = w->ping_len};
    w->pinged = false;
    tw_ws_put(L, w, &pong);
}

/* Stack: self, seconds, the same in ns. */
static int receive_k(lua_State *L, struct tw_wait *wait)
{
    struct tw_ws_wire *w = lua_touserdata(L, 1);
    struct tw_ws_event event = {0};
    ssize_t n = wait->status < 0 ? wait->status : w->st->ops ? 0 : TW_ECLOSED;
    if (n == 0 && tw_buf_len(&w->st->rbuf) > 0)
        n = look_in_buffer(w, &event);
    while (n >= 0 && !event.kind)
        n = look_in_stream(wait->rt, w, &event);
    if (refused(n))
        return push_refusal(L, w, (int)n);
    answer(L, w);
    if (n >= 0)
        return push_event(L, w, &event);
    if (!tw_err_want(n))
        return w->api->fail(L, (int)n, "receive");
    if (tw_buf_len(&w->st->wbuf) > 0 && !w->held)
    {
        lua_pushboolean(L, 0);
        lua_pushliteral(L, "queued");
        return 2;
    }
    wait->kind = (uint8_t)tw_kind_of((int)n);
    wait->at = w->st->ops->watch(w->st);
    wait->timeout = (int64_t)lua_tointeger(L, 3);
    return TW_TASK_WAIT;
}

/*
 * wire:receive(seconds): waits for the next message, "pong" or "close": its
 * data, its kind, and a close's code. Or nil, message and, if the peer has sent
 * what it may not, the close code for that, else the code of a failure. False,
 * "queued": bytes wait to be sent, and no task sends them.
 */
static int wire_receive(lua_State *L)
{
    struct tw_ws_wire *w = tw_ws_self(L);
    tw_ws_shared(L);
    lua_settop(L, 2);
    lua_pushinteger(L, (lua_Integer)w->api->seconds(L, 2, "seconds"));
    w->heard = false;
    return w->api->run(L, tw_ws_runtime(L), receive_k);
}

/* wire:heard(): true if anything came while receive waited last. */
static int wire_heard(lua_State *L)
{
    lua_pushboolean(L, tw_ws_self(L)->heard);
    return 1;
}

/* wire:answer(): answers the latest ping, if there is one; how many bytes wait
   to be sent then. */
static int wire_answer(lua_State *L)
{
    struct tw_ws_wire *w = tw_ws_self(L);
    answer(L, w);
    lua_pushinteger(L, (lua_Integer)tw_buf_len(&w->st->wbuf));
    return 1;
}

static int drain_k(lua_State *L, struct tw_wait *wait)
{
    const struct tw_ws_wire *w = lua_touserdata(L, 1);
    ssize_t n = wait->status < 0 ? wait->status : w->st->ops ? 1 : TW_ECLOSED;
    char *data = w->api->scratch(wait->rt, CHUNK);
    while (n > 0 && data)
        n = w->st->ops->read(w->st, data, CHUNK);
    if (!tw_err_want(n))
        return 0;
    wait->kind = (uint8_t)tw_kind_of((int)n);
    wait->at = w->st->ops->watch(w->st);
    wait->timeout = (int64_t)lua_tointeger(L, 3);
    return TW_TASK_WAIT;
}

/* wire:drain(seconds): reads, for so long at most, what nobody wants, until the
   peer has closed. */
static int wire_drain(lua_State *L)
{
    const struct tw_ws_wire *w = tw_ws_self(L);
    tw_ws_shared(L);
    lua_settop(L, 2);
    lua_pushinteger(L, (lua_Integer)w->api->seconds(L, 2, "seconds"));
    return w->api->run(L, tw_ws_runtime(L), drain_k);
}

const luaL_Reg tw_ws_input_methods[] = {{"receive", wire_receive},
                                        {"heard", wire_heard},
                                        {"answer", wire_answer},
                                        {"drain", wire_drain},
                                        {NULL, NULL}};
