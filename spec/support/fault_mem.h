/*
 * An allocator that misbehaves on purpose, shaped like lua_Alloc: it counts
 * the requests for more memory, refuses the nth, forces a full garbage
 * collection at every one, and sees to it that blocks are given back with the
 * size they were asked for. What is freed is overwritten, and a block that
 * grows always moves, so that a stale pointer shows.
 *
 * liblua answers a refusal with a full collection and asks once more. That
 * second try is told from a new request, so "the nth fails" means both tries,
 * and a forced collection means refusing only the first.
 */
#ifndef SPEC_FAULT_MEM_H
#define SPEC_FAULT_MEM_H

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>

struct fault_request
{
    void *ptr;
    size_t osize, nsize;
};

struct fault_mem
{
    /* Which requests fail, counted from 1 since fault_mem_arm. */
    long fail_at;  /* 0: none */
    bool and_on;   /* the ones after it fail too */
    long count;    /* requests so far */
    long injected; /* refused so far */

    /*
     * True: a request by liblua made from `caller` is to be preceded by a full
     * collection. NULL: never.
     */
    bool (*collect)(const struct fault_mem *, const void *caller);
    long collections;

    /* Where liblua asks only once: see fault_mem_learn. */
    const void *impatient;
    size_t learning;

    /* True: fault_mem_own cannot tell liblua's requests from the others. */
    bool mixed;

    size_t blocks, bytes; /* in use */
    const char *problem;  /* the first block misused, or NULL */

    struct fault_request refused; /* whose second try is expected */
    bool expected, refuse_again;
};

/*
 * To be called for a new state, with `mem` its allocator. The string buffers
 * of lauxlib do not try twice: this finds out from where they ask, and has
 * their metatable made, which stays unusable if memory runs out then.
 */
void fault_mem_learn(struct fault_mem *mem, lua_State *L);

/* Starts counting, with the nth request failing. */
void fault_mem_arm(struct fault_mem *mem, long n, bool and_on);

/* From now on everything succeeds; what was counted stays. */
void fault_mem_heal(struct fault_mem *mem);

/* For liblua, which tries twice. `ud` is the struct fault_mem. */
void *fault_mem_lua(void *ud, void *ptr, size_t osize, size_t nsize);

/* Ditto, for an allocator of one's own that was called from `caller`. */
void *fault_mem_twice(struct fault_mem *mem,
                      const struct fault_request *request, const void *caller);

/* For the library's own memory, which is asked for once. */
void *fault_mem_own(void *ud, void *ptr, size_t osize, size_t nsize);

/* Counts a request made elsewhere; false: it is to fail. */
bool fault_mem_grant(struct fault_mem *mem);

#endif
