/*
 * How a call waits. A waiting operation is one function, its step, used as
 * entry and as continuation: it tries, and either pushes its results or says
 * what to wait for and asks to be called again. The step keeps what it needs
 * between calls in its Lua arguments, which stay at their indices.
 *
 *     entry --> step --> results
 *                ^  \
 *                |   v TW_TASK_WAIT
 *               wait: a task's coroutine yields to the scheduler; elsewhere
 *                     the loop turns right here
 */
#ifndef TW_TASK_WAIT_H
#define TW_TASK_WAIT_H

#include "task/task.h"

enum
{
    TW_TASK_WAIT = -1
};

/* What may be waited for, and what `at` points to then; see link.c. */
enum tw_kind
{
    TW_FOR_TIME,   /* the timeout */
    TW_FOR_TURN,   /* nothing: others may run first */
    TW_FOR_LATER,  /* a moment, when there is nothing to poll */
    TW_FOR_READ,   /* struct tw_watch */
    TW_FOR_WRITE,  /* ditto */
    TW_FOR_LOOKUP, /* the slot of a struct tw_lookup */
    TW_FOR_QUEUE,  /* struct tw_queue */
    TW_FOR_SELECT, /* struct tw_select */
    TW_KINDS
};

/* The kind of wait for a TW_WANT_* that an attempt has returned. */
static inline enum tw_kind tw_kind_of(int want)
{
    return want == TW_WANT_READ    ? TW_FOR_READ
           : want == TW_WANT_WRITE ? TW_FOR_WRITE
           : want == TW_WANT_TIME  ? TW_FOR_LATER
                                   : TW_FOR_TURN;
}

/* What a step waits for; zeroed before its first call. */
struct tw_wait
{
    /* Set by the step when it returns TW_TASK_WAIT: */
    uint8_t kind;    /* enum tw_kind */
    bool stubborn;   /* cancelling the task does not end the wait */
    void *at;        /* what is waited for */
    int64_t timeout; /* ns from the operation's start, TW_FOREVER */

    /* Set for the step: */
    bool begun;            /* it has waited before */
    int status;            /* 0, or why waiting ended: TW_ETIMEDOUT, TW_ECLOSED,
                              -EBUSY ...; what a queue was woken with */
    int64_t deadline;      /* absolute, once `begun` */
    struct tw_runtime *rt; /* whose operation it is */
};

/* Returns the number of results it pushed, or TW_TASK_WAIT. */
typedef int (*tw_step)(lua_State *L, struct tw_wait *wait);

/*
 * Runs a step to its end and returns its results: what a waiting function
 * returns. The function's first upvalue is the runtime. The step must be called
 * again with the stack as it left it. Raises when the task is cancelled (after
 * a last call with status TW_ECANCELLED, whose results are dropped) and what a
 * hook raises ("interrupted!"); nothing is then left behind.
 */
int tw_task_run(lua_State *L, struct tw_runtime *rt, tw_step step);

/*
 * The rest of tw_task_run, for a function that has made the first attempt
 * itself: waits for what `wait`, whose `rt` is set, says, then goes on with the
 * step.
 */
int tw_task_go_on(lua_State *L, struct tw_wait *wait, tw_step step);

/*
 * Returns the results of an attempt that did not have to wait, perhaps after
 * others have had a turn: whatever a task does, it does so many times at most
 * before they have.
 */
int tw_task_done(lua_State *L, struct tw_runtime *rt, int results);

/*
 * True when the calling operation may just as well sleep in the kernel: it
 * has no deadline and nothing else is going on.
 */
bool tw_task_may_block(const struct tw_runtime *rt, const struct tw_sock *sock);

/* True, and others must have a turn before the next attempt, when the task has
   had many at which it did not have to wait. */
bool tw_task_spent(struct tw_runtime *rt);

/* The one object that a cancelled task's waits raise. */
void tw_task_push_cancelled(lua_State *L);
bool tw_task_is_cancelled(lua_State *L, int idx);

/* -- for the scheduler and what stands in for Lua's coroutine functions ---- */

/* Links the current task to what `wait` says: 0; 1 if there is no need to
   wait; or an error. */
int tw__wait_link(struct tw_runtime *rt, struct tw_task *task,
                  const struct tw_wait *wait);

/* Makes a task that is woken or gives up wait for nothing. */
void tw__wait_unlink(struct tw_runtime *rt, struct tw_task *task);

/* Ditto, for good: the runtime closes, and finalizers that run later may still
   set events and close channels. */
void tw__wait_abandon(struct tw_runtime *rt, struct tw_task *task);

/* To be called when it goes on: what it waited for is anybody's again. */
void tw__wait_release(struct tw_task *task);

enum
{
    /* Here one cannot wait for others: the call itself is to raise an error,
       in whichever coroutine it is. Outside what core returns. */
    TW__WAIT_REFUSED = -20001
};

/* Waits without leaving the C function: the status to go on with. */
int tw__wait_here(lua_State *L, struct tw_runtime *rt,
                  const struct tw_wait *wait);

/* True if the coroutine has yielded to the scheduler, not to its resumer, or
   was a task's and has ended. */
bool tw__wait_marked(lua_State *co);
void tw__wait_mark(lua_State *co);

/* Ditto, of one that has just yielded one value. */
bool tw__wait_yielded(lua_State *co);

/* True if the caller may yield to the scheduler. */
bool tw__wait_may_suspend(lua_State *L, const struct tw_runtime *rt);

/* Yields to the scheduler, or passes such a yield on from a coroutine. Needs
   one free place on the stack. */
int tw__wait_yield(lua_State *L, lua_KContext ctx, lua_KFunction k);

#endif
