/* Records in blocks; the Lua side is one table from id to coroutine. */
#include "task/record.h"

#include "task/runtime.h"
#include "task/sched.h"
#include "task/scope.h"

#include <lauxlib.h>
#include <string.h>

enum
{
    SLAB_TASKS = 128, /* 8 KiB */
    ID_MAX = (1 << 24) - 1
};

struct slab
{
    struct tw_task tasks[SLAB_TASKS];
};

static bool add_slab(struct tw_runtime *rt)
{
    size_t n = rt->nslabs;
    if ((n + 1) * SLAB_TASKS > ID_MAX)
        return false;
    struct slab *slab = tw__mem_new(&rt->mem, sizeof *slab);
    if (!slab)
        return false;
    struct slab **slabs = tw__mem_resize(&rt->mem, rt->slabs, n * sizeof *slabs,
                                         (n + 1) * sizeof *slabs);
    if (!slabs)
    {
        tw__mem_free(&rt->mem, slab, sizeof *slab);
        return false;
    }
    memset(slab, 0, sizeof *slab);
    for (size_t i = SLAB_TASKS; i-- > 0;)
    {
        struct tw_task *task = &slab->tasks[i];
        task->rt = rt;
        task->id = n * SLAB_TASKS + i;
        task->me.waiter.wake = tw__sched_wake;
        task->me.node.at = rt->free;
        rt->free = task;
    }
    slabs[n] = slab;
    rt->slabs = slabs;
    rt->nslabs = n + 1;
    return true;
}

void tw__record_anchor(lua_State *L, struct tw_runtime *rt,
                       const struct tw_task *task)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, rt); /* value threads */
    lua_pushvalue(L, -2);
    lua_rawseti(L, -2, (lua_Integer)task->id + 1);
    lua_pop(L, 1);
}

struct tw_task *tw__record_new(lua_State *L, struct tw_runtime *rt,
                               lua_State *co)
{
    if (!rt->free && !add_slab(rt))
    {
        luaL_error(L, "spawn: not enough memory for a task");
        return NULL;
    }
    struct tw_task *task = rt->free;
    tw__record_anchor(L, rt, task); /* may raise: nothing has happened yet */
    rt->free = task->me.node.at;
    task->me.node.at = NULL;
    task->co = co;
    return task;
}

void tw__record_free(lua_State *L, struct tw_runtime *rt, struct tw_task *task)
{
    lua_pushboolean(L, 0); /* not nil: the place stays in the array part */
    tw__record_anchor(L, rt, task);
    lua_pop(L, 1);
    task->co = NULL;
    task->scope = NULL;
    task->me.waiter.state = TW_TASK_FREE;
    task->me.waiter.status = 0;
    task->me.node.at = rt->free;
    rt->free = task;
}

struct tw_task *tw_task_next(struct tw_runtime *rt, const struct tw_task *task)
{
    size_t id = task ? task->id + 1 : 0;
    for (; id < rt->nslabs * SLAB_TASKS; id++)
    {
        struct tw_task *next =
            &rt->slabs[id / SLAB_TASKS]->tasks[id % SLAB_TASKS];
        if (next->co)
            return next;
    }
    return NULL;
}

void tw__record_open(lua_State *L, struct tw_runtime *rt)
{
    lua_newtable(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, rt);
    lua_createtable(L, 0, 0); /* handles */
    lua_createtable(L, 0, 1); /* handles mt */
    lua_pushliteral(L, "v");
    lua_setfield(L, -2, "__mode");
    lua_setmetatable(L, -2);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &tw__handles_key);
    lua_pushlightuserdata(L, rt);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &tw__runtime_key);
}

void tw__record_close(struct tw_runtime *rt)
{
    for (struct tw_task *task = tw_task_next(rt, NULL); task;
         task = tw_task_next(rt, task))
    {
        tw__wait_abandon(rt, task);
        while (task->scope && task->scope->task == task)
            tw_scope_close(task->scope);
    }
    for (size_t i = 0; i < rt->nslabs; i++)
        tw__mem_free(&rt->mem, rt->slabs[i], sizeof *rt->slabs[i]);
    tw__mem_free(&rt->mem, rt->slabs, rt->nslabs * sizeof *rt->slabs);
    rt->slabs = NULL;
    rt->nslabs = 0;
    rt->free = NULL;
}
