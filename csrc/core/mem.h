/*
 * The memory seam. Everything in core/ and loop/ allocates through one
 * function shaped like lua_Alloc, given at creation, so that a host can
 * account for, limit, or fail every request.
 */
#ifndef TW_CORE_MEM_H
#define TW_CORE_MEM_H

#include <stddef.h>

/*
 * `fn(ud, ptr, osize, nsize)`: nsize 0 frees and returns NULL, otherwise
 * resizes (or creates, when ptr is NULL) and returns NULL on failure, leaving
 * the old block as it was.
 */
struct tw_mem
{
    void *(*fn)(void *ud, void *ptr, size_t osize, size_t nsize);
    void *ud;
};

/* Returns a new uninitialised block of `size` > 0 bytes, or NULL. */
static inline void *tw__mem_new(const struct tw_mem *mem, size_t size)
{
    return mem->fn(mem->ud, NULL, 0, size);
}

/* Returns the block resized; NULL on failure, the old block still valid. */
static inline void *tw__mem_resize(const struct tw_mem *mem, void *ptr,
                                   size_t osize, size_t nsize)
{
    return mem->fn(mem->ud, ptr, osize, nsize);
}

/* Frees a block of `size` bytes; NULL is accepted. */
static inline void tw__mem_free(const struct tw_mem *mem, void *ptr,
                                size_t size)
{
    if (ptr)
        mem->fn(mem->ud, ptr, size, 0);
}

#endif
