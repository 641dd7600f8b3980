/*
 * The memory of the C unit tests: it counts what is in use, checks that blocks
 * come back with the size they were asked for, refuses the nth request, and
 * can end every block at a page that must not be touched.
 */
#ifndef SPEC_C_MEM_H
#define SPEC_C_MEM_H

#include "core/mem.h"
#include "tap.h"

#include <stdlib.h>
#include <sys/mman.h>

struct test_mem
{
    struct tw_mem mem; /* what is given to the library */
    size_t blocks, bytes;
    long requests; /* so far, refused ones too */
    long fail_at;  /* the request to refuse, from 1 on; 0: none */
    bool and_on;   /* refuse all after it too */
    bool guarded;  /* to be set before anything is allocated */
};

/* In front of a block, or at the start of a guarded one's mapping. */
struct test_head
{
    size_t size;
    size_t live;
};

enum
{
    TEST_PAGE = 4096,
    TEST_LIVE = 0x11fe
};

static inline size_t test_mem_pages(size_t size)
{
    return (size + TEST_PAGE - 1) / TEST_PAGE * TEST_PAGE;
}

/* One page for the head, the block at the end of its pages, a closed page. */
static inline struct test_head *test_mem_map(size_t size, char **block)
{
    size_t pages = test_mem_pages(size);
    char *map = mmap(NULL, pages + 2 * TEST_PAGE, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (map == MAP_FAILED)
        abort();
    mprotect(map + TEST_PAGE + pages, TEST_PAGE, PROT_NONE);
    *block = map + TEST_PAGE + pages - size;
    return (struct test_head *)(void *)map;
}

static inline void *test_mem_create(struct test_mem *t, size_t size)
{
    char *block = NULL;
    struct test_head *head;
    if (t->guarded)
        head = test_mem_map(size, &block);
    else
        head = malloc(sizeof *head + size);
    if (!head)
        abort();
    *head = (struct test_head){size, TEST_LIVE};
    t->blocks++;
    t->bytes += size;
    return block ? block : (char *)(head + 1);
}

static inline void test_mem_destroy(struct test_mem *t, char *block,
                                    size_t size)
{
    size_t pages = test_mem_pages(size);
    char *map = block + size - pages - TEST_PAGE;
    struct test_head *head = (struct test_head *)(void *)block - 1;
    if (t->guarded)
        head = (struct test_head *)(void *)map;
    CHECK_INT(head->live, TEST_LIVE);
    CHECK_INT(head->size, size);
    t->blocks--;
    t->bytes -= size;
    head->live = 0;
    if (t->guarded)
        munmap(map, pages + 2 * TEST_PAGE);
    else
        free(head);
}

/* A block that changes its size always moves. */
static inline void *test_mem_fn(void *ud, void *ptr, size_t osize, size_t nsize)
{
    struct test_mem *t = ud;
    void *block = NULL;
    if (nsize > 0)
    {
        t->requests++;
        if (t->fail_at &&
            (t->and_on ? t->requests >= t->fail_at : t->requests == t->fail_at))
            return NULL;
        block = test_mem_create(t, nsize);
        if (ptr)
            memcpy(block, ptr, osize < nsize ? osize : nsize);
    }
    if (ptr)
        test_mem_destroy(t, ptr, osize);
    return block;
}

static inline void test_mem_init(struct test_mem *t)
{
    *t = (struct test_mem){.mem = {.fn = test_mem_fn, .ud = t}};
}

/* From now on the nth request, and perhaps all after it, are refused. */
static inline void test_mem_fail(struct test_mem *t, long n, bool and_on)
{
    t->requests = 0;
    t->fail_at = n;
    t->and_on = and_on;
}

/*
 * Calls `run` with every request refused once, then with all from it on, until
 * one run needed fewer requests; `run` must give everything back.
 */
static inline void test_mem_each(void (*run)(struct test_mem *))
{
    for (int and_on = 0; and_on < 2; and_on++)
    {
        struct test_mem t;
        long n = 0;
        do
        {
            test_mem_init(&t);
            test_mem_fail(&t, ++n, and_on);
            run(&t);
            CHECK_INT(t.blocks, 0);
            CHECK_INT(t.bytes, 0);
        } while (t.requests >= n && n < 1000);
        CHECK(n > 1 && n < 1000);
    }
}

#endif
