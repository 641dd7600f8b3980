/* The Lua type "task", and the functions of tidewire.task about tasks. */
#include "bind/task.h"
#include "bind/module.h"

#include "task/inspect.h"
#include "task/sched.h"

static struct tw_handle *self(lua_State *L)
{
    return ltw_check(L, 1, LTW_TASK);
}

static struct tw_runtime *runtime(lua_State *L)
{
    return &ltw_state(L)->rt;
}

void ltw_callable(lua_State *L, int idx, const char *name)
{
    if (lua_isfunction(L, idx))
        return;
    if (!luaL_getmetafield(L, idx, "__call"))
        ltw_typeerror(L, idx, name, "function");
    lua_pop(L, 1);
}

int ltw_wait_queue(struct tw_wait *wait, struct tw_queue *queue,
                   int64_t timeout)
{
    wait->kind = TW_FOR_QUEUE;
    wait->at = queue;
    wait->timeout = timeout;
    return TW_TASK_WAIT;
}

int ltw_wait_end(struct tw_wait *wait, struct tw_queue *queue)
{
    bool hopeless = wait->status == -ECHILD;
    return hopeless ? 0 : ltw_wait_queue(wait, queue, TW_FOREVER);
}

/* -- methods ------------------------------------------------------------- */

/* Pushes what the task returned; raises what it raised. */
static int outcome(lua_State *L, struct tw_handle *task)
{
    lua_State *co = task->co;
    task->joined = true;
    if (task->outcome == TW_TASK_CANCELLED)
        return ltw_fail(L, TW_ECANCELLED, "join");
    if (task->outcome == TW_TASK_FAILED)
    {
        tw_task_error(L, co);
        return lua_error(L);
    }
    int n = tw_task_results(L, co);
    return n < 0 ? luaL_error(L, "join: too many results") : n;
}

/* Stack: task, timeout in ns. */
static int task_join_k(lua_State *L, struct tw_wait *wait)
{
    struct tw_handle *task = lua_touserdata(L, 1);
    int64_t timeout = (int64_t)lua_tointeger(L, 2);
    if (task->outcome != TW_TASK_LIVE)
        return outcome(L, task);
    if (wait->status < 0)
        return ltw_fail(L, wait->status, "join");
    if (!task->root.rt) /* a finalizer has brought the handle back */
        return ltw_fail(L, TW_ECLOSED, "join");
    return ltw_wait_queue(wait, &task->root.waiting, timeout);
}

/*
 * t:join([timeout]): waits for the task to end; what its function returned, or
 * raises what that raised; nil, message, "cancelled" if it was; nil, message,
 * "timeout" if it has not ended in time.
 */
static int task_join(lua_State *L)
{
    struct tw_handle *task = self(L);
    ltw_timeout(L, 2, "timeout");
    if (task->root.task && task->root.task == runtime(L)->current)
        return luaL_error(L, "a task cannot join itself");
    return tw_task_run(L, runtime(L), task_join_k);
}

/*
 * t:cancel(): makes what the task waits for fail, now and whenever it tries to
 * wait again: an error object whose text is "cancelled" unwinds it. Returns at
 * once, true unless it has ended already.
 */
static int task_cancel(lua_State *L)
{
    struct tw_handle *task = self(L);
    bool live = task->root.rt && task->root.task;
    if (live)
    {
        tw_task_keep(L, runtime(L), 1); /* it knows that it is cancelled */
        tw_scope_cancel(&task->root);
    }
    lua_pushboolean(L, live);
    return 1;
}

static int task_close_k(lua_State *L, struct tw_wait *wait)
{
    struct tw_handle *task = lua_touserdata(L, 1);
    bool live = task->outcome == TW_TASK_LIVE;
    wait->stubborn = true;
    return live ? ltw_wait_end(wait, &task->root.waiting) : 0;
}

/* Leaving the block of `local t <close> = task.spawn(f)` cancels the task and
   waits for its end. */
static int task_close(lua_State *L)
{
    struct tw_handle *task = self(L);
    if (task->outcome != TW_TASK_LIVE || !runtime(L)->loop)
        return 0;
    tw_task_keep(L, runtime(L), 1);
    tw_scope_cancel(&task->root);
    if (task->root.task == runtime(L)->current)
        return 0;
    lua_settop(L, 1);
    return tw_task_run(L, runtime(L), task_close_k);
}

static int task_gc(lua_State *L)
{
    struct tw_handle *task = self(L);
    struct tw_runtime *rt = runtime(L);
    if (task->outcome == TW_TASK_FAILED && !task->joined && rt->loop)
    {
        task->joined = true;
        tw_task_error(L, task->co);
        tw__sched_report(L, rt, 1);
    }
    tw_scope_close(&task->root);
    return 0;
}

/* t:setname(name): the task itself. */
static int task_setname(lua_State *L)
{
    self(L);
    ltw_string(L, 2, "name", NULL);
    lua_settop(L, 2);
    lua_setiuservalue(L, 1, TW_HANDLE_NAME);
    tw_task_keep(L, runtime(L), 1);
    return 1;
}

/* t:getname(): the name, by default where it was spawned: "file:line". */
static int task_getname(lua_State *L)
{
    int line;
    const struct tw_handle *task = self(L);
    if (lua_getiuservalue(L, 1, TW_HANDLE_NAME) == LUA_TSTRING)
        return 1;
    const char *site = tw_task_site(runtime(L), task->site, &line);
    lua_pushfstring(L, "%s:%d", site, line);
    return 1;
}

static const char *status_of(const struct tw_handle *task)
{
    static const char *const outcomes[] = {
        [TW_TASK_LIVE] = "?",
        [TW_TASK_DONE] = "done",
        [TW_TASK_FAILED] = "failed",
        [TW_TASK_CANCELLED] = "cancelled",
    };
    if (task->outcome != TW_TASK_LIVE)
        return outcomes[task->outcome];
    if (!task->root.task)
        return "closed";
    switch (task->root.task->me.waiter.state)
    {
    case TW_TASK_READY:
        return "ready";
    case TW_TASK_RUNNING:
        return "running";
    default:
        return "waiting";
    }
}

/* t:status(): "ready", "running", "waiting", or how it ended: "done",
   "failed", "cancelled". */
static int task_status(lua_State *L)
{
    lua_pushstring(L, status_of(self(L)));
    return 1;
}

static int task_tostring(lua_State *L)
{
    const struct tw_handle *task = self(L);
    task_getname(L);
    lua_pushfstring(L, "task (%s, %s)", lua_tostring(L, -1), status_of(task));
    return 1;
}

/* -- functions ----------------------------------------------------------- */

/* spawn(f, ...): a new task that calls f(...) once the caller waits. */
static int task_spawn(lua_State *L)
{
    struct tw_runtime *rt = ltw_runtime(L);
    ltw_callable(L, 1, "f");
    tw_task_spawn(L, rt, NULL, lua_gettop(L) - 1);
    return 1;
}

/* current(): the task that calls; nil on the main thread. */
static int task_current(lua_State *L)
{
    if (!tw_task_current(L, ltw_runtime(L)))
        luaL_pushfail(L);
    return 1;
}

static int task_sleep_k(lua_State *L, struct tw_wait *wait)
{
    wait->timeout = (int64_t)lua_tointeger(L, 1);
    bool over = wait->timeout == 0 ? wait->begun : wait->status == TW_ETIMEDOUT;
    if (!over && wait->status >= 0)
    {
        wait->kind = wait->timeout == 0 ? TW_FOR_TURN : TW_FOR_TIME;
        return TW_TASK_WAIT;
    }
    return ltw_result(L, over ? 0 : wait->status, "sleep");
}

/* sleep(seconds): true, after that time, never earlier; 0 lets others run. */
static int task_sleep(lua_State *L)
{
    luaL_checknumber(L, 1);
    ltw_timeout(L, 1, "seconds");
    return tw_task_run(L, runtime(L), task_sleep_k);
}

static int task_yield_k(lua_State *L, struct tw_wait *wait)
{
    (void)L;
    wait->kind = TW_FOR_TURN;
    wait->timeout = TW_FOREVER;
    return wait->begun || wait->status < 0 ? 0 : TW_TASK_WAIT;
}

/* yield(): lets the other tasks that are ready run first. */
static int task_yield(lua_State *L)
{
    lua_settop(L, 0);
    return tw_task_run(L, runtime(L), task_yield_k);
}

static int task_run_k(lua_State *L, struct tw_wait *wait)
{
    struct tw_runtime *rt = wait->rt;
    if (rt->live == 0 || wait->status < 0)
        return ltw_result(L, rt->live == 0 ? 0 : wait->status, "run");
    return ltw_wait_queue(wait, &rt->idle, TW_FOREVER);
}

/* run(): on the main thread: runs tasks until none is left. true. */
static int task_run(lua_State *L)
{
    struct tw_runtime *rt = ltw_runtime(L);
    if (rt->current != &rt->main)
        return luaL_error(L, "run: only the main thread may call it");
    lua_settop(L, 0);
    return tw_task_run(L, rt, task_run_k);
}

/* list(): a table for each task that has not ended; see inspect.h. */
static int task_list(lua_State *L)
{
    struct tw_runtime *rt = ltw_runtime(L);
    lua_Integer n = 0;
    lua_newtable(L);
    for (struct tw_task *task = tw_task_next(rt, NULL); task;
         task = tw_task_next(rt, task))
    {
        if (task->me.waiter.state == TW_TASK_ENDED)
            continue;
        tw_task_describe(L, rt, task);
        lua_seti(L, -2, ++n);
    }
    return 1;
}

/* counts(): how many tasks have not ended, how many waits for descriptors and
   how many timers are under way: for tests that look for what is left. */
static int task_counts(lua_State *L)
{
    size_t waiters, timers;
    const struct tw_runtime *rt = ltw_runtime(L);
    tw_loop_counts(rt->loop, &waiters, &timers);
    lua_pushinteger(L, (lua_Integer)rt->live);
    lua_pushinteger(L, (lua_Integer)waiters);
    lua_pushinteger(L, (lua_Integer)timers);
    return 3;
}

static void set_handler(lua_State *L, int idx, const char *key)
{
    if (!lua_isnoneornil(L, idx))
        luaL_checktype(L, idx, LUA_TFUNCTION);
    lua_settop(L, idx);
    lua_rawsetp(L, LUA_REGISTRYINDEX, key);
}

/* onerror(f): f(err, task) is called when a task fails that nobody joins; nil
   ignores it. `task` is nil where nothing of it is left. */
static int task_onerror(lua_State *L)
{
    set_handler(L, 1, &tw__onerror_key);
    return 0;
}

/*
 * onhog(seconds, f): f(seconds, spawned) is called each time a task has run
 * longer than that without waiting; `spawned` says where it was. onhog()
 * watches no more.
 */
static int task_onhog(lua_State *L)
{
    int64_t limit = ltw_seconds(L, 1, "seconds");
    set_handler(L, 2, &tw__onhog_key);
    runtime(L)->hog_limit = limit == TW_FOREVER ? 0 : limit ? limit : 1;
    return 0;
}

void ltw_open_task(lua_State *L)
{
    static const luaL_Reg meta[] = {{"__gc", task_gc},
                                    {"__close", task_close},
                                    {"__tostring", task_tostring},
                                    {NULL, NULL}};
    static const luaL_Reg methods[] = {
        {"join", task_join},       {"cancel", task_cancel},
        {"setname", task_setname}, {"getname", task_getname},
        {"status", task_status},   {NULL, NULL}};
    ltw_newtype(L, LTW_TASK, meta, methods);
}

const luaL_Reg ltw_task_functions[] = {
    {"spawn", task_spawn},   {"current", task_current},
    {"sleep", task_sleep},   {"yield", task_yield},
    {"run", task_run},       {"list", task_list},
    {"counts", task_counts}, {"onerror", task_onerror},
    {"onhog", task_onhog},   {NULL, NULL}};
