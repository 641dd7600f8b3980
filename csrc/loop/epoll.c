/*
 * Linux epoll, edge-triggered: a descriptor is registered once for everything,
 * and waiting costs no further system call.
 */
#include "loop/backend.h"

#include <sys/epoll.h>
#include <unistd.h>

enum
{
    BATCH = 256
};

struct state
{
    const struct tw_mem *mem;
    int fd;
    struct epoll_event events[BATCH];
};

/* Where a process was started without standard input or output, their numbers
   are for whoever opens them. */
static int create_above_stdio(void)
{
    int fd = epoll_create1(EPOLL_CLOEXEC);
    if (fd < 0 || fd > STDERR_FILENO)
        return fd;
    int other = create_above_stdio();
    int err = errno;
    close(fd);
    errno = err;
    return other;
}

static int epoll_open(const struct tw_net *net, const struct tw_mem *mem,
                      void **state)
{
    (void)net;
    struct state *st = tw__mem_new(mem, sizeof *st);
    if (!st)
        return -ENOMEM;
    st->mem = mem;
    st->fd = create_above_stdio();
    int err = errno;
    if (st->fd < 0)
    {
        tw__mem_free(mem, st, sizeof *st);
        return -err;
    }
    *state = st;
    return 0;
}

static void epoll_close(void *state)
{
    struct state *st = state;
    close(st->fd);
    tw__mem_free(st->mem, st, sizeof *st);
}

static int epoll_set(void *state, int fd, unsigned events)
{
    struct state *st = state;
    struct epoll_event ev = {.data.fd = fd};
    ev.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLPRI | EPOLLET;
    int op = events ? EPOLL_CTL_ADD : EPOLL_CTL_DEL;
    return epoll_ctl(st->fd, op, fd, &ev) < 0 ? -errno : 0;
}

static unsigned translate(uint32_t events)
{
    unsigned out = 0;
    if (events & EPOLLIN)
        out |= TW_READ;
    if (events & EPOLLOUT)
        out |= TW_WRITE;
    if (events & (EPOLLRDHUP | EPOLLPRI))
        out |= TW_READ | TW_HANGUP;
    if (events & (EPOLLHUP | EPOLLERR))
        out |= TW_READ | TW_WRITE | TW_HANGUP;
    return out;
}

static int epoll_wait_events(void *state, struct tw_event *out, int max,
                             int64_t timeout)
{
    struct state *st = state;
    int room = max < BATCH ? max : BATCH;
    int n = epoll_wait(st->fd, st->events, room, tw__backend_ms(timeout));
    if (n < 0)
        return errno == EINTR ? 0 : -errno;
    for (int i = 0; i < n; i++)
    {
        out[i].fd = st->events[i].data.fd;
        out[i].events = translate(st->events[i].events);
    }
    return n;
}

const struct tw_backend tw_backend_epoll = {
    .name = "epoll",
    .edge = true,
    .open = epoll_open,
    .close = epoll_close,
    .set = epoll_set,
    .wait = epoll_wait_events,
};
