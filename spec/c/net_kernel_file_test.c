/* The operating system's network: files sent to sockets, and SIGPIPE. */
#include "core/net.h"
#include "tap.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

static const struct tw_net *const net = &tw_net_kernel;

static void pair_of(int fds[2])
{
    CHECK_INT(net->pair(net, AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
}

static void close_both(const int fds[2])
{
    CHECK_INT(net->close(net, fds[0]), 0);
    CHECK_INT(net->close(net, fds[1]), 0);
}

/* A file without a name, of `size` bytes, which are their places' last. */
static int file_of(size_t size)
{
    char path[] = "/tmp/tidewire.XXXXXX";
    int fd = mkstemp(path);
    char *data = malloc(size);
    for (size_t i = 0; i < size; i++)
        data[i] = (char)i;
    CHECK(fd >= 0);
    CHECK_INT(unlink(path), 0);
    CHECK_INT(write(fd, data, size), (ssize_t)size);
    free(data);
    return fd;
}

static void sends_a_part_of_a_file(void)
{
    int fds[2];
    unsigned char data[100];
    int file = file_of(256);
    pair_of(fds);
    CHECK_INT(lseek(file, 7, SEEK_SET), 7);
    CHECK_INT(net->seekable(net, file), 1);
    CHECK_INT(net->sendfile(net, fds[0], file, 16, 32), 32);
    CHECK_INT(net->recv(net, fds[1], data, sizeof data, 0), 32);
    CHECK(data[0] == 16 && data[31] == 47);
    CHECK_INT(net->sendfile(net, fds[0], file, 250, 100), 6);
    CHECK_INT(net->recv(net, fds[1], data, sizeof data, 0), 6);
    CHECK(data[0] == 250 && data[5] == 255);
    CHECK_INT(net->sendfile(net, fds[0], file, 256, 100), 0);
    CHECK_INT(net->sendfile(net, fds[0], file, 1 << 20, 100), 0);
    CHECK_INT(lseek(file, 0, SEEK_CUR), 7);
    CHECK_INT(close(file), 0);
    close_both(fds);
}

static void would_block(void)
{
    int fds[2];
    ssize_t n = 1;
    int file = file_of(1 << 16);
    pair_of(fds);
    for (int i = 0; i < 1000 && n > 0; i++)
        n = net->sendfile(net, fds[0], file, 0, 1 << 16);
    CHECK_INT(n, TW_WANT_WRITE);
    CHECK_INT(close(file), 0);
    close_both(fds);
}

/* What the process was started with: never with sendfile(2), for the file has
   no splice_read. */
static void reads_what_cannot_be_mapped(void)
{
    int fds[2];
    static char expected[100000], data[100000];
    int file = open("/proc/self/environ", O_RDONLY | O_CLOEXEC);
    ssize_t len = read(file, expected, sizeof expected), got = 0, n = 1;
    pair_of(fds);
    for (ssize_t sent = 0; n > 0; sent += n)
    {
        n = net->sendfile(net, fds[0], file, sent, 5000);
        while (n > 0 && got < sent + n)
            got += net->recv(net, fds[1], data + got, sizeof data - (size_t)got,
                             0);
    }
    CHECK_INT(n, 0);
    CHECK_INT(got, len);
    CHECK(memcmp(data, expected, (size_t)got) == 0);
    CHECK_INT(close(file), 0);
    close_both(fds);
}

static void what_cannot_be_sent(void)
{
    int fds[2], pipes[2];
    int directory = open("/tmp", O_RDONLY | O_CLOEXEC);
    int output = open("/dev/null", O_WRONLY | O_CLOEXEC);
    pair_of(fds);
    CHECK_INT(pipe2(pipes, O_CLOEXEC), 0);
    CHECK_INT(net->seekable(net, pipes[0]), 0);
    CHECK_INT(net->seekable(net, fds[0]), 0);
    CHECK_INT(net->seekable(net, -1), -EBADF);
    CHECK_INT(net->sendfile(net, fds[0], pipes[0], 0, 1), -ESPIPE);
    CHECK_INT(net->sendfile(net, fds[0], directory, 0, 1), -EISDIR);
    CHECK_INT(net->sendfile(net, fds[0], output, 0, 1), -EBADF);
    CHECK_INT(net->sendfile(net, fds[0], -1, 0, 1), -EBADF);
    CHECK_INT(net->sendfile(net, -1, directory, 0, 1), -EBADF);
    CHECK_INT(close(directory), 0);
    CHECK_INT(close(output), 0);
    close_both(fds);
    close_both(pipes);
}

/* -- SIGPIPE ------------------------------------------------------------- */

static volatile sig_atomic_t signals;

static void count(int number)
{
    (void)number;
    signals++;
}

static void set_handler(void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler};
    CHECK_INT(sigaction(SIGPIPE, &action, NULL), 0);
}

static bool is_pending(void)
{
    sigset_t set;
    return sigpending(&set) == 0 && sigismember(&set, SIGPIPE);
}

static void block(int how, sigset_t *old)
{
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    CHECK_INT(pthread_sigmask(how, &pipe, old), 0);
}

static bool is_blocked(void)
{
    sigset_t now;
    pthread_sigmask(SIG_BLOCK, NULL, &now);
    return sigismember(&now, SIGPIPE);
}

/* Sends to somebody who has left, in each of the ways that could raise it. */
static void send_to_nobody(void)
{
    int fds[2], pipes[2];
    int file = file_of(100);
    int environment = open("/proc/self/environ", O_RDONLY | O_CLOEXEC);
    const struct tw_net *files = &tw_net_file;
    pair_of(fds);
    CHECK_INT(pipe2(pipes, O_CLOEXEC), 0);
    CHECK_INT(net->close(net, fds[1]), 0);
    CHECK_INT(close(pipes[0]), 0);
    CHECK_INT(net->sendfile(net, fds[0], file, 0, 100), -EPIPE);
    CHECK_INT(net->sendfile(net, fds[0], environment, 0, 100), -EPIPE);
    CHECK_INT(files->send(files, pipes[1], "x", 1, 0), -EPIPE);
    CHECK_INT(net->close(net, fds[0]), 0);
    CHECK_INT(close(pipes[1]), 0);
    CHECK_INT(close(file), 0);
    CHECK_INT(close(environment), 0);
}

static void nobody_there_is_no_signal(void)
{
    set_handler(SIG_DFL); /* which would end this process */
    send_to_nobody();
    set_handler(count);
    send_to_nobody();
    CHECK_INT(signals, 0);
    CHECK(!is_blocked() && !is_pending());
    set_handler(SIG_IGN);
    send_to_nobody();
    set_handler(SIG_DFL);
    CHECK(!is_pending());
}

static void what_was_blocked_stays_so(void)
{
    sigset_t old;
    set_handler(count);
    block(SIG_BLOCK, &old);
    send_to_nobody();
    CHECK(is_blocked() && !is_pending());
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    CHECK_INT(signals, 0);
}

static void what_was_pending_survives(void)
{
    sigset_t old;
    set_handler(count);
    block(SIG_BLOCK, &old);
    CHECK_INT(pthread_kill(pthread_self(), SIGPIPE), 0);
    send_to_nobody();
    CHECK(is_pending());
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    CHECK_INT(signals, 1);
    set_handler(SIG_DFL);
}

int main(void)
{
    TAP_CASE(sends_a_part_of_a_file);
    TAP_CASE(would_block);
    TAP_CASE(reads_what_cannot_be_mapped);
    TAP_CASE(what_cannot_be_sent);
    TAP_CASE(nobody_there_is_no_signal);
    TAP_CASE(what_was_blocked_stays_so);
    TAP_CASE(what_was_pending_survives);
    return tap_done();
}
