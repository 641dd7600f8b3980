/*
 * Chunked bodies: any bytes as one, in any pieces; and any body, cut into any
 * chunks.
 */
#include "fuzz.h"
#include "mod/http/body.h"

enum
{
    ENCODED_MAX = 1 << 17
};

/* What has been read of a body. */
struct result
{
    struct tw_http_body body;
    char *bytes; /* its own */
    size_t len;
    size_t read; /* of the input */
    char *trailers;
    size_t trailers_len;
    int64_t rc;
};

static void begin(struct result *r, size_t size)
{
    static const struct tw_http_head head = {.framing = TW_HTTP_CHUNKED};
    static const struct tw_http_limits limits = {100, 200, 5};
    *r = (struct result){.bytes = malloc(size + 1), .trailers = NULL};
    FUZZ_CHECK(r->bytes);
    tw_http_body_begin(&r->body, &head, &limits);
}

static void end(struct result *r)
{
    free(r->bytes);
    free(r->trailers);
}

static void keep_trailers(struct result *r, const char *data)
{
    struct tw_http_span span = r->body.trailers;
    FUZZ_CHECK(r->body.done && span.at + span.len == (uint64_t)r->rc);
    r->trailers = malloc(span.len);
    FUZZ_CHECK(r->trailers);
    memcpy(r->trailers, data + span.at, span.len);
    r->trailers_len = span.len;
}

/* One call, on memory that ends with the bytes given. */
static void read_once(struct result *r, const uint8_t *data, size_t len)
{
    struct fuzz_input in = {data, len};
    struct tw_http_span piece = {1, 1};
    char *text = fuzz_text(&in);
    r->rc = tw_http_body_read(&r->body, text, len, &piece);
    FUZZ_CHECK(r->rc <= (int64_t)len);
    FUZZ_CHECK(piece.at + (int64_t)piece.len <= (r->rc > 0 ? r->rc : 0));
    memcpy(r->bytes + r->len, text + piece.at, piece.len);
    r->len += piece.len;
    if (r->rc > 0)
        r->read += (size_t)r->rc;
    if (r->body.trailers.len > 0)
        keep_trailers(r, text);
    free(text);
}

/* Gives all, `piece` bytes more at a time, until it ends or fails. */
static void give(struct result *r, const struct fuzz_input *in, size_t piece)
{
    size_t there = 0;
    begin(r, in->size);
    while (there < in->size && r->rc >= 0 && !r->body.done)
    {
        there += piece < in->size - there ? piece : in->size - there;
        do
            read_once(r, in->data + r->read, there - r->read);
        while (r->rc > 0 && !r->body.done);
    }
    FUZZ_CHECK((r->rc < 0) == (r->body.why != NULL));
}

static void check_same(const struct result *a, const struct result *b)
{
    FUZZ_CHECK(a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0);
    FUZZ_CHECK(a->body.done == b->body.done && a->body.why == b->body.why);
    FUZZ_CHECK(a->read == b->read);
    FUZZ_CHECK((a->rc < 0 ? a->rc : 0) == (b->rc < 0 ? b->rc : 0));
    FUZZ_CHECK(a->trailers_len == b->trailers_len);
    FUZZ_CHECK(a->trailers_len == 0 ||
               memcmp(a->trailers, b->trailers, a->trailers_len) == 0);
}

/* A reader of another make, for bodies that are well-formed: the body's bytes
   are those of `r`, and the last chunk is where it says. */
static void check_decoded(const struct result *r, const char *text)
{
    const char *at = text, *bytes = r->bytes;
    unsigned long long size;
    while ((size = strtoull(at, NULL, 16)) > 0)
    {
        at = strchr(at, '\n') + 1;
        FUZZ_CHECK(memcmp(bytes, at, size) == 0);
        bytes += size;
        at += size + 2;
        FUZZ_CHECK(at[-2] == '\r' && at[-1] == '\n');
    }
    at = strchr(at, '\n') + 1;
    FUZZ_CHECK(bytes == r->bytes + r->len);
    FUZZ_CHECK(at + (r->trailers_len ? r->trailers_len : 2) == text + r->read);
}

static void decode(struct fuzz_input *in)
{
    struct result whole, pieces;
    size_t piece = 1 + fuzz_byte(in) % 16;
    char *text = fuzz_text(in);
    give(&whole, in, in->size + 1);
    give(&pieces, in, piece);
    check_same(&whole, &pieces);
    if (whole.body.done)
        check_decoded(&whole, text);
    free(text);
    end(&whole);
    end(&pieces);
}

/* A body in chunks as long as the bytes in front of them say. */
static void encode(struct fuzz_input *in)
{
    static char encoded[ENCODED_MAX];
    struct result r;
    size_t piece = 1 + fuzz_byte(in) % 16, len = 0, n = 0;
    char *body = fuzz_text(in);
    uint8_t size;
    while ((size = fuzz_byte(in)) > 0 && in->size > 0 && n < 4096)
    {
        size_t part = size < in->size ? size : in->size;
        len += (size_t)sprintf(encoded + len, "%0*zX%s\r\n", size % 5, part,
                               size % 3 ? "" : ";a=\"b\"");
        memcpy(encoded + len, in->data, part);
        memcpy(body + n, in->data, part);
        len += part;
        n += part;
        in->data += part;
        in->size -= part;
        len += (size_t)sprintf(encoded + len, "\r\n");
    }
    len += (size_t)sprintf(encoded + len, "0\r\n\r\n");
    struct fuzz_input all = {(const uint8_t *)encoded, len};
    give(&r, &all, piece);
    FUZZ_CHECK(r.body.done && r.read == len && r.len == n);
    FUZZ_CHECK(memcmp(r.bytes, body, n) == 0);
    end(&r);
    free(body);
}

int FUZZ_TARGET(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, size};
    if (fuzz_byte(&in) & 1)
        encode(&in);
    else
        decode(&in);
    return 0;
}
