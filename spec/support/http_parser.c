/*
 * What Debian's libhttp-parser makes of bytes: reads "<length>\n<bytes>" again
 * and again, and says for each which requests it found in them: "200", ":" and
 * the length of the body if there is one, or "no" when it refuses the rest.
 * Built by spec/http_odd_spec.lua, where that library is installed.
 */
#include <http_parser.h>
#include <stdio.h>
#include <stdlib.h>

static int on_body(http_parser *parser, const char *data, size_t len)
{
    (void)data;
    *(unsigned long *)parser->data += len;
    return 0;
}

static int on_complete(http_parser *parser)
{
    unsigned long *len = parser->data;
    printf(*len ? "200:%lu " : "200 ", *len);
    *len = 0;
    if (parser->upgrade || !http_should_keep_alive(parser))
        http_parser_pause(parser, 1);
    return 0;
}

static void judge(const char *bytes, size_t len)
{
    http_parser parser;
    http_parser_settings settings;
    unsigned long body = 0;
    http_parser_settings_init(&settings);
    settings.on_body = on_body;
    settings.on_message_complete = on_complete;
    http_parser_init(&parser, HTTP_REQUEST);
    parser.data = &body;
    http_parser_execute(&parser, &settings, bytes, len);
    enum http_errno error = HTTP_PARSER_ERRNO(&parser);
    puts(error == HPE_OK || error == HPE_PAUSED ? "" : "no");
}

int main(void)
{
    static char bytes[1 << 17];
    size_t len;
    while (scanf("%zu", &len) == 1 && len <= sizeof bytes && getchar() == '\n')
    {
        if (fread(bytes, 1, len, stdin) != len)
            return 1;
        judge(bytes, len);
    }
    return 0;
}
