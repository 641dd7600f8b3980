/*
 * Requests: any bytes as the head of one, in any pieces.
 */
#include "http_fields.h"
#include "http_heads.h"

#include "mod/http/target.h"

static bool is_method(const struct tw_http_head *head, const char *data,
                      const char *name)
{
    return head->method.len == strlen(name) &&
           memcmp(data + head->method.at, name, head->method.len) == 0;
}

static void check_target(const struct tw_http_head *head, const char *data)
{
    const char *target = data + head->target.at;
    size_t len = head->target.len, at;
    FUZZ_CHECK(tw_http_is_token(data + head->method.at, head->method.len));
    FUZZ_CHECK(len > 0 && tw_http_skip(target, 0, len, TW_HTTP_TARGET) == len);
    FUZZ_CHECK(head->target.at == head->method.at + head->method.len + 1);
    if (is_method(head, data, "CONNECT"))
        FUZZ_CHECK(tw_http_is_authority(target, len, true) &&
                   head->framing == TW_HTTP_NONE);
    else if (*target == '*')
        FUZZ_CHECK(len == 1 && is_method(head, data, "OPTIONS"));
    else if (*target != '/')
        FUZZ_CHECK(tw_http_authority(target, len, &at) > 0);
}

static void check_host(const struct tw_http_head *head, const char *data)
{
    int hosts = heads_count(head, data, "host");
    const struct tw_http_field *host =
        tw_http_find(head, data, "HOST", 4, NULL);
    FUZZ_CHECK(hosts == 1 || (hosts == 0 && head->minor == 0));
    FUZZ_CHECK(!host || tw_http_is_authority(data + host->value.at,
                                             host->value.len, false));
}

/* What was let pass, once more: plain, and behind an empty line. */
static void check_again(const struct tw_http_head *head, const char *data)
{
    static char text[HEADS_TEXT];
    int len =
        sprintf(text, "\r\n%.*s %.*s HTTP/1.%d\r\n", (int)head->method.len,
                data + head->method.at, (int)head->target.len,
                data + head->target.at, head->minor);
    heads_check_again(head, data, text, (size_t)len, tw_http_request);
    memmove(text, text + 2, (size_t)len);
    heads_check_again(head, data, text, (size_t)len - 2, tw_http_request);
}

int FUZZ_TARGET(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, size};
    struct tw_http_limits limits = heads_limits(fuzz_byte(&in));
    int rc = heads_scan(&in, &limits, fuzz_byte(&in) % 16);
    struct tw_http_field fields[HEADS_ROOM];
    struct tw_http_head head = {.fields = fields, .room = HEADS_ROOM};
    if (rc > 0)
        in.size = (size_t)rc;
    char *text = fuzz_text(&in);
    /* Also what does not end. */
    if (heads_read(&head, text, in.size, tw_http_request))
    {
        FUZZ_CHECK(rc > 0 || rc == -414 || rc == -431);
        check_target(&head, text);
        check_host(&head, text);
        uint32_t line = head.target.at + head.target.len + 11;
        heads_check_fields(&head, text, line);
        heads_check_framing(&head, text);
        FUZZ_CHECK(head.framing != TW_HTTP_UNTIL_CLOSE);
        check_again(&head, text);
    }
    free(text);
    return 0;
}
