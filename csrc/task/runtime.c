/* Making and closing a runtime. */
#include "task/runtime.h"

int tw_runtime_open(struct tw_runtime *rt, lua_State *L,
                    const struct tw_net *net, const char *backend)
{
    const struct tw_backend *poller = tw_backend_find(backend);
    if (!poller)
        return -EINVAL;
    rt->mem.fn = lua_getallocf(L, &rt->mem.ud);
    rt->net = net ? net : &tw_net_kernel;
    rt->default_timeout = TW_FOREVER;
    return tw_loop_new(&rt->loop, rt->net, &rt->mem, poller);
}

void tw_runtime_close(struct tw_runtime *rt)
{
    struct tw_loop *loop = rt->loop;
    if (!loop)
        return;
    rt->loop = NULL;
    tw_resolver_free(rt->resolver);
    tw_loop_free(loop);
    tw__mem_free(&rt->mem, rt->scratch, rt->scratch_size);
    rt->resolver = NULL;
    rt->scratch = NULL;
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
    if (size <= rt->scratch_size)
        return rt->scratch;
    if (size < TW_SCRATCH_MIN)
        size = TW_SCRATCH_MIN;
    char *block = tw__mem_resize(&rt->mem, rt->scratch, rt->scratch_size, size);
    if (!block)
        return NULL;
    rt->scratch = block;
    rt->scratch_size = size;
    return block;
}
