/*
 * The Lua type "wire": WebSocket frames to and from a stream's buffers. It
 * neither waits nor knows what messages mean: lua/tidewire/websocket does.
 */
#include "bind/stream.h"
#include "mod/ws/module.h"

#include <string.h>

#define WIRE_TYPE "tidewire.websocket.wire"
#define STREAM_TYPE "tidewire.stream"

struct wire
{
    struct tw_ws_reader reader;
    struct ltw_file *file; /* the first user value */
    bool client;
};

static struct wire *self(lua_State *L)
{
    return luaL_checkudata(L, 1, WIRE_TYPE);
}

static struct tw_ws *shared(lua_State *L)
{
    struct tw_ws *ws = lua_touserdata(L, lua_upvalueindex(1));
    if (!tw_ws_ready(ws))
        luaL_error(L, "tidewire is closed in this Lua state");
    return ws;
}

/* -- frames ---------------------------------------------------------------- */

static const struct
{
    const char *name;
    uint8_t kind;
} kinds[] = {{"text", TW_WS_TEXT},   {"binary", TW_WS_BINARY},
             {"close", TW_WS_CLOSE}, {"ping", TW_WS_PING},
             {"pong", TW_WS_PONG},   {"more", TW_WS_MORE}};

static const char *name_of(uint8_t kind)
{
    size_t i = 0;
    while (kinds[i].kind != kind)
        i++;
    return kinds[i].name;
}

static uint8_t kind_of(lua_State *L, int idx)
{
    const char *name = luaL_optstring(L, idx, "text");
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(kinds[i].name, name) == 0)
            return kinds[i].kind;
    luaL_argerror(L, idx, "kind: must be text or binary");
    return 0;
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
    frame_args(L, 1, &frame);
    struct tw_ws *ws = shared(L);
    char *out = luaL_buffinitsize(L, &b, tw_ws_frame_size(&frame));
    luaL_pushresultsize(&b, (size_t)tw_ws_write(ws, &frame, out));
    return 1;
}

/* -- output ---------------------------------------------------------------- */

/* Pushes how many bytes are waiting to be sent. */
static int pending(lua_State *L, const struct wire *w)
{
    lua_pushinteger(L, (lua_Integer)tw_buf_len(&w->file->st.wbuf));
    return 1;
}

/* Where `len` bytes of output go; NULL if the stream is closed. */
static char *room(lua_State *L, struct wire *w, size_t len)
{
    if (!w->file->st.ops)
        return NULL;
    char *at = tw_buf_reserve(&w->file->st.wbuf, len);
    if (!at)
        luaL_error(L, "not enough memory");
    return at;
}

/* wire:put(data [, kind [, continues]]): queues a frame; how many bytes wait
   to be sent then. */
static int wire_put(lua_State *L)
{
    struct wire *w = self(L);
    struct tw_ws_frame frame = {.mask = w->client};
    frame_args(L, 2, &frame);
    struct tw_ws *ws = shared(L);
    char *at = room(L, w, tw_ws_frame_size(&frame));
    ssize_t n = at ? tw_ws_write(ws, &frame, at) : 0;
    if (n < 0)
        return luaL_error(L, "the system has no random bytes");
    tw_buf_commit(&w->file->st.wbuf, (size_t)n);
    return pending(L, w);
}

/* One attempt to send: how many bytes went. */
static size_t attempt(struct ltw_file *f, const char *data, size_t len)
{
    ssize_t n = f->st.ops->write(&f->st, data, len);
    if (n == TW_WANT_RETRY) /* there is not even a wait to be had */
        n = f->st.ops->write(&f->st, data, len);
    return n > 0 ? (size_t)n : 0;
}

/* wire:flush(): sends what it can without waiting; how many bytes are left. */
static int wire_flush(lua_State *L)
{
    struct wire *w = self(L);
    struct tw_buf *out = &w->file->st.wbuf;
    size_t n = 1;
    while (w->file->st.ops && n > 0 && tw_buf_len(out) > 0)
    {
        n = attempt(w->file, tw_buf_data(out), tw_buf_len(out));
        tw_buf_consume(out, n);
    }
    if (tw_buf_len(out) == 0)
        tw_buf_deinit(out);
    return pending(L, w);
}

/* wire:pass(frame): ditto of bytes that are frames already; what does not go
   at once is queued. */
static int wire_pass(lua_State *L)
{
    struct wire *w = self(L);
    struct tw_buf *out = &w->file->st.wbuf;
    size_t len, n = 0;
    const char *data = luaL_checklstring(L, 2, &len);
    if (w->file->st.ops && tw_buf_len(out) == 0)
        n = attempt(w->file, data, len);
    char *at = n < len ? room(L, w, len - n) : NULL;
    if (at)
    {
        memcpy(at, data + n, len - n);
        tw_buf_commit(out, len - n);
    }
    return pending(L, w);
}

/* -- input ----------------------------------------------------------------- */

/*
 * wire:read(): the next event of what has been received: its data, its kind
 * ("text", "binary", "ping", "pong", "close") and a close's code. Or nil when
 * more must come first; nil, message and the close code of a failure.
 */
static int wire_read(lua_State *L)
{
    struct wire *w = self(L);
    struct tw_buf *in = &w->file->st.rbuf;
    struct tw_ws_event event;
    ssize_t n = tw_ws_read(&w->reader, tw_buf_data(in), tw_buf_len(in), &event);
    if (n < 0)
    {
        lua_pushnil(L);
        lua_pushstring(L, w->reader.why ? w->reader.why : "closed");
        lua_pushinteger(L, n < -999 && n > -5000 ? -n : 1011);
        return 3;
    }
    tw_buf_consume(in, (size_t)n);
    if (event.kind == TW_WS_MORE)
        return 0;
    /* First: a finalizer that runs later may read from another wire. */
    lua_pushlstring(L, event.data, event.len);
    tw_ws_release(&w->reader);
    lua_pushstring(L, name_of(event.kind));
    if (event.kind != TW_WS_CLOSE)
        return 2;
    lua_pushinteger(L, event.code);
    return 3;
}

/* wire:timeout(seconds): the limit of each wait of the stream. */
static int wire_timeout(lua_State *L)
{
    struct wire *w = self(L);
    lua_Number seconds = luaL_checknumber(L, 2);
    if (w->file->st.ops)
        w->file->sock->sock.timeout =
            seconds < 1e9 ? (int64_t)(seconds * 1e9) + 1 : TW_FOREVER;
    return 0;
}

/* -- making ---------------------------------------------------------------- */

static int wire_gc(lua_State *L)
{
    tw_ws_reader_deinit(&self(L)->reader);
    return 0;
}

/* wire(stream, client, max_message, max_fragments) */
static int ws_wire(lua_State *L)
{
    struct ltw_file *file = luaL_checkudata(L, 1, STREAM_TYPE);
    luaL_argcheck(L, file->mode == (TW_STREAM_READ | TW_STREAM_WRITE), 1,
                  "stream: must be open for reading and writing");
    lua_Integer max_message = luaL_checkinteger(L, 3);
    lua_Integer max_fragments = luaL_checkinteger(L, 4);
    luaL_argcheck(L, max_message >= 0, 3, "max_message: must not be negative");
    luaL_argcheck(L, max_fragments > 0 && max_fragments <= UINT32_MAX, 4,
                  "max_fragments: must be positive");
    struct wire *w = lua_newuserdatauv(L, sizeof *w, 2);
    *w = (struct wire){.file = file, .client = lua_toboolean(L, 2)};
    luaL_setmetatable(L, WIRE_TYPE);
    lua_pushvalue(L, 1);
    lua_setiuservalue(L, -2, 1);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_setiuservalue(L, -2, 2);
    tw_ws_reader_init(&w->reader, shared(L), !w->client);
    w->reader.max_message = (uint64_t)max_message;
    w->reader.max_fragments = (uint32_t)max_fragments;
    return 1;
}

const luaL_Reg tw_ws_wire_functions[] = {
    {"wire", ws_wire}, {"frame", ws_frame}, {NULL, NULL}};

void tw_ws_open_wire(lua_State *L)
{
    static const luaL_Reg methods[] = {
        {"put", wire_put},   {"flush", wire_flush},     {"pass", wire_pass},
        {"read", wire_read}, {"timeout", wire_timeout}, {NULL, NULL}};
    luaL_newmetatable(L, WIRE_TYPE); /* shared mt */
    lua_newtable(L);
    lua_pushvalue(L, -3);
    luaL_setfuncs(L, methods, 1);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, wire_gc);
    lua_setfield(L, -2, "__gc");
    lua_pop(L, 1);
}
