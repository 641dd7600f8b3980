/*
 * HTTP heads, for the targets that make them up: what must hold of all, and of
 * the same head in other pieces and written again.
 */
#ifndef SPEC_FUZZ_HTTP_HEADS_H
#define SPEC_FUZZ_HTTP_HEADS_H

#include "fuzz.h"
#include "mod/http/head.h"

enum
{
    HEADS_ROOM = 64,
    HEADS_TEXT = 1 << 17
};

/* Reads a head that has been found, as a target does. */
typedef int heads_parse(struct tw_http_head *head, const char *data,
                        size_t len);

/* Some, so small that inputs reach them. */
static inline struct tw_http_limits heads_limits(uint8_t choice)
{
    static const uint32_t of[][3] = {
        {8192, 32768, 60}, {20, 32768, 60}, {8192, 64, 60}, {8192, 200, 2}};
    const uint32_t *some = of[choice % 4];
    return (struct tw_http_limits){some[0], some[1], some[2]};
}

/* Gives `piece` bytes more at a time, each time at the end of their memory. */
static inline int heads_scan_pieces(const struct fuzz_input *in,
                                    const struct tw_http_limits *limits,
                                    size_t piece, const char **why)
{
    struct tw_http_scan scan = {0};
    int rc = 0;
    size_t n = 0;
    do
    {
        n = n + piece < in->size ? n + piece : in->size;
        char *text = malloc(n ? n : 1);
        FUZZ_CHECK(text);
        if (n)
            memcpy(text, in->data, n);
        rc = tw_http_scan(&scan, text, n, limits, why);
        free(text);
    } while (rc == 0 && n < in->size);
    return rc;
}

/* How long the head is, or what is wrong: whatever the pieces. */
static inline int heads_scan(const struct fuzz_input *in,
                             const struct tw_http_limits *limits, size_t piece)
{
    const char *why = NULL, *again = NULL;
    int rc = heads_scan_pieces(in, limits, in->size + 1, &why);
    FUZZ_CHECK(heads_scan_pieces(in, limits, 1 + piece, &again) == rc);
    FUZZ_CHECK((rc < 0) == (why != NULL) && why == again);
    FUZZ_CHECK(rc <= (int)limits->head && rc <= (int)in->size);
    FUZZ_CHECK(rc >= 0 || rc == -400 || rc == -414 || rc == -431);
    FUZZ_CHECK(rc <= 0 || memcmp(in->data + rc - 4, "\r\n\r\n", 4) == 0);
    return rc;
}

static inline bool heads_same(const struct tw_http_head *a,
                              const struct tw_http_head *b)
{
    return a->nfields == b->nfields && a->minor == b->minor &&
           a->framing == b->framing && a->keep == b->keep &&
           a->upgrade == b->upgrade && a->expect == b->expect &&
           a->known == b->known && a->status == b->status &&
           a->length == b->length && a->method.len == b->method.len &&
           a->target.len == b->target.len && a->reason.len == b->reason.len;
}

/* The fields once more, in the plainest form, behind a start line of `len`
   bytes at `text`: the same is read. */
static inline void heads_check_again(const struct tw_http_head *head,
                                     const char *data, char *text, size_t len,
                                     heads_parse *parse)
{
    struct tw_http_field fields[HEADS_ROOM];
    struct tw_http_head again = {.fields = fields, .room = HEADS_ROOM};
    for (uint32_t i = 0; i < head->nfields; i++)
    {
        struct tw_http_span name = head->fields[i].name,
                            value = head->fields[i].value;
        len += (size_t)sprintf(text + len, "%.*s: %.*s\r\n", (int)name.len,
                               data + name.at, (int)value.len, data + value.at);
    }
    len += (size_t)sprintf(text + len, "\r\n");
    FUZZ_CHECK(parse(&again, text, len) == 0);
    FUZZ_CHECK(heads_same(head, &again));
}

/* Reads the head of `size` bytes; true if it is one. */
static inline bool heads_read(struct tw_http_head *head, const char *data,
                              size_t size, heads_parse *parse)
{
    int rc = parse(head, data, size);
    FUZZ_CHECK(rc == 0 || (rc <= -400 && rc > -600));
    FUZZ_CHECK((rc < 0) == (head->why != NULL));
    FUZZ_CHECK(head->nfields <= head->room && head->size == size);
    return rc == 0;
}

#endif
