#include "mod/http/text.h"

enum
{
    T = TW_HTTP_TOKEN,
    X = TW_HTTP_TEXT,
    G = TW_HTTP_TARGET | X,
    H = TW_HTTP_HOST | G,
    A = H | T,
    F = A | TW_HTTP_HEX,
    D = F | TW_HTTP_DIGIT
};

const uint8_t tw_http_class[256] = {
    ['\t'] = X,          [' '] = X,           ['!'] = A,
    ['"'] = G,           ['#'] = T | X,       ['$'] = A,
    ['%'] = T | G,       ['&'] = A,           ['\''] = A,
    ['('] = H,           [')'] = H,           ['*'] = A,
    ['+'] = A,           [','] = H,           ['-'] = A,
    ['.'] = A,           ['/'] = G,           ['0' ... '9'] = D,
    [':'] = G,           [';'] = H,           ['<'] = G,
    ['='] = H,           ['>'] = G,           ['?'] = G,
    ['@'] = G,           ['A' ... 'F'] = F,   ['G' ... 'Z'] = A,
    ['['] = G,           ['\\'] = G,          [']'] = G,
    ['^'] = T | G,       ['_'] = A,           ['`'] = T | G,
    ['a' ... 'f'] = F,   ['g' ... 'z'] = A,   ['{'] = G,
    ['|'] = T | G,       ['}'] = G,           ['~'] = A,
    [0x80 ... 0x84] = X, [0x86 ... 0xff] = X,
};

static bool blank(char c)
{
    return c == ' ' || c == '\t';
}

bool tw_http_is_token(const char *s, size_t len)
{
    return len > 0 && tw_http_skip(s, 0, len, TW_HTTP_TOKEN) == len;
}

bool tw_http_is_value(const char *s, size_t len)
{
    return len == 0 || (!blank(s[0]) && !blank(s[len - 1]) &&
                        tw_http_skip_text(s, 0, len) == len);
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : c;
}

/* Not strncasecmp, which the process's locale may change. */
bool tw_http_same(const char *a, const char *b, size_t len)
{
    size_t i = 0;
    while (i < len && lower(a[i]) == lower(b[i]))
        i++;
    return i == len;
}

size_t tw_http_unescape(char *to, const char *s, size_t len)
{
    size_t n = 0;
    for (size_t i = 0; i < len; i++)
    {
        bool code = s[i] == '%' && len - i > 2 &&
                    tw_http_is(s[i + 1], TW_HTTP_HEX) &&
                    tw_http_is(s[i + 2], TW_HTTP_HEX);
        to[n++] =
            code ? (char)(tw_http_hex(s[i + 1]) << 4 | tw_http_hex(s[i + 2]))
                 : s[i];
        i += code ? 2 : 0;
    }
    return n;
}
