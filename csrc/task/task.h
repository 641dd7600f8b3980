/*
 * Tasks: Lua coroutines run by the scheduler (sched.c). A task costs its
 * coroutine and one record here; what few tasks need (a name, who joins it,
 * what its children failed with) is in a handle, made by spawn and collected
 * once no script holds it.
 *
 *              spawn              runs                ends
 *      FREE ----------> READY ------------> RUNNING --------> ENDED, FREE
 *                         ^                  |   |  ^
 *                         |   woken          v   v  | woken
 *                         +---------- PARKED    HERE
 *
 * A parked task's coroutine has yielded; one that waits here, as the main
 * thread does, is in a C function that turns the loop until it is woken.
 */
#ifndef TW_TASK_TASK_H
#define TW_TASK_TASK_H

#include "loop/loop.h"

#include <lua.h>

struct tw_runtime;
struct tw_scope;

enum tw_task_state
{
    TW_TASK_FREE,
    TW_TASK_READY,
    TW_TASK_RUNNING,
    TW_TASK_PARKED,
    TW_TASK_HERE,
    TW_TASK_ENDED, /* failed, and its scope has yet to raise the error */
};

/* A place in a circular list; outside of one, `next` is NULL. */
struct tw_node
{
    union
    {
        struct tw_node *prev;
        void *at; /* what somebody waits for who is in no queue */
    };
    struct tw_node *next; /* also: the next of the ready tasks */
};

/* Who can wait in a queue: a task, or one of the several waits of a select. */
struct tw_sleeper
{
    struct tw_waiter waiter;
    struct tw_node node;
};

struct tw_task
{
    struct tw_sleeper me;   /* first; what it waits for: waiter.kind */
    lua_State *co;          /* of a free record: NULL */
    struct tw_scope *scope; /* the innermost around what it runs, or NULL */
    struct tw_runtime *rt;
    uint64_t id : 24, site : 12, since : 28; /* since: tenths of a second */
};

/* Where tasks wait for one another, first come, first served. */
struct tw_queue
{
    struct tw_node ends;
};

void tw_queue_init(struct tw_queue *queue);

static inline bool tw_queue_empty(const struct tw_queue *queue)
{
    return queue->ends.next == &queue->ends;
}

/* Puts one who is in no queue at the end, or takes him out of his if any. */
void tw_queue_add(struct tw_queue *queue, struct tw_sleeper *sleeper);
void tw_queue_remove(struct tw_sleeper *sleeper);

/* Takes the first out and wakes him with `status`; false if there is none. */
bool tw_queue_wake(struct tw_queue *queue, int status);
void tw_queue_wake_all(struct tw_queue *queue, int status);

/* The metatable of handles in the registry, and their user values. */
#define TW_TASK_TYPE "tidewire.task"

enum
{
    TW_HANDLE_COROUTINE = 1,
    TW_HANDLE_NAME = 2
};

/* A handle's outcome, once its task has ended. */
enum tw_outcome
{
    TW_TASK_LIVE,
    TW_TASK_DONE,
    TW_TASK_FAILED,
    TW_TASK_CANCELLED,
};

/*
 * Makes a task of the function and `nargs` arguments on top of the stack,
 * which it replaces by the task's handle. It is ready, and runs when the
 * caller waits. `scope`, unless NULL, becomes its parent. Raises if there is
 * no memory.
 */
void tw_task_spawn(lua_State *L, struct tw_runtime *rt, struct tw_scope *scope,
                   int nargs);

/* Pushes the handle of the running task, made anew if need be; false, with
   nothing pushed, on the main thread. */
bool tw_task_current(lua_State *L, struct tw_runtime *rt);

/* Pushes the handle of a task; false, with nothing pushed, if that has been
   collected. */
bool tw__task_push_handle(lua_State *L, const struct tw_task *task);

/* Makes the handle at `idx` live as long as its task. */
void tw_task_keep(lua_State *L, struct tw_runtime *rt, int idx);

/* Push the error that ended a task's coroutine; or all that it returned, how
   many values that are, -1 if there is no room for them. */
void tw_task_error(lua_State *L, lua_State *co);
int tw_task_results(lua_State *L, lua_State *co);

/* Gives the record of a task that failed in a scope back, the error taken. */
void tw_task_forget(lua_State *L, struct tw_runtime *rt, struct tw_task *task);

/* Where a task was spawned, "?" if that is unknown. */
const char *tw_task_site(const struct tw_runtime *rt, unsigned site, int *line);

/* Live tasks after `task` in order of their records, NULL at the end; the
   first after NULL. */
struct tw_task *tw_task_next(struct tw_runtime *rt, const struct tw_task *task);

/* Registry keys (their addresses): the runtime, as a light userdata; and the
   table from root scope to handle, whose values are weak. */
extern const char tw__runtime_key, tw__handles_key;

#endif
