/* The first pick to be woken wakes the owner, who unlinks the others. */
#include "task/select.h"

#include "task/runtime.h"

static void wake_pick(struct tw_waiter *waiter, int status)
{
    struct tw_pick *pick = tw__container_of(waiter, struct tw_pick, me.waiter);
    struct tw_select *all = pick->all;
    all->fired = (int)(pick - all->picks);
    all->owner->wake(all->owner, status);
}

/* True if an earlier pick waits for the same descriptor. */
static bool repeated(const struct tw_pick *pick)
{
    const struct tw_pick *p = pick->all->picks;
    while (p < pick && !(p->claims && p->watch == pick->watch))
        p++;
    return p < pick;
}

static int link_pick(struct tw_runtime *rt, struct tw_pick *pick)
{
    pick->me.waiter.wake = wake_pick;
    if (pick->queue)
    {
        tw_queue_add(pick->queue, &pick->me);
        return 0;
    }
    if (pick->watch->claimed & TW_READ)
        return repeated(pick) ? 0 : -EBUSY;
    int rc = tw_loop_wait(rt->loop, pick->watch, TW_READ, &pick->me.waiter);
    if (rc == 0)
        pick->watch->claimed |= TW_READ;
    pick->claims = rc == 0;
    return rc;
}

int tw_select_link(struct tw_runtime *rt, struct tw_select *all,
                   struct tw_waiter *owner)
{
    all->owner = owner;
    all->fired = -1;
    for (int i = 0; i < all->count; i++)
    {
        int rc = link_pick(rt, &all->picks[i]);
        if (rc == 0)
            continue;
        all->fired = i;
        tw_select_unlink(rt, all);
        return rc;
    }
    return 0;
}

void tw_select_unlink(struct tw_runtime *rt, struct tw_select *all)
{
    for (int i = 0; i < all->count; i++)
    {
        struct tw_pick *pick = &all->picks[i];
        struct tw_watch *watch = pick->watch;
        tw_queue_remove(&pick->me);
        if (!pick->claims)
            continue;
        pick->claims = false;
        watch->claimed &= (uint8_t)~TW_READ;
        tw_loop_unwait(rt->loop, watch, TW_READ, &pick->me.waiter);
    }
}
