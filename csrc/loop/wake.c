/* An eventfd where there is one, a pipe elsewhere. */
#include "loop/wake.h"

#include "core/err.h"

#include <fcntl.h>
#include <unistd.h>

#if defined(__linux__)
#include <sys/eventfd.h>

int tw_wake_open(struct tw_wake *wake)
{
    wake->rfd = wake->wfd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return wake->rfd < 0 ? -errno : 0;
}
#else
int tw_wake_open(struct tw_wake *wake)
{
    int fds[2];
    if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) < 0)
        return -errno;
    wake->rfd = fds[0];
    wake->wfd = fds[1];
    return 0;
}
#endif

void tw_wake_close(struct tw_wake *wake)
{
    if (wake->wfd != wake->rfd)
        close(wake->wfd);
    close(wake->rfd);
    wake->rfd = wake->wfd = -1;
}

void tw_wake_signal(const struct tw_wake *wake)
{
    const uint64_t one = 1;
    int saved = errno;
    /* Full means that it is readable already. */
    ssize_t n = write(wake->wfd, &one, sizeof one);
    (void)n;
    errno = saved;
}

void tw_wake_clear(const struct tw_wake *wake)
{
    char bytes[64];
    while (read(wake->rfd, bytes, sizeof bytes) == sizeof bytes)
        continue;
}
