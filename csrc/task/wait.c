/* The one place where a call waits. */
#include "task/wait.h"

#include "task/runtime.h"
#include "task/sched.h"
#include "task/scope.h"

#include <lauxlib.h>

/* -- here: turning the loop ---------------------------------------------- */

static int noop(lua_State *L)
{
    (void)L;
    return 0;
}

/* The hook of a signal handler that wants the next instruction, as lua5.4's
   for Ctrl-C: nobody else hooks every kind of event with a count of one. */
static lua_Hook urgent_hook(lua_State *L)
{
    const int all = LUA_MASKCALL | LUA_MASKRET | LUA_MASKLINE | LUA_MASKCOUNT;
    bool urgent = lua_gethookmask(L) == all && lua_gethookcount(L) == 1;
    return urgent ? lua_gethook(L) : NULL;
}

static bool hooked(lua_State *L, lua_State *main_thread)
{
    return lua_gethook(L) || urgent_hook(main_thread);
}

/*
 * Lets a pending hook run: lua5.4's handler for SIGINT only sets one, on the
 * main thread, and it fires at that thread's next call or instruction. Without
 * this, Ctrl-C would have no effect until the operation is done; and none in a
 * coroutine until the main thread runs, so there the hook is borrowed.
 */
static void run_hooks(lua_State *L, lua_State *main_thread)
{
    lua_Hook hook = L == main_thread ? NULL : urgent_hook(main_thread);
    if (hook && !lua_gethook(L))
        lua_sethook(L, hook, lua_gethookmask(main_thread), 1);
    luaL_checkstack(L, 4, NULL);
    lua_pushcfunction(L, noop);
    lua_call(L, 0, 0);
}

/* Finalizers must not run tasks: the collector stands still meanwhile. Lua
   5.4.4 and later tell where they are. */
static bool in_finalizer(lua_State *L)
{
    return lua_gc(L, LUA_GCISRUNNING) < 0;
}

/* What the main thread waits for, its tasks may bring about. */
static bool may_run_tasks(lua_State *L, const struct tw_runtime *rt)
{
    return rt->current == &rt->main && !in_finalizer(L);
}

static bool needs_others(const struct tw_wait *wait)
{
    return wait->kind == TW_FOR_QUEUE || wait->kind == TW_FOR_SELECT;
}

/* Turns the loop, at least once, until the task is woken or a hook has
   something to say; 0 or an error. */
static int turn(lua_State *L, struct tw_runtime *rt, bool tasks)
{
    const struct tw_waiter *me = &rt->current->me.waiter;
    int rc = 0;
    do
        rc = tasks ? tw__sched_turn(L, rt) : tw_loop_step(rt->loop, TW_FOREVER);
    while (rc == 0 && me->state == TW_TASK_HERE && !hooked(L, rt->main_thread));
    return rc;
}

/* Others have a turn, if they may, and hooks theirs. */
static int look_around(lua_State *L, struct tw_runtime *rt, bool tasks)
{
    run_hooks(L, rt->main_thread);
    return tasks ? tw__sched_yield(L, rt) : tw_loop_step(rt->loop, 0);
}

/*
 * A hook may raise an error, so none runs while the task is linked; and it may
 * bring about what is waited for, so the step looks again after one has run.
 */
int tw__wait_here(lua_State *L, struct tw_runtime *rt,
                  const struct tw_wait *wait)
{
    struct tw_task *me = rt->current;
    const bool tasks = may_run_tasks(L, rt);
    if (needs_others(wait) && !tasks)
        return TW__WAIT_REFUSED;
    if (wait->kind == TW_FOR_TURN || urgent_hook(L) ||
        urgent_hook(rt->main_thread))
        return look_around(L, rt, tasks);
    int rc = tw__wait_link(rt, me, wait);
    if (rc != 0)
        return rc < 0 ? rc : 0;
    me->me.waiter.state = TW_TASK_HERE;
    rc = turn(L, rt, tasks);
    bool woken = me->me.waiter.state != TW_TASK_HERE;
    if (!woken)
        tw__wait_unlink(rt, me);
    tw__wait_release(me);
    me->me.waiter.state = TW_TASK_RUNNING;
    if (woken)
        return me->me.waiter.status; /* may be a promise: it comes first */
    if (rc == TW__SCHED_DEADLOCK)
        return tw__sched_deadlock(L, rt);
    if (rc == 0)
        run_hooks(L, rt->main_thread);
    return rc;
}

/* -- in a task: yielding to the scheduler -------------------------------- */

/* What is on top of the stack of a coroutine that waits: its address. */
static const char mark;

bool tw__wait_marked(lua_State *co)
{
    return lua_gettop(co) > 0 && tw__wait_yielded(co);
}

bool tw__wait_yielded(lua_State *co)
{
    return lua_touserdata(co, -1) == &mark;
}

void tw__wait_mark(lua_State *co)
{
    lua_pushlightuserdata(co, (void *)&mark);
}

int tw__wait_yield(lua_State *L, lua_KContext ctx, lua_KFunction k)
{
    lua_pushlightuserdata(L, (void *)&mark);
    return lua_yieldk(L, 1, ctx, k);
}

/* Goes on with the results that were on top when others had a turn. */
static int done_k(lua_State *L, int status, lua_KContext ctx)
{
    (void)L, (void)status;
    return (int)ctx;
}

static int raise_k(lua_State *L, int status, lua_KContext ctx)
{
    (void)status, (void)ctx;
    tw_task_push_cancelled(L);
    return lua_error(L);
}

/* Lets others run, then goes on with `k`. */
static int take_turn(lua_State *L, struct tw_runtime *rt, lua_KContext ctx,
                     lua_KFunction k)
{
    luaL_checkstack(L, 1, NULL);
    if (tw__wait_may_suspend(L, rt))
    {
        rt->parked = (struct tw_wait){.kind = TW_FOR_TURN};
        return tw__wait_yield(L, ctx, k);
    }
    if (may_run_tasks(L, rt))
    {
        run_hooks(L, rt->main_thread);
        tw__sched_yield(L, rt);
    }
    return k(L, LUA_OK, ctx);
}

int tw_task_done(lua_State *L, struct tw_runtime *rt, int results)
{
    if (!tw_task_spent(rt))
        return results;
    return take_turn(L, rt, (lua_KContext)results, done_k);
}

/* Even failing is a turn in the end: a task may catch this for ever. */
static int raise_cancelled(lua_State *L, struct tw_runtime *rt)
{
    return tw_task_spent(rt) ? take_turn(L, rt, 0, raise_k) : raise_k(L, 0, 0);
}

/* One attempt: the results, or TW_TASK_WAIT. */
static int attempt(lua_State *L, struct tw_wait *wait, tw_step step)
{
    int status = wait->status;
    if (status == TW__WAIT_REFUSED)
        return luaL_error(L, "cannot wait for another task here: Lua cannot "
                             "suspend what called this (a sort function, a "
                             "gsub callback, require, a finalizer, a hook)");
    int results = step(L, wait);
    if (status == TW_ECANCELLED && !wait->stubborn)
        return raise_cancelled(L, wait->rt);
    return results;
}

/* Goes on after a wait, with the deadline on top. */
static int resume_k(lua_State *L, int status, lua_KContext ctx)
{
    struct tw_runtime *rt = lua_touserdata(L, lua_upvalueindex(1));
    struct tw_wait wait = {.rt = rt, .begun = true};
    (void)status;
    wait.deadline = (int64_t)lua_tointeger(L, -1);
    lua_pop(L, 1);
    wait.status = rt->current->me.waiter.status;
    rt->current->me.waiter.status = 0;
    tw_step step = (tw_step)ctx;
    int results = attempt(L, &wait, step);
    return results == TW_TASK_WAIT ? tw_task_go_on(L, &wait, step) : results;
}

static int suspend(lua_State *L, tw_step step, const struct tw_wait *wait)
{
    /* A C function has room for LUA_MINSTACK values, beyond what it checked
       for itself, and no step comes near. */
    lua_pushinteger(L, (lua_Integer)wait->deadline);
    wait->rt->parked = *wait;
    return tw__wait_yield(L, (lua_KContext)step, resume_k);
}

/* -- both ---------------------------------------------------------------- */

static void begin(struct tw_wait *wait)
{
    wait->begun = true;
    bool limited = wait->timeout != TW_FOREVER;
    int64_t now = limited ? tw_loop_now(wait->rt->loop) : 0;
    wait->deadline = tw_loop_after(now, wait->timeout);
}

/* True once the deadline has passed, however often the loop found something:
   wake-ups that never suffice must not extend it. */
static bool is_late(const struct tw_wait *wait)
{
    return wait->begun && wait->timeout > 0 && wait->deadline != TW_FOREVER &&
           tw_loop_now(wait->rt->loop) >= wait->deadline;
}

/* Why not to wait, or 0. */
static int verdict(const struct tw_wait *wait)
{
    if (!wait->stubborn && tw_task_cancelled(wait->rt->current))
        return TW_ECANCELLED;
    if (!wait->begun && wait->timeout == 0 && wait->kind != TW_FOR_TURN &&
        wait->kind != TW_FOR_SELECT)
        return TW_ETIMEDOUT;
    return is_late(wait) ? TW_ETIMEDOUT : 0;
}

/* Not if somebody else resumed this coroutine: a library with a scheduler of
   its own, which got hold of coroutine.resume before we replaced it. */
bool tw__wait_may_suspend(lua_State *L, const struct tw_runtime *rt)
{
    return rt->current != &rt->main && rt->current != &rt->aside &&
           rt->inner == L && lua_isyieldable(L);
}

int tw_task_go_on(lua_State *L, struct tw_wait *wait, tw_step step)
{
    struct tw_runtime *rt = wait->rt;
    int results = TW_TASK_WAIT;
    while (results == TW_TASK_WAIT)
    {
        wait->status = verdict(wait);
        if (wait->status == 0)
        {
            if (!wait->begun)
                begin(wait);
            if (tw__wait_may_suspend(L, rt))
                return suspend(L, step, wait);
            wait->status = tw__wait_here(L, rt, wait);
        }
        results = attempt(L, wait, step);
    }
    return results;
}

int tw_task_run(lua_State *L, struct tw_runtime *rt, tw_step step)
{
    if (!rt->loop)
        return luaL_error(L, "tidewire is closed in this Lua state");
    struct tw_wait wait = {.rt = rt};
    int results = attempt(L, &wait, step);
    return results == TW_TASK_WAIT ? tw_task_go_on(L, &wait, step)
                                   : tw_task_done(L, rt, results);
}

bool tw_task_may_block(const struct tw_runtime *rt, const struct tw_sock *sock)
{
    return sock->timeout == TW_FOREVER && !sock->nonblock && rt->live == 0 &&
           !rt->unjoined && rt->current == &rt->main && !rt->main.scope &&
           tw_loop_idle(rt->loop);
}

bool tw_task_spent(struct tw_runtime *rt)
{
    if (rt->live == 0 || rt->budget-- > 0)
        return false;
    rt->budget = TW_BUDGET;
    return true;
}

/* -- the object that cancelled waits raise ------------------------------- */

/* Its address is the registry key. */
static const char cancelled_key;

static int cancelled_text(lua_State *L)
{
    lua_pushliteral(L, "cancelled");
    return 1;
}

void tw_task_push_cancelled(lua_State *L)
{
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &cancelled_key) == LUA_TTABLE)
        return;
    lua_pop(L, 1);
    lua_createtable(L, 0, 1); /* object */
    lua_pushliteral(L, "cancelled");
    lua_setfield(L, -2, "code");
    lua_createtable(L, 0, 1); /* object mt */
    lua_pushcfunction(L, cancelled_text);
    lua_setfield(L, -2, "__tostring");
    lua_setmetatable(L, -2);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &cancelled_key);
}

bool tw_task_is_cancelled(lua_State *L, int idx)
{
    idx = lua_absindex(L, idx);
    tw_task_push_cancelled(L);
    bool same = lua_rawequal(L, idx, -1);
    lua_pop(L, 1);
    return same;
}
