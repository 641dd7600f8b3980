/* What can be waited for: how a task is linked to it and taken off again. */
#include "task/runtime.h"
#include "task/select.h"

static int link_nothing(struct tw_runtime *rt, struct tw_task *task)
{
    (void)rt, (void)task;
    return 0;
}

static int link_turn(struct tw_runtime *rt, struct tw_task *task)
{
    (void)rt, (void)task;
    return 1;
}

static void unlink_nothing(struct tw_runtime *rt, struct tw_task *task)
{
    (void)rt, (void)task;
}

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

static int link_read(struct tw_runtime *rt, struct tw_task *task)
{
    return link_watch(rt, task, TW_READ);
}

static int link_write(struct tw_runtime *rt, struct tw_task *task)
{
    return link_watch(rt, task, TW_WRITE);
}

static void unlink_read(struct tw_runtime *rt, struct tw_task *task)
{
    struct tw_watch *watch = task->me.node.at;
    if (watch->reader == &task->me.waiter)
        tw_loop_unwait(rt->loop, watch, TW_READ);
}

static void unlink_write(struct tw_runtime *rt, struct tw_task *task)
{
    struct tw_watch *watch = task->me.node.at;
    if (watch->writer == &task->me.waiter)
        tw_loop_unwait(rt->loop, watch, TW_WRITE);
}

static int link_lookup(struct tw_runtime *rt, struct tw_task *task)
{
    struct tw_waiter **slot = task->me.node.at;
    (void)rt;
    *slot = &task->me.waiter;
    return 0;
}

static void unlink_lookup(struct tw_runtime *rt, struct tw_task *task)
{
    struct tw_waiter **slot = task->me.node.at;
    (void)rt;
    if (*slot == &task->me.waiter)
        *slot = NULL;
}

static int link_queue(struct tw_runtime *rt, struct tw_task *task)
{
    (void)rt;
    tw_queue_add(task->me.node.at, &task->me);
    return 0;
}

static void unlink_queue(struct tw_runtime *rt, struct tw_task *task)
{
    (void)rt;
    tw_queue_remove(&task->me);
}

static int link_select(struct tw_runtime *rt, struct tw_task *task)
{
    return tw_select_link(rt, task->me.node.at, &task->me.waiter);
}

static void unlink_select(struct tw_runtime *rt, struct tw_task *task)
{
    tw_select_unlink(rt, task->me.node.at);
}

static const struct
{
    int (*link)(struct tw_runtime *, struct tw_task *);
    void (*unlink)(struct tw_runtime *, struct tw_task *);
} kinds[TW_KINDS] = {
    [TW_FOR_TIME] = {link_nothing, unlink_nothing},
    [TW_FOR_TURN] = {link_turn, unlink_nothing},
    [TW_FOR_LATER] = {link_nothing, unlink_nothing},
    [TW_FOR_READ] = {link_read, unlink_read},
    [TW_FOR_WRITE] = {link_write, unlink_write},
    [TW_FOR_LOOKUP] = {link_lookup, unlink_lookup},
    [TW_FOR_QUEUE] = {link_queue, unlink_queue},
    [TW_FOR_SELECT] = {link_select, unlink_select},
};

/* How long to leave alone what cannot be polled (a full AF_UNIX backlog). */
enum
{
    RETRY_NS = 5000000
};

/* When to give up, or to look again. */
static int64_t until(const struct tw_runtime *rt, const struct task_wait *wait)
{
    if (wait->kind != TW_FOR_LATER)
        return wait->deadline;
    int64_t again = tw_loop_now(rt->loop) + RETRY_NS;
    return again < wait->deadline ? again : wait->deadline;
}

int tw__wait_link(struct tw_runtime *rt, struct tw_task *task,
                  const struct task_wait *wait)
{
    task->me.waiter.status = 0;
    task->me.waiter.kind = TW_FOR_TIME;
    task->me.node = (struct tw_node){.at = wait->at};
    int rc = kinds[wait->kind].link(rt, task);
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
    kinds[task->me.waiter.kind].unlink(rt, task);
    if (task->me.waiter.place)
        tw_loop_untimer(rt->loop, &task->me.waiter);
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
