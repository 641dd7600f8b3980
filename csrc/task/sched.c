/* Whose turn it is: the only place that starts and resumes tasks. */
#include "task/sched.h"

#include "task/record.h"
#include "task/runtime.h"
#include "task/scope.h"

#include <lauxlib.h>

enum
{
    /* The loop is turned after so many tasks or so much time, for they may
       never all wait. Two tasks that yield to each other pay for it. */
    RESUMES_MAX = 64,
    RESUMES_NS = 1000000,
    /* Looking for failures that nobody will take means a full collection; it
       may cost one part in so many of the time. */
    COLLECT_SHARE = 20
};

const char tw__onerror_key, tw__onhog_key;

void tw__sched_ready(struct tw_runtime *rt, struct tw_task *task)
{
    struct tw_node *node = &task->me.node;
    const char *co = (const char *)task->co;
    for (int line = 0; line < 4; line++)
        __builtin_prefetch(co + 64 * line);
    task->me.waiter.state = TW_TASK_READY;
    node->next = NULL;
    *rt->ready_end = node;
    rt->ready_end = &node->next;
}

void tw__sched_wake(struct tw_waiter *waiter, int status)
{
    struct tw_task *task = tw__container_of(waiter, struct tw_task, me.waiter);
    if (waiter->kind == TW_FOR_LATER && status == TW_ETIMEDOUT)
        status = 0; /* it was only the moment to look again */
    if (waiter->state != TW_TASK_PARKED && waiter->state != TW_TASK_HERE)
        return; /* it has been woken, and goes on with that first */
    waiter->status = (int16_t)status;
    /* At once, whoever it is: nobody may promise it something else. */
    struct tw_runtime *rt = task->rt;
    tw__wait_unlink(rt, task);
    if (waiter->state == TW_TASK_HERE)
        waiter->state = TW_TASK_RUNNING;
    else
        tw__sched_ready(rt, task);
}

/* -- failures ------------------------------------------------------------ */

void tw__sched_report(lua_State *L, struct tw_runtime *rt, int idx)
{
    struct tw_task *before = rt->current;
    idx = idx ? lua_absindex(L, idx) : 0;
    bool room = lua_checkstack(L, 4);
    if (!room ||
        lua_rawgetp(L, LUA_REGISTRYINDEX, &tw__onerror_key) != LUA_TFUNCTION)
    {
        lua_pop(L, room ? 2 : 1);
        return;
    }
    lua_insert(L, -2); /* handler error */
    if (idx)
        lua_pushvalue(L, idx);
    else
        lua_pushnil(L);
    rt->current = &rt->aside;
    if (lua_pcall(L, 2, 0, 0) != LUA_OK)
    {
        const char *text = lua_tostring(L, -1);
        lua_warning(L, "tidewire: the error handler failed: ", 1);
        lua_warning(L, text ? text : "?", 0);
        lua_pop(L, 1);
    }
    rt->current = before;
}

/* The error of an ended task: for whoever joins it or for its scope, which then
   keeps the record (true); else for the handler, at once if there is nothing to
   join. */
static bool failed(lua_State *L, struct tw_runtime *rt, struct tw_task *task,
                   struct tw_handle *handle)
{
    struct tw_scope *outer = handle ? handle->root.parent : NULL;
    if (handle && !outer)
    {
        rt->unjoined |= tw_queue_empty(&handle->root.waiting);
        return false;
    }
    if (outer)
        handle->joined = true;
    if (outer && !outer->failed)
    {
        outer->failed = task;
        tw_scope_cancel(outer);
        return true;
    }
    tw_task_error(L, task->co);
    tw__sched_report(L, rt, 0);
    return false;
}

static enum tw_outcome outcome(const struct tw_task *task, int status)
{
    if (status == LUA_OK)
        return TW_TASK_DONE;
    return tw_task_is_cancelled(task->co, -1) ? TW_TASK_CANCELLED
                                              : TW_TASK_FAILED;
}

/* Closes a scope of a coroutine that the task has not finished. */
static void leave_behind(lua_State *L, struct tw_runtime *rt,
                         struct tw_scope *scope)
{
    struct tw_task *lost = scope->failed;
    scope->failed = NULL;
    tw_scope_close(scope);
    if (!lost)
        return;
    tw_task_error(L, lost->co);
    tw__record_free(L, rt, lost);
    tw__sched_report(L, rt, 0);
}

static void ended(lua_State *L, struct tw_runtime *rt, struct tw_task *task,
                  int status)
{
    task->me.waiter.state = TW_TASK_ENDED;
    while (task->scope && !tw_scope_is_root(task->scope))
        leave_behind(L, rt, task->scope);
    struct tw_scope *root = task->scope;
    struct tw_handle *handle =
        root ? tw__container_of(root, struct tw_handle, root) : NULL;
    lua_checkstack(task->co, 3);
    enum tw_outcome how = outcome(task, status);
    tw__wait_mark(task->co); /* what is on its stack is for join, and only us */
    if (handle)
        handle->outcome = (uint8_t)how;
    bool kept = how == TW_TASK_FAILED && failed(L, rt, task, handle);
    if (handle)
        tw_scope_close(root);
    if (handle)
        tw_queue_wake_all(&root->waiting, 0);
    task->scope = NULL;
    if (!kept)
        tw__record_free(L, rt, task);
    if (--rt->live == 0)
        tw_queue_wake_all(&rt->idle, 0);
}

/* Gives the collector a chance to find failed tasks that nobody can join any
   more. Returns until when to wait before the next time. */
static int64_t look_for_failures(lua_State *L, struct tw_runtime *rt)
{
    struct tw_task *before = rt->current;
    int64_t now = tw_loop_now(rt->loop);
    if (now < rt->collect_from)
        return rt->collect_from;
    rt->unjoined = false;
    rt->current = &rt->aside;
    lua_gc(L, LUA_GCCOLLECT);
    rt->current = before;
    int64_t then = tw_loop_now(rt->loop);
    rt->collect_from = then + COLLECT_SHARE * (then - now);
    /* Finalizers may have woken anybody. */
    bool woken = rt->ready || rt->main.me.waiter.state != TW_TASK_HERE;
    return woken ? 0 : TW_FOREVER;
}

/* -- running ------------------------------------------------------------- */

/* The coroutine has yielded: links the task to what it waits for. */
static void park(struct tw_runtime *rt, struct tw_task *task, int results)
{
    if (results == 1 && tw__wait_yielded(task->co))
    {
        task->since = (uint64_t)(rt->turned / 100000000) & 0xfffffff;
        int rc = tw__wait_link(rt, task, &rt->parked);
        if (rc == 0)
        {
            task->me.waiter.state = TW_TASK_PARKED;
            return;
        }
        task->me.waiter.status = (int16_t)(rc < 0 ? rc : 0);
    }
    else
    {
        lua_pop(task->co, results);
        tw__wait_mark(task->co); /* nobody but us may resume it */
    }
    tw__sched_ready(rt, task);
}

/* Arguments: seconds, the name and line of the site. Called protected. */
static int call_hog_handler(lua_State *L)
{
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &tw__onhog_key) != LUA_TFUNCTION)
        return 0;
    lua_pushvalue(L, 1);
    lua_pushfstring(L, "%s:%I", (const char *)lua_touserdata(L, 2),
                    lua_tointeger(L, 3));
    lua_call(L, 2, 0);
    return 0;
}

static void report_hog(lua_State *L, struct tw_runtime *rt, int64_t ns,
                       unsigned number)
{
    int line;
    const char *site = tw_task_site(rt, number, &line);
    struct tw_task *before = rt->current;
    if (!lua_checkstack(L, 5))
        return;
    lua_pushcfunction(L, call_hog_handler);
    lua_pushnumber(L, (lua_Number)ns / 1e9);
    lua_pushlightuserdata(L, (void *)site);
    lua_pushinteger(L, line);
    rt->current = &rt->aside;
    if (lua_pcall(L, 3, 0, 0) != LUA_OK)
        lua_pop(L, 1);
    rt->current = before;
}

static void resume(lua_State *L, struct tw_runtime *rt, struct tw_task *task)
{
    struct tw_task *before = rt->current;
    lua_State *co = task->co;
    int results = 0;
    bool fresh = lua_status(co) == LUA_OK;
    int nargs = fresh ? lua_gettop(co) - 1 : 0;
    unsigned site = task->site;
    int64_t start = rt->hog_limit ? tw_loop_now(rt->loop) : 0;
    tw__wait_release(task);
    task->me.waiter.state = TW_TASK_RUNNING;
    const lua_State *inner = rt->inner;
    rt->current = task;
    rt->inner = co;
    rt->budget = TW_BUDGET;
    if (!fresh)
        lua_pop(co, 1); /* the mark */
    int status = lua_resume(co, L, nargs, &results);
    rt->inner = inner;
    rt->current = before;
    int64_t took = rt->hog_limit ? tw_loop_now(rt->loop) - start : 0;
    if (status == LUA_YIELD)
        park(rt, task, results);
    else
        ended(L, rt, task, status);
    if (took > rt->hog_limit) /* last: its handler may wake the task */
        report_hog(L, rt, took, site);
}

static struct tw_task *next_ready(struct tw_runtime *rt)
{
    struct tw_node *node = rt->ready;
    rt->ready = node->next;
    if (!rt->ready)
        rt->ready_end = &rt->ready;
    node->next = NULL;
    return tw__container_of(node, struct tw_task, me.node);
}

/* All that are ready by now: those that become so meanwhile come after the
   main thread has had a look. */
static void run_ready(lua_State *L, struct tw_runtime *rt)
{
    struct tw_node **end = rt->ready_end;
    bool last = !rt->ready;
    while (!last)
    {
        struct tw_task *task = next_ready(rt);
        last = &task->me.node.next == end;
        rt->resumed++;
        resume(L, rt, task);
    }
    rt->budget = TW_BUDGET;
}

static bool time_to_poll(const struct tw_runtime *rt)
{
    return !rt->ready || rt->resumed >= RESUMES_MAX ||
           tw_loop_now(rt->loop) - rt->turned >= RESUMES_NS;
}

static int turn(lua_State *L, struct tw_runtime *rt, int64_t until)
{
    int rc = 0;
    if (until == TW_FOREVER && rt->unjoined)
        until = look_for_failures(L, rt);
    if (until == TW_FOREVER && tw_loop_idle(rt->loop))
        return TW__SCHED_DEADLOCK;
    if (time_to_poll(rt))
    {
        rc = tw_loop_step(rt->loop, until);
        rt->turned = tw_loop_now(rt->loop);
        rt->resumed = 0;
    }
    run_ready(L, rt);
    return rc;
}

int tw__sched_turn(lua_State *L, struct tw_runtime *rt)
{
    return turn(L, rt, rt->ready ? 0 : TW_FOREVER);
}

int tw__sched_yield(lua_State *L, struct tw_runtime *rt)
{
    return turn(L, rt, 0);
}
