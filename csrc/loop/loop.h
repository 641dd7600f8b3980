/*
 * Readiness: who waits for which descriptor or time. It stands on a backend,
 * a timer heap and the network's clock; it knows nothing of Lua.
 *
 * Readiness is remembered per direction in the watch. A bit starts set ("try
 * it"), is cleared when an attempt finds nothing (tw_watch_blocked) or all
 * there was (tw_watch_drained), and is set again by the next event.
 */
#ifndef TW_LOOP_LOOP_H
#define TW_LOOP_LOOP_H

#include "core/sock.h"
#include "loop/backend.h"
#include "loop/heap.h"

struct tw_loop;

/* A descriptor that can be waited for; in its owner's storage. */
struct tw_watch
{
    struct tw_waiter *reader, *writer;
    int fd;
    uint8_t ready;      /* TW_READ | TW_WRITE | TW_HANGUP */
    uint8_t claimed;    /* directions that are somebody's who has waited, until
                           he has tried again; for those who wait to keep */
    uint8_t registered; /* what the backend was told */
};

static inline void tw_watch_init(struct tw_watch *watch, int fd)
{
    *watch = (struct tw_watch){.fd = fd, .ready = TW_READ | TW_WRITE};
}

/* An attempt would have blocked: wait for an event before the next. */
static inline void tw_watch_blocked(struct tw_watch *watch, unsigned dir)
{
    watch->ready &= (uint8_t)~dir;
}

/* An attempt took all there was, unless a hang-up says that more may come. */
static inline void tw_watch_drained(struct tw_watch *watch, unsigned dir)
{
    if (!(watch->ready & TW_HANGUP))
        watch->ready &= (uint8_t)~dir;
}

/*
 * Makes a loop on `net`, polled by `backend` (the network's own where it has
 * one; NULL: the best there is). Both and `mem` outlive it.
 */
int tw_loop_new(struct tw_loop **loop, const struct tw_net *net,
                const struct tw_mem *mem, const struct tw_backend *backend);

/* Nothing may be waiting. NULL is accepted. */
void tw_loop_free(struct tw_loop *loop);

int64_t tw_loop_now(const struct tw_loop *loop);

/* The deadline `timeout` ns after `now`; TW_FOREVER if there is none. */
static inline int64_t tw_loop_after(int64_t now, int64_t timeout)
{
    return timeout >= TW_FOREVER - now ? TW_FOREVER : now + timeout;
}

const char *tw_loop_backend(const struct tw_loop *loop);

/*
 * Links `waiter` until the watch is ready in direction `dir` (TW_READ or
 * TW_WRITE) or forgotten; it is unlinked before it is woken. Returns 0; 1 if
 * it is ready by now, or cannot be polled and so is always ready (nothing is
 * linked); TW_ECLOSED if forgotten;
 * -EBUSY when somebody waits already; -ENOMEM and the like; -ECHILD in a forked
 * child, if not here then from tw_loop_step.
 */
int tw_loop_wait(struct tw_loop *loop, struct tw_watch *watch, unsigned dir,
                 struct tw_waiter *waiter);

/* Unlinks `waiter` without waking it, if it is the one that is linked. */
void tw_loop_unwait(struct tw_loop *loop, struct tw_watch *watch, unsigned dir,
                    const struct tw_waiter *waiter);

/*
 * Makes the next wait in that direction find out anew what is so, where it
 * might return 1 only because nobody has tried. Nothing if somebody waits.
 */
void tw_loop_recheck(struct tw_loop *loop, struct tw_watch *watch,
                     unsigned dir);

/* Wakes its waiters with status 0, so that they look again. */
void tw_loop_nudge(struct tw_loop *loop, struct tw_watch *watch);

/*
 * Forgets a watch, to be called before its descriptor is closed: wakes its
 * waiters with TW_ECLOSED. Idempotent.
 */
void tw_loop_forget(struct tw_loop *loop, struct tw_watch *watch);

/* Ditto, whoever's watch it is that has waited for that descriptor. */
void tw_loop_forget_fd(struct tw_loop *loop, int fd);

/*
 * Wakes `waiter` with TW_ETIMEDOUT at an absolute time, unless untimed first;
 * being woken for another reason does not untime it. Returns 0 or -ENOMEM.
 * Re-arms an armed one.
 */
int tw_loop_timer(struct tw_loop *loop, struct tw_waiter *waiter, int64_t when);
void tw_loop_untimer(struct tw_loop *loop, struct tw_waiter *waiter);

/*
 * One turn: waits until something happens, the next timer is due, `deadline`
 * (absolute; past: only looks) has come, or a signal arrived; wakes whom it
 * concerns. Returns 0 or an error. May call back into its own caller's
 * waiters and timers.
 */
int tw_loop_step(struct tw_loop *loop, int64_t deadline);

/* True if only changes are events: what is ready and is waited for is none. */
bool tw_loop_edge(const struct tw_loop *loop);

/* True in a forked child, where nobody can wait. */
bool tw_loop_forked(const struct tw_loop *loop);

/* True when no waiter and no timer is there to be woken. */
bool tw_loop_idle(const struct tw_loop *loop);

/* How many waiters of descriptors and how many timers there are, for tests. */
void tw_loop_counts(const struct tw_loop *loop, size_t *waiters,
                    size_t *timers);

#endif
