/* A byte queue in one block: compacted when room is short, then doubled. */
#include "core/buf.h"

#include <stdint.h>
#include <string.h>

enum
{
    BUF_MIN = 256
};

void tw_buf_init(struct tw_buf *b, const struct tw_mem *mem)
{
    *b = (struct tw_buf){.mem = mem};
}

void tw_buf_deinit(struct tw_buf *b)
{
    char *data = b->data;
    size_t cap = b->cap;
    tw_buf_init(b, b->mem);
    tw__mem_free(b->mem, data, cap);
}

static bool grow(struct tw_buf *b, size_t need)
{
    size_t cap = b->cap ? b->cap : BUF_MIN;
    while (cap < need)
    {
        if (cap > SIZE_MAX / 2)
            return false;
        cap *= 2;
    }
    char *data = tw__mem_resize(b->mem, b->data, b->cap, cap);
    if (!data)
        return false;
    b->data = data;
    b->cap = cap;
    return true;
}

char *tw_buf_reserve(struct tw_buf *b, size_t n)
{
    size_t len = tw_buf_len(b);
    if (n > SIZE_MAX - len)
        return NULL;
    if (n > b->cap - b->end && b->start > 0)
    {
        memmove(b->data, b->data + b->start, len);
        b->start = 0;
        b->end = len;
    }
    if (n > b->cap - b->end && !grow(b, len + n))
        return NULL;
    return b->data + b->end;
}

void tw_buf_commit(struct tw_buf *b, size_t n)
{
    b->end += n;
}

bool tw_buf_append(struct tw_buf *b, const char *data, size_t len)
{
    char *room = len ? tw_buf_reserve(b, len) : b->data;
    if (len && !room)
        return false;
    if (len)
        memcpy(room, data, len);
    tw_buf_commit(b, len);
    return true;
}

bool tw_buf_prepend(struct tw_buf *b, const char *data, size_t len)
{
    if (len > b->start)
    {
        if (len && !tw_buf_reserve(b, len))
            return false;
        size_t used = tw_buf_len(b);
        if (used)
            memmove(b->data + len, b->data + b->start, used);
        b->start = len;
        b->end = len + used;
    }
    b->start -= len;
    if (len)
        memcpy(b->data + b->start, data, len);
    return true;
}

void tw_buf_consume(struct tw_buf *b, size_t n)
{
    b->start += n;
    if (b->start == b->end)
        b->start = b->end = 0;
}
