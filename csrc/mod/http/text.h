/*
 * Which bytes HTTP allows where (RFC 9110 5, RFC 9112): the tables behind the
 * parsers, and the checks of what we are asked to send.
 */
#ifndef TW_MOD_HTTP_TEXT_H
#define TW_MOD_HTTP_TEXT_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* What a byte may be part of, as bits in tw_http_class. */
enum
{
    TW_HTTP_TOKEN = 1,
    TW_HTTP_TEXT = 2,   /* a field's value, a reason */
    TW_HTTP_TARGET = 4, /* a request target: visible ASCII but # */
    TW_HTTP_HOST = 8,   /* a registered name (RFC 3986), % aside */
    TW_HTTP_HEX = 16,
    TW_HTTP_DIGIT = 32
};

extern const uint8_t tw_http_class[256];

/* A token: a method or a field's name; not empty. */
bool tw_http_is_token(const char *s, size_t len);

/* A field's value: no control bytes but HTAB, no space at either end. Bytes
   over 0x7f are allowed (obs-text), but for 0x85, the line end of Latin-1:
   there are readers that split lines at it. May be empty. */
bool tw_http_is_value(const char *s, size_t len);

/* True if they are the same but for the case of ASCII letters. */
bool tw_http_same(const char *a, const char *b, size_t len);

/* Copies text to `to` with %XX decoded (RFC 3986 2.1), and what is none as it
   is. Returns how long it is then; never longer than before. */
size_t tw_http_unescape(char *to, const char *s, size_t len);

/* -- private: the parsers' loops ------------------------------------------ */

static inline bool tw_http_is(char c, int class)
{
    return tw_http_class[(uint8_t)c] & class;
}

/* What a digit of class TW_HTTP_HEX stands for. */
static inline unsigned tw_http_hex(char c)
{
    return c <= '9' ? (unsigned)(c - '0') : (unsigned)((c | 0x20) - 'a' + 10);
}

/* Eight times the same byte. */
#define TW_HTTP_EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

/*
 * Where in s[at..len) the first byte is that lies below `low`, or also, if
 * `high`, above 0x7e; `len` or up to seven bytes less if none was met. Looks at
 * eight at a time: what overflows a byte can only spoil those after a hit.
 */
static inline size_t tw_http_jump(const char *s, size_t at, size_t len,
                                  uint8_t low, bool high)
{
    for (; len - at >= 8; at += 8)
    {
        uint64_t x;
        memcpy(&x, s + at, 8);
        x = le64toh(x);
        uint64_t below = x - TW_HTTP_EACH(low);
        uint64_t hit = high ? below | x | (x + TW_HTTP_EACH(1)) : below & ~x;
        hit &= TW_HTTP_EACH(0x80);
        if (hit)
            return at + (size_t)__builtin_ctzll(hit) / 8;
    }
    return at;
}

/* Where in s[at..len) the first byte is that is not of that class; `len` if
   there is none. */
static inline size_t tw_http_skip(const char *s, size_t at, size_t len,
                                  int class)
{
    while (at < len && tw_http_is(s[at], class))
        at++;
    return at;
}

/* Ditto, quickly, of TW_HTTP_TEXT. */
static inline size_t tw_http_skip_text(const char *s, size_t at, size_t len)
{
    return tw_http_skip(s, tw_http_jump(s, at, len, 0x20, true), len,
                        TW_HTTP_TEXT);
}

#endif
