/* Making and closing a runtime. */
#include "task/runtime.h"

#include "task/record.h"
#include "task/sched.h"
#include "task/scope.h"

/* A task that has no coroutine of its own and only ever waits here. */
static void init_here(struct tw_runtime *rt, struct tw_task *task)
{
    task->rt = rt;
    task->me.waiter.wake = tw__sched_wake;
    task->me.waiter.state = TW_TASK_RUNNING;
}

int tw_runtime_open(struct tw_runtime *rt, lua_State *L,
                    const struct tw_net *net, const char *backend)
{
    const struct tw_backend *poller = tw_backend_find(backend);
    if (!poller)
        return -EINVAL;
    rt->mem.fn = lua_getallocf(L, &rt->mem.ud);
    lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_MAINTHREAD);
    rt->main_thread = lua_tothread(L, -1);
    lua_pop(L, 1);
    rt->net = net ? net : &tw_net_kernel;
    rt->default_timeout = TW_FOREVER;
    rt->budget = TW_BUDGET;
    rt->ready_end = &rt->ready;
    tw_queue_init(&rt->idle);
    tw_pipes_init(&rt->pipes, rt->net);
    init_here(rt, &rt->main);
    init_here(rt, &rt->aside);
    rt->current = &rt->main;
    tw__record_open(L, rt);
    return tw_loop_new(&rt->loop, rt->net, &rt->mem, poller);
}

static void free_scratch(struct tw_runtime *rt)
{
    tw__mem_free(&rt->mem, rt->block, rt->scratch_size + TW_SCRATCH_ALIGN);
    rt->block = rt->scratch = NULL;
    rt->scratch_size = 0;
}

void tw_runtime_close(struct tw_runtime *rt)
{
    struct tw_loop *loop = rt->loop;
    if (!loop)
        return;
    struct tw_task *here[] = {&rt->main, &rt->aside};
    for (size_t i = 0; i < 2; i++)
    {
        tw__wait_abandon(rt, here[i]);
        while (here[i]->scope)
            tw_scope_close(here[i]->scope);
    }
    for (int i = 0; i < TW_SUSPENDED; i++)
        while (rt->suspended[i])
            tw_scope_close(rt->suspended[i]);
    tw__record_close(rt);
    tw__mem_free(&rt->mem, rt->sites, rt->sites_cap * sizeof *rt->sites);
    rt->sites = NULL;
    rt->nsites = 0; /* handles outlive it */
    rt->loop = NULL;
    tw_resolver_free(rt->resolver);
    tw_loop_free(loop);
    free_scratch(rt);
    rt->resolver = NULL;
}

int tw_runtime_resolver(struct tw_runtime *rt, struct tw_resolver **resolver)
{
    int rc = 0;
    if (!rt->resolver)
        rc = tw_resolver_new(&rt->resolver, rt->loop, rt->net, &rt->mem);
    *resolver = rt->resolver;
    return rc;
}

char *tw_runtime_scratch(struct tw_runtime *rt, size_t size)
{
    if (rt->scratch && size <= rt->scratch_size)
        return rt->scratch;
    if (size < TW_SCRATCH_MIN)
        size = TW_SCRATCH_MIN;
    void *block = tw__mem_new(&rt->mem, size + TW_SCRATCH_ALIGN);
    if (!block)
        return NULL;
    free_scratch(rt);
    uintptr_t end = (uintptr_t)block + TW_SCRATCH_ALIGN;
    rt->block = block;
    rt->scratch = (char *)(end - end % TW_SCRATCH_ALIGN);
    rt->scratch_size = size;
    return rt->scratch;
}

void tw_runtime_hold(struct tw_runtime *rt, struct tw_scratch *held)
{
    *held = (struct tw_scratch){rt->scratch, rt->scratch_size, rt->block};
    rt->block = rt->scratch = NULL;
    rt->scratch_size = 0;
}

void tw_runtime_unhold(struct tw_runtime *rt, const struct tw_scratch *held)
{
    free_scratch(rt);
    rt->scratch = held->scratch;
    rt->scratch_size = held->size;
    rt->block = held->block;
}
