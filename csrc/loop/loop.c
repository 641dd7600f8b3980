/* The loop over a backend: a table from descriptor to watch, and the timers. */
#include "loop/loop.h"

#include "loop/forked.h"

#include <string.h>

/* Events taken per turn: enough to share one system call among many, few
   enough that timers are looked at often. */
enum
{
    EVENTS = 256
};

struct tw_loop
{
    const struct tw_net *net;
    const struct tw_mem *mem;
    const struct tw_backend *backend;
    void *poller;
    struct tw_watch **watches; /* by descriptor */
    size_t size;
    struct tw_heap heap;
    size_t waiting;          /* waiters linked */
    struct tw_forked forked; /* a child must leave the poller alone */
};

int tw_loop_new(struct tw_loop **out, const struct tw_net *net,
                const struct tw_mem *mem, const struct tw_backend *backend)
{
    if (net->backend)
        backend = net->backend;
    if (!backend)
        backend = tw_backend_find(NULL);
    struct tw_loop *loop = tw__mem_new(mem, sizeof *loop);
    if (!loop)
        return -ENOMEM;
    *loop = (struct tw_loop){.net = net, .mem = mem, .backend = backend};
    int rc = backend->open(net, mem, &loop->poller);
    if (rc < 0)
    {
        tw__mem_free(mem, loop, sizeof *loop);
        return rc;
    }
    tw_heap_init(&loop->heap, mem);
    tw_forked_init(&loop->forked);
    *out = loop;
    return 0;
}

void tw_loop_free(struct tw_loop *loop)
{
    if (!loop)
        return;
    loop->backend->close(loop->poller);
    tw_forked_deinit(&loop->forked);
    tw_heap_deinit(&loop->heap);
    tw__mem_free(loop->mem, loop->watches, loop->size * sizeof *loop->watches);
    tw__mem_free(loop->mem, loop, sizeof *loop);
}

int64_t tw_loop_now(const struct tw_loop *loop)
{
    return loop->net->clock(loop->net);
}

const char *tw_loop_backend(const struct tw_loop *loop)
{
    return loop->backend->name;
}

static struct tw_watch *lookup(const struct tw_loop *loop, int fd)
{
    return (size_t)fd < loop->size ? loop->watches[fd] : NULL;
}

static int enter(struct tw_loop *loop, struct tw_watch *watch)
{
    size_t fd = (size_t)watch->fd;
    if (fd >= loop->size)
    {
        size_t size = fd + fd / 2 + 16;
        struct tw_watch **watches = tw__mem_resize(loop->mem, loop->watches,
                                                   loop->size * sizeof *watches,
                                                   size * sizeof *watches);
        if (!watches)
            return -ENOMEM;
        memset(watches + loop->size, 0, (size - loop->size) * sizeof *watches);
        loop->watches = watches;
        loop->size = size;
    }
    if (loop->watches[fd] && loop->watches[fd] != watch)
        return -EBUSY; /* two objects adopted the same descriptor */
    loop->watches[fd] = watch;
    return 0;
}

/* What the backend should know, given who waits. */
static unsigned wanted(const struct tw_loop *loop, const struct tw_watch *watch)
{
    if (loop->backend->edge)
        return TW_READ | TW_WRITE;
    return (watch->reader ? TW_READ : 0) | (watch->writer ? TW_WRITE : 0);
}

static int tell(struct tw_loop *loop, struct tw_watch *watch)
{
    unsigned events = wanted(loop, watch);
    if (events == watch->registered || watch->fd < 0)
        return 0;
    if (tw_forked(&loop->forked))
        return -ECHILD;
    int rc = loop->backend->set(loop->poller, watch->fd, events);
    if (rc >= 0)
        watch->registered = (uint8_t)events;
    return rc;
}

static struct tw_waiter **place(struct tw_watch *watch, unsigned dir)
{
    return dir == TW_READ ? &watch->reader : &watch->writer;
}

int tw_loop_wait(struct tw_loop *loop, struct tw_watch *watch, unsigned dir,
                 struct tw_waiter *waiter)
{
    struct tw_waiter **slot = place(watch, dir);
    if (watch->fd < 0)
        return TW_ECLOSED;
    if (*slot)
        return -EBUSY;
    if (watch->ready & dir)
        return 1; /* an event came since the attempt that blocked */
    int rc = watch->registered ? 0 : enter(loop, watch);
    if (rc < 0)
        return rc;
    *slot = waiter;
    if (!(loop->backend->edge && watch->registered))
        rc = tell(loop, watch);
    if (rc < 0)
    {
        *slot = NULL;
        return rc == -EPERM ? 1 : rc;
    }
    loop->waiting++;
    return 0;
}

void tw_loop_unwait(struct tw_loop *loop, struct tw_watch *watch, unsigned dir,
                    const struct tw_waiter *waiter)
{
    struct tw_waiter **slot = place(watch, dir);
    if (!waiter || *slot != waiter)
        return;
    *slot = NULL;
    loop->waiting--;
    if (!loop->backend->edge)
        tell(loop, watch); /* only ever takes away, so it cannot fail */
}

void tw_loop_recheck(struct tw_loop *loop, struct tw_watch *watch, unsigned dir)
{
    if (*place(watch, dir) || !(watch->ready & dir))
        return;
    tw_watch_blocked(watch, dir);
    if (!loop->backend->edge || !watch->registered || tw_forked(&loop->forked))
        return;
    /* An edge is reported again to whoever registers. */
    loop->backend->set(loop->poller, watch->fd, 0);
    watch->registered = 0;
    tell(loop, watch);
}

static void wake(struct tw_loop *loop, struct tw_watch *watch, unsigned dir,
                 int status)
{
    struct tw_waiter *waiter = *place(watch, dir);
    if (!waiter)
        return;
    tw_loop_unwait(loop, watch, dir, waiter);
    waiter->wake(waiter, status);
}

void tw_loop_nudge(struct tw_loop *loop, struct tw_watch *watch)
{
    wake(loop, watch, TW_READ, 0);
    wake(loop, watch, TW_WRITE, 0);
}

void tw_loop_forget(struct tw_loop *loop, struct tw_watch *watch)
{
    if (lookup(loop, watch->fd) == watch)
    {
        if (watch->registered && !tw_forked(&loop->forked))
            loop->backend->set(loop->poller, watch->fd, 0);
        loop->watches[watch->fd] = NULL;
    }
    watch->fd = -1;
    watch->registered = 0;
    /* One by one: the reader's wake-up may take the writer away. */
    wake(loop, watch, TW_READ, TW_ECLOSED);
    wake(loop, watch, TW_WRITE, TW_ECLOSED);
    tw_watch_init(watch, -1);
}

void tw_loop_forget_fd(struct tw_loop *loop, int fd)
{
    struct tw_watch *watch = fd < 0 ? NULL : lookup(loop, fd);
    if (watch)
        tw_loop_forget(loop, watch);
}

int tw_loop_timer(struct tw_loop *loop, struct tw_waiter *waiter, int64_t when)
{
    tw_heap_remove(&loop->heap, waiter);
    return tw_heap_add(&loop->heap, waiter, when) ? 0 : -ENOMEM;
}

void tw_loop_untimer(struct tw_loop *loop, struct tw_waiter *waiter)
{
    tw_heap_remove(&loop->heap, waiter);
}

/* A wake-up may close any descriptor, and a new one may have its number: each
   event looks its watch up again. At worst a bit is set too many. */
static void dispatch(struct tw_loop *loop, const struct tw_event *event)
{
    struct tw_watch *watch = lookup(loop, event->fd);
    if (!watch)
        return;
    watch->ready |= (uint8_t)event->events;
    if (event->events & TW_READ)
        wake(loop, watch, TW_READ, 0);
    watch = lookup(loop, event->fd);
    if (watch && event->events & TW_WRITE)
        wake(loop, watch, TW_WRITE, 0);
}

/* With thousands of descriptors what is dispatched has not been in the cache
   for long: fetches what comes next while there is something else to do. */
static void fetch(const struct tw_loop *loop, const struct tw_event *events,
                  int i, int n)
{
    enum
    {
        AHEAD = 4
    };
    const struct tw_watch *watch;
    if (i + 2 * AHEAD < n)
        __builtin_prefetch(lookup(loop, events[i + 2 * AHEAD].fd));
    if (i + AHEAD < n && (watch = lookup(loop, events[i + AHEAD].fd)) != NULL)
        __builtin_prefetch(watch->reader);
}

/* As many as there were: one that is armed anew for a time already past has
   its turn after the descriptors have had theirs. */
static void fire_timers(struct tw_loop *loop)
{
    size_t left = loop->heap.count;
    if (left == 0)
        return;
    int64_t now = tw_loop_now(loop);
    struct tw_waiter *waiter;
    while (left-- > 0 && (waiter = tw_heap_pop(&loop->heap, now)) != NULL)
        waiter->wake(waiter, TW_ETIMEDOUT);
}

/* Nanoseconds from now to the sooner of the deadline and the next timer. */
static int64_t patience(const struct tw_loop *loop, int64_t deadline)
{
    int64_t next = tw_heap_next(&loop->heap);
    int64_t until = next < deadline ? next : deadline;
    if (until == TW_FOREVER || until <= 0)
        return until <= 0 ? 0 : TW_FOREVER;
    int64_t now = tw_loop_now(loop);
    return until > now ? until - now : 0;
}

int tw_loop_step(struct tw_loop *loop, int64_t deadline)
{
    struct tw_event events[EVENTS];
    if (tw_forked(&loop->forked))
        return -ECHILD;
    int n = loop->backend->wait(loop->poller, events, EVENTS,
                                patience(loop, deadline));
    for (int i = 0; i < n; i++)
    {
        fetch(loop, events, i, n);
        dispatch(loop, &events[i]);
    }
    fire_timers(loop);
    return n < 0 ? n : 0;
}

bool tw_loop_edge(const struct tw_loop *loop)
{
    return loop->backend->edge;
}

bool tw_loop_forked(const struct tw_loop *loop)
{
    return tw_forked(&loop->forked);
}

bool tw_loop_idle(const struct tw_loop *loop)
{
    return loop->waiting == 0 && loop->heap.count == 0;
}

void tw_loop_counts(const struct tw_loop *loop, size_t *waiters, size_t *timers)
{
    *waiters = loop->waiting;
    *timers = loop->heap.count;
}
