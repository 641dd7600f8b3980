/* Making tasks: the coroutine, its record, its handle. */
#include "task/task.h"

#include "task/record.h"
#include "task/runtime.h"
#include "task/sched.h"
#include "task/scope.h"

#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

enum
{
    SITES_MAX = (1 << 12) - 1,
    TEXT_MAX = 1 << 14 /* no traceback is added to an error this long */
};

/* -- where tasks come from ----------------------------------------------- */

const char *tw_task_site(const struct tw_runtime *rt, unsigned site, int *line)
{
    bool known = site > 0 && site <= rt->nsites;
    *line = known ? rt->sites[site - 1].line : 0;
    return known ? rt->sites[site - 1].name : "?";
}

static unsigned add_site(struct tw_runtime *rt, const lua_Debug *ar)
{
    if (rt->nsites == SITES_MAX)
        return 0;
    if (rt->nsites == rt->sites_cap)
    {
        size_t cap = rt->sites_cap ? 2 * rt->sites_cap : 16;
        struct tw_site *sites =
            tw__mem_resize(&rt->mem, rt->sites, rt->sites_cap * sizeof *sites,
                           cap * sizeof *sites);
        if (!sites)
            return 0;
        rt->sites = sites;
        rt->sites_cap = cap;
    }
    struct tw_site *site = &rt->sites[rt->nsites++];
    site->source = ar->source;
    site->line = ar->currentline;
    snprintf(site->name, sizeof site->name, "%s", ar->short_src);
    return (unsigned)rt->nsites;
}

/* The number of the place that called the running C function; 0: unknown. */
static unsigned find_site(lua_State *L, struct tw_runtime *rt)
{
    lua_Debug ar = {.currentline = -1};
    for (int level = 1; ar.currentline < 0; level++)
        if (!lua_getstack(L, level, &ar) || !lua_getinfo(L, "Sl", &ar))
            return 0;
    for (size_t i = rt->nsites; i-- > 0;)
        if (rt->sites[i].line == ar.currentline &&
            rt->sites[i].source == ar.source &&
            strcmp(rt->sites[i].name, ar.short_src) == 0)
            return (unsigned)i + 1;
    return add_site(rt, &ar);
}

/* -- what a task's coroutine runs ---------------------------------------- */

/* An error that is text gets the traceback, across the spawn: of each task that
   it goes through, up to a point, for there may be thousands. */
static int explain(lua_State *L)
{
    int line;
    if (lua_type(L, 1) != LUA_TSTRING || lua_rawlen(L, 1) > TEXT_MAX)
        return 1;
    lua_rawgetp(L, LUA_REGISTRYINDEX, &tw__runtime_key);
    const struct tw_runtime *rt = lua_touserdata(L, -1);
    const char *site = tw_task_site(rt, rt->current->site, &line);
    luaL_traceback(L, L, lua_tostring(L, 1), 1);
    lua_pushfstring(L, "\n\t(task spawned at %s:%d)", site, line);
    lua_concat(L, 2);
    return 1;
}

static int task_end(lua_State *L, int status, lua_KContext ctx)
{
    (void)ctx;
    if (status != LUA_OK && status != LUA_YIELD)
        return lua_error(L);
    return lua_gettop(L) - 1;
}

/* Stack: message handler, function, arguments. Called protected, so that what
   is to be closed after an error may wait. */
static int task_main(lua_State *L)
{
    int nargs = lua_gettop(L) - 2;
    return task_end(L, lua_pcallk(L, nargs, LUA_MULTRET, 1, 0, task_end), 0);
}

/* -- handles ------------------------------------------------------------- */

const char tw__runtime_key, tw__handles_key;

/* Pushes the table from root scope to handle, whose values are weak. */
static void push_handles(lua_State *L)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &tw__handles_key);
}

/* Pushes a handle, whose task is yet to be set, of the coroutine at `idx`. */
static struct tw_handle *new_handle(lua_State *L, int idx)
{
    idx = lua_absindex(L, idx);
    struct tw_handle *handle = lua_newuserdatauv(L, sizeof *handle, 2);
    memset(handle, 0, sizeof *handle);
    luaL_setmetatable(L, TW_TASK_TYPE);
    lua_pushvalue(L, idx);
    lua_setiuservalue(L, -2, TW_HANDLE_COROUTINE);
    handle->co = lua_tothread(L, idx);
    push_handles(L);
    lua_pushvalue(L, -2);
    lua_rawsetp(L, -2, &handle->root);
    lua_pop(L, 1);
    return handle;
}

static int nothing(lua_State *L)
{
    (void)L;
    return 0;
}

/* What is made from here on may collect handles of tasks that run: Lua passes
   over a finalizer that it has no memory to call, so this is asked for now. */
static void make_room(lua_State *L)
{
    if (!lua_checkstack(L, 2 * LUA_MINSTACK))
        luaL_error(L, "spawn: not enough memory");
    lua_pushcfunction(L, nothing);
    lua_call(L, 0, 0);
}

void tw_task_spawn(lua_State *L, struct tw_runtime *rt, struct tw_scope *outer,
                   int nargs)
{
    make_room(L);
    lua_State *co = lua_newthread(L); /* f args co */
    if (!lua_checkstack(co, nargs + 4))
        luaL_error(L, "spawn: too many arguments");
    struct tw_handle *handle = new_handle(L, -1);
    if (outer)
        lua_replace(L, -2); /* the handle keeps the coroutine */
    else
        lua_insert(L, -2);
    /* On top: what is to live as long as the task. */
    struct tw_task *task = tw__record_new(L, rt, co);
    if (!outer)
        lua_pop(L, 1); /* f args handle */
    handle->site = find_site(L, rt);
    task->site = handle->site;
    tw_scope_root(&handle->root, rt, task, outer);
    lua_insert(L, -nargs - 2); /* handle f args */
    lua_pushcfunction(co, task_main);
    lua_pushcfunction(co, explain);
    lua_xmove(L, co, nargs + 1);
    rt->live++;
    tw__sched_ready(rt, task);
}

/* The root scope of a task, NULL if its handle was collected. */
static struct tw_scope *find_root(const struct tw_task *task)
{
    struct tw_scope *f = task->scope;
    while (f && f->L)
        f = f->parent;
    return f && f->task == task ? f : NULL;
}

bool tw__task_push_handle(lua_State *L, const struct tw_task *task)
{
    const struct tw_scope *root = find_root(task);
    if (!root)
        return false;
    push_handles(L);
    bool found = lua_rawgetp(L, -1, root) == LUA_TUSERDATA;
    lua_remove(L, -2);
    if (!found)
        lua_pop(L, 1);
    return found;
}

bool tw_task_current(lua_State *L, struct tw_runtime *rt)
{
    struct tw_task *task = rt->current;
    if (!task->co)
        return false;
    if (tw__task_push_handle(L, task))
        return true;
    struct tw_scope *root = find_root(task);
    if (root)
        tw_scope_close(root); /* of a handle that is garbage already */
    lua_checkstack(task->co, 1);
    lua_pushthread(task->co);
    lua_xmove(task->co, L, 1);
    struct tw_handle *handle = new_handle(L, -1);
    lua_replace(L, -2);
    handle->site = task->site;
    tw_scope_root(&handle->root, rt, task, NULL);
    return true;
}

/* What a coroutine leaves has our mark on top; see coroutine.c. */
void tw_task_error(lua_State *L, lua_State *co)
{
    lua_pushvalue(co, -2);
    lua_xmove(co, L, 1);
}

int tw_task_results(lua_State *L, lua_State *co)
{
    int n = lua_gettop(co) - 1;
    if (!lua_checkstack(co, n) || !lua_checkstack(L, n))
        return -1;
    for (int i = 1; i <= n; i++)
        lua_pushvalue(co, i);
    lua_xmove(co, L, n);
    return n;
}

void tw_task_forget(lua_State *L, struct tw_runtime *rt, struct tw_task *task)
{
    tw__record_free(L, rt, task);
}

void tw_task_keep(lua_State *L, struct tw_runtime *rt, int idx)
{
    const struct tw_handle *handle = lua_touserdata(L, idx);
    if (!handle->root.task)
        return;
    lua_pushvalue(L, idx);
    tw__record_anchor(L, rt, handle->root.task);
    lua_pop(L, 1);
}
