/* The descriptor that other threads and signal handlers make readable. */
#include "loop/wake.h"
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/resource.h>

static bool readable(const struct tw_wake *wake)
{
    struct pollfd fd = {.fd = wake->rfd, .events = POLLIN};
    return poll(&fd, 1, 0) == 1;
}

static void signals_and_clears(void)
{
    struct tw_wake wake;
    CHECK_INT(tw_wake_open(&wake), 0);
    CHECK(fcntl(wake.rfd, F_GETFD) & FD_CLOEXEC);
    CHECK(fcntl(wake.rfd, F_GETFL) & O_NONBLOCK);
    CHECK(!readable(&wake));
    tw_wake_clear(&wake); /* does not block */
    tw_wake_signal(&wake);
    CHECK(readable(&wake));
    for (int i = 0; i < 100000; i++)
        tw_wake_signal(&wake);
    CHECK(readable(&wake));
    tw_wake_clear(&wake);
    CHECK(!readable(&wake));
    tw_wake_signal(&wake);
    CHECK(readable(&wake));
    tw_wake_close(&wake);
}

static void keeps_errno(void)
{
    struct tw_wake wake;
    CHECK_INT(tw_wake_open(&wake), 0);
    errno = 4711;
    tw_wake_signal(&wake);
    CHECK_INT(errno, 4711);
    tw_wake_close(&wake);
    CHECK(wake.rfd == -1 && wake.wfd == -1);
    errno = 4711;
    tw_wake_signal(&wake); /* closed: nothing happens */
    CHECK_INT(errno, 4711);
    tw_wake_clear(&wake);
    tw_wake_close(&wake);
}

static void *signal_it(void *arg)
{
    tw_wake_signal(arg);
    return NULL;
}

static void from_another_thread(void)
{
    struct tw_wake wake;
    pthread_t thread;
    CHECK_INT(tw_wake_open(&wake), 0);
    CHECK_INT(pthread_create(&thread, NULL, signal_it, &wake), 0);
    struct pollfd fd = {.fd = wake.rfd, .events = POLLIN};
    int n;
    do
        n = poll(&fd, 1, -1);
    while (n < 0 && errno == EINTR);
    CHECK_INT(n, 1);
    CHECK_INT(pthread_join(thread, NULL), 0);
    tw_wake_clear(&wake);
    CHECK(!readable(&wake));
    tw_wake_close(&wake);
}

static void without_descriptors(void)
{
    struct tw_wake wake;
    struct rlimit old, none;
    CHECK_INT(getrlimit(RLIMIT_NOFILE, &old), 0);
    none = old;
    none.rlim_cur = 0;
    CHECK_INT(setrlimit(RLIMIT_NOFILE, &none), 0);
    int rc = tw_wake_open(&wake);
    CHECK_INT(setrlimit(RLIMIT_NOFILE, &old), 0);
    CHECK_INT(rc, -EMFILE);
}

int main(void)
{
    TAP_CASE(signals_and_clears);
    TAP_CASE(keeps_errno);
    TAP_CASE(from_another_thread);
    TAP_CASE(without_descriptors);
    return tap_done();
}
