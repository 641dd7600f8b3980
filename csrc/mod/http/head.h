/*
 * The heads of HTTP/1.1 messages: strict (RFC 9112), without I/O, and in
 * positions, not copies. A head is found first, in whatever pieces it comes
 * (tw_http_scan), then read once when all of it is there.
 *
 * Failures are minus the status to answer with: -400, -414 (first line too
 * long), -417 (an expectation other than 100-continue), -431 (fields too long
 * or too many), -501 (a transfer coding that is not known), -505 (a version
 * that is not 1.0 or 1.1).
 */
#ifndef TW_MOD_HTTP_HEAD_H
#define TW_MOD_HTTP_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of a head: `len` from its byte `at` on. */
struct tw_http_span
{
    uint32_t at, len;
};

struct tw_http_field
{
    struct tw_http_span name, value; /* without the white space around it */
};

struct tw_http_limits
{
    uint32_t line;   /* bytes of the first line, without its end */
    uint32_t head;   /* bytes of the whole head, empty line included */
    uint32_t fields; /* how many there may be */
};

enum
{
    TW_HTTP_LINE = 8192, /* the defaults */
    TW_HTTP_HEAD = 32768,
    TW_HTTP_FIELDS = 100
};

/* How the length of a message's body is known. */
enum tw_http_framing
{
    TW_HTTP_NONE,   /* there is none */
    TW_HTTP_LENGTH, /* `length` bytes */
    TW_HTTP_CHUNKED,
    TW_HTTP_UNTIL_CLOSE /* of a response only */
};

/* The fields that decide how a message is read. */
enum tw_http_known
{
    TW_HTTP_HAS_HOST = 1,
    TW_HTTP_HAS_LENGTH = 2,
    TW_HTTP_HAS_CODING = 4, /* Transfer-Encoding */
    TW_HTTP_HAS_CONNECTION = 8,
    TW_HTTP_HAS_UPGRADE = 16,
    TW_HTTP_HAS_EXPECT = 32
};

/* What has been looked at of a head that is still coming; starts zeroed. */
struct tw_http_scan
{
    uint32_t seen;  /* bytes */
    uint32_t line;  /* where the line that is coming begins */
    uint32_t lines; /* that are complete; set to 1 for a section of fields */
};

struct tw_http_head
{
    /* Set by the caller: */
    struct tw_http_field *fields;
    uint32_t room; /* how many fit there; more are -431 */

    uint32_t nfields;
    uint32_t size;   /* bytes of the head */
    uint8_t minor;   /* of the version: 0 or 1 */
    uint8_t framing; /* enum tw_http_framing */
    bool keep;       /* the connection outlives the exchange */
    bool upgrade;    /* Connection names it, and there is an Upgrade */
    bool expect;     /* Expect: 100-continue (of a 1.1 request) */
    uint8_t known;   /* bits of enum tw_http_known: fields that were there */
    int16_t status;  /* of a response */
    int64_t length;  /* of the body, if TW_HTTP_LENGTH */
    struct tw_http_span method, target; /* of a request */
    struct tw_http_span reason;         /* of a response; may be empty */
    const char *why; /* after a failure: what is wrong, for people */
};

/*
 * Looks for the end of a head that begins at `data`, of which `len` bytes are
 * there by now: its length with the empty line, 0 if that has not come yet (to
 * be called again with `scan` and more; with less, nothing happens), or a
 * failure, at the first byte that makes it one: a control byte (a CR or LF that
 * is not a line's end included), or more than `limits` allows. `why` as of the
 * head.
 *
 * One empty line in front of a request is let pass (RFC 9112 2.2). It counts as
 * part of the head: positions are from `data` on all the same.
 */
int tw_http_scan(struct tw_http_scan *scan, const char *data, size_t len,
                 const struct tw_http_limits *limits, const char **why);

/*
 * Reads a request head of `len` bytes, all of it as tw_http_scan found it. 0
 * or a failure. Everything that makes two readers disagree about where a
 * message ends is refused: see RFC 9112 sections 2.2, 3, 5.1, 6 and 11.
 */
int tw_http_request(struct tw_http_head *head, const char *data, size_t len);

/* Ditto, of a response to a request with that method ("HEAD", "CONNECT" change
   what follows). The space in front of a reason that is empty may lack. */
int tw_http_response(struct tw_http_head *head, const char *data, size_t len,
                     const char *method);

/* Ditto, of the fields alone, as in a trailer section: sets `fields`, `nfields`
   and `known`, and does not look at what known fields say. Without `fields`
   they are only checked. */
int tw_http_fields(struct tw_http_head *head, const char *data, size_t len);

/* The first field of that name (any case) after `after`, or of all if that is
   NULL; NULL if there is none. */
const struct tw_http_field *tw_http_find(const struct tw_http_head *head,
                                         const char *data, const char *name,
                                         size_t len,
                                         const struct tw_http_field *after);

#endif
