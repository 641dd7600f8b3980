/*
 * Name lookup off the loop: getaddrinfo on a few threads, made when first
 * needed, in which every signal is blocked. A lookup nobody wants any more is
 * abandoned at once; a thread stuck in one finishes it alone and is not waited
 * for, so the network given must stay valid for the life of the process.
 */
#ifndef TW_LOOP_RESOLVE_H
#define TW_LOOP_RESOLVE_H

#include "loop/loop.h"

struct tw_resolver;

/* One lookup. The caller owns it and frees it whatever its state. */
struct tw_lookup
{
    struct tw_resolver *resolver;
    struct job *job;
    struct tw_waiter *waiter; /* woken once when done; set by whoever waits */
    bool done;
    int rc;                /* 0 or an error, once done */
    struct addrinfo *list; /* the result, once done with rc 0 */
};

/* What to look up. Strings are copied; NULL as in getaddrinfo(3). */
struct tw_query
{
    const char *host, *service;
    struct addrinfo hints;
};

/* Makes a resolver whose results arrive through `loop`. */
int tw_resolver_new(struct tw_resolver **resolver, struct tw_loop *loop,
                    const struct tw_net *net, const struct tw_mem *mem);

/* Never waits. Lookups must have been freed. NULL is accepted. */
void tw_resolver_free(struct tw_resolver *resolver);

/* Starts a lookup: 0, -ENOMEM, -EAGAIN when no thread can be made, -ECHILD in
   a forked child. */
int tw_lookup_start(struct tw_lookup *lookup, struct tw_resolver *resolver,
                    const struct tw_query *query);

/* Frees the result, or abandons the lookup. Idempotent. */
void tw_lookup_deinit(struct tw_lookup *lookup);

#endif
