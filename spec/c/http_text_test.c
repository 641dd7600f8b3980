/* Which bytes HTTP allows where: every byte, at every place of eight. */
#include "guard.h"
#include "mod/http/text.h"

#include <ctype.h>

enum
{
    PLACES = 20
};

/* How `is` judges a text of PLACES letters with `c` at `place`. */
static bool judged(bool (*is)(const char *, size_t), unsigned c, size_t place)
{
    char text[PLACES];
    memset(text, 'a', sizeof text);
    text[place] = (char)c;
    return is((char *)guard_copy(text, sizeof text), sizeof text);
}

/* The same at all places but the first and last, which are given. */
static void check_byte(bool (*is)(const char *, size_t), unsigned c,
                       bool inside, bool at_ends)
{
    for (size_t place = 0; place < PLACES; place++)
    {
        bool end = place == 0 || place == PLACES - 1;
        if (!CHECK(judged(is, c, place) == (end ? at_ends : inside)))
            printf("#   byte %u at %zu\n", c, place);
    }
}

static void bytes(void)
{
    for (unsigned c = 0; c < 256; c++)
    {
        bool letter = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
                      (c >= 'a' && c <= 'z');
        bool token = letter || (c && strchr("!#$%&'*+-.^_`|~", (int)c));
        bool visible = c > ' ' && c < 0x7f;
        bool solid = visible || (c >= 0x80 && c != 0x85);
        check_byte(tw_http_is_token, c, token, token);
        CHECK(tw_http_is((char)c, TW_HTTP_TARGET) == (visible && c != '#'));
        check_byte(tw_http_is_value, c, solid || c == ' ' || c == '\t', solid);
    }
}

static void nothing(void)
{
    const char *none = (const char *)guard_copy("", 0);
    CHECK(!tw_http_is_token(none, 0));
    CHECK(tw_http_is_value(none, 0));
    CHECK(!tw_http_is_value(" ", 1));
}

/* The first of several bytes that end it is what ends a text. */
static void skipping(void)
{
    static const char ends[] = {0, '\n', '\r', 0x1f, 0x7f, (char)0x85};
    for (size_t len = 0; len < 30; len++)
        for (size_t at = 0; at <= len; at++)
            for (size_t e = 0; e < sizeof ends; e++)
            {
                char text[30];
                memset(text, '~', sizeof text);
                memset(text + at, ends[e], len - at);
                const char *s = (const char *)guard_copy(text, len);
                CHECK_INT(tw_http_skip_text(s, 0, len), at);
                CHECK_INT(tw_http_skip_text(s, at / 2, len), at);
            }
}

static void letters(void)
{
    for (unsigned a = 0; a < 256; a++)
        for (unsigned b = 0; b < 256; b++)
        {
            bool letter = (a | 0x20) >= 'a' && (a | 0x20) <= 'z';
            bool same = a == b || (letter && a < 128 && (a ^ b) == 0x20);
            char one = (char)a, other = (char)b;
            CHECK(tw_http_same(&one, &other, 1) == same);
        }
    CHECK(tw_http_same("Content-Length", "content-lENGTH", 14));
    CHECK(!tw_http_same("Content-Length", "content-lengtH.", 15));
    CHECK(tw_http_same("a", "b", 0));
}

/* Two digits and a percent sign before them; whatever else stays. */
static void escapes(void)
{
    for (unsigned a = 0; a < 256; a++)
        for (unsigned b = 0; b < 256; b++)
        {
            const char text[] = {'%', (char)a, (char)b};
            char digits[] = {(char)a, (char)b, '\0'}, to[3], *end = NULL;
            unsigned long value = strtoul(digits, &end, 16);
            bool hex = isxdigit((int)a) && isxdigit((int)b);
            size_t n = tw_http_unescape(
                to, (const char *)guard_copy(text, sizeof text), sizeof text);
            CHECK_INT(n, hex ? 1 : 3);
            CHECK(hex ? (unsigned char)to[0] == value : !memcmp(to, text, 3));
        }
    char to[8];
    for (size_t len = 0; len <= 6; len++)
    {
        const char *s = (const char *)guard_copy("%%41%4", len);
        size_t n = tw_http_unescape(to, s, len);
        CHECK_INT(n, len < 4 ? len : len - 2);
        CHECK(len < 4 || !memcmp(to, "%A%4", n));
    }
}

int main(void)
{
    TAP_CASE(bytes);
    TAP_CASE(nothing);
    TAP_CASE(skipping);
    TAP_CASE(letters);
    TAP_CASE(escapes);
    return tap_done();
}
