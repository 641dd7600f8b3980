/*
 * One runtime per lua_State: its network, memory, loop, resolver and tasks. It
 * lives in a userdata that bind/ makes; everything that waits is given it.
 */
#ifndef TW_TASK_RUNTIME_H
#define TW_TASK_RUNTIME_H

#include "core/pipe.h"
#include "loop/resolve.h"
#include "loop/signal.h"
#include "task/wait.h"

enum
{
    TW_SUSPENDED = 128 /* lists; a power of two */
};

/* Where tasks are spawned: few places, many tasks. */
struct tw_site
{
    const void *source; /* told apart by address first */
    int line;
    char name[60]; /* LUA_IDSIZE */
};

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
    struct tw_pipes pipes;

    struct tw_task *current; /* &main, a task, or &aside */
    const lua_State *inner;  /* the coroutine of a task that we resumed last */
    struct tw_task main;     /* the main thread, with all its coroutines */
    struct tw_task aside;    /* what the scheduler itself calls in Lua */
    struct tw_wait parked;   /* what the coroutine that yields waits for */
    int budget;              /* attempts left before others have a turn */
    size_t live;             /* tasks not yet ended */
    struct tw_queue idle;    /* who waits for there to be none */

    struct tw_node *ready, **ready_end;
    unsigned resumed;     /* tasks since the loop was last turned ... */
    int64_t turned;       /* ... which was at that time */
    int64_t hog_limit;    /* ns a task may run before it is reported */
    int64_t collect_from; /* when to look for failures nobody will take */
    bool unjoined;        /* there may be some */

    struct slab **slabs; /* of task records */
    size_t nslabs;
    struct tw_task *free;
    struct tw_site *sites;
    size_t nsites, sites_cap;
    struct tw_signals signals;
    /* Scopes whose coroutine has yielded, by its address. */
    struct tw_scope *suspended[TW_SUSPENDED];
};

enum
{
    TW_SCRATCH_MIN = 1 << 16, /* the first size of the scratch block */
    TW_SCRATCH_ALIGN = 64,    /* the kernel copies faster to a cache line */
    TW_SCRATCH_MAX = 1 << 20, /* the most a receive from a stream brings */
    TW_BUDGET = 100, /* attempts without a wait before others have a turn */
};

/*
 * Opens a zeroed runtime: memory from the state's allocator, `net` NULL for
 * the kernel's, `backend` NULL for the best. Returns 0, -EINVAL for an unknown
 * backend, or an error; on failure it stays closed.
 */
int tw_runtime_open(struct tw_runtime *rt, lua_State *L,
                    const struct tw_net *net, const char *backend);

/* Idempotent. Tasks end where they are, without running. */
void tw_runtime_close(struct tw_runtime *rt);

/* The resolver, made on first use: 0 or an error. */
int tw_runtime_resolver(struct tw_runtime *rt, struct tw_resolver **resolver);

/*
 * A block of at least `size` bytes, shared by everything that receives and
 * valid until Lua runs; NULL when there is no memory.
 */
char *tw_runtime_scratch(struct tw_runtime *rt, size_t size);

/*
 * While Lua may run: takes the block out of use, so that what is in it stays;
 * then puts it back, in place of any that was made meanwhile.
 */
struct tw_scratch
{
    char *scratch;
    size_t size;
    void *block;
};

void tw_runtime_hold(struct tw_runtime *rt, struct tw_scratch *held);
void tw_runtime_unhold(struct tw_runtime *rt, const struct tw_scratch *held);

#endif
