/*
 * Bytes that end where memory does: reading one more ends the test.
 */
#ifndef SPEC_C_GUARD_H
#define SPEC_C_GUARD_H

#include "mem.h"

enum
{
    GUARD_MAX = 16 * TEST_PAGE
};

/* A copy of the bytes in front of a closed page, valid until the next call. */
static inline unsigned char *guard_copy(const void *bytes, size_t len)
{
    static char *block;
    if (!block)
        test_mem_map(GUARD_MAX, &block);
    if (len > GUARD_MAX)
        abort();
    char *copy = block + GUARD_MAX - len;
    if (len)
        memcpy(copy, bytes, len);
    return (unsigned char *)copy;
}

#endif
