/*
 * A chunked body is read byte by byte where it is not the body's own:
 *
 *   SIZE -> [BLANK] -> [EXTENSION] -> SIZE_LF -> DATA -> DATA_CR -> DATA_LF --+
 *     ^                                  |                                    |
 *     |                                  v (size 0)                           |
 *     |                               TRAILERS -> done                        |
 *     +-----------------------------------------------------------------------+
 */
#include "mod/http/body.h"

#include "mod/http/text.h"

enum
{
    SIZE_DIGITS = 16 /* of a chunk's size, zeros in front included */
};

enum state
{
    SIZE,
    BLANK,
    EXTENSION,
    SIZE_LF,
    DATA,
    DATA_CR,
    DATA_LF,
    TRAILERS
};

static int fail(struct tw_http_body *body, int status, const char *why)
{
    body->why = why;
    return -status;
}

void tw_http_body_begin(struct tw_http_body *body,
                        const struct tw_http_head *head,
                        const struct tw_http_limits *limits)
{
    *body = (struct tw_http_body){.framing = head->framing, .limits = *limits};
    body->left =
        head->framing == TW_HTTP_LENGTH ? (uint64_t)head->length : UINT64_MAX;
    body->done = head->framing == TW_HTTP_NONE || body->left == 0;
}

/* -- the lines in front of the chunks ------------------------------------- */

/* What ends the digits of a size. RFC 9112 7.1.1: blanks only in front of an
   extension. */
static int end_size(struct tw_http_body *body, char c)
{
    if (body->digits == 0)
        return fail(body, 400, "a chunk without a size");
    if (c != '\r' && c != ';' && c != ' ' && c != '\t')
        return fail(body, 400, "a byte that no chunk's size may have");
    body->state = c == '\r' ? SIZE_LF : c == ';' ? EXTENSION : BLANK;
    return 0;
}

static int read_size(struct tw_http_body *body, char c)
{
    if (!tw_http_is(c, TW_HTTP_HEX))
        return end_size(body, c);
    unsigned digit = tw_http_hex(c);
    body->left = body->digits == 0 ? digit : body->left << 4 | digit;
    if (++body->digits > SIZE_DIGITS || body->left > INT64_MAX)
        return fail(body, 400, "a chunk's size that is too large");
    return 0;
}

/* Counts a byte that says nothing: there may not be many. */
static int count_extension(struct tw_http_body *body)
{
    if (++body->extension > TW_HTTP_EXTENSION ||
        ++body->extensions > TW_HTTP_EXTENSIONS)
        return fail(body, 413, "chunk extensions that are too long");
    return 0;
}

static int read_blank(struct tw_http_body *body, char c)
{
    if (c != ' ' && c != '\t' && c != ';')
        return fail(body, 400, "space behind a chunk's size");
    if (c == ';')
        body->state = EXTENSION;
    return count_extension(body);
}

static int read_extension(struct tw_http_body *body, char c)
{
    if (c == '\r')
    {
        body->state = SIZE_LF;
        return 0;
    }
    if (!tw_http_is(c, TW_HTTP_TEXT))
        return fail(body, 400, "a byte that no chunk extension may have");
    return count_extension(body);
}

static int read_size_lf(struct tw_http_body *body, char c)
{
    if (c != '\n')
        return fail(body, 400, "a CR without LF");
    body->state = body->left == 0 ? TRAILERS : DATA;
    body->digits = 0;
    body->extension = 0;
    body->scan = (struct tw_http_scan){.lines = 1};
    return 0;
}

static int read_data_cr(struct tw_http_body *body, char c)
{
    if (c != '\r')
        return fail(body, 400, "a chunk that is longer than its size");
    body->state = DATA_LF;
    return 0;
}

static int read_data_lf(struct tw_http_body *body, char c)
{
    if (c != '\n')
        return fail(body, 400, "a CR without LF");
    body->state = SIZE;
    return 0;
}

static int (*const readers[])(struct tw_http_body *, char) = {
    [SIZE] = read_size,           [BLANK] = read_blank,
    [EXTENSION] = read_extension, [SIZE_LF] = read_size_lf,
    [DATA_CR] = read_data_cr,     [DATA_LF] = read_data_lf,
};

/* -- pieces --------------------------------------------------------------- */

/* The body's own bytes, as many as there are. */
static int64_t take(struct tw_http_body *body, size_t at, size_t len,
                    struct tw_http_span *piece)
{
    uint64_t n = len - at < body->left ? len - at : body->left;
    *piece = (struct tw_http_span){(uint32_t)at, (uint32_t)n};
    if (body->framing != TW_HTTP_UNTIL_CLOSE)
        body->left -= n;
    return (int64_t)n;
}

/* RFC 9110 6.5.1: a trailer comes too late to say how a message is read. What
   fails here fails again when it is asked again. */
static int64_t read_trailers(struct tw_http_body *body, const char *data,
                             size_t at, size_t len)
{
    struct tw_http_head head = {.room = body->limits.fields};
    struct tw_http_scan scan = body->scan;
    int size =
        tw_http_scan(&scan, data + at, len - at, &body->limits, &body->why);
    if (size == 0)
        body->scan = scan;
    if (size <= 0)
        return size;
    int rc = tw_http_fields(&head, data + at, (size_t)size);
    if (rc == 0 && head.known)
        return fail(body, 400, "a trailer that may only be a header");
    if (rc < 0)
        return fail(body, -rc, head.why);
    if (head.nfields > 0)
        body->trailers = (struct tw_http_span){(uint32_t)at, (uint32_t)size};
    body->done = true;
    return size;
}

/* One step of a chunked body from `at` on: how many bytes it took, 0 if it
   needs more of them, or a failure. */
static int64_t step(struct tw_http_body *body, const char *data, size_t at,
                    size_t len, struct tw_http_span *piece)
{
    if (body->state == TRAILERS)
        return read_trailers(body, data, at, len);
    if (body->state != DATA)
    {
        int rc = readers[body->state](body, data[at]);
        return rc < 0 ? rc : 1;
    }
    if (piece->len > 0)
        return 0;
    int64_t n = take(body, at, len, piece);
    if (body->left == 0)
        body->state = DATA_CR;
    return n;
}

int64_t tw_http_body_read(struct tw_http_body *body, const char *data,
                          size_t len, struct tw_http_span *piece)
{
    size_t at = 0;
    *piece = (struct tw_http_span){0, 0};
    if (len > INT32_MAX)
        len = INT32_MAX;
    if (body->done || len == 0)
        return 0;
    if (body->framing != TW_HTTP_CHUNKED)
    {
        int64_t n = take(body, 0, len, piece);
        body->done = body->left == 0;
        return n;
    }
    while (at < len && !body->done)
    {
        int64_t n = step(body, data, at, len, piece);
        /* What came before a failure is handed out before it. */
        if (n <= 0)
            return at > 0 ? (int64_t)at : n;
        at += (size_t)n;
    }
    return (int64_t)at;
}
