/* What must hold of the fields of every HTTP head. */
#ifndef SPEC_FUZZ_HTTP_FIELDS_H
#define SPEC_FUZZ_HTTP_FIELDS_H

#include "fuzz.h"
#include "mod/http/head.h"
#include "mod/http/text.h"

#include <strings.h>

/* Where lines end, what fields are, and that they fill the head. */
static inline void heads_check_fields(const struct tw_http_head *head,
                                      const char *data, uint32_t begin)
{
    uint32_t at = begin;
    for (uint32_t i = 0; i < head->nfields; i++)
    {
        struct tw_http_span name = head->fields[i].name,
                            value = head->fields[i].value;
        FUZZ_CHECK(name.at == at && data[name.at + name.len] == ':');
        FUZZ_CHECK(tw_http_is_token(data + name.at, name.len));
        FUZZ_CHECK(tw_http_is_value(data + value.at, value.len));
        FUZZ_CHECK(value.at > name.at + name.len);
        const char *end = memchr(data + at, '\n', head->size - at);
        FUZZ_CHECK(end && end[-1] == '\r');
        at = (uint32_t)(end - data) + 1;
        FUZZ_CHECK(value.at + value.len + 2 <= at);
    }
    FUZZ_CHECK(at + 2 == head->size);
}

/* How many fields have that name, by a reader of another make. */
static inline int heads_count(const struct tw_http_head *head, const char *data,
                              const char *name)
{
    const struct tw_http_field *field = NULL;
    int found = 0, expected = 0;
    for (uint32_t i = 0; i < head->nfields; i++)
        expected += head->fields[i].name.len == strlen(name) &&
                    strncasecmp(data + head->fields[i].name.at, name,
                                strlen(name)) == 0;
    while ((field = tw_http_find(head, data, name, strlen(name), field)))
        found++;
    FUZZ_CHECK(found == expected);
    return found;
}

/* What no head may have that was let pass. */
static inline void heads_check_framing(const struct tw_http_head *head,
                                       const char *data)
{
    int lengths = heads_count(head, data, "content-length");
    int codings = heads_count(head, data, "transfer-encoding");
    FUZZ_CHECK(lengths + codings <= 1);
    FUZZ_CHECK(head->framing != TW_HTTP_LENGTH || lengths == 1);
    FUZZ_CHECK(head->framing != TW_HTTP_CHUNKED || codings == 1);
    FUZZ_CHECK(head->length >= 0);
    FUZZ_CHECK(!head->upgrade || heads_count(head, data, "upgrade") > 0);
    FUZZ_CHECK(head->minor == 1 || (head->minor == 0 && codings == 0));
}

#endif
