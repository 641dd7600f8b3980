/*
 * Name lookup off the loop: the network's `lookup` on a few threads, each made
 * when first needed, in which every signal is blocked. A lookup nobody wants
 * any more is abandoned at once; a thread stuck in one finishes it alone and is
 * not waited for, so the network given must stay valid for the life of the
 * process.
 */
#ifndef TW_LOOP_RESOLVE_H
#define TW_LOOP_RESOLVE_H

#include "core/query.h"
#include "loop/loop.h"

struct tw_resolver;

/* One lookup. The caller owns it and frees it whatever its state. */
struct tw_lookup
{
    struct tw_resolver *resolver; /* NULL: it needed none */
    const struct tw_net *net;
    struct job *job;
    struct tw_waiter *waiter; /* woken once when done; set by whoever waits */
    bool done;
    int rc;                  /* 0 or an error, once done */
    struct tw_answer answer; /* once done with rc 0 */
};

/* Makes a resolver whose results arrive through `loop`. */
int tw_resolver_new(struct tw_resolver **resolver, struct tw_loop *loop,
                    const struct tw_net *net, const struct tw_mem *mem);

/* Never waits. Lookups must have been freed. NULL is accepted. */
void tw_resolver_free(struct tw_resolver *resolver);

/* Starts a lookup, copying the query: 0, -ENOMEM, -EAGAIN when no thread can be
   made, -ECHILD in a forked child. */
int tw_lookup_start(struct tw_lookup *lookup, struct tw_resolver *resolver,
                    const struct tw_query *query);

/* Answers a query that is local (see core/query.h) right here, without a
   resolver: the lookup is then done. */
void tw_lookup_now(struct tw_lookup *lookup, const struct tw_net *net,
                   const struct tw_query *query);

/* Frees the answer, or abandons the lookup. Idempotent. */
void tw_lookup_deinit(struct tw_lookup *lookup);

#endif
