/* Counting, refusing and checking. */
#include "fault_mem.h"

#include <lauxlib.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum
{
    FREED = 0xdb,
    FRESH = 0xcd
};

/* In front of each block; its size keeps what follows aligned. */
struct head
{
    size_t size;
    uint64_t mark;
};

static const uint64_t mark_live = 0x6c69766520626c6bu;

void fault_mem_learn(struct fault_mem *mem, lua_State *L)
{
    enum
    {
        SIZE = 54321
    }; /* like no other */
    luaL_Buffer b;
    mem->learning = SIZE;
    luaL_buffinitsize(L, &b, SIZE);
    luaL_pushresultsize(&b, 0);
    lua_pop(L, 1);
    mem->learning = 0;
}

void fault_mem_arm(struct fault_mem *mem, long n, bool and_on)
{
    mem->fail_at = n;
    mem->and_on = and_on;
    mem->count = mem->injected = 0;
    mem->expected = false;
}

void fault_mem_heal(struct fault_mem *mem)
{
    mem->fail_at = 0;
    mem->expected = false;
}

bool fault_mem_grant(struct fault_mem *mem)
{
    mem->count++;
    bool fails =
        mem->fail_at > 0 && (mem->count == mem->fail_at ||
                             (mem->and_on && mem->count > mem->fail_at));
    mem->injected += fails;
    return !fails;
}

static bool same(const struct fault_request *a, const struct fault_request *b)
{
    return a->ptr == b->ptr && a->osize == b->osize && a->nsize == b->nsize;
}

/* Refuses, and says what to do about the second try. */
static bool refuse(struct fault_mem *mem, const struct fault_request *request,
                   bool again)
{
    mem->refused = *request;
    mem->expected = true;
    mem->refuse_again = again;
    return false;
}

/* False: the request of liblua, made from `caller`, is to be refused. */
static bool grant_twice(struct fault_mem *mem,
                        const struct fault_request *request, const void *caller)
{
    if (mem->expected && same(request, &mem->refused))
    {
        mem->expected = false;
        return !mem->refuse_again;
    }
    mem->expected = false;
    if (caller == mem->impatient)
        return fault_mem_grant(mem);
    if (!fault_mem_grant(mem))
        return refuse(mem, request, true);
    /* Only a new object has a size of no block: its type. While requests are
       mixed nothing else is surely liblua's. */
    bool lua = !mem->mixed || (!request->ptr && request->osize);
    if (!lua || !mem->collect || !mem->collect(mem, caller))
        return true;
    mem->collections++;
    return refuse(mem, request, false);
}

static struct head *head_of(struct fault_mem *mem, void *ptr, size_t size)
{
    struct head *head = (struct head *)ptr - 1;
    if (head->mark != mark_live)
        mem->problem = "a block that is not in use";
    else if (head->size != size)
        mem->problem = "a block given back with another size";
    return mem->problem ? NULL : head;
}

static void *create(struct fault_mem *mem, size_t size)
{
    /* Not malloc: the fault host counts the library's calls of that. */
    struct head *head = realloc(NULL, sizeof *head + size);
    if (!head)
        return NULL;
    *head = (struct head){size, mark_live};
    memset(head + 1, FRESH, size);
    mem->blocks++;
    mem->bytes += size;
    return head + 1;
}

/* A misused block is left alone: the run ends with the problem anyway. */
static void destroy(struct fault_mem *mem, void *ptr, size_t size)
{
    struct head *head = head_of(mem, ptr, size);
    if (!head)
        return;
    mem->blocks--;
    mem->bytes -= size;
    memset(head, FREED, sizeof *head + size);
    free(head);
}

/* Growing may have been refused before; shrinking must not fail. */
static void *resize(struct fault_mem *mem, const struct fault_request *request)
{
    void *block = create(mem, request->nsize);
    size_t kept =
        request->osize < request->nsize ? request->osize : request->nsize;
    if (!block || !request->ptr)
        return block;
    if (!head_of(mem, request->ptr, request->osize))
        return block;
    memcpy(block, request->ptr, kept);
    destroy(mem, request->ptr, request->osize);
    return block;
}

static bool grows(const struct fault_request *request)
{
    return request->nsize > 0 &&
           (!request->ptr || request->nsize > request->osize);
}

static void *serve(struct fault_mem *mem, const struct fault_request *request)
{
    if (request->nsize > 0)
        return resize(mem, request);
    if (request->ptr)
        destroy(mem, request->ptr, request->osize);
    return NULL;
}

void *fault_mem_twice(struct fault_mem *mem,
                      const struct fault_request *request, const void *caller)
{
    if (mem->learning && request->nsize == mem->learning)
        mem->impatient = caller;
    if (grows(request) && !grant_twice(mem, request, caller))
        return NULL;
    return serve(mem, request);
}

void *fault_mem_lua(void *ud, void *ptr, size_t osize, size_t nsize)
{
    const struct fault_request request = {ptr, osize, nsize};
    return fault_mem_twice(ud, &request, __builtin_return_address(0));
}

void *fault_mem_own(void *ud, void *ptr, size_t osize, size_t nsize)
{
    struct fault_mem *mem = ud;
    const struct fault_request request = {ptr, osize, nsize};
    if (mem->mixed)
        return fault_mem_twice(mem, &request, __builtin_return_address(0));
    if (grows(&request) && !fault_mem_grant(mem))
        return NULL;
    return serve(mem, &request);
}
