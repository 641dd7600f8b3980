/* Length prefixes: formats, both byte orders, every width. */
#include "core/frame.h"
#include "mem.h"

static bool parses(const char *format, size_t width, int little)
{
    struct tw_frame frame = {0};
    return tw_frame_parse(&frame, format) && frame.width == width &&
           frame.little == (bool)little;
}

static bool rejects(const char *format)
{
    struct tw_frame frame;
    return !tw_frame_parse(&frame, format);
}

static void formats(void)
{
    const int native = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__;
    CHECK(parses("B", 1, native));
    CHECK(parses("H", sizeof(short), native));
    CHECK(parses("=I", sizeof(int), native));
    CHECK(parses("!L", sizeof(long), native));
    CHECK(parses("J", 8, native));
    CHECK(parses("T", sizeof(size_t), native));
    CHECK(parses("s", sizeof(size_t), native));
    CHECK(parses(">H", 2, false));
    CHECK(parses("<H", 2, true));
    for (int width = 1; width <= TW_FRAME_WIDTH_MAX; width++)
    {
        char format[8];
        snprintf(format, sizeof format, ">I%d", width);
        CHECK(parses(format, (size_t)width, false));
        snprintf(format, sizeof format, "<s%d", width);
        CHECK(parses(format, (size_t)width, true));
    }
}

static void formats_that_are_none(void)
{
    static const char *const bad[] = {
        "",   "<",   ">",   "=",  "!",  "b",   "h",  "i4", "z",   "d",
        "I0", "I9",  "I16", "s0", "s9", "I4x", "B2", "H2", "<>H", "<<H",
        "> ", " >H", ">H ", "HH", "J8", "T4",  "x",  "!4", "I-1", "s4s4",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (!CHECK(rejects(bad[i])))
            printf("#   format \"%s\"\n", bad[i]);
}

static void limits(void)
{
    for (size_t width = 1; width <= TW_FRAME_WIDTH_MAX; width++)
    {
        struct tw_frame frame = {.width = width};
        uint64_t limit = tw_frame_limit(&frame);
        CHECK(width == 8 ? limit == UINT64_MAX
                         : limit == ((uint64_t)1 << 8 * width) - 1);
    }
}

static void known_bytes(void)
{
    char out[8];
    tw_frame_encode(&(struct tw_frame){4, false}, 0x01020304, out);
    CHECK(memcmp(out, "\1\2\3\4", 4) == 0);
    tw_frame_encode(&(struct tw_frame){4, true}, 0x01020304, out);
    CHECK(memcmp(out, "\4\3\2\1", 4) == 0);
    tw_frame_encode(&(struct tw_frame){3, false}, 0xfffefd, out);
    CHECK(memcmp(out, "\xff\xfe\xfd", 3) == 0);
    CHECK_INT(tw_frame_decode(&(struct tw_frame){2, false}, "\x80\xff"),
              0x80ff);
    CHECK_INT(tw_frame_decode(&(struct tw_frame){2, true}, "\x80\xff"), 0xff80);
}

/* Neither reads nor writes past the prefix. */
static void round_trips_at_a_guard_page(void)
{
    struct test_mem t;
    test_mem_init(&t);
    t.guarded = true;
    for (size_t width = 1; width <= TW_FRAME_WIDTH_MAX; width++)
        for (int little = 0; little < 2; little++)
        {
            struct tw_frame frame = {width, little};
            char *at = tw__mem_new(&t.mem, width);
            uint64_t limit = tw_frame_limit(&frame);
            const uint64_t values[] = {0,         1,         0x7f, 0x80,
                                       limit / 3, limit - 1, limit};
            for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
            {
                tw_frame_encode(&frame, values[i] & limit, at);
                CHECK(tw_frame_decode(&frame, at) == (values[i] & limit));
            }
            tw__mem_free(&t.mem, at, width);
        }
    CHECK_INT(t.blocks, 0);
}

int main(void)
{
    TAP_CASE(formats);
    TAP_CASE(formats_that_are_none);
    TAP_CASE(limits);
    TAP_CASE(known_bytes);
    TAP_CASE(round_trips_at_a_guard_page);
    return tap_done();
}
