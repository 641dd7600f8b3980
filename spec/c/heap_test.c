/* The timer heap, against a search through an array. */
#include "loop/heap.h"
#include "mem.h"

static void empty(void)
{
    struct test_mem t;
    struct tw_heap heap;
    struct tw_waiter timer = {0};
    test_mem_init(&t);
    tw_heap_init(&heap, &t.mem);
    CHECK(tw_heap_next(&heap) == INT64_MAX);
    CHECK(!tw_heap_pop(&heap, INT64_MAX));
    tw_heap_remove(&heap, &timer);
    CHECK_INT(timer.place, 0);
    tw_heap_deinit(&heap);
    tw_heap_deinit(&heap);
    CHECK_INT(t.requests, 0);
}

static void due_or_not(void)
{
    struct test_mem t;
    struct tw_heap heap;
    struct tw_waiter a = {0}, b = {0}, never = {0};
    test_mem_init(&t);
    tw_heap_init(&heap, &t.mem);
    CHECK(tw_heap_add(&heap, &never, INT64_MAX));
    CHECK(tw_heap_add(&heap, &b, 20));
    CHECK(tw_heap_add(&heap, &a, -10));
    CHECK_INT(tw_heap_next(&heap), -10);
    CHECK(!tw_heap_pop(&heap, -11));
    CHECK(tw_heap_pop(&heap, -10) == &a);
    CHECK_INT(a.place, 0);
    CHECK_INT(tw_heap_next(&heap), 20);
    CHECK(!tw_heap_pop(&heap, 19));
    CHECK(tw_heap_pop(&heap, 21) == &b);
    CHECK(tw_heap_next(&heap) == INT64_MAX);
    CHECK(!tw_heap_pop(&heap, INT64_MAX - 1));
    tw_heap_remove(&heap, &never);
    CHECK_INT(heap.count, 0);
    tw_heap_remove(&heap, &never);
    CHECK_INT(heap.count, 0);
    tw_heap_deinit(&heap);
    CHECK_INT(t.blocks, 0);
}

enum
{
    TIMERS = 64
};

struct model
{
    struct tw_heap heap;
    struct tw_waiter timers[TIMERS];
    int64_t when[TIMERS];
};

static void check_model(const struct model *m)
{
    int64_t next = INT64_MAX;
    size_t armed = 0;
    for (size_t i = 0; i < TIMERS; i++)
    {
        size_t place = m->timers[i].place;
        if (place == 0)
            continue;
        armed++;
        CHECK(place <= m->heap.count);
        CHECK(m->heap.entries[place - 1].waiter == &m->timers[i]);
        CHECK(m->heap.entries[place - 1].when == m->when[i]);
        next = m->when[i] < next ? m->when[i] : next;
    }
    CHECK_INT(m->heap.count, armed);
    CHECK(tw_heap_next(&m->heap) == next);
}

/* Arms, disarms and fires by a fixed pseudo-random walk. */
static void random_walk(void)
{
    struct test_mem t;
    struct model m = {.when = {0}};
    unsigned seed = 7;
    test_mem_init(&t);
    tw_heap_init(&m.heap, &t.mem);
    for (int i = 0; i < 20000; i++)
    {
        seed = seed * 1103515245u + 12345u;
        size_t at = seed >> 8 & (TIMERS - 1);
        int64_t when = seed >> 14 & 127;
        if (!m.timers[at].place)
        {
            m.when[at] = when;
            CHECK(tw_heap_add(&m.heap, &m.timers[at], when));
        }
        else if (seed >> 21 & 1)
            tw_heap_remove(&m.heap, &m.timers[at]);
        else
        {
            int64_t next = tw_heap_next(&m.heap);
            struct tw_waiter *due = tw_heap_pop(&m.heap, when);
            CHECK(next <= when ? due && m.when[due - m.timers] == next : !due);
        }
        check_model(&m);
    }
    tw_heap_deinit(&m.heap);
    CHECK_INT(t.blocks, 0);
}

static void in_order(void)
{
    struct test_mem t;
    struct tw_heap heap;
    struct tw_waiter timers[TIMERS];
    int64_t last = -1;
    memset(timers, 0, sizeof timers);
    test_mem_init(&t);
    tw_heap_init(&heap, &t.mem);
    for (int i = 0; i < TIMERS; i++)
        CHECK(tw_heap_add(&heap, &timers[i], i * 37 % TIMERS / 2));
    for (int i = 0; i < TIMERS; i++)
    {
        int64_t next = tw_heap_next(&heap);
        CHECK(next >= last);
        last = next;
        CHECK(tw_heap_pop(&heap, 1000) != NULL);
    }
    CHECK(!tw_heap_pop(&heap, 1000));
    tw_heap_deinit(&heap);
    CHECK_INT(t.blocks, 0);
}

/* What could not be armed is not, and the rest goes on. */
static void arm_somehow(struct test_mem *t)
{
    struct tw_heap heap;
    struct tw_waiter timers[TIMERS];
    size_t armed = 0;
    memset(timers, 0, sizeof timers);
    tw_heap_init(&heap, &t->mem);
    for (int i = 0; i < TIMERS; i++)
    {
        bool ok = tw_heap_add(&heap, &timers[i], TIMERS - i);
        CHECK(ok == (timers[i].place != 0));
        armed += ok;
    }
    CHECK_INT(heap.count, armed);
    for (size_t i = 0; i < armed; i++)
        CHECK(tw_heap_pop(&heap, TIMERS) != NULL);
    CHECK(!tw_heap_pop(&heap, TIMERS));
    tw_heap_deinit(&heap);
}

static void without_memory(void)
{
    test_mem_each(arm_somehow);
}

int main(void)
{
    TAP_CASE(empty);
    TAP_CASE(due_or_not);
    TAP_CASE(random_walk);
    TAP_CASE(in_order);
    TAP_CASE(without_memory);
    return tap_done();
}
