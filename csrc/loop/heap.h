/*
 * Timers, soonest first: a binary heap of deadlines. Arming may need memory;
 * stopping and firing never do.
 */
#ifndef TW_LOOP_HEAP_H
#define TW_LOOP_HEAP_H

#include "core/mem.h"

#include <stdbool.h>
#include <stdint.h>

/* One deadline, in its owner's storage; zero-initialised before first use. */
struct tw_timer
{
    size_t place; /* in the heap, plus 1; 0: not armed */
    void (*fire)(struct tw_timer *);
};

struct tw_heap_entry
{
    int64_t when;
    struct tw_timer *timer;
};

struct tw_heap
{
    const struct tw_mem *mem;
    struct tw_heap_entry *entries;
    size_t count, cap;
};

void tw_heap_init(struct tw_heap *heap, const struct tw_mem *mem);
void tw_heap_deinit(struct tw_heap *heap);

/* Arms an unarmed timer. False: no memory. */
bool tw_heap_add(struct tw_heap *heap, struct tw_timer *timer, int64_t when);

/* Disarms; nothing if it is not armed. */
void tw_heap_remove(struct tw_heap *heap, struct tw_timer *timer);

/* The soonest deadline, INT64_MAX when there is none. */
int64_t tw_heap_next(const struct tw_heap *heap);

/* Disarms and returns one timer that is due at `now`, or NULL. */
struct tw_timer *tw_heap_pop(struct tw_heap *heap, int64_t now);

#endif
