#include "mod/http/target.h"

#include "mod/http/text.h"

#include <arpa/inet.h>

enum
{
    PORT_MAX = 65535
};

static bool is_port(const char *s, size_t len)
{
    int port = 0;
    for (size_t i = 0; i < len && port <= PORT_MAX; i++)
        port = tw_http_is(s[i], TW_HTTP_DIGIT) ? port * 10 + (s[i] - '0')
                                               : PORT_MAX + 1;
    return port <= PORT_MAX;
}

/* The IPv6 address in brackets at `s`: its length with them, or 0. */
static size_t literal(const char *s, size_t len)
{
    char text[INET6_ADDRSTRLEN];
    struct in6_addr addr;
    const char *end = memchr(s, ']', len);
    size_t n = end ? (size_t)(end - s) - 1 : 0;
    if (n == 0 || n >= sizeof text)
        return 0;
    memcpy(text, s + 1, n);
    text[n] = '\0';
    return inet_pton(AF_INET6, text, &addr) == 1 ? n + 2 : 0;
}

/* A registered name, which may be empty: its length. */
static size_t name_length(const char *s, size_t len)
{
    size_t at = 0;
    for (;;)
    {
        at = tw_http_skip(s, at, len, TW_HTTP_HOST);
        if (len - at < 3 || s[at] != '%' ||
            !tw_http_is(s[at + 1], TW_HTTP_HEX) ||
            !tw_http_is(s[at + 2], TW_HTTP_HEX))
            return at;
        at += 3;
    }
}

bool tw_http_is_authority(const char *s, size_t len, bool with_port)
{
    size_t host =
        len > 0 && s[0] == '[' ? literal(s, len) : name_length(s, len);
    if (host == 0)
        return false;
    if (host == len)
        return !with_port;
    return s[host] == ':' && (!with_port || len - host > 1) &&
           is_port(s + host + 1, len - host - 1);
}

size_t tw_http_authority(const char *s, size_t len, size_t *at)
{
    *at = len > 8 && tw_http_same(s, "https://", 8)  ? 8
          : len > 7 && tw_http_same(s, "http://", 7) ? 7
                                                     : 0;
    size_t end = *at;
    while (*at > 0 && end < len && s[end] != '/' && s[end] != '?')
        end++;
    return tw_http_is_authority(s + *at, end - *at, false) ? end - *at : 0;
}
