/* The Lua type "buffer": a fixed number of bytes that can be changed. */
#ifndef TW_BIND_BUFFER_H
#define TW_BIND_BUFFER_H

#include <stddef.h>

struct ltw_buffer
{
    size_t size;
    char *data; /* behind the struct, where a cache line begins */
};

#endif
