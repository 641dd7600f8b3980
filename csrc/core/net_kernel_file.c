/* The operating system's network: sockets together with files, and what files
   can do in their place. */
#include "core/net_kernel.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/sendfile.h>
#include <unistd.h>

int tw__net_failure(int want)
{
    int err = errno;
    if (want && (err == EAGAIN || err == EWOULDBLOCK))
        return want;
    if (want && err == EINTR)
        return TW_WANT_RETRY;
    return -err;
}

/* -- without SIGPIPE ----------------------------------------------------- */

/*
 * write(2) and its like have no MSG_NOSIGNAL: the signal is held off this
 * thread, and taken back if it came from here. One that was pending before
 * stays: then it was blocked before, too.
 */
struct hush
{
    sigset_t old;
    bool pending;
};

static void pipe_only(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGPIPE);
}

static void hush_begin(struct hush *hush)
{
    sigset_t pipe, pending;
    pipe_only(&pipe);
    pthread_sigmask(SIG_BLOCK, &pipe, &hush->old);
    hush->pending = sigismember(&hush->old, SIGPIPE) &&
                    sigpending(&pending) == 0 && sigismember(&pending, SIGPIPE);
}

/*
 * To be called with what the call returned, and was to move; leaves errno
 * alone. The signal may also come with what stopped a call half way, whose
 * result is then no error.
 */
static void hush_end(const struct hush *hush, ssize_t n, size_t len)
{
    int err = errno;
    sigset_t pipe;
    const struct timespec now = {0};
    bool raised = n < 0 ? err == EPIPE : (size_t)n < len;
    pipe_only(&pipe);
    if (raised && !hush->pending)
        while (sigtimedwait(&pipe, NULL, &now) < 0 && errno == EINTR)
            ;
    pthread_sigmask(SIG_SETMASK, &hush->old, NULL);
    errno = err;
}

/* -- files to sockets ---------------------------------------------------- */

enum
{
    COPY = 16384 /* bytes on the stack, for files the kernel cannot map */
};

/* What sendfile(2) refuses may be readable all the same. */
static ssize_t send_copy(int fd, int file, int64_t offset, size_t len)
{
    char data[COPY];
    ssize_t n = pread(file, data, len < COPY ? len : COPY, (off_t)offset);
    if (n <= 0)
        return n < 0 ? tw__net_failure(0) : 0;
    n = send(fd, data, (size_t)n, MSG_NOSIGNAL);
    return n < 0 ? tw__net_failure(TW_WANT_WRITE) : n;
}

ssize_t tw__net_sendfile(const struct tw_net *net, int fd, int file,
                         int64_t offset, size_t len)
{
    (void)net;
    struct hush hush;
    off_t at = (off_t)offset;
    hush_begin(&hush);
    ssize_t n = sendfile(fd, file, &at, len);
    hush_end(&hush, n, len);
    if (n < 0 && (errno == EINVAL || errno == ENOSYS))
        return send_copy(fd, file, offset, len);
    return n < 0 ? tw__net_failure(TW_WANT_WRITE) : n;
}

ssize_t tw__net_read_at(const struct tw_net *net, int file, int64_t offset,
                        void *data, size_t len)
{
    (void)net;
    ssize_t n = pread(file, data, len, (off_t)offset);
    return n < 0 ? tw__net_failure(TW_WANT_RETRY) : n;
}

int tw__net_seekable(const struct tw_net *net, int fd)
{
    (void)net;
    if (lseek(fd, 0, SEEK_CUR) >= 0)
        return 1;
    return errno == ESPIPE ? 0 : tw__net_failure(0);
}

/* -- sockets to sockets -------------------------------------------------- */

/* With the usual 64 KiB a relay makes more calls than it need; much more, and
   the bytes have left the cache before they are sent on. */
enum
{
    PIPE_SIZE = 256 << 10
};

int tw__net_pipe(const struct tw_net *net, int fds[2])
{
    (void)net;
    if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) < 0)
        return tw__net_failure(0);
    /* A user may have so many pages in pipes: then they stay small. */
    (void)fcntl(fds[1], F_SETPIPE_SZ, PIPE_SIZE);
    return 0;
}

ssize_t tw__net_splice_in(const struct tw_net *net, int fd, int pipe,
                          size_t len)
{
    (void)net;
    const unsigned flags = SPLICE_F_MOVE | SPLICE_F_NONBLOCK;
    ssize_t n = splice(fd, NULL, pipe, NULL, len, flags);
    return n < 0 ? tw__net_failure(TW_WANT_READ) : n;
}

ssize_t tw__net_splice_out(const struct tw_net *net, int pipe, int fd,
                           size_t len)
{
    (void)net;
    const unsigned flags = SPLICE_F_MOVE | SPLICE_F_NONBLOCK;
    struct hush hush;
    hush_begin(&hush);
    ssize_t n = splice(pipe, NULL, fd, NULL, len, flags);
    hush_end(&hush, n, len);
    return n < 0 ? tw__net_failure(TW_WANT_WRITE) : n;
}

/* -- files in place of sockets ------------------------------------------- */

/* 0 if the descriptor is ready for `events`, or what to return instead. */
static int look(int fd, short events, int want)
{
    struct pollfd p = {.fd = fd, .events = events};
    int n = poll(&p, 1, 0);
    return n < 0 ? tw__net_failure(want) : n == 0 ? want : 0;
}

static ssize_t f_recv(const struct tw_net *net, int fd, void *data, size_t len,
                      int flags)
{
    (void)net, (void)flags;
    int rc = look(fd, POLLIN, TW_WANT_READ);
    if (rc < 0)
        return rc;
    ssize_t n = read(fd, data, len);
    return n < 0 ? tw__net_failure(TW_WANT_READ) : n;
}

static ssize_t f_send(const struct tw_net *net, int fd, const void *data,
                      size_t len, int flags)
{
    (void)net, (void)flags;
    struct hush hush;
    int rc = look(fd, POLLOUT, TW_WANT_WRITE);
    if (rc < 0)
        return rc;
    /* A pipe that is ready takes so much without blocking, pipe(7). */
    len = len < PIPE_BUF ? len : PIPE_BUF;
    hush_begin(&hush);
    ssize_t n = write(fd, data, len);
    hush_end(&hush, n, len);
    return n < 0 ? tw__net_failure(TW_WANT_WRITE) : n;
}

static int f_close(const struct tw_net *net, int fd)
{
    (void)net, (void)fd;
    return 0;
}

const struct tw_net tw_net_file = {
    .name = "file",
    .close = f_close,
    .send = f_send,
    .recv = f_recv,
    .clock = tw__net_clock,
};
