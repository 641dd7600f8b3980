/* Reads are one loop: look at what is buffered, fetch more, look again. */
#include "core/stream.h"

#include <string.h>

/* A read asks for little first, so that an idle stream is cheap to wake, and
   for twice as much each time the peer fills it. */
enum
{
    CHUNK_MIN = 4096,
    CHUNK_MAX = 65536,
    NUMERAL_MAX = 200
};

void tw_stream_init(struct tw_stream *st, const struct tw_stream_ops *ops,
                    const struct tw_mem *mem)
{
    *st = (struct tw_stream){
        .ops = ops,
        .max = TW_STREAM_MAX,
        .max_all = TW_STREAM_MAX_ALL,
        .wlimit = TW_STREAM_WBUF,
        .chunk = CHUNK_MIN,
    };
    tw_buf_init(&st->rbuf, mem);
    tw_buf_init(&st->wbuf, mem);
}

int tw_stream_close(struct tw_stream *st)
{
    const struct tw_stream_ops *ops = st->ops;
    if (!ops)
        return 0;
    st->ops = NULL;
    tw_buf_deinit(&st->rbuf);
    tw_buf_deinit(&st->wbuf);
    return ops->close(st);
}

static void release_if_empty(struct tw_buf *b)
{
    if (tw_buf_len(b) == 0)
        tw_buf_deinit(b);
}

/*
 * Fetches more input: > 0 bytes, TW_EOF, TW_WANT_*, or an error. `need` is
 * what the read surely lacks; only a stream in exact mode cares.
 */
static ssize_t fill(struct tw_stream *st, size_t need)
{
    if (!st->ops)
        return TW_ECLOSED;
    char *room = tw_buf_reserve(&st->rbuf, st->chunk);
    if (!room)
        return -ENOMEM;
    size_t size = st->rbuf.cap - st->rbuf.end;
    if (st->exact && need < size)
        size = need;
    ssize_t n = st->ops->read(st, room, size);
    if (n > 0)
        tw_buf_commit(&st->rbuf, (size_t)n);
    else
        release_if_empty(&st->rbuf);
    if (n > 0 && (size_t)n == size && st->chunk < CHUNK_MAX)
        st->chunk *= 2;
    else if (n == TW_WANT_READ)
        st->chunk = CHUNK_MIN;
    return n;
}

static bool find(struct tw_stream *st, const char *delim, size_t dlen,
                 size_t *end)
{
    const char *data = tw_buf_data(&st->rbuf);
    size_t len = tw_buf_len(&st->rbuf);
    if (len - st->scanned < dlen)
        return false;
    const char *hit =
        dlen == 1 ? memchr(data + st->scanned, delim[0], len - st->scanned)
                  : memmem(data + st->scanned, len - st->scanned, delim, dlen);
    if (hit)
        *end = (size_t)(hit - data) + dlen;
    else
        st->scanned = len - dlen + 1; /* the delimiter may be half there */
    return hit != NULL;
}

ssize_t tw_stream_until(struct tw_stream *st, const char *delim, size_t dlen,
                        size_t max)
{
    size_t end = 0;
    ssize_t rc = 1;
    while (rc > 0)
    {
        if (find(st, delim, dlen, &end))
            return end <= max ? (ssize_t)end : TW_ETOOLONG;
        if (tw_buf_len(&st->rbuf) >= max)
            return TW_ETOOLONG;
        rc = fill(st, 1);
    }
    return rc;
}

static ssize_t rest_or_eof(struct tw_stream *st)
{
    size_t len = tw_buf_len(&st->rbuf);
    return len ? (ssize_t)len : TW_EOF;
}

ssize_t tw_stream_line(struct tw_stream *st)
{
    ssize_t rc = tw_stream_until(st, "\n", 1, st->max);
    return rc == TW_EOF ? rest_or_eof(st) : rc;
}

ssize_t tw_stream_exact(struct tw_stream *st, size_t n)
{
    ssize_t rc = 1;
    while (rc > 0)
    {
        size_t len = tw_buf_len(&st->rbuf);
        if (len >= n)
            return (ssize_t)n;
        rc = fill(st, n - len);
    }
    return rc;
}

ssize_t tw_stream_count(struct tw_stream *st, size_t n)
{
    ssize_t rc = tw_stream_exact(st, n);
    return rc == TW_EOF ? rest_or_eof(st) : rc;
}

ssize_t tw_stream_some(struct tw_stream *st, size_t max)
{
    ssize_t rc = tw_buf_len(&st->rbuf) ? 1 : fill(st, max);
    size_t len = tw_buf_len(&st->rbuf);
    return rc < 0 ? rc : (ssize_t)(len < max ? len : max);
}

ssize_t tw_stream_all(struct tw_stream *st, size_t max)
{
    ssize_t rc = 1;
    while (rc > 0)
    {
        if (tw_buf_len(&st->rbuf) > max)
            return TW_ETOOLONG;
        rc = fill(st, SIZE_MAX);
    }
    return rc == TW_EOF ? (ssize_t)tw_buf_len(&st->rbuf) : rc;
}

/* Drops leading white space: 0, or why there is no byte after it. A peer that
   sends nothing else is left for a while after each chunk of it. */
static ssize_t skip_space(struct tw_stream *st)
{
    size_t dropped = 0;
    ssize_t rc = 1;
    while (rc > 0)
    {
        const char *data = tw_buf_data(&st->rbuf);
        size_t len = tw_buf_len(&st->rbuf), n = 0;
        while (n < len && memchr(" \t\n\v\f\r", data[n], 6))
            n++;
        tw_buf_consume(&st->rbuf, n);
        dropped += n;
        if (n < len)
            return 0;
        rc = dropped > CHUNK_MAX ? TW_WANT_RETRY : fill(st, 1);
    }
    return rc;
}

/* One run of digits or hexadecimal digits from `i` on. */
static size_t digits(const char *s, size_t i, size_t len, bool hex)
{
    const char *set = hex ? "0123456789abcdefABCDEF" : "0123456789";
    while (i < len && s[i] && strchr(set, s[i]))
        i++;
    return i;
}

static size_t one_of(const char *s, size_t i, size_t len, const char *set)
{
    return i < len && s[i] && strchr(set, s[i]) ? i + 1 : i;
}

/* Length of the longest prefix that could begin a Lua numeral. */
static size_t numeral(const char *s, size_t len)
{
    size_t i = one_of(s, 0, len, "+-");
    size_t zero = one_of(s, i, len, "0");
    size_t x = zero > i ? one_of(s, zero, len, "xX") : zero;
    bool hex = x > zero;
    size_t first = hex ? x : i;
    i = digits(s, first, len, hex);
    size_t point = one_of(s, i, len, ".");
    size_t end = digits(s, point, len, hex);
    if (i == first && end == point)
        return end; /* only after a digit does an exponent begin */
    size_t exp = one_of(s, end, len, hex ? "pP" : "eE");
    if (exp > end)
        end = digits(s, one_of(s, exp, len, "+-"), len, false);
    return end;
}

ssize_t tw_stream_numeral(struct tw_stream *st)
{
    ssize_t rc = skip_space(st);
    if (rc < 0)
        return rc;
    size_t len = 0, n = 0;
    do
    {
        len = tw_buf_len(&st->rbuf);
        n = numeral(tw_buf_data(&st->rbuf), len);
        if (n > NUMERAL_MAX)
            return TW_ETOOLONG;
        if (n < len)
            return (ssize_t)n;
        rc = fill(st, 1);
    } while (rc > 0);
    return rc == TW_EOF ? (ssize_t)n : rc;
}

ssize_t tw_stream_frame(struct tw_stream *st, const struct tw_frame *frame,
                        size_t max)
{
    ssize_t rc = tw_stream_exact(st, frame->width);
    if (rc < 0)
        return rc;
    uint64_t len = tw_frame_decode(frame, tw_buf_data(&st->rbuf));
    if (len > max || len > SIZE_MAX / 2)
        return TW_ETOOLONG;
    rc = tw_stream_exact(st, frame->width + (size_t)len);
    if (rc < 0)
        return rc;
    tw_buf_consume(&st->rbuf, frame->width);
    return (ssize_t)len;
}

void tw_stream_take(struct tw_stream *st, size_t n)
{
    tw_buf_consume(&st->rbuf, n);
    st->scanned = 0;
}

bool tw_stream_unread(struct tw_stream *st, const char *data, size_t len)
{
    return tw_buf_prepend(&st->rbuf, data, len);
}

int tw_stream_flush(struct tw_stream *st)
{
    while (tw_buf_len(&st->wbuf) > 0)
    {
        ssize_t n =
            st->ops->write(st, tw_buf_data(&st->wbuf), tw_buf_len(&st->wbuf));
        if (n < 0)
            return (int)n;
        tw_buf_consume(&st->wbuf, (size_t)n);
    }
    release_if_empty(&st->wbuf);
    return 0;
}

ssize_t tw_stream_write(struct tw_stream *st, const char *data, size_t len)
{
    size_t held = tw_buf_len(&st->wbuf);
    if (held && (len > st->wlimit || held > st->wlimit - len))
    {
        int rc = tw_stream_flush(st);
        if (rc < 0)
            return rc;
        held = 0;
    }
    if (!held && len >= st->wlimit)
        return len ? st->ops->write(st, data, len) : 0;
    return tw_buf_append(&st->wbuf, data, len) ? (ssize_t)len : -ENOMEM;
}
