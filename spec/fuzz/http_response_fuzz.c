/*
 * Responses: any bytes as the head of one, in any pieces, to any request.
 */
#include "http_fields.h"
#include "http_heads.h"

static int to_get(struct tw_http_head *head, const char *data, size_t len)
{
    return tw_http_response(head, data, len, "GET");
}

static int to_head(struct tw_http_head *head, const char *data, size_t len)
{
    return tw_http_response(head, data, len, "HEAD");
}

static int to_connect(struct tw_http_head *head, const char *data, size_t len)
{
    return tw_http_response(head, data, len, "CONNECT");
}

static void check_body(const struct tw_http_head *head, heads_parse *parse)
{
    bool none = head->status < 200 || head->status == 204 ||
                head->status == 304 || parse == to_head ||
                (parse == to_connect && head->status < 300);
    FUZZ_CHECK(head->status >= 100 && head->status <= 999);
    FUZZ_CHECK(none == (head->framing == TW_HTTP_NONE));
    FUZZ_CHECK(!head->keep || head->framing != TW_HTTP_UNTIL_CLOSE);
    FUZZ_CHECK(!head->expect && head->method.len == 0);
}

static void check_again(const struct tw_http_head *head, const char *data,
                        heads_parse *parse)
{
    static char text[HEADS_TEXT];
    int len = sprintf(text, "HTTP/1.%d %d %.*s\r\n", head->minor, head->status,
                      (int)head->reason.len, data + head->reason.at);
    heads_check_again(head, data, text, (size_t)len, parse);
}

/* A section of fields is what follows the first line. */
static void check_section(const struct tw_http_head *head, const char *data,
                          uint32_t begin)
{
    struct tw_http_field fields[HEADS_ROOM];
    struct tw_http_head section = {.fields = fields, .room = HEADS_ROOM};
    struct tw_http_head counted = {.room = HEADS_ROOM};
    size_t len = head->size - begin;
    FUZZ_CHECK(tw_http_fields(&section, data + begin, len) == 0);
    FUZZ_CHECK(tw_http_fields(&counted, data + begin, len) == 0);
    FUZZ_CHECK(section.nfields == head->nfields);
    FUZZ_CHECK(counted.nfields == head->nfields);
    FUZZ_CHECK(section.known == head->known && counted.known == head->known);
}

int FUZZ_TARGET(const uint8_t *data, size_t size)
{
    static heads_parse *const parsers[] = {to_get, to_head, to_connect};
    struct fuzz_input in = {data, size};
    heads_parse *parse = parsers[fuzz_byte(&in) % 3];
    struct tw_http_limits limits = heads_limits(fuzz_byte(&in));
    int rc = heads_scan(&in, &limits, fuzz_byte(&in) % 16);
    struct tw_http_field fields[HEADS_ROOM];
    struct tw_http_head head = {.fields = fields, .room = HEADS_ROOM};
    if (rc > 0)
        in.size = (size_t)rc;
    char *text = fuzz_text(&in);
    if (heads_read(&head, text, in.size, parse))
    {
        uint32_t line = head.reason.at + head.reason.len + 2;
        FUZZ_CHECK(tw_http_skip_text(text, head.reason.at, line) == line - 2);
        heads_check_fields(&head, text, line);
        heads_check_framing(&head, text);
        check_body(&head, parse);
        check_section(&head, text, line);
        check_again(&head, text, parse);
    }
    free(text);
    return 0;
}
