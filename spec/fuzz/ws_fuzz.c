/*
 * WebSocket frames: any bytes as what a client or a server sends, in pieces of
 * any size, must give the same messages and the same failure as all at once;
 * what they gave, sent and read again, must come back.
 */
#include "fuzz.h"
#include "mod/ws/frame.h"

/* A checksum of everything that was read, and how it ended. */
struct outcome
{
    uint64_t sum;
    size_t events;
    int rc;
};

static const struct tw_mem *memory(void);

static void mix(struct outcome *out, const void *data, size_t len)
{
    const uint8_t *bytes = data;
    for (size_t i = 0; i < len; i++)
        out->sum = (out->sum ^ bytes[i]) * UINT64_C(0x100000001b3);
}

/* What a reader gives is what it would take from us. */
static void check_again(struct tw_ws *ws, const struct tw_ws_event *event,
                        bool mask)
{
    struct tw_ws_frame frame = {.opcode = event->kind,
                                .fin = true,
                                .mask = mask,
                                .data = event->data,
                                .len = event->len};
    struct tw_ws_event again;
    struct tw_ws_reader r;
    size_t size = tw_ws_frame_size(&frame);
    char *bytes = malloc(size);
    FUZZ_CHECK(bytes);
    FUZZ_CHECK(tw_ws_write(ws, &frame, bytes) == (ssize_t)size);
    tw_ws_reader_init(&r, ws, mask);
    FUZZ_CHECK(tw_ws_read(&r, bytes, size, &again) == (ssize_t)size);
    FUZZ_CHECK(again.kind == event->kind && again.len == event->len);
    FUZZ_CHECK(memcmp(again.data, frame.data, frame.len) == 0);
    tw_ws_reader_deinit(&r);
    free(bytes);
}

static void check_event(struct tw_ws *ws, const struct tw_ws_reader *r,
                        const struct tw_ws_event *event, struct outcome *out)
{
    struct tw_ws_utf8 u = {0};
    bool text = event->kind == TW_WS_TEXT || event->kind == TW_WS_CLOSE;
    out->events++;
    mix(out, &event->kind, 1);
    mix(out, event->data, event->len);
    FUZZ_CHECK(!text || (tw_ws_utf8_read(&u, event->data, event->len) &&
                         tw_ws_utf8_whole(&u)));
    if (event->kind == TW_WS_CLOSE)
    {
        mix(out, &event->code, sizeof event->code);
        FUZZ_CHECK(event->code == TW_WS_NO_STATUS
                       ? event->len == 0
                       : tw_ws_code_valid(event->code));
    }
    else if (event->kind == TW_WS_PING || event->kind == TW_WS_PONG)
        FUZZ_CHECK(event->len <= TW_WS_CONTROL);
    else
        FUZZ_CHECK(event->len <= r->max_message);
    if (event->kind != TW_WS_CLOSE)
    {
        /* The event's own memory is another's after the next frame. */
        char *copy = malloc(event->len + 1);
        FUZZ_CHECK(copy);
        memcpy(copy, event->data, event->len);
        struct tw_ws_event kept = *event;
        kept.data = copy;
        check_again(ws, &kept, r->masked);
        free(copy);
    }
}

/* Pieces are of the sizes that `seed` makes up, or all is one. */
static struct outcome read_all(const struct fuzz_input *in, bool masked,
                               uint32_t seed)
{
    struct outcome out = {0};
    struct tw_ws ws;
    struct tw_ws_reader r;
    FUZZ_CHECK(tw_ws_init(&ws, memory()) == 0);
    tw_ws_reader_init(&r, &ws, masked);
    r.max_message = 1000;
    r.max_fragments = 8;
    size_t at = 0;
    while (at < in->size && out.rc == 0)
    {
        size_t left = in->size - at;
        seed = seed ? seed * 1103515245 + 12345 : 0;
        size_t step = seed ? 1 + (seed >> 16) % 7 : left;
        step = step < left ? step : left;
        struct tw_ws_event event;
        ssize_t n = tw_ws_read(&r, (const char *)in->data + at, step, &event);
        FUZZ_CHECK(n < 0 || ((size_t)n <= step));
        FUZZ_CHECK(n < 0 || event.kind || (size_t)n == step);
        if (n < 0)
            out.rc = (int)n;
        else
            at += (size_t)n;
        if (n >= 0 && event.kind)
            check_event(&ws, &r, &event, &out);
    }
    FUZZ_CHECK(out.rc == 0 || out.rc == -1002 ||
               (out.rc <= -1007 && out.rc >= -1009));
    tw_ws_reader_deinit(&r);
    tw_ws_deinit(&ws);
    return out;
}

static void *plain(void *ud, void *ptr, size_t osize, size_t nsize)
{
    (void)ud, (void)osize;
    if (nsize)
        return realloc(ptr, nsize);
    free(ptr);
    return NULL;
}

static const struct tw_mem *memory(void)
{
    static const struct tw_mem mem = {.fn = plain};
    return &mem;
}

int FUZZ_TARGET(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, size};
    uint8_t first = fuzz_byte(&in);
    bool masked = first & 1;
    struct outcome whole = read_all(&in, masked, 0);
    for (uint32_t seed = 1; seed <= 2; seed++)
    {
        struct outcome parts = read_all(&in, masked, seed * 77 + first);
        FUZZ_CHECK(parts.sum == whole.sum && parts.rc == whole.rc);
        FUZZ_CHECK(parts.events == whole.events);
    }
    return 0;
}
