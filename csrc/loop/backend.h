/*
 * What a poller must provide: five members, the same for every kernel. One
 * const vtable per file; all state in what `open` makes. Who waits for what is
 * the loop's business, not the backend's.
 */
#ifndef TW_LOOP_BACKEND_H
#define TW_LOOP_BACKEND_H

#include "core/err.h"
#include "core/mem.h"

struct tw_net; /* core/net.h */

enum
{
    TW_READ = 1,
    TW_WRITE = 2,
    /* Only reported: the peer hung up, an error or urgent data is pending. A
       short read then says nothing about what is still to be read. */
    TW_HANGUP = 4,
};

struct tw_event
{
    int fd;
    unsigned events; /* TW_READ | TW_WRITE | TW_HANGUP */
};

struct tw_backend
{
    const char *name;

    /*
     * True: reports each change once and `set` is called once per descriptor,
     * for both directions. False: reports what holds as long as it holds, and
     * `set` names exactly the directions somebody waits for.
     */
    bool edge;

    /* Makes the state for descriptors of `net`, allocating through `mem`; both
       outlive it. */
    int (*open)(const struct tw_net *net, const struct tw_mem *mem,
                void **state);
    void (*close)(void *state);

    /*
     * Sets what to watch `fd` for: TW_READ | TW_WRITE, either, or 0 to forget
     * it, which cannot fail. -EPERM: cannot be polled and is always ready.
     */
    int (*set)(void *state, int fd, unsigned events);

    /*
     * Waits up to `timeout` nanoseconds (TW_FOREVER: no limit), never less,
     * and returns how many events it put in `out`. 0 when a signal came.
     */
    int (*wait)(void *state, struct tw_event *out, int max, int64_t timeout);
};

extern const struct tw_backend tw_backend_epoll;
extern const struct tw_backend tw_backend_poll;

/* The backend of that name; the best one for NULL; NULL if unknown. */
const struct tw_backend *tw_backend_find(const char *name);

/* Nanoseconds to the milliseconds of poll(2), rounded up; -1 for forever. */
static inline int tw__backend_ms(int64_t timeout)
{
    if (timeout == INT64_MAX)
        return -1;
    int64_t ms = timeout / 1000000 + (timeout % 1000000 != 0);
    return ms > INT32_MAX ? INT32_MAX : (int)ms;
}

#endif
