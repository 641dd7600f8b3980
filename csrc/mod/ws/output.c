/* What leaves: at once as far as the stream takes it, the rest from its output
   buffer. */
#include "mod/ws/wire.h"

#include <string.h>

enum
{
    SMALL = 512 /* frames that are made on the stack */
};

static uint8_t kind_of(lua_State *L, int idx)
{
    static const char *const names[] = {"text", "binary", "close",
                                        "ping", "more",   NULL};
    static const uint8_t kinds[] = {TW_WS_TEXT, TW_WS_BINARY, TW_WS_CLOSE,
                                    TW_WS_PING, TW_WS_MORE};
    return kinds[luaL_checkoption(L, idx, "text", names)];
}

/* The frame that the arguments data, kind and `continues` from `idx` on make.
   A text, if it is whole, must be one. */
static void frame_args(lua_State *L, int idx, struct tw_ws_frame *frame)
{
    struct tw_ws_utf8 u = {0};
    frame->data = luaL_checklstring(L, idx, &frame->len);
    frame->opcode = kind_of(L, idx + 1);
    frame->fin = !lua_toboolean(L, idx + 2);
    if (frame->opcode == TW_WS_TEXT && frame->fin &&
        !(tw_ws_utf8_read(&u, frame->data, frame->len) && tw_ws_utf8_whole(&u)))
        luaL_argerror(L, idx, "data: a text must be UTF-8");
    luaL_argcheck(
        L, !wslay_is_ctrl_frame(frame->opcode) || frame->len <= TW_WS_CONTROL,
        idx, "data: more than 125 bytes");
}

/* frame(data [, kind]): the bytes of a message as a server sends it. */
static int ws_frame(lua_State *L)
{
    struct tw_ws_frame frame = {0};
    luaL_Buffer b;
    struct tw_ws *ws = tw_ws_shared(L);
    frame_args(L, 1, &frame);
    char *out = luaL_buffinitsize(L, &b, tw_ws_frame_size(&frame));
    luaL_pushresultsize(&b, (size_t)tw_ws_write(ws, &frame, out));
    return 1;
}

/* Makes one attempt to send: how many bytes went. */
static size_t attempt(struct tw_ws_wire *w, const char *data, size_t len)
{
    if (w->held || !w->st->ops || tw_buf_len(&w->st->wbuf) > 0)
        return 0;
    ssize_t n = w->st->ops->write(w->st, data, len);
    if (n == TW_WANT_RETRY) /* it is others' turn: see wire_send */
        n = w->st->ops->write(w->st, data, len);
    return n > 0 ? (size_t)n : 0;
}

/* As tw_ws_put, of bytes. */
static size_t pass(lua_State *L, struct tw_ws_wire *w, const char *data,
                   size_t len)
{
    size_t n = attempt(w, data, len);
    w->queued += len;
    if (w->st->ops && n < len &&
        !tw_buf_append(&w->st->wbuf, data + n, len - n))
        luaL_error(L, "not enough memory");
    return tw_buf_len(&w->st->wbuf);
}

size_t tw_ws_put(lua_State *L, struct tw_ws_wire *w,
                 const struct tw_ws_frame *frame)
{
    char small[SMALL];
    struct tw_ws *ws = tw_ws_shared(L);
    size_t size = tw_ws_frame_size(frame);
    char *out = size <= SMALL ? small : lua_newuserdatauv(L, size, 0);
    if (tw_ws_write(ws, frame, out) < 0)
        luaL_error(L, "the system has no random bytes");
    return pass(L, w, out, size);
}

/*
 * wire:send(data [, kind [, continues]]): sends a frame, or what of it goes
 * without waiting, and queues the rest; how many bytes wait to be sent then.
 * Others may have a turn before it returns.
 */
static int wire_send(lua_State *L)
{
    struct tw_ws_wire *w = tw_ws_self(L);
    struct tw_ws_frame frame = {.mask = w->client};
    frame_args(L, 2, &frame);
    lua_pushinteger(L, (lua_Integer)tw_ws_put(L, w, &frame));
    return w->api->done(L, tw_ws_runtime(L), 1);
}

static int flush_k(lua_State *L, struct tw_wait *wait)
{
    struct tw_ws_wire *w = lua_touserdata(L, 1);
    struct tw_buf *out = &w->st->wbuf;
    ssize_t n = wait->status < 0 ? wait->status : w->st->ops ? 0 : TW_ECLOSED;
    while (n >= 0 && tw_buf_len(out) > 0)
    {
        n = w->st->ops->write(w->st, tw_buf_data(out), tw_buf_len(out));
        tw_buf_consume(out, n > 0 ? (size_t)n : 0);
    }
    if (n >= 0)
    {
        tw_buf_deinit(out);
        lua_pushboolean(L, 1);
        return 1;
    }
    if (!tw_err_want(n))
        return w->api->fail(L, (int)n, "send");
    wait->kind = (uint8_t)tw_kind_of((int)n);
    wait->at = w->st->ops->watch(w->st);
    wait->timeout = (int64_t)lua_tointeger(L, 3);
    return TW_TASK_WAIT;
}

/* wire:flush(seconds): sends all that is queued. True; or nil, message, code.
 */
static int wire_flush(lua_State *L)
{
    const struct tw_ws_wire *w = tw_ws_self(L);
    tw_ws_shared(L);
    lua_settop(L, 2);
    lua_pushinteger(L, (lua_Integer)w->api->seconds(L, 2, "seconds"));
    return w->api->run(L, tw_ws_runtime(L), flush_k);
}

/* wire:pending(): how many bytes are waiting to be sent; how many went. */
static int wire_pending(lua_State *L)
{
    const struct tw_ws_wire *w = tw_ws_self(L);
    size_t left = tw_buf_len(&w->st->wbuf);
    lua_pushinteger(L, (lua_Integer)left);
    lua_pushinteger(L, (lua_Integer)(w->queued - left));
    return 2;
}

/* wire:hold(yes): while a task sends what is queued, all that is new is. */
static int wire_hold(lua_State *L)
{
    tw_ws_self(L)->held = lua_toboolean(L, 2);
    return 0;
}

/* wire:busy(yes): broadcasts are not to touch it. */
static int wire_busy(lua_State *L)
{
    tw_ws_self(L)->busy = lua_toboolean(L, 2);
    return 0;
}

/* wire:discard(): forgets what is queued. */
static int wire_discard(lua_State *L)
{
    struct tw_ws_wire *w = tw_ws_self(L);
    tw_buf_deinit(&w->st->wbuf);
    return 0;
}

/* Stack of a broadcast. */
enum
{
    B_LIST = 1,
    B_FRAME = 2,
    B_REST = 3,
    B_NAME = 4,
    B_KEY = 5,
    B_VALUE = 6
};

/* The wire of the WebSocket at `idx`, which is any value; NULL if it has
   none. */
static struct tw_ws_wire *wire_at(lua_State *L, int idx)
{
    if (!lua_istable(L, idx))
        return NULL;
    lua_pushvalue(L, B_NAME);
    lua_rawget(L, idx);
    struct tw_ws_wire *w = tw_ws_to_wire(L, -1);
    lua_pop(L, 1);
    return w;
}

/*
 * broadcast(list, frame): sends a frame to all WebSockets among the values, or
 * else the keys, of a table, none of which is waited for: how many have got all
 * of it, and a list of the others, with those among them who have not been sent
 * any of it as keys of it, too.
 */
static int ws_broadcast(lua_State *L)
{
    size_t len;
    lua_Integer done = 0, others = 0;
    luaL_checktype(L, B_LIST, LUA_TTABLE);
    const char *frame = luaL_checklstring(L, B_FRAME, &len);
    lua_settop(L, B_FRAME);
    lua_newtable(L);
    lua_pushliteral(L, "wire");
    lua_pushnil(L);
    while (lua_next(L, B_LIST))
    {
        struct tw_ws_wire *w = wire_at(L, B_VALUE);
        int at = w ? B_VALUE : B_KEY;
        w = w ? w : wire_at(L, B_KEY);
        bool apart = w && (w->busy || w->client);
        size_t left = w && !apart ? pass(L, w, frame, len) : 0;
        done += w && !apart && left == 0;
        if (apart || left > 0)
        {
            lua_pushvalue(L, at);
            lua_rawseti(L, B_REST, ++others);
        }
        if (apart)
        {
            lua_pushvalue(L, at);
            lua_pushboolean(L, 1);
            lua_rawset(L, B_REST);
        }
        lua_settop(L, B_KEY);
    }
    lua_pushinteger(L, done);
    lua_pushvalue(L, B_REST);
    return 2;
}

const luaL_Reg tw_ws_output_functions[] = {
    {"frame", ws_frame}, {"broadcast", ws_broadcast}, {NULL, NULL}};

const luaL_Reg tw_ws_output_methods[] = {
    {"send", wire_send}, {"flush", wire_flush}, {"pending", wire_pending},
    {"hold", wire_hold}, {"busy", wire_busy},   {"discard", wire_discard},
    {NULL, NULL}};
