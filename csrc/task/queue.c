/* First come, first served. */
#include "task/task.h"

void tw_queue_init(struct tw_queue *queue)
{
    queue->ends.prev = queue->ends.next = &queue->ends;
}

void tw_queue_add(struct tw_queue *queue, struct tw_sleeper *sleeper)
{
    struct tw_node *node = &sleeper->node, *last = queue->ends.prev;
    *node = (struct tw_node){.prev = last, .next = &queue->ends};
    last->next = queue->ends.prev = node;
}

void tw_queue_remove(struct tw_sleeper *sleeper)
{
    struct tw_node *node = &sleeper->node;
    if (!node->next)
        return;
    node->prev->next = node->next;
    node->next->prev = node->prev;
    *node = (struct tw_node){.next = NULL};
}

bool tw_queue_wake(struct tw_queue *queue, int status)
{
    if (tw_queue_empty(queue))
        return false;
    struct tw_sleeper *first =
        tw__container_of(queue->ends.next, struct tw_sleeper, node);
    tw_queue_remove(first);
    first->waiter.wake(&first->waiter, status);
    return true;
}

void tw_queue_wake_all(struct tw_queue *queue, int status)
{
    /* Whoever is woken only becomes ready, and does not come back yet. */
    while (tw_queue_wake(queue, status))
        ;
}
