/*
 * Buffered streams over a script. Every read is given every input in every
 * portion, and must say the same; what it says of the whole is written down.
 */
#include "core/stream.h"
#include "mem.h"

#include <errno.h>
#include <stdint.h>

struct script
{
    struct tw_stream st;
    const char *in;
    size_t len, pos;
    int end; /* what a read past the input returns */
    /* How the input comes. */
    size_t piece; /* most bytes at once; 0: as many as asked for */
    size_t split; /* nothing crosses this position */
    bool block;   /* "would block" before every portion */
    bool exact;   /* the stream's mode */
    bool preload; /* all of it is in rbuf, before a page not to be touched */
    bool blocked; /* just said so */
    int reads, closed;
    size_t asked; /* by the last read */
    /* Where the output goes. */
    char out[256];
    size_t outlen, room; /* `room`: bytes taken before blocking */
    int fault;           /* what every write returns, if not 0 */
};

static ssize_t script_read(struct tw_stream *st, void *data, size_t len)
{
    struct script *s = (struct script *)st;
    s->reads++;
    s->asked = len;
    CHECK(len > 0);
    s->blocked = s->block && !s->blocked;
    if (s->blocked)
        return TW_WANT_READ;
    if (s->pos == s->len)
        return s->end;
    size_t n = s->len - s->pos;
    if (s->piece && n > s->piece)
        n = s->piece;
    if (s->pos < s->split && n > s->split - s->pos)
        n = s->split - s->pos;
    if (n > len)
        n = len;
    memcpy(data, s->in + s->pos, n);
    s->pos += n;
    return (ssize_t)n;
}

static ssize_t script_write(struct tw_stream *st, const void *data, size_t len)
{
    struct script *s = (struct script *)st;
    CHECK(len > 0);
    if (s->fault)
        return s->fault;
    if (s->room == 0)
        return TW_WANT_WRITE;
    size_t n = len < s->room ? len : s->room;
    CHECK(s->outlen + n < sizeof s->out);
    memcpy(s->out + s->outlen, data, n);
    s->outlen += n;
    s->room -= n;
    return (ssize_t)n;
}

static int script_close(struct tw_stream *st)
{
    struct script *s = (struct script *)st;
    CHECK(st->ops == NULL);
    s->closed++;
    return -EIO;
}

static const struct tw_stream_ops ops = {
    .name = "script",
    .read = script_read,
    .write = script_write,
    .close = script_close,
};

static void start(struct script *s, struct test_mem *t)
{
    tw_stream_init(&s->st, &ops, &t->mem);
    s->st.exact = s->exact;
    if (!s->preload || s->len == 0)
        return;
    struct tw_buf *b = &s->st.rbuf;
    b->data = tw__mem_new(&t->mem, s->len);
    memcpy(b->data, s->in, s->len);
    b->cap = b->end = s->pos = s->len;
}

/* -- the reads ----------------------------------------------------------- */

static ssize_t line(struct tw_stream *st)
{
    return tw_stream_line(st);
}

static ssize_t until_crlf(struct tw_stream *st)
{
    return tw_stream_until(st, "\r\n", 2, 100);
}

static ssize_t until_aab(struct tw_stream *st)
{
    return tw_stream_until(st, "aab", 3, 7);
}

static ssize_t count3(struct tw_stream *st)
{
    return tw_stream_count(st, 3);
}

static ssize_t exact3(struct tw_stream *st)
{
    return tw_stream_exact(st, 3);
}

static ssize_t all(struct tw_stream *st)
{
    return tw_stream_all(st, 8);
}

static ssize_t numeral(struct tw_stream *st)
{
    return tw_stream_numeral(st);
}

static ssize_t frame2(struct tw_stream *st)
{
    return tw_stream_frame(st, &(struct tw_frame){2, false}, 6);
}

static ssize_t frame8(struct tw_stream *st)
{
    return tw_stream_frame(st, &(struct tw_frame){8, true}, SIZE_MAX);
}

/* `said`: the answers, each followed by "|" (a numeral of no bytes is "!" and
   the byte in its way is skipped), the code that ended it, ":" and what is
   left in rbuf and the script. */
struct scenario
{
    ssize_t (*read)(struct tw_stream *);
    const char *in;
    size_t len;
    const char *said;
};

#define INPUT(text) text, sizeof text - 1

static const struct scenario scenarios[] = {
    {line, INPUT("a\nbc\n\nd"), "a;|bc;|;|d|eof:"},
    {line, INPUT("\r\n\0\n"), ".;|.;|eof:"},
    {until_crlf, INPUT("a\r\n\rb\r\r\n\r\nx\r"), "a.;|.b..;|.;|eof:x."},
    {until_aab, INPUT("aaabaabb"), "aaab|aab|eof:b"},
    {until_aab, INPUT("xxxxaabxxxxxaab"), "xxxxaab|EMSGSIZE:xxxxxaab"},
    {until_aab, INPUT("aaaaaaaaa"), "EMSGSIZE:aaaaaaaaa"},
    {count3, INPUT("abcdefgh"), "abc|def|gh|eof:"},
    {exact3, INPUT("abcdefgh"), "abc|def|eof:gh"},
    {all, INPUT("abcdefgh"), "abcdefgh|eof:"},
    {all, INPUT("abcdefghi"), "EMSGSIZE:abcdefghi"},
    {numeral, INPUT("12 -3.5e+7\t0x1Fp-2 "), "12|-3.5e+7|0x1Fp-2|eof:"},
    {numeral, INPUT("1.5.5 0xx +-7 1e5e"), "1.5|.5|0x|!+|-7|1e5|!eof:"},
    {numeral, INPUT(" .e5 e5 .5 5. 0x.8 0e"), ".|!5|!5|.5|5.|0x.8|0e|eof:"},
    {numeral, INPUT("0xp1 exit \v\f\r\n7"), "0x|!1|!!!!7|eof:"},
    {numeral, INPUT("nan\0001"), "!!!!1|eof:"},
    {frame2, INPUT("\0\2ab\0\0\0\1c\0\6abcdef"), "ab||c|abcdef|eof:"},
    {frame2, INPUT("\0\1a\0\7abcdefg"), "a|EMSGSIZE:..abcdefg"},
    {frame8, INPUT("\1\0\0\0\0\0\0\0x"), "x|eof:"},
    {frame8, INPUT("\0\0\0\0\0\0\0\x80x"), "EMSGSIZE:........x"},
};

struct text
{
    char bytes[512];
    size_t len;
};

/* Line ends are ";", other bytes that do not print ".". */
static void put(struct text *text, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len && text->len + 1 < sizeof text->bytes; i++)
    {
        bool prints = bytes[i] > ' ' && bytes[i] < 127;
        char c = bytes[i] == '\n' ? ';' : '.';
        text->bytes[text->len++] = prints ? bytes[i] : c;
    }
    text->bytes[text->len] = '\0';
}

/* One read, repeated while it wants something that will come. */
static ssize_t read_once(struct script *s, ssize_t (*read)(struct tw_stream *))
{
    ssize_t rc = TW_WANT_READ;
    tw_stream_begin(&s->st);
    for (size_t i = 0; i < 2 * s->len + 4 && rc == TW_WANT_READ; i++)
        rc = read(&s->st);
    return rc;
}

/* A numeral of no bytes: the byte in its way, if any, is skipped. */
static ssize_t skip_one(struct script *s, struct text *text)
{
    put(text, "!", 1);
    if (tw_buf_len(&s->st.rbuf) == 0)
        return TW_EOF;
    tw_stream_take(&s->st, 1);
    return 0;
}

static void transcribe(struct script *s, ssize_t (*read)(struct tw_stream *),
                       struct text *text)
{
    ssize_t rc = 0;
    text->len = 0;
    for (size_t i = 0; i <= s->len && rc >= 0; i++)
    {
        rc = read_once(s, read);
        if (rc == 0 && read == numeral)
            rc = skip_one(s, text);
        else if (rc >= 0 && (rc > 0 || read != all))
        {
            put(text, tw_buf_data(&s->st.rbuf), (size_t)rc);
            put(text, "|", 1);
            tw_stream_take(&s->st, (size_t)rc);
        }
        else if (rc == 0)
            rc = TW_EOF;
    }
    put(text, tw_err_name((int)rc), strlen(tw_err_name((int)rc)));
    put(text, ":", 1);
    put(text, tw_buf_data(&s->st.rbuf), tw_buf_len(&s->st.rbuf));
    put(text, s->in + s->pos, s->len - s->pos);
}

/* Runs a scenario's read over the input and portions given in `how`. */
static void run(const struct scenario *sc, struct script how, struct text *text)
{
    struct test_mem t;
    test_mem_init(&t);
    t.guarded = how.preload;
    start(&how, &t);
    transcribe(&how, sc->read, text);
    tw_stream_close(&how.st);
    CHECK_INT(how.closed, 1);
    CHECK_INT(t.blocks, 0);
}

static void compare(const struct scenario *sc, struct script how,
                    const char *said)
{
    struct text text;
    run(sc, how, &text);
    if (!CHECK_STR(text.bytes, said) && tap.complaints <= TAP_COMPLAINTS)
        printf("#   scenario %d, %zu bytes, piece %zu, split %zu%s%s%s\n",
               (int)(sc - scenarios), how.len, how.piece, how.split,
               how.block ? ", blocking" : "", how.exact ? ", exact" : "",
               how.preload ? ", preloaded" : "");
}

/* All portions of one input, which must all come to the same. */
static void portions(const struct scenario *sc, struct script how,
                     const char *said)
{
    for (int mode = 0; mode < 4; mode++)
    {
        how.exact = mode & 1;
        how.block = mode & 2;
        how.piece = 1;
        compare(sc, how, said);
        how.piece = 0;
        for (how.split = 0; how.split < how.len; how.split++)
            compare(sc, how, said);
    }
}

static void each(void (*visit)(const struct scenario *))
{
    for (size_t i = 0; i < sizeof scenarios / sizeof scenarios[0]; i++)
        visit(&scenarios[i]);
}

static void visit_whole(const struct scenario *sc)
{
    struct script how = {.in = sc->in, .len = sc->len, .end = TW_EOF};
    compare(sc, how, sc->said);
    portions(sc, how, sc->said);
}

static void whole_inputs(void)
{
    each(visit_whole);
}

static void visit_ends(const struct scenario *sc)
{
    static const int ends[] = {TW_EOF, -ECONNRESET, TW_WANT_READ};
    struct script how = {.in = sc->in};
    struct text text;
    for (how.len = 0; how.len <= sc->len; how.len++)
        for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
        {
            how.end = ends[i];
            run(sc, how, &text);
            portions(sc, how, text.bytes);
        }
}

/* The input ends, breaks off or pauses at every position. */
static void every_end(void)
{
    each(visit_ends);
}

static void visit_guarded(const struct scenario *sc)
{
    struct script how = {.in = sc->in, .end = TW_WANT_READ};
    struct text text;
    for (how.len = 0; how.len <= sc->len; how.len++)
    {
        how.preload = false;
        run(sc, how, &text);
        how.preload = true;
        compare(sc, how, text.bytes);
    }
}

static void at_a_guard_page(void)
{
    each(visit_guarded);
}

/* -- particulars --------------------------------------------------------- */

static void some_gives_what_is_there(void)
{
    struct test_mem t;
    struct script s = {.in = "abcdef", .len = 6, .end = TW_EOF, .split = 4};
    test_mem_init(&t);
    start(&s, &t);
    CHECK_INT(tw_stream_some(&s.st, 3), 3);
    tw_stream_take(&s.st, 3);
    CHECK_INT(tw_stream_some(&s.st, 3), 1);
    CHECK_INT(s.reads, 1); /* what is buffered needs no read */
    tw_stream_take(&s.st, 1);
    CHECK_INT(tw_stream_some(&s.st, 100), 2);
    CHECK_INT(tw_stream_some(&s.st, 0), 0);
    tw_stream_take(&s.st, 2);
    CHECK_INT(tw_stream_some(&s.st, 1), TW_EOF);
    CHECK_INT(tw_stream_some(&s.st, 1), TW_EOF);
    s.end = TW_WANT_READ;
    CHECK_INT(tw_stream_some(&s.st, 1), TW_WANT_READ);
    CHECK_INT(t.blocks, 0); /* an idle stream holds nothing */
    tw_stream_close(&s.st);
}

static void limits_of_lines(void)
{
    struct test_mem t;
    struct script s = {.in = "abcd\nefgh", .len = 9, .end = TW_EOF};
    test_mem_init(&t);
    start(&s, &t);
    s.st.max = 4;
    CHECK_INT(tw_stream_line(&s.st), TW_ETOOLONG);
    s.st.max = 5;
    CHECK_INT(tw_stream_line(&s.st), 5);
    tw_stream_take(&s.st, 5);
    CHECK_INT(tw_stream_line(&s.st), 4);
    CHECK_INT(tw_stream_exact(&s.st, 0), 0);
    CHECK_INT(tw_stream_count(&s.st, 0), 0);
    CHECK_INT(tw_stream_exact(&s.st, SIZE_MAX), TW_EOF);
    CHECK_INT(tw_buf_len(&s.st.rbuf), 4);
    tw_stream_close(&s.st);
    CHECK_INT(t.blocks, 0);
}

/* A read must not depend on how many digits arrive at once. */
static void long_numerals(void)
{
    char in[400];
    memset(in, '1', sizeof in);
    for (size_t digits = 198; digits <= 203; digits++)
        for (size_t piece = 0; piece < 2; piece++)
            for (size_t rest = 0; rest < 2; rest++)
            {
                struct test_mem t;
                struct script s = {.in = in, .piece = piece, .end = TW_EOF};
                s.len = digits + rest;
                in[digits] = ' ';
                test_mem_init(&t);
                start(&s, &t);
                ssize_t rc = tw_stream_numeral(&s.st);
                CHECK_INT(rc, digits <= 200 ? (int)digits : TW_ETOOLONG);
                in[digits] = '1';
                tw_stream_close(&s.st);
            }
}

static void exact_mode_takes_no_more(void)
{
    static const char in[] = "ab\ncdefgh\0\3xyz.7,";
    struct test_mem t;
    struct script s = {.in = in, .len = sizeof in - 1, .exact = true};
    test_mem_init(&t);
    start(&s, &t);
    CHECK_INT(tw_stream_line(&s.st), 3);
    CHECK_INT(s.pos, 3);
    tw_stream_take(&s.st, 3);
    CHECK_INT(tw_stream_exact(&s.st, 5), 5);
    CHECK_INT(s.pos, 8);
    tw_stream_take(&s.st, 5);
    CHECK_INT(tw_stream_some(&s.st, 1), 1);
    tw_stream_take(&s.st, 1);
    CHECK_INT(frame2(&s.st), 3);
    CHECK_INT(s.pos, 14);
    tw_stream_take(&s.st, 3);
    CHECK_INT(tw_stream_numeral(&s.st), 2);
    CHECK_INT(s.pos, 17);
    tw_stream_close(&s.st);
    CHECK_INT(t.blocks, 0);
}

/* A stream that is kept full is asked for more and more, an idle one not. */
static void asks_for_more_when_busy(void)
{
    struct test_mem t;
    struct script s = {.len = 1 << 20, .end = TW_EOF};
    char *in = calloc(1, s.len);
    s.in = in;
    test_mem_init(&t);
    start(&s, &t);
    CHECK_INT(tw_stream_all(&s.st, 1 << 20), 1 << 20);
    CHECK(s.reads < 32);
    tw_stream_take(&s.st, 1 << 20);
    s.end = TW_WANT_READ;
    CHECK_INT(tw_stream_some(&s.st, 1), TW_WANT_READ);
    CHECK_INT(t.blocks, 0);
    CHECK_INT(tw_stream_some(&s.st, 1), TW_WANT_READ);
    CHECK(s.asked <= 4096);
    tw_stream_close(&s.st);
    free(in);
    CHECK_INT(t.blocks, 0);
}

static void unread_comes_back(void)
{
    struct test_mem t;
    struct script s = {.in = "b\nc", .len = 3, .end = TW_EOF};
    test_mem_init(&t);
    start(&s, &t);
    CHECK(tw_stream_unread(&s.st, "a", 1));
    tw_stream_begin(&s.st);
    CHECK_INT(tw_stream_line(&s.st), 3);
    tw_stream_take(&s.st, 3);
    CHECK(tw_stream_unread(&s.st, "x\ny", 3));
    tw_stream_begin(&s.st);
    CHECK_INT(tw_stream_line(&s.st), 2);
    CHECK(memcmp(tw_buf_data(&s.st.rbuf), "x\nyc", 4) == 0);
    tw_stream_close(&s.st);
    CHECK_INT(t.blocks, 0);
}

static void closes_once(void)
{
    struct test_mem t;
    struct script s = {.in = "abc", .len = 3, .room = 0};
    test_mem_init(&t);
    start(&s, &t);
    CHECK_INT(tw_stream_some(&s.st, 1), 1);
    CHECK_INT(tw_stream_write(&s.st, "lost", 4), 4);
    CHECK_INT(tw_stream_close(&s.st), -EIO);
    CHECK(tw_stream_close(&s.st) == 0 && tw_stream_line(&s.st) == TW_ECLOSED);
    CHECK(s.closed == 1 && s.outlen == 0 && t.blocks == 0);
}

/* -- output -------------------------------------------------------------- */

static void output_is_held_back(void)
{
    struct test_mem t;
    struct script s = {.room = 200};
    test_mem_init(&t);
    start(&s, &t);
    s.st.wlimit = 8;
    CHECK_INT(tw_stream_write(&s.st, "abc", 3), 3);
    CHECK_INT(tw_stream_write(&s.st, "defgh", 5), 5);
    CHECK_INT(tw_stream_write(&s.st, "", 0), 0);
    CHECK(s.outlen == 0);
    CHECK_INT(tw_stream_write(&s.st, "i", 1), 1); /* does not fit */
    CHECK_STR(s.out, "abcdefgh");
    CHECK_INT(tw_stream_write(&s.st, "0123456789", 10), 10); /* directly */
    CHECK_STR(s.out, "abcdefghi0123456789");
    CHECK_INT(t.blocks, 0);
    CHECK_INT(tw_stream_flush(&s.st), 0);
    CHECK_INT(tw_stream_write(&s.st, "x", 1), 1);
    CHECK_INT(tw_stream_flush(&s.st), 0);
    CHECK_STR(s.out, "abcdefghi0123456789x");
    CHECK_INT(t.blocks, 0);
    s.st.wlimit = 0;
    CHECK_INT(tw_stream_write(&s.st, "y", 1), 1);
    CHECK_STR(s.out, "abcdefghi0123456789xy");
    CHECK_INT(tw_stream_write(&s.st, NULL, 0), 0);
    tw_stream_close(&s.st);
    CHECK_INT(t.blocks, 0);
}

/* Whatever blocks or fails in between, bytes come out once and in order. */
static void output_that_blocks(void)
{
    static const char text[] = "the quick brown fox jumps over the lazy dog";
    for (size_t limit = 0; limit < 12; limit++)
        for (size_t portion = 1; portion < 12; portion++)
        {
            struct test_mem t;
            struct script s = {.room = 0};
            size_t sent = 0, tries = 0;
            test_mem_init(&t);
            start(&s, &t);
            s.st.wlimit = limit;
            for (; sent < sizeof text && tries < 1000; tries++)
            {
                size_t left = sizeof text - sent;
                s.fault = tries % 7 == 6 ? -ENOBUFS : 0;
                ssize_t n = tw_stream_write(&s.st, text + sent,
                                            left < portion ? left : portion);
                CHECK(n > 0 || n == (s.fault ? s.fault : TW_WANT_WRITE));
                sent += n > 0 ? (size_t)n : 0;
                s.room = tries % 3;
            }
            s.fault = 0;
            for (int rc = -1; rc < 0 && tries < 2000; tries++)
            {
                s.room = tries % 4;
                rc = tw_stream_flush(&s.st);
                CHECK(rc == 0 || rc == TW_WANT_WRITE);
            }
            CHECK_INT(s.outlen, sizeof text);
            CHECK_STR(s.out, text);
            CHECK_INT(t.blocks, 0);
            tw_stream_close(&s.st);
        }
}

/* -- memory -------------------------------------------------------------- */

/* Retries what memory was refused to, then expects all bytes to be there. */
static void use_somehow(struct test_mem *t)
{
    char in[9001];
    struct script s = {.in = in, .len = sizeof in, .end = TW_EOF, .room = 99};
    memset(in, 'i', sizeof in);
    in[sizeof in - 1] = '\n';
    tw_stream_init(&s.st, &ops, &t->mem);
    ssize_t rc = -ENOMEM;
    for (int i = 0; i < 3 && rc == -ENOMEM; i++)
        rc = tw_stream_line(&s.st);
    CHECK(rc == (ssize_t)sizeof in || (rc == -ENOMEM && t->and_on));
    if (rc > 0)
        CHECK(memcmp(tw_buf_data(&s.st.rbuf), in, sizeof in) == 0);
    size_t len = tw_buf_len(&s.st.rbuf);
    bool back = tw_stream_unread(&s.st, in, 5000);
    CHECK_INT(tw_buf_len(&s.st.rbuf), back ? len + 5000 : len);
    rc = -ENOMEM;
    for (int i = 0; i < 2 && rc == -ENOMEM; i++)
        rc = tw_stream_write(&s.st, "abc", 3);
    CHECK(rc == 3 || (rc == -ENOMEM && t->and_on));
    CHECK_INT(tw_stream_flush(&s.st), 0);
    CHECK_STR(s.out, rc == 3 ? "abc" : "");
    tw_stream_close(&s.st);
}

static void without_memory(void)
{
    test_mem_each(use_somehow);
}

int main(void)
{
    TAP_CASE(whole_inputs);
    TAP_CASE(every_end);
    TAP_CASE(at_a_guard_page);
    TAP_CASE(some_gives_what_is_there);
    TAP_CASE(limits_of_lines);
    TAP_CASE(long_numerals);
    TAP_CASE(exact_mode_takes_no_more);
    TAP_CASE(asks_for_more_when_busy);
    TAP_CASE(unread_comes_back);
    TAP_CASE(closes_once);
    TAP_CASE(output_is_held_back);
    TAP_CASE(output_that_blocks);
    TAP_CASE(without_memory);
    return tap_done();
}
