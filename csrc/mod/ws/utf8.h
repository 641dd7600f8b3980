/*
 * UTF-8 as it comes (RFC 3629): checked byte by byte, so that the first one
 * that cannot be part of a text is known when it arrives.
 */
#ifndef TW_MOD_WS_UTF8_H
#define TW_MOD_WS_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Between two pieces of a text; starts zeroed. */
struct tw_ws_utf8
{
    uint8_t left;      /* bytes missing of the character that has begun */
    uint8_t low, high; /* what the next of them may be */
};

/* Reads on; false if the text is malformed. */
bool tw_ws_utf8_read(struct tw_ws_utf8 *u, const char *data, size_t len);

/* True if the text may end here. */
static inline bool tw_ws_utf8_whole(const struct tw_ws_utf8 *u)
{
    return u->left == 0;
}

#endif
