/*
 * How a call waits. A waiting operation is one function, its step, used as
 * entry and as continuation: it tries, and either pushes its results or says
 * what to wait for and asks to be called again. The step keeps what it needs
 * between calls in its Lua arguments, which stay at their indices.
 *
 *     entry --> step --> results
 *                ^  \
 *                |   v TASK_WAIT
 *               wait (the loop runs; signals' hooks run)
 */
#ifndef TW_TASK_WAIT_H
#define TW_TASK_WAIT_H

#include "task/runtime.h"

enum
{
    TASK_WAIT = -1
};

/* What a step waits for; zeroed before its first call. */
struct task_wait
{
    /* Set by the step when it returns TASK_WAIT: */
    struct tw_watch *watch;  /* this descriptor ... */
    int want;                /* ... in this direction (TW_WANT_*), or */
    struct tw_waiter **slot; /* this slot to be woken (a lookup), and */
    int64_t timeout;         /* ns from the operation's start, TW_FOREVER */

    /* Set for the step: */
    struct tw_runtime *rt; /* whose operation it is */
    int status;            /* 0, or why waiting ended: TW_ETIMEDOUT, TW_ECLOSED,
                              -EBUSY ... */
    int64_t deadline;      /* absolute, once `begun` */
    bool begun;            /* it has waited before */
};

/* Returns the number of results it pushed, or TASK_WAIT. */
typedef int (*task_step)(lua_State *L, struct task_wait *wait);

/*
 * Runs a step to its end and returns its results: what a waiting function
 * returns. The step must be called again with the stack as it left it. May
 * raise what a hook raises ("interrupted!"); nothing is then left behind.
 */
int task_run(lua_State *L, struct tw_runtime *rt, task_step step);

/*
 * True when the calling operation may just as well sleep in the kernel: it
 * has no deadline and nothing else is going on.
 */
bool task_may_block(const struct tw_runtime *rt, const struct tw_sock *sock);

#endif
