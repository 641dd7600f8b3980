/* The Lua type "buffer": a fixed number of bytes that can be changed. */
#ifndef TW_BIND_BUFFER_H
#define TW_BIND_BUFFER_H

#include "bind/ltw.h"

struct ltw_buffer
{
    size_t size;
    char *data; /* behind the struct, where a cache line begins; of a view, in
                   the buffer that is its user value */
};

/*
 * A list of buffers, or strings unless they are written to (`into`), as the
 * argument `idx`, which is to blame; its name is "buffers". Raises if it is
 * none; returns how many there are.
 */
size_t ltw_checkbuffers(lua_State *L, int idx, bool into);

/*
 * Sets msg_iov and msg_iovlen for such a list. They are valid until Lua runs or
 * something else is received. Returns 0 or -ENOMEM.
 */
int ltw_setbuffers(lua_State *L, int idx, bool into, struct msghdr *msg);

#endif
