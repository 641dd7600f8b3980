/*
 * A growable queue of bytes: written at the end, read from the front. It holds
 * no memory until something is put in, and gives it all back when told.
 */
#ifndef TW_CORE_BUF_H
#define TW_CORE_BUF_H

#include "core/mem.h"

#include <stdbool.h>

struct tw_buf
{
    const struct tw_mem *mem; /* borrowed */
    char *data;
    size_t cap;
    size_t start, end; /* the bytes in use are data[start .. end) */
};

void tw_buf_init(struct tw_buf *b, const struct tw_mem *mem);

/* Frees the memory; the buffer is empty and usable afterwards. */
void tw_buf_deinit(struct tw_buf *b);

static inline size_t tw_buf_len(const struct tw_buf *b)
{
    return b->end - b->start;
}

/* The bytes in use; valid until the next call that changes the buffer. */
static inline const char *tw_buf_data(const struct tw_buf *b)
{
    return b->data ? b->data + b->start : "";
}

/*
 * Makes room for `n` more bytes and returns where they go, or NULL when there
 * is no memory or the size overflows; the contents stay either way.
 */
char *tw_buf_reserve(struct tw_buf *b, size_t n);

/* Counts `n` bytes, written where tw_buf_reserve pointed, as contents. */
void tw_buf_commit(struct tw_buf *b, size_t n);

/* Appends or prepends a copy of `len` bytes. False: no memory, no change. */
bool tw_buf_append(struct tw_buf *b, const char *data, size_t len);
bool tw_buf_prepend(struct tw_buf *b, const char *data, size_t len);

/* Drops `n` <= tw_buf_len bytes from the front. */
void tw_buf_consume(struct tw_buf *b, size_t n);

#endif
