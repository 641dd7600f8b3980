/*
 * Timers, soonest first: a binary heap of deadlines. Arming may need memory;
 * stopping and firing never do.
 */
#ifndef TW_LOOP_HEAP_H
#define TW_LOOP_HEAP_H

#include "core/mem.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * Somebody who waits: for an event, a time, or the first of both. It is in its
 * owner's storage, and zero-initialised before first use.
 */
struct tw_waiter
{
    /* status: 0 ready, TW_ETIMEDOUT: the time has come, TW_ECLOSED. May link
       waiters, close watches. */
    void (*wake)(struct tw_waiter *, int status);
    uint32_t place; /* of its time in the heap, plus 1; 0: not armed */
    /* Its owner's own notes: */
    int16_t status;
    uint8_t state, kind;
};

struct tw_heap_entry
{
    int64_t when;
    struct tw_waiter *waiter;
};

struct tw_heap
{
    const struct tw_mem *mem;
    struct tw_heap_entry *entries;
    size_t count, cap;
};

void tw_heap_init(struct tw_heap *heap, const struct tw_mem *mem);
void tw_heap_deinit(struct tw_heap *heap);

/* Arms an unarmed waiter. False: no memory. */
bool tw_heap_add(struct tw_heap *heap, struct tw_waiter *waiter, int64_t when);

/* Disarms; nothing if it is not armed. */
void tw_heap_remove(struct tw_heap *heap, struct tw_waiter *waiter);

/* The soonest deadline, INT64_MAX when there is none. */
int64_t tw_heap_next(const struct tw_heap *heap);

/* Disarms and returns one waiter that is due at `now`, or NULL. */
struct tw_waiter *tw_heap_pop(struct tw_heap *heap, int64_t now);

#endif
