/* WebSocket frames: what may come, in any pieces; what may not; what we send.
 */
#include "guard.h"
#include "mod/ws/frame.h"

#include <errno.h>

enum
{
    BIG = 70000
};

/* What has been read, as text: kind:data; or kind:code:data; or !code */
struct record
{
    char text[512];
    size_t len;
};

static void note(struct record *rec, const struct tw_ws_event *event)
{
    const char *name = event->kind == TW_WS_TEXT     ? "text"
                       : event->kind == TW_WS_BINARY ? "binary"
                       : event->kind == TW_WS_PING   ? "ping"
                       : event->kind == TW_WS_PONG   ? "pong"
                                                     : "close";
    int shown = event->len > 40 ? 40 : (int)event->len;
    rec->len += (size_t)snprintf(rec->text + rec->len,
                                 sizeof rec->text - rec->len, "%s:", name);
    if (event->kind == TW_WS_CLOSE)
        rec->len +=
            (size_t)snprintf(rec->text + rec->len, sizeof rec->text - rec->len,
                             "%u:", event->code);
    rec->len +=
        (size_t)snprintf(rec->text + rec->len, sizeof rec->text - rec->len,
                         "%.*s;", shown, event->data);
}

/* Reads a piece of input to its end: 0 or the failure. */
static int read_piece(struct tw_ws_reader *r, const char *data, size_t len,
                      struct record *rec)
{
    struct tw_ws_event event;
    size_t taken = 0;
    while (taken < len)
    {
        ssize_t n = tw_ws_read(r, data + taken, len - taken, &event);
        if (n < 0)
            return (int)n;
        taken += (size_t)n;
        CHECK(event.kind || taken == len);
        if (event.kind)
            note(rec, &event);
    }
    return 0;
}

struct limits
{
    uint64_t message;
    uint32_t fragments;
};

/* The record of an input that comes in pieces of `step` bytes, each ending
   where memory does. */
static struct record read_in(const char *data, size_t len, size_t step,
                             bool masked, const struct limits *limits)
{
    struct record rec = {0};
    struct tw_ws ws;
    struct tw_ws_reader r;
    struct test_mem t;
    int rc = 0;
    test_mem_init(&t);
    CHECK_INT(tw_ws_init(&ws, &t.mem), 0);
    tw_ws_reader_init(&r, &ws, masked);
    if (limits)
    {
        r.max_message = limits->message;
        r.max_fragments = limits->fragments;
    }
    for (size_t at = 0; at < len && rc == 0; at += step)
    {
        size_t n = len - at < step ? len - at : step;
        rc = read_piece(&r, (char *)guard_copy(data + at, n), n, &rec);
    }
    if (rc < 0)
    {
        struct tw_ws_event event;
        CHECK(r.why != NULL);
        CHECK_INT(tw_ws_read(&r, data, len, &event), rc);
        snprintf(rec.text + rec.len, sizeof rec.text - rec.len, "!%d", -rc);
    }
    tw_ws_reader_deinit(&r);
    tw_ws_reader_deinit(&r);
    tw_ws_deinit(&ws);
    tw_ws_deinit(&ws);
    CHECK_INT(t.blocks, 0);
    return rec;
}

static const size_t steps[] = {1, 2, 3, 5, 13, GUARD_MAX};

/* What comes of frames from a server, in all kinds of pieces. */
static void reads_limited(const char *data, size_t len, const char *expected,
                          const struct limits *limits)
{
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
    {
        struct record rec = read_in(data, len, steps[i], false, limits);
        if (!CHECK_STR(rec.text, expected))
            printf("#   in pieces of %zu bytes\n", steps[i]);
    }
}

static void reads(const char *data, size_t len, const char *expected)
{
    reads_limited(data, len, expected, NULL);
}

#define READS(literal, expected) reads(literal, sizeof literal - 1, expected)

static void messages(void)
{
    READS("\x81\x05Hello", "text:Hello;");
    READS("\x82\x03\x01\x41\x80", "binary:\x01\x41\x80;");
    READS("\x81\x00\x82\x00", "text:;binary:;");
    READS("\x01\x03Hel\x80\x02lo", "text:Hello;");
    READS("\x01\x00\x00\x00\x80\x00", "text:;");
    READS("\x02\x01\x61\x00\x01\x62\x80\x01\x63\x81\x01z",
          "binary:abc;text:z;");
    READS("\x01\x03Hel\x89\x01p\x8a\x00\x80\x02lo", "ping:p;pong:;text:Hello;");
}

static void masks(void)
{
    static const char hello[] = "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58";
    static const char plain[] = "\x81\x05Hello";
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
    {
        CHECK_STR(read_in(hello, 11, steps[i], true, NULL).text, "text:Hello;");
        CHECK_STR(read_in(plain, 7, steps[i], true, NULL).text, "!1002");
        CHECK_STR(read_in(hello, 11, steps[i], false, NULL).text, "!1002");
    }
}

static void malformed(void)
{
    READS("\xc1\x00", "!1002"); /* a reserved bit, each */
    READS("\xa1\x00", "!1002");
    READS("\x91\x00", "!1002");
    READS("\x83\x00", "!1002"); /* opcodes */
    READS("\x87\x00", "!1002");
    READS("\x8b\x00", "!1002");
    READS("\x8f\x00", "!1002");
    READS("\x80\x01z", "!1002");          /* continues nothing */
    READS("\x01\x01z\x81\x01z", "!1002"); /* begins inside of another */
    READS("\x01\x01z\x02\x01z", "!1002");
    READS("\x09\x00", "!1002"); /* control frames: in fragments, too long */
    READS("\x08\x00", "!1002");
    READS("\x89\x7e\x00\x7e", "!1002");
    READS("\x88\x7f\x00\x00\x00\x00\x00\x01\x00\x00", "!1002");
    READS("\x82\x7e\x00\x7d", "!1002"); /* lengths that are not minimal */
    READS("\x82\x7f\x00\x00\x00\x00\x00\x00\xff\xff", "!1002");
    READS("\x8a\x00\x81\x01z\xc1\x00", "pong:;text:z;!1002");
}

static void lengths(void)
{
    const struct limits five = {5, 3}, all = {UINT64_MAX, 3};
    READS("\x82\x7f\x80\x00\x00\x00\x00\x00\x00\x00", "!1009");
    READS("\x82\x7f\x7f\xff\xff\xff\xff\xff\xff\xff", "!1009");
    READS("\x82\x7f\x00\x00\x00\x00\x00\x10\x00\x01", "!1009");
    reads_limited("\x82\x7f\x80\x00\x00\x00\x00\x00\x00\x00", 10, "!1002",
                  &all);
    reads_limited("\x82\x05Hello", 7, "binary:Hello;", &five);
    reads_limited("\x82\x06Hello!", 8, "!1009", &five);
    reads_limited("\x02\x03Hel\x00\x02lo\x80\x00", 11, "binary:Hello;", &five);
    reads_limited("\x02\x03Hel\x80\x03lo!", 10, "!1009", &five);
    reads_limited("\x02\x00\x00\x00\x00\x00\x80\x00", 8, "!1008", &five);
    reads_limited("\x02\x00\x00\x00\x80\x00\x02\x00\x00\x00\x80\x00", 12,
                  "binary:;binary:;", &five);
}

static void texts(void)
{
    READS("\x81\x04\xf0\x9f\x90\xb6", "text:\xf0\x9f\x90\xb6;");
    READS("\x01\x01\xf0\x00\x02\x9f\x90\x89\x00\x80\x01\xb6",
          "ping:;text:\xf0\x9f\x90\xb6;");
    READS("\x81\x02\xc0\x80", "!1007");
    READS("\x81\x03\xed\xa0\x80", "!1007");
    READS("\x81\x04\xf4\x90\x80\x80", "!1007");
    READS("\x81\x02\x61\xc3", "!1007");
    READS("\x01\x01\xc3\x80\x01\x61", "!1007");
    READS("\x01\x0a"
          "abcdefghi\xff",
          "!1007");                         /* before the message ends */
    READS("\x01\x7e\x01\x00\xff", "!1007"); /* and before the frame does */
    READS("\x82\x02\xc0\x80", "binary:\xc0\x80;");
    READS("\x02\x01\xc0\x81\x00", "!1002");
}

static void closes(void)
{
    READS("\x88\x00", "close:1005:;");
    READS("\x88\x02\x03\xe8", "close:1000:;");
    READS("\x88\x05\x03\xe9"
          "bye",
          "close:1001:bye;");
    READS("\x88\x02\x0f\xa0\xc1\x00", "close:4000:;"); /* then anything */
    READS("\x88\x01\x03", "!1002");
    READS("\x8a\x02\x03\xe8\x88\x01\x03", "pong:\x03\xe8;!1002");
    READS("\x88\x04\x03\xe8\xc3\x28", "!1007");
    READS("\x88\x03\x03\xe8\xc3", "!1007");
}

static void close_codes(void)
{
    for (unsigned code = 0; code <= 0xffff; code++)
    {
        bool fine = (code >= 3000 && code < 5000) ||
                    (code >= 1000 && code <= 1014 && code != 1004 &&
                     code != 1005 && code != 1006);
        char frame[] = {'\x88', 2, (char)(code >> 8), (char)code};
        char expected[32];
        snprintf(expected, sizeof expected, fine ? "close:%u:;" : "!1002",
                 code);
        CHECK_STR(read_in(frame, 4, 4, false, NULL).text, expected);
    }
}

/* Every size of head, both ways; what was written is read again. */
static void round_trips(void)
{
    static const size_t sizes[] = {0,    1,    125,   126,   127,   4095,
                                   4096, 4097, 65535, 65536, 65537, BIG};
    static char data[BIG], wire[BIG + TW_WS_HEAD];
    struct test_mem t;
    struct tw_ws ws;
    test_mem_init(&t);
    CHECK_INT(tw_ws_init(&ws, &t.mem), 0);
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (char)(i * 31);
    for (size_t i = 0; i < 2 * sizeof sizes / sizeof sizes[0]; i++)
    {
        struct tw_ws_frame frame = {.opcode = TW_WS_BINARY,
                                    .fin = true,
                                    .mask = i % 2,
                                    .data = data,
                                    .len = sizes[i / 2]};
        struct tw_ws_reader r;
        struct tw_ws_event event;
        size_t size = tw_ws_frame_size(&frame);
        CHECK_INT(tw_ws_write(&ws, &frame, wire), (ssize_t)size);
        tw_ws_reader_init(&r, &ws, frame.mask);
        CHECK_INT(tw_ws_read(&r, wire, size, &event), (ssize_t)size);
        CHECK_INT(event.kind, TW_WS_BINARY);
        CHECK_INT(event.len, frame.len);
        CHECK(event.len != frame.len ||
              memcmp(event.data, data, event.len) == 0);
        tw_ws_reader_deinit(&r);
    }
    tw_ws_deinit(&ws);
    CHECK_INT(t.blocks, 0);
}

/* Keys differ, and two readers in the middle of frames do not mix them up. */
static void two_at_once(void)
{
    char a[64], b[64];
    struct test_mem t;
    struct tw_ws ws;
    struct tw_ws_reader ra, rb;
    struct tw_ws_event event;
    struct tw_ws_frame frame = {TW_WS_TEXT, true, true, "from a to b", 11};
    test_mem_init(&t);
    CHECK_INT(tw_ws_init(&ws, &t.mem), 0);
    tw_ws_reader_init(&ra, &ws, true);
    tw_ws_reader_init(&rb, &ws, true);
    ssize_t n = tw_ws_write(&ws, &frame, a);
    CHECK_INT(tw_ws_write(&ws, &frame, b), n);
    CHECK(memcmp(a + 2, b + 2, 4) != 0);
    for (ssize_t i = 0; i < n; i++)
    {
        CHECK_INT(tw_ws_read(&ra, a + i, 1, &event), 1);
        bool last = event.kind && event.len == 11 &&
                    memcmp(event.data, frame.data, 11) == 0;
        CHECK_INT(last, i == n - 1);
        CHECK_INT(tw_ws_read(&rb, b + i, 1, &event), 1);
        CHECK_INT(event.kind, i == n - 1 ? TW_WS_TEXT : TW_WS_MORE);
    }
    CHECK(ws.spare && !ra.parser && !rb.parser);
    tw_ws_reader_deinit(&ra);
    tw_ws_reader_deinit(&rb);
    tw_ws_deinit(&ws);
    CHECK_INT(t.blocks, 0);
}

/* A length is a claim: memory comes with the bytes. */
static void memory_grows_with_data(void)
{
    struct test_mem t;
    struct tw_ws ws;
    struct tw_ws_reader r;
    struct tw_ws_event event;
    test_mem_init(&t);
    CHECK_INT(tw_ws_init(&ws, &t.mem), 0);
    tw_ws_reader_init(&r, &ws, false);
    CHECK_INT(tw_ws_read(&r,
                         "\x82\x7f\0\0\0\0\0\x0f\xff\xff"
                         "abc",
                         13, &event),
              13);
    CHECK(t.bytes < 1024);
    tw_ws_reader_deinit(&r);
    tw_ws_deinit(&ws);
    CHECK_INT(t.blocks, 0);
}

static void without_memory_run(struct test_mem *t)
{
    struct tw_ws ws;
    struct tw_ws_reader r;
    struct tw_ws_event event;
    CHECK_INT(tw_ws_init(&ws, &t->mem), 0);
    tw_ws_reader_init(&r, &ws, false);
    ssize_t n = tw_ws_read(&r,
                           "\x02\x03"
                           "abc",
                           5, &event);
    if (n == 5)
        n = tw_ws_read(&r,
                       "\x80\x02"
                       "de",
                       4, &event);
    CHECK(n == -ENOMEM || (n == 4 && event.len == 5));
    tw_ws_reader_deinit(&r);
    tw_ws_deinit(&ws);
}

static void without_memory(void)
{
    test_mem_each(without_memory_run);
}

int main(void)
{
    TAP_CASE(messages);
    TAP_CASE(masks);
    TAP_CASE(malformed);
    TAP_CASE(lengths);
    TAP_CASE(texts);
    TAP_CASE(closes);
    TAP_CASE(close_codes);
    TAP_CASE(round_trips);
    TAP_CASE(two_at_once);
    TAP_CASE(memory_grows_with_data);
    TAP_CASE(without_memory);
    return tap_done();
}
