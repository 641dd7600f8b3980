/* The one place where a call waits. */
#include "task/wait.h"

#include <lauxlib.h>

/* How long to leave alone what cannot be polled (a full AF_UNIX backlog). */
enum
{
    RETRY_NS = 5000000
};

struct sleeper
{
    struct tw_waiter waiter;
    bool woken;
    int status;
};

static void wake_sleeper(struct tw_waiter *waiter, int status)
{
    struct sleeper *me = tw__container_of(waiter, struct sleeper, waiter);
    me->woken = true;
    me->status = status;
}

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

static unsigned direction(const struct task_wait *wait)
{
    return wait->want == TW_WANT_WRITE ? TW_WRITE : TW_READ;
}

/* Links the sleeper: 0; 1 if there is no need to sleep; or an error. */
static int link_sleeper(struct tw_runtime *rt, const struct task_wait *wait,
                        struct tw_waiter *waiter)
{
    if (wait->slot)
        *wait->slot = waiter;
    else if (wait->want != TW_WANT_TIME)
        return tw_loop_wait(rt->loop, wait->watch, direction(wait), waiter);
    return 0;
}

static void unlink_sleeper(struct tw_runtime *rt, const struct task_wait *wait)
{
    if (wait->slot)
        *wait->slot = NULL;
    else if (wait->want != TW_WANT_TIME)
        tw_loop_unwait(rt->loop, wait->watch, direction(wait));
}

/*
 * One turn of the loop on behalf of `wait`. The sleeper is linked only while
 * the loop runs, so that a hook may raise an error at any point outside it.
 * Returns 0 to go on waiting, 1 when ready, or an error.
 */
static int turn(struct tw_runtime *rt, const struct task_wait *wait,
                int64_t until)
{
    struct sleeper me = {.waiter.wake = wake_sleeper};
    int rc = link_sleeper(rt, wait, &me.waiter);
    if (rc != 0)
        return rc;
    rc = tw_loop_step(rt->loop, until);
    if (me.woken)
        return me.status < 0 ? me.status : 1;
    unlink_sleeper(rt, wait);
    return rc;
}

static int wait_here(lua_State *L, struct tw_runtime *rt,
                     const struct task_wait *wait)
{
    int64_t until = wait->deadline;
    int64_t retry = tw_loop_now(rt->loop) + RETRY_NS;
    if (wait->want == TW_WANT_TIME && retry < until)
        until = retry;
    for (;;)
    {
        run_hooks(L, rt->main_thread);
        int rc = wait->want == TW_WANT_RETRY ? 1 : turn(rt, wait, until);
        if (rc != 0)
            return rc < 0 ? rc : 0;
        if (until != TW_FOREVER && tw_loop_now(rt->loop) >= until)
            return until == wait->deadline ? TW_ETIMEDOUT : 0;
        /* A hook that waited too may have seen our slot's event. */
        if (wait->slot)
            return 0;
    }
}

static void begin(struct tw_runtime *rt, struct task_wait *wait)
{
    int64_t now = tw_loop_now(rt->loop);
    bool endless = wait->timeout >= TW_FOREVER - now;
    wait->deadline = endless ? TW_FOREVER : now + wait->timeout;
    wait->begun = true;
}

/* True once the deadline has passed, however often the loop found something:
   wake-ups that never suffice must not extend it. */
static bool is_late(const struct task_wait *wait)
{
    return wait->begun && wait->timeout > 0 && wait->deadline != TW_FOREVER &&
           tw_loop_now(wait->rt->loop) >= wait->deadline;
}

int task_run(lua_State *L, struct tw_runtime *rt, task_step step)
{
    if (!rt->loop)
        return luaL_error(L, "tidewire is closed in this Lua state");
    struct task_wait wait = {.rt = rt};
    for (;;)
    {
        int results = step(L, &wait);
        if (results != TASK_WAIT)
            return results;
        wait.status = is_late(&wait) ? TW_ETIMEDOUT : 0;
        if (!wait.begun)
            begin(rt, &wait);
        if (wait.status == 0)
            wait.status = wait_here(L, rt, &wait);
    }
}

bool task_may_block(const struct tw_runtime *rt, const struct tw_sock *sock)
{
    return sock->timeout == TW_FOREVER && !sock->nonblock &&
           tw_loop_idle(rt->loop);
}
