/*
 * task.timeout, task.shield and task.scope: one mechanism. A scope around the
 * call of a function; when it has returned, or raised, the tasks spawned in the
 * scope are waited for, and then it is decided what the whole has come to.
 */
#include "bind/module.h"
#include "bind/task.h"
#include "task/sched.h"

#include <string.h>

struct ltw_scope
{
    struct tw_scope base; /* first */
    const char *op;       /* the function of tidewire.task, for messages */
    bool raised;          /* the function did not return ... */
    bool late;            /* ... and a task had failed by then */
    bool left;            /* its end is being decided */
    bool hidden;          /* no script sees it: it can be used again */
};

static struct tw_runtime *runtime(lua_State *L)
{
    return &ltw_state(L)->rt;
}

static struct ltw_scope *self(lua_State *L)
{
    return ltw_check(L, 1, LTW_SCOPE);
}

/* -- the end ------------------------------------------------------------- */

/* Pushes the error of the first member that failed; it counts no more. */
static void take_failure(lua_State *L, struct tw_scope *base)
{
    struct tw_task *task = base->failed;
    base->failed = NULL;
    tw_task_error(L, task->co);
    tw_task_forget(L, base->rt, task);
}

static void drop_failure(lua_State *L, struct tw_scope *base)
{
    if (!base->failed)
        return;
    take_failure(L, base);
    tw__sched_report(L, base->rt, 0);
}

/*
 * The scope of a timeout is made and left often, and is garbage at once: the
 * last one is kept for the next.
 */
static void give_spare(lua_State *L)
{
    lua_pushvalue(L, 1);
    lua_setiuservalue(L, lua_upvalueindex(1), LTW_SPARE_SCOPE);
}

static struct ltw_scope *take_spare(lua_State *L)
{
    lua_getiuservalue(L, lua_upvalueindex(1), LTW_SPARE_SCOPE);
    struct ltw_scope *scope = lua_touserdata(L, -1);
    if (scope)
    {
        lua_pushnil(L); /* if it is left behind it shall be collected */
        lua_setiuservalue(L, lua_upvalueindex(1), LTW_SPARE_SCOPE);
        memset(scope, 0, sizeof *scope);
        return scope;
    }
    lua_pop(L, 1);
    return ltw_new(L, LTW_SCOPE, sizeof *scope, 1);
}

/*
 * Everything in the scope has ended. Stack: scope, what the function returned
 * or raised. Results: the same; or nil, message, code when the scope itself was
 * cancelled, by its deadline or by scope:cancel.
 */
static int conclude(lua_State *L, struct ltw_scope *scope)
{
    struct tw_scope *base = &scope->base;
    scope->left = true; /* whom we report to may try to spawn */
    bool cut = scope->raised && tw_task_is_cancelled(L, -1);
    bool failed = scope->raised && !cut;
    if (base->failed && (!failed || scope->late))
    {
        if (failed)
            tw__sched_report(L, base->rt, 0);
        take_failure(L, base);
        failed = true;
    }
    drop_failure(L, base);
    bool members = base->cut; /* it has cost us some of those */
    bool expired = base->expired && (cut || members);
    bool called = base->called;
    tw_scope_close(base);
    if (failed)
        return lua_error(L);
    /* What was also cancelled further out is theirs to conclude. */
    bool theirs = !base->shield && tw_task_cancelled(runtime(L)->current);
    if ((cut && !called) || ((cut || members) && theirs))
    {
        tw_task_push_cancelled(L);
        return lua_error(L);
    }
    if (expired || cut)
        return ltw_fail(L, expired ? TW_ETIMEDOUT : TW_ECANCELLED, scope->op);
    return lua_gettop(L) - 1;
}

static int leave_k(lua_State *L, struct tw_wait *wait)
{
    struct ltw_scope *scope = lua_touserdata(L, 1);
    wait->stubborn = true; /* members end by being cancelled, not forgotten */
    if (!scope->base.members)
        return conclude(L, scope);
    int results = ltw_wait_end(wait, &scope->base.waiting);
    if (results == TW_TASK_WAIT)
        return results;
    return luaL_error(L, "scope: %s", tw_err_text(wait->status));
}

static int returned(lua_State *L, int status, lua_KContext ctx)
{
    struct ltw_scope *scope = lua_touserdata(L, 1);
    (void)ctx;
    scope->raised = status != LUA_OK && status != LUA_YIELD;
    scope->late = scope->base.failed != NULL;
    if (scope->raised)
        tw_scope_cancel(&scope->base);
    if (!scope->base.members)
        return tw_task_done(L, runtime(L), conclude(L, scope));
    return tw_task_run(L, runtime(L), leave_k);
}

/* -- the beginning ------------------------------------------------------- */

/* Opens the scope on top in the place of slot 1; what follows is called. */
static void enter(lua_State *L, struct ltw_scope *scope, const char *op,
                  int64_t timeout)
{
    struct tw_runtime *rt = ltw_runtime(L);
    lua_pushthread(L); /* known by its address, which must stay its own */
    lua_setiuservalue(L, -2, 1);
    int64_t now = timeout == TW_FOREVER ? 0 : tw_loop_now(rt->loop);
    lua_replace(L, 1);
    scope->op = op;
    if (tw_scope_open(&scope->base, rt, L, tw_loop_after(now, timeout)) < 0)
        luaL_error(L, "%s: not enough memory", op);
    lua_toclose(L, 1);
}

static int call(lua_State *L, int nargs)
{
    int status = lua_pcallk(L, nargs, LUA_MULTRET, 0, 0, returned);
    return returned(L, status, 0);
}

/* Arguments: seconds, f, ... */
static int limited(lua_State *L, const char *op, bool shield)
{
    int64_t timeout = ltw_seconds(L, 1, "seconds");
    ltw_callable(L, 2, "f");
    struct ltw_scope *scope = take_spare(L);
    scope->hidden = true;
    scope->base.shield = shield;
    enter(L, scope, op, timeout);
    return call(L, lua_gettop(L) - 2);
}

/*
 * timeout(seconds, f, ...): what f(...) returns; or nil, message, "timeout" if
 * that takes longer: then whatever it waits for is cancelled. nil or false
 * seconds: no limit.
 */
static int task_timeout(lua_State *L)
{
    return limited(L, "timeout", false);
}

/*
 * shield(seconds, f, ...): as timeout, but cancelling what surrounds it does
 * not reach inside: for cleaning up that has to wait, with a limit of its own.
 */
static int task_shield(lua_State *L)
{
    return limited(L, "shield", true);
}

/* The options of scope at `idx`: its timeout, and whether it is a shield. */
static int64_t scope_options(lua_State *L, int idx, bool *shield)
{
    *shield = false;
    if (lua_isnoneornil(L, idx))
        return TW_FOREVER;
    luaL_checktype(L, idx, LUA_TTABLE);
    lua_pushnil(L);
    while (lua_next(L, idx))
    {
        const char *key = luaL_tolstring(L, -2, NULL);
        if (strcmp(key, "timeout") != 0 && strcmp(key, "shield") != 0)
            luaL_error(L, "scope: unknown option '%s'", key);
        lua_pop(L, 2);
    }
    lua_getfield(L, idx, "shield");
    *shield = lua_toboolean(L, -1);
    lua_getfield(L, idx, "timeout");
    return ltw_seconds(L, -1, "timeout");
}

/*
 * scope(f [, {timeout =, shield =}]): calls f(scope), and returns when the
 * tasks spawned with scope:spawn(f, ...) have ended too: what f returned. The
 * first error, of f or of a task, cancels the others and is raised.
 * scope:cancel() cancels all; so does the timeout (seconds). With `shield`,
 * cancelling what surrounds the scope does not reach inside. Or nil, message,
 * code ("timeout", "cancelled").
 */
static int task_scope(lua_State *L)
{
    bool shield;
    ltw_callable(L, 1, "f");
    int64_t timeout = scope_options(L, 2, &shield);
    lua_settop(L, 1);
    lua_pushnil(L);
    lua_insert(L, 1); /* the scope's place, f */
    struct ltw_scope *scope = ltw_new(L, LTW_SCOPE, sizeof *scope, 1);
    scope->base.shield = shield;
    enter(L, scope, "scope", timeout);
    lua_pushvalue(L, 1);
    return call(L, 1);
}

/* -- methods ------------------------------------------------------------- */

/* scope:spawn(f, ...): a new task, as task.spawn, that belongs to the scope. */
static int scope_spawn(lua_State *L)
{
    struct ltw_scope *scope = self(L);
    struct tw_runtime *rt = ltw_runtime(L);
    ltw_callable(L, 2, "f");
    if (!scope->base.rt || scope->left)
        return luaL_error(L, "spawn: the scope has been left");
    tw_task_spawn(L, rt, &scope->base, lua_gettop(L) - 2);
    return 1;
}

/* scope:cancel(): cancels everything in it. */
static int scope_cancel(lua_State *L)
{
    struct ltw_scope *scope = self(L);
    if (scope->base.rt)
        tw_scope_cancel(&scope->base);
    return 0;
}

/* Nobody refers to it any more: it was left behind in a coroutine. */
static int scope_gc(lua_State *L)
{
    struct ltw_scope *scope = self(L);
    if (scope->base.rt && runtime(L)->loop)
        drop_failure(L, &scope->base);
    tw_scope_close(&scope->base);
    return 0;
}

/* Left for good: by returning, by an error, or as a coroutine was closed. Not
   before may another call have it. */
static int scope_close(lua_State *L)
{
    const struct ltw_scope *scope = self(L);
    scope_gc(L);
    if (scope->hidden)
        give_spare(L);
    return 0;
}

static int scope_tostring(lua_State *L)
{
    const struct ltw_scope *scope = self(L);
    int members = 0;
    for (const struct tw_scope *f = scope->base.members; f; f = f->next)
        members++;
    lua_pushfstring(L, "scope (%d tasks%s)", members,
                    scope->base.rt ? "" : ", left");
    return 1;
}

void ltw_open_scope(lua_State *L)
{
    static const luaL_Reg meta[] = {{"__gc", scope_gc},
                                    {"__close", scope_close},
                                    {"__tostring", scope_tostring},
                                    {NULL, NULL}};
    static const luaL_Reg methods[] = {
        {"spawn", scope_spawn}, {"cancel", scope_cancel}, {NULL, NULL}};
    ltw_newtype(L, LTW_SCOPE, meta, methods);
}

const luaL_Reg ltw_scope_functions[] = {{"timeout", task_timeout},
                                        {"shield", task_shield},
                                        {"scope", task_scope},
                                        {NULL, NULL}};
