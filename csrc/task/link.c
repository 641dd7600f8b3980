/* What can be waited for: how a task is linked to it and taken off again. */
#include "task/runtime.h"
#include "task/select.h"

static int link_watch(struct tw_runtime *rt, struct tw_task *task, unsigned dir)
{
    struct tw_watch *watch = task->me.node.at;
    if (watch->claimed & dir)
        return -EBUSY;
    int rc = tw_loop_wait(rt->loop, watch, dir, &task->me.waiter);
    if (rc == 0)
        watch->claimed |= (uint8_t)dir;
    return rc;
}

static int link_to(struct tw_runtime *rt, struct tw_task *task,
                   const struct tw_wait *wait)
{
    switch (wait->kind)
    {
    case TW_FOR_TURN:
        return 1;
    case TW_FOR_READ:
        return link_watch(rt, task, TW_READ);
    case TW_FOR_WRITE:
        return link_watch(rt, task, TW_WRITE);
    case TW_FOR_LOOKUP:
        *(struct tw_waiter **)wait->at = &task->me.waiter;
        return 0;
    case TW_FOR_QUEUE:
        tw_queue_add(wait->at, &task->me);
        return 0;
    case TW_FOR_SELECT:
        return tw_select_link(rt, wait->at, &task->me.waiter);
    default:
        return 0; /* the time is all there is */
    }
}

static void unlink_from(struct tw_runtime *rt, struct tw_task *task)
{
    void *at = task->me.node.at;
    switch (task->me.waiter.kind)
    {
    case TW_FOR_READ:
        tw_loop_unwait(rt->loop, at, TW_READ, &task->me.waiter);
        break;
    case TW_FOR_WRITE:
        tw_loop_unwait(rt->loop, at, TW_WRITE, &task->me.waiter);
        break;
    case TW_FOR_LOOKUP:
        if (*(struct tw_waiter **)at == &task->me.waiter)
            *(struct tw_waiter **)at = NULL;
        break;
    case TW_FOR_QUEUE:
        tw_queue_remove(&task->me);
        break;
    case TW_FOR_SELECT:
        tw_select_unlink(rt, at);
        break;
    default:
        break;
    }
}

/* How long to leave alone what cannot be polled (a full AF_UNIX backlog). */
enum
{
    RETRY_NS = 5000000
};

/* When to give up, or to look again. */
static int64_t until(const struct tw_runtime *rt, const struct tw_wait *wait)
{
    if (wait->kind != TW_FOR_LATER)
        return wait->deadline;
    int64_t again = tw_loop_now(rt->loop) + RETRY_NS;
    return again < wait->deadline ? again : wait->deadline;
}

int tw__wait_link(struct tw_runtime *rt, struct tw_task *task,
                  const struct tw_wait *wait)
{
    task->me.waiter.status = 0;
    task->me.waiter.kind = TW_FOR_TIME;
    task->me.node = (struct tw_node){.at = wait->at};
    int rc = link_to(rt, task, wait);
    if (rc != 0)
        return rc;
    task->me.waiter.kind = wait->kind;
    int64_t when = until(rt, wait);
    if (when != TW_FOREVER)
        rc = tw_loop_timer(rt->loop, &task->me.waiter, when);
    if (rc < 0)
    {
        tw__wait_unlink(rt, task);
        tw__wait_release(task);
    }
    return rc;
}

void tw__wait_unlink(struct tw_runtime *rt, struct tw_task *task)
{
    unlink_from(rt, task);
    if (task->me.waiter.place)
        tw_loop_untimer(rt->loop, &task->me.waiter);
}

void tw__wait_abandon(struct tw_runtime *rt, struct tw_task *task)
{
    struct tw_waiter *waiter = &task->me.waiter;
    if (waiter->state == TW_TASK_PARKED || waiter->state == TW_TASK_HERE)
        tw__wait_unlink(rt, task);
    waiter->state = TW_TASK_RUNNING; /* nobody wakes it */
}

void tw__wait_release(struct tw_task *task)
{
    unsigned kind = task->me.waiter.kind;
    if (kind == TW_FOR_READ || kind == TW_FOR_WRITE)
    {
        struct tw_watch *watch = task->me.node.at;
        unsigned dir = kind == TW_FOR_READ ? TW_READ : TW_WRITE;
        watch->claimed &= (uint8_t)~dir;
    }
    task->me.waiter.kind = TW_FOR_TIME;
}
