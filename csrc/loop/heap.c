/* A binary heap in an array; every waiter knows its place. */
#include "loop/heap.h"

void tw_heap_init(struct tw_heap *heap, const struct tw_mem *mem)
{
    *heap = (struct tw_heap){.mem = mem};
}

void tw_heap_deinit(struct tw_heap *heap)
{
    tw__mem_free(heap->mem, heap->entries, heap->cap * sizeof *heap->entries);
    tw_heap_init(heap, heap->mem);
}

static void put(struct tw_heap *heap, size_t i, struct tw_heap_entry entry)
{
    heap->entries[i] = entry;
    entry.waiter->place = (uint32_t)(i + 1);
}

static void sift_up(struct tw_heap *heap, size_t i, struct tw_heap_entry entry)
{
    while (i > 0 && entry.when < heap->entries[(i - 1) / 2].when)
    {
        put(heap, i, heap->entries[(i - 1) / 2]);
        i = (i - 1) / 2;
    }
    put(heap, i, entry);
}

static void sift_down(struct tw_heap *heap, size_t i,
                      struct tw_heap_entry entry)
{
    for (;;)
    {
        size_t child = 2 * i + 1;
        if (child >= heap->count)
            break;
        if (child + 1 < heap->count &&
            heap->entries[child + 1].when < heap->entries[child].when)
            child++;
        if (entry.when <= heap->entries[child].when)
            break;
        put(heap, i, heap->entries[child]);
        i = child;
    }
    put(heap, i, entry);
}

bool tw_heap_add(struct tw_heap *heap, struct tw_waiter *waiter, int64_t when)
{
    if (heap->count == UINT32_MAX)
        return false;
    if (heap->count == heap->cap)
    {
        size_t cap = heap->cap ? 2 * heap->cap : 16;
        struct tw_heap_entry *entries =
            tw__mem_resize(heap->mem, heap->entries,
                           heap->cap * sizeof *entries, cap * sizeof *entries);
        if (!entries)
            return false;
        heap->entries = entries;
        heap->cap = cap;
    }
    sift_up(heap, heap->count++, (struct tw_heap_entry){when, waiter});
    return true;
}

void tw_heap_remove(struct tw_heap *heap, struct tw_waiter *waiter)
{
    if (waiter->place == 0)
        return;
    size_t i = waiter->place - 1;
    waiter->place = 0;
    struct tw_heap_entry last = heap->entries[--heap->count];
    if (last.waiter == waiter)
        return;
    if (i > 0 && last.when < heap->entries[(i - 1) / 2].when)
        sift_up(heap, i, last);
    else
        sift_down(heap, i, last);
}

int64_t tw_heap_next(const struct tw_heap *heap)
{
    return heap->count ? heap->entries[0].when : INT64_MAX;
}

struct tw_waiter *tw_heap_pop(struct tw_heap *heap, int64_t now)
{
    if (tw_heap_next(heap) > now || heap->count == 0)
        return NULL;
    struct tw_waiter *waiter = heap->entries[0].waiter;
    tw_heap_remove(heap, waiter);
    return waiter;
}
