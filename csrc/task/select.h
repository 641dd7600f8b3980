/* Waiting for the first of several things: queues and readable descriptors. */
#ifndef TW_TASK_SELECT_H
#define TW_TASK_SELECT_H

#include "task/task.h"

/* One of them: a queue or, if that is NULL, a watch. */
struct tw_pick
{
    struct tw_sleeper me;
    struct tw_select *all;
    struct tw_queue *queue;
    struct tw_watch *watch;
    bool claims; /* it is the watch's reader, or has been until now */
};

struct tw_select
{
    struct tw_waiter *owner; /* who waits */
    int count;
    int fired; /* the one that woke him; -1: none did */
    struct tw_pick picks[];
};

/* Link all of it and unlink it again; as tw__wait_link. */
int tw_select_link(struct tw_runtime *rt, struct tw_select *all,
                   struct tw_waiter *owner);
void tw_select_unlink(struct tw_runtime *rt, struct tw_select *all);

#endif
