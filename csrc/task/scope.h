/*
 * Cancel scopes. A scope surrounds part of what a task does: the whole of it
 * (its handle's root scope), the body of task.timeout or task.shield, or a
 * scope together with the tasks spawned in it. Cancelling a scope makes every
 * wait within fail, now and until it is left, except inside a shield.
 *
 *     scope->parent    what surrounds it, in the same task or, for the root of
 *                      a task that was spawned in a scope, in another
 *     scope->members   a scope's: the root scopes of its tasks
 *
 * Scopes are userdata, owned by Lua.
 */
#ifndef TW_TASK_SCOPE_H
#define TW_TASK_SCOPE_H

#include "task/task.h"

struct tw_scope
{
    struct tw_waiter timer; /* its deadline */
    struct tw_runtime *rt;  /* NULL: not open */
    struct tw_task *task;   /* NULL: its coroutine is suspended */
    lua_State *L;           /* the coroutine that opened it */
    struct tw_scope *parent;
    struct tw_scope *members, *prev, *next; /* a scope's, and its place there */
    struct tw_scope *work;   /* a list while cancelling, or of the suspended */
    struct tw_queue waiting; /* for the end of a task or of all members */
    struct tw_task *failed;  /* the first member that did */
    bool shield;             /* what cancels the parent does not reach it */
    bool cancelled;          /* it or a parent was: waits within fail */
    bool called;             /* it was itself ... */
    bool expired;            /* ... by its deadline */
    bool cut;                /* when it was cancelled it had members */
};

/* What spawn returns: a root scope and what became of the task. */
struct tw_handle
{
    struct tw_scope root; /* first; its task is NULL once that has ended */
    lua_State *co;        /* with the results or the error on its stack */
    uint8_t outcome;      /* enum tw_outcome */
    bool joined;          /* somebody has taken the outcome */
    unsigned site;
};

/* Opens a zeroed scope inside the innermost of the current task; `deadline`
   is absolute. Returns 0 or -ENOMEM. */
int tw_scope_open(struct tw_scope *scope, struct tw_runtime *rt, lua_State *L,
                  int64_t deadline);

/* Takes it out, wherever it is; what is left of members has been cancelled.
   Idempotent. */
void tw_scope_close(struct tw_scope *scope);

void tw_scope_cancel(struct tw_scope *scope);

/* Makes `root` the root scope of `task`, inside `scope` or (NULL) nothing. */
void tw_scope_root(struct tw_scope *root, struct tw_runtime *rt,
                   struct tw_task *task, struct tw_scope *scope);

/* A coroutine inside the current task has yielded to its resumer, or goes on:
   the scopes it opened leave the task, or enter it. */
void tw_scope_suspend(struct tw_runtime *rt, const lua_State *co);
void tw_scope_resume(struct tw_runtime *rt, const lua_State *co);

/* True for that of a handle. */
static inline bool tw_scope_is_root(const struct tw_scope *scope)
{
    return !scope->L;
}

/* True if waits of that task are to fail. */
static inline bool tw_task_cancelled(const struct tw_task *task)
{
    return task->scope && task->scope->cancelled;
}

#endif
