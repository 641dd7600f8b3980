/*
 * The scheduler: whose turn it is. It runs inside whatever the main thread
 * waits for; tasks that are ready run one after the other, the loop is turned
 * when none is left, or after so many.
 */
#ifndef TW_TASK_SCHED_H
#define TW_TASK_SCHED_H

#include "task/task.h"

enum
{
    /* Nothing is ready, and nothing can ever happen. None of core's codes. */
    TW__SCHED_DEADLOCK = -20000
};

/*
 * Waits until something happens unless a task is ready, then runs all that are
 * ready by now once. For the main thread. Returns 0, TW__SCHED_DEADLOCK with
 * nothing waited for, or the loop's error.
 */
int tw__sched_turn(lua_State *L, struct tw_runtime *rt);

/* Ditto, without waiting. */
int tw__sched_yield(lua_State *L, struct tw_runtime *rt);

/* Raises an error that lists who waits for what. */
int tw__sched_deadlock(lua_State *L, struct tw_runtime *rt);

/* Puts a task at the end of those that are ready. */
void tw__sched_ready(struct tw_runtime *rt, struct tw_task *task);

/* The waiter.wake of tasks, of &main and of &aside. */
void tw__sched_wake(struct tw_waiter *waiter, int status);

/*
 * Calls the handler of failures with the error on top of the stack, which it
 * pops, and the handle at `idx` (0: none). Raises nothing.
 */
void tw__sched_report(lua_State *L, struct tw_runtime *rt, int idx);

/* Registry keys (their addresses, with the runtime's): functions of Lua. */
extern const char tw__onerror_key, tw__onhog_key;

#endif
