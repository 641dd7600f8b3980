/*
 * One runtime per lua_State: its network, memory, loop and resolver. It lives
 * in a userdata that bind/ makes; everything that waits is given it.
 */
#ifndef TW_TASK_RUNTIME_H
#define TW_TASK_RUNTIME_H

#include "loop/loop.h"
#include "loop/resolve.h"

#include <lua.h>

struct tw_runtime
{
    const struct tw_net *net;
    struct tw_mem mem;
    lua_State *main_thread;
    struct tw_loop *loop;         /* NULL: the runtime is closed */
    struct tw_resolver *resolver; /* NULL until the first lookup */
    int64_t default_timeout;      /* ns, for new sockets */
    char *scratch;                /* where received bytes land first ... */
    size_t scratch_size;
    void *block; /* ... and the memory it is in */
};

enum
{
    TW_SCRATCH_MIN = 1 << 16, /* the first size of the scratch block */
    TW_SCRATCH_ALIGN = 64,    /* the kernel copies faster to a cache line */
    TW_SCRATCH_MAX = 1 << 20, /* the most a receive from a stream brings */
};

/*
 * Opens a zeroed runtime: memory from the state's allocator, `net` NULL for
 * the kernel's, `backend` NULL for the best. Returns 0, -EINVAL for an unknown
 * backend, or an error; on failure it stays closed.
 */
int tw_runtime_open(struct tw_runtime *rt, lua_State *L,
                    const struct tw_net *net, const char *backend);

/* Idempotent. */
void tw_runtime_close(struct tw_runtime *rt);

/* The resolver, made on first use: 0 or an error. */
int tw_runtime_resolver(struct tw_runtime *rt, struct tw_resolver **resolver);

/*
 * A block of at least `size` bytes, shared by everything that receives and
 * valid until Lua runs; NULL when there is no memory.
 */
char *tw_runtime_scratch(struct tw_runtime *rt, size_t size);

#endif
