/* A loop, a pair of sockets and waiters that keep count, for each backend. */
#ifndef SPEC_C_LOOP_FIXTURE_H
#define SPEC_C_LOOP_FIXTURE_H

#include "loop/loop.h"
#include "mem.h"

#include <errno.h>

struct woken
{
    struct tw_waiter waiter;
    int count, status;
    void (*then)(struct woken *); /* what to do about it, or NULL */
    void *arg;
};

struct fixture
{
    struct test_mem t;
    struct tw_loop *loop;
    int fds[2];            /* a pair of streams, non-blocking */
    struct tw_watch watch; /* of fds[0], nothing ready */
    struct woken reader, writer;
};

/* What the cases run on; see BOTH. */
static const struct tw_backend *fixture_backend;

/* Runs a case on each backend. */
#define BOTH(fn) fixture_both(#fn, fn)

static inline void fixture_both(const char *name, void (*fn)(void))
{
    static const char *const backends[] = {"poll", "epoll"};
    for (size_t i = 0; i < 2; i++)
    {
        char text[100];
        fixture_backend = tw_backend_find(backends[i]);
        snprintf(text, sizeof text, "%s: %s", backends[i], name);
        if (fixture_backend)
            tap_case(text, fn);
    }
}

static inline void woken_wake(struct tw_waiter *waiter, int status)
{
    struct woken *w = tw__container_of(waiter, struct woken, waiter);
    w->count++;
    w->status = status;
    if (w->then)
        w->then(w);
}

static inline void woken_init(struct woken *w)
{
    *w = (struct woken){.waiter = {.wake = woken_wake}, .status = 4711};
}

static inline void watch_init(struct tw_watch *watch, int fd)
{
    tw_watch_init(watch, fd);
    tw_watch_blocked(watch, TW_READ | TW_WRITE);
}

static inline void fixture_open(struct fixture *f)
{
    test_mem_init(&f->t);
    f->loop = NULL;
    CHECK_INT(tw_loop_new(&f->loop, &tw_net_kernel, &f->t.mem, fixture_backend),
              0);
    CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
                         f->fds),
              0);
    watch_init(&f->watch, f->fds[0]);
    woken_init(&f->reader);
    woken_init(&f->writer);
}

static inline void fixture_close(struct fixture *f)
{
    tw_loop_forget(f->loop, &f->watch);
    CHECK(tw_loop_idle(f->loop));
    tw_loop_free(f->loop);
    close(f->fds[0]);
    close(f->fds[1]);
    CHECK_INT(f->t.blocks, 0);
}

static inline int fixture_read(struct fixture *f)
{
    return tw_loop_wait(f->loop, &f->watch, TW_READ, &f->reader.waiter);
}

static inline int fixture_write(struct fixture *f)
{
    return tw_loop_wait(f->loop, &f->watch, TW_WRITE, &f->writer.waiter);
}

/* Looks once, without waiting. */
static inline void fixture_look(struct fixture *f)
{
    CHECK_INT(tw_loop_step(f->loop, 0), 0);
}

/* Turns the loop until `ms` milliseconds have passed; returns how often. */
static inline int fixture_turns(struct fixture *f, int ms)
{
    int64_t until = tw_loop_now(f->loop) + ms * INT64_C(1000000);
    int turns = 0;
    do
    {
        CHECK_INT(tw_loop_step(f->loop, until), 0);
        turns++;
    } while (tw_loop_now(f->loop) < until && turns < 1000000);
    return turns;
}

/* Sends until no more goes in. */
static inline void fixture_fill(int fd)
{
    static const char data[4096];
    ssize_t n = 1;
    for (int i = 0; i < 100000 && n > 0; i++)
        n = send(fd, data, sizeof data, MSG_NOSIGNAL);
    CHECK(n < 0);
}

/* Receives until there is no more. */
static inline void fixture_drain(int fd)
{
    char data[4096];
    ssize_t n = 1;
    for (int i = 0; i < 100000 && n > 0; i++)
        n = recv(fd, data, sizeof data, 0);
    CHECK(n <= 0);
}

#endif
