/*
 * HTTP heads and bodies as the tests give them: whole in front of a closed
 * page, in every two pieces, and byte by byte. All must come to the same.
 */
#ifndef SPEC_C_HTTP_H
#define SPEC_C_HTTP_H

#include "guard.h"
#include "mod/http/body.h"
#include "text.h"

/* What reads a head that has been found. */
enum http_kind
{
    HTTP_REQUEST,
    HTTP_RESPONSE,
    HTTP_RESPONSE_TO_HEAD,
    HTTP_RESPONSE_TO_CONNECT,
    HTTP_FIELDS
};

static const struct tw_http_limits http_limits = {TW_HTTP_LINE, TW_HTTP_HEAD,
                                                  TW_HTTP_FIELDS};

/* One head and how it is given; `bytes` may hold NUL. */
struct http_given
{
    enum http_kind kind;
    const char *bytes;
    size_t len;
    const struct tw_http_limits *limits;
};

static inline void http_add_span(struct text *out, const char *data,
                                 struct tw_http_span span)
{
    text_add(out, "%.*s", (int)span.len, data + span.at);
}

static inline int http_parse(const struct http_given *given,
                             struct tw_http_head *head, const char *data,
                             size_t len)
{
    static const char *const methods[] = {[HTTP_RESPONSE] = "GET",
                                          [HTTP_RESPONSE_TO_HEAD] = "HEAD",
                                          [HTTP_RESPONSE_TO_CONNECT] =
                                              "CONNECT"};
    if (given->kind == HTTP_REQUEST)
        return tw_http_request(head, data, len);
    if (given->kind == HTTP_FIELDS)
        return tw_http_fields(head, data, len);
    return tw_http_response(head, data, len, methods[given->kind]);
}

/* What a head says, as one line: its start line, what follows from it, and its
   fields. */
static inline void http_describe(const struct http_given *given,
                                 const struct tw_http_head *head,
                                 const char *data, struct text *out)
{
    static const char *const framings[] = {"none", "length", "chunked",
                                           "until close"};
    if (given->kind == HTTP_REQUEST)
    {
        http_add_span(out, data, head->method);
        text_add(out, " ");
        http_add_span(out, data, head->target);
    }
    else if (given->kind != HTTP_FIELDS)
    {
        text_add(out, "%d ", head->status);
        http_add_span(out, data, head->reason);
    }
    if (given->kind != HTTP_FIELDS)
        text_add(out, " 1.%d %s", head->minor, framings[head->framing]);
    if (head->framing == TW_HTTP_LENGTH)
        text_add(out, " %lld", (long long)head->length);
    text_add(out, "%s%s%s", head->keep ? " keep" : "",
             head->upgrade ? " upgrade" : "", head->expect ? " expect" : "");
    for (uint32_t i = 0; i < head->nfields; i++)
    {
        text_add(out, " [");
        http_add_span(out, data, head->fields[i].name);
        text_add(out, "=");
        http_add_span(out, data, head->fields[i].value);
        text_add(out, "]");
    }
}

/*
 * Gives the first `first` bytes, then `each` more at a time. `out` becomes what
 * the head says, "<status> <why>", or "more"; returns the length of the head.
 */
static inline int http_give(const struct http_given *given, size_t first,
                            size_t each, struct text *out)
{
    struct tw_http_field fields[128];
    struct tw_http_head head = {.fields = fields, .room = 128};
    struct tw_http_scan scan = {.lines = given->kind == HTTP_FIELDS};
    const char *why = NULL, *data = NULL;
    int rc = 0;
    size_t size = 0;
    for (size_t n = first; rc == 0 && n <= given->len; n += each)
    {
        data = (const char *)guard_copy(given->bytes, n);
        rc = tw_http_scan(&scan, data, n, given->limits, &why);
        if (n < given->len && n + each > given->len)
            n = given->len - each;
    }
    text_clear(out);
    if (rc > 0)
    {
        size = (size_t)rc;
        data = (const char *)guard_copy(given->bytes, size);
        rc = http_parse(given, &head, data, size);
        why = head.why;
        http_describe(given, &head, data, out);
    }
    if (rc < 0 || size == 0)
    {
        text_clear(out);
        text_add(out, rc < 0 ? "%d %s" : "more", -rc, why);
    }
    return (int)size;
}

/* True if the head comes to `expected`, in whatever pieces. */
static inline bool http_check(const struct http_given *given,
                              const char *expected)
{
    static struct text out;
    int size = http_give(given, given->len, 1, &out);
    bool ok = CHECK_STR(out.at, expected);
    for (size_t k = 0; ok && k < given->len; k++)
        ok = CHECK_INT(http_give(given, k, given->len - k, &out), size) &&
             CHECK_STR(out.at, expected);
    ok = ok && CHECK_INT(http_give(given, 0, 1, &out), size) &&
         CHECK_STR(out.at, expected);
    if (!ok)
        printf("#   \"%.*s\"\n", (int)given->len, given->bytes);
    return ok;
}

#endif
