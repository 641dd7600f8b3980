/*
 * What stands in for coroutine.resume, wrap, status and close. They do what
 * Lua's manual says, and one thing more: when a coroutine inside a task waits,
 * its yield is not its resumer's business but the scheduler's, so it is passed
 * on outward, and the coroutine goes on where it was. To everybody else such a
 * coroutine is "normal", as one that is active without running.
 */
#include "task/coroutine.h"

#include "task/runtime.h"
#include "task/scope.h"
#include "task/wait.h"

#include <lauxlib.h>

static struct tw_runtime *runtime(lua_State *L)
{
    return lua_touserdata(L, lua_upvalueindex(1));
}

static lua_State *thread_arg(lua_State *L)
{
    lua_State *co = lua_tothread(L, 1);
    luaL_argexpected(L, co, 1, "coroutine");
    return co;
}

static const char *status_of(lua_State *L, lua_State *co)
{
    lua_Debug ar;
    if (L == co)
        return "running";
    if (tw__wait_marked(co)) /* a task's own has ended, or waits */
        return lua_status(co) == LUA_YIELD ? "normal" : "dead";
    if (lua_status(co) == LUA_YIELD)
        return "suspended";
    if (lua_status(co) != LUA_OK)
        return "dead";
    if (lua_getstack(co, 0, &ar))
        return "normal";
    return lua_gettop(co) == 0 ? "dead" : "suspended";
}

/* Moves what a coroutine yielded or returned to L: how many values those are,
   or -1 with an error message. */
static int take(lua_State *L, lua_State *co, int n)
{
    if (!lua_checkstack(L, n + 1))
    {
        lua_pop(co, n);
        lua_pushliteral(L, "too many results to resume");
        return -1;
    }
    lua_xmove(co, L, n);
    return n;
}

/*
 * Resumes `co` with `nargs` values that are on its stack already: the number of
 * results, pushed; -1 with an error, pushed; or does not return, and resume_k
 * comes here again.
 */
static int run(lua_State *L, lua_State *co, int nargs, lua_KFunction k)
{
    struct tw_runtime *rt = runtime(L);
    for (;; lua_pop(co, 1), nargs = 0) /* the mark */
    {
        int n = 0;
        const lua_State *outer = rt->inner;
        rt->inner = co;
        int status = lua_resume(co, L, nargs, &n);
        rt->inner = outer;
        if (status == LUA_YIELD && n == 1 && tw__wait_yielded(co))
        {
            if (tw__wait_may_suspend(L, rt))
                return tw__wait_yield(L, 0, k);
            struct tw_wait wait = rt->parked;
            rt->current->me.waiter.status =
                (int16_t)tw__wait_here(L, rt, &wait);
            continue;
        }
        if (rt->loop)
            tw_scope_suspend(rt, co);
        if (status == LUA_OK || status == LUA_YIELD)
            return take(L, co, n);
        lua_xmove(co, L, 1);
        return -1;
    }
}

/* The first time: with the values on top of L as arguments. */
static int start(lua_State *L, lua_State *co, int nargs, lua_KFunction k)
{
    const char *status = status_of(L, co);
    if (*status != 's')
    {
        const char *what = *status == 'd' ? "dead" : "non-suspended";
        lua_pushfstring(L, "cannot resume %s coroutine", what);
        return -1;
    }
    if (!lua_checkstack(co, nargs))
    {
        lua_pushliteral(L, "too many arguments to resume");
        return -1;
    }
    tw_scope_resume(runtime(L), co);
    lua_xmove(L, co, nargs);
    return run(L, co, nargs, k);
}

/* -- coroutine.resume ---------------------------------------------------- */

/* From `n` results, or an error if that is -1, on top. */
static int resumed(lua_State *L, int n)
{
    int values = n < 0 ? 1 : n;
    lua_pushboolean(L, n >= 0);
    lua_insert(L, -values - 1);
    return values + 1;
}

static int resume_k(lua_State *L, int status, lua_KContext ctx)
{
    (void)status, (void)ctx;
    lua_State *co = lua_tothread(L, 1);
    lua_pop(co, 1); /* the mark */
    return resumed(L, run(L, co, 0, resume_k));
}

/* coroutine.resume(co, ...): true and what it yields or returns; or false and
   the error. */
static int co_resume(lua_State *L)
{
    lua_State *co = thread_arg(L);
    return resumed(L, start(L, co, lua_gettop(L) - 1, resume_k));
}

/* -- coroutine.wrap ------------------------------------------------------ */

/* Raises the error on top, as the manual says: the coroutine is closed, and a
   message told where it came from. */
static int wrap_failed(lua_State *L, lua_State *co)
{
    int status = lua_status(co);
    if (status != LUA_OK && status != LUA_YIELD)
    {
        status = lua_resetthread(co);
        lua_xmove(co, L, 1);
    }
    if (status != LUA_ERRMEM && lua_type(L, -1) == LUA_TSTRING)
    {
        luaL_where(L, 1);
        lua_insert(L, -2);
        lua_concat(L, 2);
    }
    return lua_error(L);
}

static int wrapped(lua_State *L, lua_State *co, int n)
{
    return n < 0 ? wrap_failed(L, co) : n;
}

static int wrap_k(lua_State *L, int status, lua_KContext ctx)
{
    lua_State *co = lua_tothread(L, lua_upvalueindex(2));
    (void)status, (void)ctx;
    lua_pop(co, 1); /* the mark */
    return wrapped(L, co, run(L, co, 0, wrap_k));
}

static int call_wrapped(lua_State *L)
{
    lua_State *co = lua_tothread(L, lua_upvalueindex(2));
    return wrapped(L, co, start(L, co, lua_gettop(L), wrap_k));
}

/* coroutine.wrap(f): a function that resumes a new coroutine. */
static int co_wrap(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_State *co = lua_newthread(L);
    lua_pushvalue(L, 1);
    lua_xmove(L, co, 1);
    lua_pushcclosure(L, call_wrapped, 2);
    return 1;
}

/* -- coroutine.status and close ------------------------------------------ */

/* coroutine.status(co): "running", "suspended", "normal" or "dead". */
static int co_status(lua_State *L)
{
    lua_pushstring(L, status_of(L, thread_arg(L)));
    return 1;
}

/* coroutine.close(co): true; or false and the error it ended with, or that
   one of its to-be-closed variables raised. */
static int co_close(lua_State *L)
{
    lua_State *co = thread_arg(L);
    const char *status = status_of(L, co);
    if (*status != 's' && *status != 'd')
        return luaL_error(L, "cannot close a %s coroutine", status);
    bool task = tw__wait_marked(co); /* whose results are kept for join */
    int rc = task ? lua_status(co) : lua_resetthread(co);
    lua_pushboolean(L, rc == LUA_OK);
    if (rc == LUA_OK)
        return 1;
    if (task)
        lua_pushvalue(co, -2);
    lua_xmove(co, L, 1);
    return 2;
}

lua_State *tw__coroutine_inner(lua_State *L, int idx)
{
    if (lua_tocfunction(L, idx) != call_wrapped || !lua_getupvalue(L, idx, 2))
        return NULL;
    lua_State *co = lua_tothread(L, -1);
    lua_pop(L, 1);
    return co;
}

bool tw__coroutine_is_resume(lua_State *L, int idx)
{
    return lua_tocfunction(L, idx) == co_resume;
}

const luaL_Reg tw__coroutine_functions[] = {{"resume", co_resume},
                                            {"wrap", co_wrap},
                                            {"status", co_status},
                                            {"close", co_close},
                                            {NULL, NULL}};
