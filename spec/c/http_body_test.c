/* Bodies of HTTP messages: what is theirs, where they end, what is refused. */
#include "http.h"

enum
{
    PATIENCE = 10000 /* calls until a body is taken to be stuck */
};

/* A body while it is given, and what has come of it. */
struct feed
{
    struct tw_http_body body;
    struct text out; /* its bytes, then how it ended */
    size_t read;
    int64_t rc;
};

static const struct tw_http_head chunked = {.framing = TW_HTTP_CHUNKED};

static void begin(struct feed *f, const struct tw_http_head *head,
                  const struct tw_http_limits *limits)
{
    tw_http_body_begin(&f->body, head, limits);
    text_clear(&f->out);
    f->read = 0;
    f->rc = 0;
}

/* Reads on until the body has ended, failed or wants more than `len` bytes. */
static void go_on(struct feed *f, const char *bytes, size_t len)
{
    struct tw_http_span piece = {0, 0}, trailers;
    for (int i = 0; i < PATIENCE && f->rc >= 0 && !f->body.done; i++)
    {
        size_t left = len - f->read;
        const char *data = (const char *)guard_copy(bytes + f->read, left);
        f->rc = tw_http_body_read(&f->body, data, left, &piece);
        CHECK(f->rc <= (int64_t)left);
        CHECK(piece.at + piece.len <= (f->rc > 0 ? (uint64_t)f->rc : 0));
        http_add_span(&f->out, data, piece);
        trailers = f->body.trailers;
        if (trailers.len > 0)
            text_add(&f->out, "|%.*s", (int)trailers.len, data + trailers.at);
        if (f->rc == 0)
            return;
        f->read += f->rc > 0 ? (size_t)f->rc : 0;
    }
}

/* Gives `first` bytes, then `each` more at a time. */
static void give(struct feed *f, const char *bytes, size_t first, size_t each)
{
    size_t len = strlen(bytes);
    for (size_t n = first; n < len; n += each)
        go_on(f, bytes, n);
    go_on(f, bytes, len);
    if (f->rc < 0)
        text_add(&f->out, "|%lld %s", (long long)-f->rc, f->body.why);
    else
        text_add(&f->out, f->body.done ? "|%zu" : "|more", f->read);
}

/* The body's bytes, then what it ended with: how many bytes were read, or
   "more", or the failure. The same in whatever pieces. */
static void check_body(const struct tw_http_head *head, const char *bytes,
                       const char *expected)
{
    static struct feed f;
    size_t len = strlen(bytes);
    begin(&f, head, &http_limits);
    give(&f, bytes, len, 1);
    bool ok = CHECK_STR(f.out.at, expected);
    for (size_t k = 0; ok && k < len; k++)
    {
        begin(&f, head, &http_limits);
        give(&f, bytes, k, len);
        ok = CHECK_STR(f.out.at, expected);
    }
    begin(&f, head, &http_limits);
    give(&f, bytes, 0, 1);
    if (!ok || !CHECK_STR(f.out.at, expected))
        printf("#   \"%s\"\n", bytes);
}

static void lengths(void)
{
    struct tw_http_head head = {.framing = TW_HTTP_LENGTH, .length = 5};
    check_body(&head, "helloGET", "hello|5");
    check_body(&head, "hell", "hell|more");
    head.length = 0;
    check_body(&head, "GET", "|0");
    head.framing = TW_HTTP_NONE;
    check_body(&head, "GET", "|0");
    head.framing = TW_HTTP_UNTIL_CLOSE;
    check_body(&head, "all\r\nthere is", "all\r\nthere is|more");
}

static void chunks(void)
{
    static const char *const examples[][2] = {
        {"0\r\n\r\nGET", "|5"},
        {"5\r\nhello\r\n0\r\n\r\n", "hello|15"},
        {"a\r\n0123456789\r\n1\r\n!\r\n000\r\n\r\n", "0123456789!|28"},
        {"00000000000000aB\r\n", "|more"},
        {"7fffffffffffffff\r\na", "a|more"},
        {"9\r\n012345678\r\n0\r\n\r\n", "012345678|19"},
        {"0000000000000002\r\n\r\n\r\n0\r\n\r\n", "\r\n|27"},
        {"2;a=b;c=\"d e\"\r\nhi\r\n0;x\r\n\r\n", "hi|26"},
        {"2 \t;a\r\nhi\r\n0\r\n\r\n", "hi|16"},
        {"2;a=\x80\r\nhi\r\n0\r\n\r\n", "hi|16"},
        {"0\r\nA: b\r\nC:\r\n\r\nGET", "|A: b\r\nC:\r\n\r\n|15"},
        {"2\r\nhi\r\n0\r\nA: b\r\n\r\n", "hi|A: b\r\n\r\n|18"},
        {"2\r\nhi\r\n0\r\nA: b\r\n", "hi|more"},
        {"2\r\nhi\r\n0\r\n", "hi|more"},
        {"2\r\nh", "h|more"},
        {"", "|more"},
    };
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++)
        check_body(&chunked, examples[i][0], examples[i][1]);
}

#define NO_SIZE "|400 a chunk without a size"
#define NOT_OF_SIZE "|400 a byte that no chunk's size may have"
#define TOO_LARGE "|400 a chunk's size that is too large"
#define NO_LF "|400 a CR without LF"

static void sizes_that_are_none(void)
{
    static const char *const examples[][2] = {
        {"\r\n", NO_SIZE},
        {" 5\r\n", NO_SIZE},
        {"-0\r\n", NO_SIZE},
        {"+5\r\n", NO_SIZE},
        {"\n", NO_SIZE},
        {";a\r\n", NO_SIZE},
        {"g\r\n", NO_SIZE},
        {"0x5\r\n", NOT_OF_SIZE},
        {"5_0\r\n", NOT_OF_SIZE},
        {"5\n", NOT_OF_SIZE},
        {"5,5\r\n", NOT_OF_SIZE},
        {"5\rh", NO_LF},
        {"5 \r\n", "|400 space behind a chunk's size"},
        {"5  \r\n", "|400 space behind a chunk's size"},
        {"5 5\r\n", "|400 space behind a chunk's size"},
        {"5;\n", "|400 a byte that no chunk extension may have"},
        {"5;a\x01\r\n", "|400 a byte that no chunk extension may have"},
        {"5;a\x85\r\n", "|400 a byte that no chunk extension may have"},
        {"5;a\r5", NO_LF},
        {"00000000000000005\r\n", TOO_LARGE},
        {"8000000000000000\r\n", TOO_LARGE},
        {"fffffffffffffffff\r\n", TOO_LARGE},
        {"2\r\nhi5\r\n", "hi|400 a chunk that is longer than its size"},
        {"2\r\nhi\n", "hi|400 a chunk that is longer than its size"},
        {"2\r\nhi\r5", "hi" NO_LF},
        {"2\r\nhi\r\n\r\n", "hi" NO_SIZE},
    };
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++)
        check_body(&chunked, examples[i][0], examples[i][1]);
}

#define LATE "|400 a trailer that may only be a header"

static void trailers_that_are_none(void)
{
    static const char *const examples[][2] = {
        {"0\r\nA: b\n", "|400 a line ends without CR"},
        {"0\r\n\n", "|400 a line ends without CR"},
        {"0\r\n\rA", NO_LF},
        {"0\r\n A: b\r\n\r\n",
         "|400 a folded line, or space in front of a name"},
        {"1\r\n!\r\n0\r\nA : b\r\n\r\n", "!|400 space behind a name"},
        {"0\r\nContent-Length: 5\r\n\r\n", LATE},
        {"0\r\nA: b\r\ntransfer-encoding: chunked\r\n\r\n", LATE},
        {"0\r\nHost: a\r\n\r\n", LATE},
    };
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++)
        check_body(&chunked, examples[i][0], examples[i][1]);
}

/* A chunk's line with so many bytes of extension, ';' not counted. */
static void extend(struct feed *f, size_t len)
{
    static char bytes[TW_HTTP_EXTENSION + 100];
    memset(bytes, 'a', sizeof bytes);
    memcpy(bytes, "1;", 2);
    memcpy(bytes + 2 + len, "\r\n!\r\n", 6);
    f->read = 0;
    give(f, bytes, strlen(bytes), 1);
}

static void extensions(void)
{
    static struct feed f;
    begin(&f, &chunked, &http_limits);
    for (int i = 0; i < TW_HTTP_EXTENSIONS / TW_HTTP_EXTENSION; i++)
    {
        extend(&f, TW_HTTP_EXTENSION);
        CHECK_INT(f.rc, 0);
    }
    extend(&f, 0);
    CHECK_INT(f.rc, 0);
    extend(&f, 1);
    CHECK_INT(f.rc, -413);
    begin(&f, &chunked, &http_limits);
    extend(&f, TW_HTTP_EXTENSION + 1);
    CHECK_INT(f.rc, -413);
}

/* The failure comes once all that was good has been handed out, and again to
   whoever asks again. */
static void trailer_limits(void)
{
    static const char *const examples[][2] = {
        {"1\r\n!\r\n0\r\nA:\r\nB:\r\n\r\n", "!|A:\r\nB:\r\n\r\n|19"},
        {"1\r\n!\r\n0\r\nA:\r\nB:\r\nC:\r\n", "!|431 too many fields"},
        {"0\r\nA: 4567890123456789\r\n\r\n", "|431 the head is too long"},
    };
    static const struct tw_http_limits limits = {1, 20, 2};
    static struct feed f;
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++)
        for (size_t each = 1; each < 100; each += 98)
        {
            begin(&f, &chunked, &limits);
            give(&f, examples[i][0], 0, each);
            CHECK_STR(f.out.at, examples[i][1]);
        }
}

/* Who reads a few bytes of a body at a time may show part of a trailer section
   again: nothing is read behind it. */
static void fewer_than_before(void)
{
    static const char text[] = "A: bcdefgh\r\n\r\n";
    const size_t sizes[] = {4, 11, 7, 1, 12, 13, 14};
    struct tw_http_span piece;
    struct tw_http_body body;
    tw_http_body_begin(&body, &chunked, &http_limits);
    CHECK_INT(tw_http_body_read(&body, "0\r\n", 3, &piece), 3);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
    {
        const char *data = (const char *)guard_copy(text, sizes[i]);
        int64_t whole = sizes[i] == sizeof text - 1 ? 14 : 0;
        CHECK_INT(tw_http_body_read(&body, data, sizes[i], &piece), whole);
    }
    CHECK(body.done);
}

static bool done_after(const struct tw_http_head *head, const char *bytes)
{
    static struct feed f;
    begin(&f, head, &http_limits);
    give(&f, bytes, strlen(bytes), 1);
    return f.body.done;
}

static void ends(void)
{
    struct tw_http_head head = {.framing = TW_HTTP_UNTIL_CLOSE};
    CHECK(!done_after(&head, "some"));
    CHECK(!done_after(&chunked, "1\r\n!\r\n"));
    CHECK(!done_after(&chunked, "1\r\n!\r\n0\r\n"));
    CHECK(done_after(&chunked, "1\r\n!\r\n0\r\n\r\n"));
    head = (struct tw_http_head){.framing = TW_HTTP_LENGTH, .length = 3};
    CHECK(!done_after(&head, "ab"));
    CHECK(done_after(&head, "abc"));
}

int main(void)
{
    TAP_CASE(lengths);
    TAP_CASE(chunks);
    TAP_CASE(sizes_that_are_none);
    TAP_CASE(trailers_that_are_none);
    TAP_CASE(extensions);
    TAP_CASE(trailer_limits);
    TAP_CASE(fewer_than_before);
    TAP_CASE(ends);
    return tap_done();
}
