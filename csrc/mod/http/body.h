/*
 * The bodies of HTTP/1.1 messages as they come (RFC 9112 6, 7): where in the
 * bytes that have arrived the body's own are. Without I/O and without copies.
 */
#ifndef TW_MOD_HTTP_BODY_H
#define TW_MOD_HTTP_BODY_H

#include "mod/http/head.h"

enum
{
    TW_HTTP_EXTENSION = 1024,  /* most bytes of a chunk's extensions, and ... */
    TW_HTTP_EXTENSIONS = 65536 /* ... of all of them in a body */
};

struct tw_http_body
{
    struct tw_http_span trailers; /* once done: the section of them, within
                                     the last bytes that were counted as read;
                                     empty if there was none */
    bool done;                    /* the body has ended */
    const char *why;              /* after a failure */

    /* -- private ---------------------------------------------------------- */
    uint8_t framing;
    uint8_t state;
    uint8_t digits;           /* of the chunk's size so far */
    uint32_t extension;       /* bytes of the chunk's so far */
    uint32_t extensions;      /* of all */
    uint64_t left;            /* of the body, or of the chunk */
    struct tw_http_scan scan; /* of the trailer section */
    struct tw_http_limits limits;
};

/* Starts the body that a head announces; `done` at once if there is none. */
void tw_http_body_begin(struct tw_http_body *body,
                        const struct tw_http_head *head,
                        const struct tw_http_limits *limits);

/*
 * Reads on: of the `len` bytes at `data` counts some as read, and sets `piece`
 * to those among them that are the body's (perhaps none: len 0). Returns how
 * many were read: 0 with `done` unset means that more must come first (a
 * trailer section is read only when it is there as a whole, `limits.head` bytes
 * at most). Or a failure: -400, -413 (extensions), -431 (trailers); it comes
 * once what was good before it has been handed out, with nothing read.
 */
int64_t tw_http_body_read(struct tw_http_body *body, const char *data,
                          size_t len, struct tw_http_span *piece);

#endif
