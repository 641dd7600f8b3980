/* What may follow a first byte, as in table 3-7 of the Unicode standard. */
#include "mod/ws/utf8.h"

#include <string.h>

struct rule
{
    uint8_t first, last; /* bytes that begin a character */
    struct tw_ws_utf8 then;
};

static const struct rule rules[] = {
    {0x00, 0x7f, {0, 0, 0}},       {0xc2, 0xdf, {1, 0x80, 0xbf}},
    {0xe0, 0xe0, {2, 0xa0, 0xbf}}, {0xe1, 0xec, {2, 0x80, 0xbf}},
    {0xed, 0xed, {2, 0x80, 0x9f}}, {0xee, 0xef, {2, 0x80, 0xbf}},
    {0xf0, 0xf0, {3, 0x90, 0xbf}}, {0xf1, 0xf3, {3, 0x80, 0xbf}},
    {0xf4, 0xf4, {3, 0x80, 0x8f}},
};

static bool begin(struct tw_ws_utf8 *u, uint8_t byte)
{
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
        if (byte >= rules[i].first && byte <= rules[i].last)
        {
            *u = rules[i].then;
            return true;
        }
    return false;
}

static bool go_on(struct tw_ws_utf8 *u, uint8_t byte)
{
    if (byte < u->low || byte > u->high)
        return false;
    *u = (struct tw_ws_utf8){(uint8_t)(u->left - 1), 0x80, 0xbf};
    return true;
}

/* How many bytes at the front are surely ASCII, eight at a time. */
static size_t ascii(const char *data, size_t len)
{
    size_t n = 0;
    uint64_t word;
    for (; len - n >= sizeof word; n += sizeof word)
    {
        memcpy(&word, data + n, sizeof word);
        if (word & UINT64_C(0x8080808080808080))
            break;
    }
    return n;
}

bool tw_ws_utf8_read(struct tw_ws_utf8 *u, const char *data, size_t len)
{
    size_t i = 0;
    while (i < len)
    {
        if (u->left == 0)
            i += ascii(data + i, len - i);
        if (i == len)
            return true;
        uint8_t byte = (uint8_t)data[i++];
        if (u->left ? !go_on(u, byte) : !begin(u, byte))
            return false;
    }
    return true;
}
