/*
 * poll(2): portable, level-triggered, one pass over all descriptors per wait.
 * The reference the other backends are tested against.
 */
#include "loop/backend.h"

#include <poll.h>
#include <string.h>

#if !defined(POLLRDHUP)
#define POLLRDHUP 0
#endif

struct state
{
    const struct tw_mem *mem;
    struct pollfd *fds; /* the first `count` are in use */
    size_t count, cap;
    size_t *where; /* by descriptor: its place in fds plus 1, or 0 */
    size_t where_cap;
};

static int poll_open(const struct tw_net *net, const struct tw_mem *mem,
                     void **state)
{
    (void)net;
    struct state *st = tw__mem_new(mem, sizeof *st);
    if (!st)
        return -ENOMEM;
    *st = (struct state){.mem = mem};
    *state = st;
    return 0;
}

static void poll_close(void *state)
{
    struct state *st = state;
    tw__mem_free(st->mem, st->fds, st->cap * sizeof *st->fds);
    tw__mem_free(st->mem, st->where, st->where_cap * sizeof *st->where);
    tw__mem_free(st->mem, st, sizeof *st);
}

/* Makes `where` reach past `fd` and `fds` hold one more. */
static bool make_room(struct state *st, size_t fd)
{
    if (fd >= st->where_cap)
    {
        size_t cap = fd + fd / 2 + 16;
        size_t *where =
            tw__mem_resize(st->mem, st->where, st->where_cap * sizeof *where,
                           cap * sizeof *where);
        if (!where)
            return false;
        memset(where + st->where_cap, 0, (cap - st->where_cap) * sizeof *where);
        st->where = where;
        st->where_cap = cap;
    }
    if (st->count == st->cap)
    {
        size_t cap = st->cap ? 2 * st->cap : 16;
        struct pollfd *fds = tw__mem_resize(
            st->mem, st->fds, st->cap * sizeof *fds, cap * sizeof *fds);
        if (!fds)
            return false;
        st->fds = fds;
        st->cap = cap;
    }
    return true;
}

static void forget(struct state *st, size_t fd)
{
    size_t at = fd < st->where_cap ? st->where[fd] : 0;
    if (at == 0)
        return;
    struct pollfd last = st->fds[--st->count];
    st->fds[at - 1] = last;
    st->where[last.fd] = at;
    st->where[fd] = 0;
}

static int poll_set(void *state, int fd, unsigned events)
{
    struct state *st = state;
    size_t slot = (size_t)fd;
    if (!events)
    {
        forget(st, slot);
        return 0;
    }
    bool known = slot < st->where_cap && st->where[slot];
    if (!known && !make_room(st, slot))
        return -ENOMEM; /* never when directions are taken away */
    if (!known)
        st->where[slot] = ++st->count;
    /* The end of input holds as long as the descriptor is open: reported to
       one who only writes, it would make every wait return at once. */
    short wanted = 0;
    if (events & TW_READ)
        wanted |= POLLIN | POLLPRI | POLLRDHUP;
    if (events & TW_WRITE)
        wanted |= POLLOUT;
    st->fds[st->where[slot] - 1] = (struct pollfd){fd, wanted, 0};
    return 0;
}

static unsigned translate(short events)
{
    unsigned out = 0;
    if (events & POLLIN)
        out |= TW_READ;
    if (events & POLLOUT)
        out |= TW_WRITE;
    if (events & (POLLRDHUP | POLLPRI))
        out |= TW_READ | TW_HANGUP;
    if (events & (POLLHUP | POLLERR | POLLNVAL))
        out |= TW_READ | TW_WRITE | TW_HANGUP;
    return out;
}

static int poll_wait(void *state, struct tw_event *out, int max,
                     int64_t timeout)
{
    struct state *st = state;
    int left = poll(st->fds, (nfds_t)st->count, tw__backend_ms(timeout));
    if (left < 0)
        return errno == EINTR ? 0 : -errno;
    int n = 0;
    for (size_t i = 0; i < st->count && n < left && n < max; i++)
    {
        if (!st->fds[i].revents)
            continue;
        out[n].fd = st->fds[i].fd;
        out[n++].events = translate(st->fds[i].revents);
    }
    return n;
}

const struct tw_backend tw_backend_poll = {
    .name = "poll",
    .edge = false,
    .open = poll_open,
    .close = poll_close,
    .set = poll_set,
    .wait = poll_wait,
};
