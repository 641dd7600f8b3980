/* Cancel scopes: opening, leaving, and who is reached by cancelling one. */
#include "task/scope.h"

#include "task/runtime.h"

static void expire(struct tw_waiter *waiter, int status)
{
    struct tw_scope *scope = tw__container_of(waiter, struct tw_scope, timer);
    (void)status;
    scope->expired = true;
    tw_scope_cancel(scope);
}

/* What reaches a scope from outside. */
static bool inherits(const struct tw_scope *scope)
{
    return !scope->shield && scope->parent && scope->parent->cancelled;
}

static void enter(struct tw_scope *scope, struct tw_task *task)
{
    scope->task = task;
    scope->parent = task->scope;
    scope->cancelled = scope->called || inherits(scope);
    task->scope = scope;
}

int tw_scope_open(struct tw_scope *scope, struct tw_runtime *rt, lua_State *L,
                  int64_t deadline)
{
    scope->timer.wake = expire;
    tw_queue_init(&scope->waiting);
    if (deadline != TW_FOREVER &&
        tw_loop_timer(rt->loop, &scope->timer, deadline) < 0)
        return -ENOMEM;
    scope->rt = rt;
    scope->L = L;
    enter(scope, rt->current);
    return 0;
}

static void join_scope(struct tw_scope *root, struct tw_scope *outer)
{
    root->parent = outer;
    root->next = outer->members;
    if (root->next)
        root->next->prev = root;
    outer->members = root;
}

static void leave_scope(struct tw_scope *root)
{
    struct tw_scope *outer = root->parent;
    if (root->prev)
        root->prev->next = root->next;
    else
        outer->members = root->next;
    if (root->next)
        root->next->prev = root->prev;
    root->parent = root->prev = root->next = NULL;
    if (!outer->members)
        tw_queue_wake_all(&outer->waiting, 0);
}

void tw_scope_root(struct tw_scope *root, struct tw_runtime *rt,
                   struct tw_task *task, struct tw_scope *outer)
{
    struct tw_scope **place = &task->scope;
    while (*place)
        place = &(*place)->parent;
    *place = root;
    root->rt = rt;
    root->task = task;
    tw_queue_init(&root->waiting);
    if (outer)
        join_scope(root, outer);
    root->cancelled = inherits(root);
}

/* Takes the scope out of the chain from *place on. */
static void unchain(struct tw_scope **place, struct tw_scope *scope)
{
    while (*place && *place != scope)
        place = &(*place)->parent;
    if (*place)
        *place = tw_scope_is_root(scope) ? NULL : scope->parent;
}

static struct tw_scope **suspended_list(struct tw_runtime *rt,
                                        const lua_State *co)
{
    uintptr_t bits = (uintptr_t)co;
    return &rt->suspended[(bits >> 5 ^ bits >> 12) % TW_SUSPENDED];
}

static void forget_suspended(struct tw_scope *scope)
{
    struct tw_scope **place = suspended_list(scope->rt, scope->L);
    while (*place && *place != scope)
        place = &(*place)->work;
    if (*place)
        *place = scope->work;
}

void tw_scope_close(struct tw_scope *scope)
{
    struct tw_runtime *rt = scope->rt;
    if (!rt)
        return;
    if (scope->members)
        tw_scope_cancel(scope);
    while (scope->members)
        leave_scope(scope->members);
    if (scope->task)
        unchain(&scope->task->scope, scope);
    else
        forget_suspended(scope);
    if (tw_scope_is_root(scope) && scope->parent)
        leave_scope(scope);
    if (scope->timer.place && rt->loop)
        tw_loop_untimer(rt->loop, &scope->timer);
    scope->rt = NULL;
    scope->task = NULL;
}

/* Marks a scope; its members come onto the work list. */
static struct tw_scope *mark(struct tw_scope *scope, struct tw_scope *work)
{
    bool news = !scope->cancelled;
    scope->cancelled = true;
    scope->cut = scope->cut || scope->members;
    for (struct tw_scope *m = news ? scope->members : NULL; m; m = m->next)
    {
        m->work = work;
        work = m;
    }
    return work;
}

/*
 * Marks the scopes of a task that cancelling `top` reaches: those between it
 * and the innermost, unless shielded. Their members come onto the work list;
 * the task wakes if the innermost is among them.
 */
static struct tw_scope *reach(struct tw_scope *top, struct tw_scope *work)
{
    struct tw_task *task = top->task;
    struct tw_scope *first = task->scope;
    for (struct tw_scope *f = first; f != top; f = f->parent)
        if (f->shield)
            first = f->parent;
    for (struct tw_scope *f = first;; f = f->parent)
    {
        work = mark(f, work);
        if (f == top)
            break;
    }
    if (first == task->scope)
        task->me.waiter.wake(&task->me.waiter, TW_ECANCELLED);
    return work;
}

/* What a scope and all within it learn: a list instead of recursion, for tasks
   may be nested as deep as they like. */
static void spread(struct tw_scope *work)
{
    while (work)
    {
        struct tw_scope *next = work;
        work = next->work;
        next->work = NULL;
        if (next->task)
            work = reach(next, work);
    }
}

void tw_scope_cancel(struct tw_scope *scope)
{
    scope->called = true;
    /* The coroutine of a suspended one learns when it goes on. */
    spread(scope->task ? reach(scope, NULL) : mark(scope, NULL));
}

void tw_scope_suspend(struct tw_runtime *rt, const lua_State *co)
{
    struct tw_task *task = rt->current;
    while (task->scope && task->scope->L == co)
    {
        struct tw_scope *scope = task->scope;
        task->scope = scope->parent;
        scope->task = NULL;
        scope->parent = NULL;
        struct tw_scope **list = suspended_list(rt, co);
        scope->work = *list;
        *list = scope;
    }
}

void tw_scope_resume(struct tw_runtime *rt, const lua_State *co)
{
    struct tw_scope **place = suspended_list(rt, co);
    while (*place)
    {
        struct tw_scope *scope = *place;
        if (scope->L != co)
        {
            place = &scope->work;
            continue;
        }
        *place = scope->work;
        scope->work = NULL;
        enter(scope, rt->current);
        if (!scope->cancelled)
            continue;
        scope->cancelled = false; /* news to its members */
        spread(reach(scope, NULL));
    }
}
