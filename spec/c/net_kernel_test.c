/* The operating system's network, on loopback and socket pairs. */
#include "core/net.h"
#include "core/query.h"
#include "tap.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <time.h>

static const struct tw_net *const net = &tw_net_kernel;

static bool cloexec(int fd)
{
    return fcntl(fd, F_GETFD) & FD_CLOEXEC;
}

static void pair_of(int type, int fds[2])
{
    CHECK_INT(net->pair(net, AF_UNIX, type, 0, fds), 0);
}

static void close_both(const int fds[2])
{
    CHECK_INT(net->close(net, fds[0]), 0);
    CHECK_INT(net->close(net, fds[1]), 0);
}

/* A listener on loopback, its address in *addr. */
static int listener(int family, struct tw_addr *addr, int backlog)
{
    int fd = net->open(net, family, SOCK_STREAM | SOCK_NONBLOCK, 0);
    CHECK(fd >= 0);
    tw_addr_inet(addr, family, family == AF_INET ? "127.0.0.1" : "::1", 0);
    CHECK_INT(net->bind(net, fd, addr), 0);
    CHECK_INT(net->listen(net, fd, backlog), 0);
    CHECK_INT(net->getsockname(net, fd, addr), 0);
    CHECK(tw_addr_port(addr) != 0);
    return fd;
}

static int wait_for(int fd, short events)
{
    struct pollfd p = {.fd = fd, .events = events};
    return poll(&p, 1, 10000);
}

/* -- descriptors --------------------------------------------------------- */

static void descriptors_are_private(void)
{
    int fds[2];
    int fd = net->open(net, AF_INET, SOCK_STREAM, 0);
    CHECK(fd >= 0 && cloexec(fd));
    CHECK_INT(net->get_nonblock(net, fd), 0);
    int copy = net->dup(net, fd);
    CHECK(copy >= 0 && copy != fd && cloexec(copy));
    pair_of(SOCK_STREAM | SOCK_NONBLOCK, fds);
    CHECK(cloexec(fds[0]) && cloexec(fds[1]));
    CHECK_INT(net->get_nonblock(net, fds[0]), 1);
    close_both(fds);
    CHECK_INT(net->close(net, fd), 0);
    CHECK_INT(net->close(net, copy), 0);
}

static void modes(void)
{
    int fd = net->open(net, AF_INET, SOCK_STREAM, 0);
    CHECK_INT(net->set_nonblock(net, fd, true), 0);
    CHECK_INT(net->set_nonblock(net, fd, true), 0);
    CHECK_INT(net->get_nonblock(net, fd), 1);
    CHECK_INT(net->set_nonblock(net, fd, false), 0);
    CHECK_INT(net->get_nonblock(net, fd), 0);
    CHECK_INT(net->get_cloexec(net, fd), 1);
    CHECK_INT(net->set_cloexec(net, fd, false), 0);
    CHECK(!cloexec(fd) && net->get_cloexec(net, fd) == 0);
    CHECK_INT(net->set_cloexec(net, fd, true), 0);
    CHECK(cloexec(fd));
    CHECK_INT(net->close(net, fd), 0);
}

static void what_is_not_open(void)
{
    struct tw_addr addr;
    int value = 0;
    char byte = 0;
    struct iovec iov = {&byte, 1};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
    struct tw_optval opt = {SOL_SOCKET, SO_TYPE, &value, sizeof value};
    tw_addr_inet(&addr, AF_INET, "", 0);
    CHECK_INT(net->open(net, -1, SOCK_STREAM, 0), -EAFNOSUPPORT);
    CHECK_INT(net->accept(net, -1, &addr, 0), -EBADF);
    CHECK_INT(net->dup(net, -1), -EBADF);
    CHECK_INT(net->close(net, -1), -EBADF);
    CHECK_INT(net->bind(net, -1, &addr), -EBADF);
    CHECK_INT(net->listen(net, -1, 1), -EBADF);
    CHECK_INT(net->connect(net, -1, &addr), -EBADF);
    CHECK_INT(net->shutdown(net, -1, SHUT_RD), -EBADF);
    CHECK_INT(net->send(net, -1, &byte, 1, 0), -EBADF);
    CHECK_INT(net->recv(net, -1, &byte, 1, 0), -EBADF);
    CHECK_INT(net->sendmsg(net, -1, &msg, 0), -EBADF);
    CHECK_INT(net->recvmsg(net, -1, &msg, 0), -EBADF);
    CHECK_INT(net->getopt(net, -1, &opt), -EBADF);
    CHECK_INT(net->setopt(net, -1, &opt), -EBADF);
    CHECK_INT(net->getsockname(net, -1, &addr), -EBADF);
    CHECK_INT(net->getpeername(net, -1, &addr), -EBADF);
    CHECK_INT(net->set_nonblock(net, -1, true), -EBADF);
    CHECK_INT(net->get_nonblock(net, -1), -EBADF);
    CHECK_INT(net->set_cloexec(net, -1, true), -EBADF);
    CHECK_INT(net->get_cloexec(net, -1), -EBADF);
}

static void too_many_descriptors(void)
{
    struct rlimit old, none;
    struct tw_addr peer;
    int fds[2];
    int kept = net->open(net, AF_INET, SOCK_STREAM, 0);
    CHECK_INT(getrlimit(RLIMIT_NOFILE, &old), 0);
    none = old;
    none.rlim_cur = 0;
    CHECK_INT(setrlimit(RLIMIT_NOFILE, &none), 0);
    int opened = net->open(net, AF_INET, SOCK_STREAM, 0);
    int copied = net->dup(net, kept);
    int paired = net->pair(net, AF_UNIX, SOCK_STREAM, 0, fds);
    int accepted = net->accept(net, kept, &peer, 0);
    CHECK_INT(setrlimit(RLIMIT_NOFILE, &old), 0);
    CHECK_INT(opened, -EMFILE);
    CHECK(copied == -EMFILE || copied == -EINVAL); /* fcntl(2) says EINVAL */
    CHECK(paired == -EMFILE || paired == 0);       /* 0: valgrind, wrongly */
    CHECK(accepted == -EMFILE || accepted == -EINVAL);
    CHECK_INT(net->close(net, kept), 0);
}

/* -- connecting ---------------------------------------------------------- */

static void connect_over(int family)
{
    struct tw_addr addr, peer, local;
    int server = listener(family, &addr, 5);
    CHECK_INT(net->accept(net, server, &peer, 0), TW_WANT_READ);
    int fd = net->open(net, family, SOCK_STREAM | SOCK_NONBLOCK, 0);
    CHECK_INT(net->getpeername(net, fd, &peer), -ENOTCONN);
    CHECK_INT(net->connect(net, fd, &addr), TW_WANT_WRITE);
    CHECK_INT(wait_for(fd, POLLOUT), 1);
    CHECK_INT(net->connect(net, fd, &addr), 0);
    CHECK_INT(net->connect(net, fd, &addr), -EISCONN);
    CHECK_INT(wait_for(server, POLLIN), 1);
    int conn = net->accept(net, server, &peer, SOCK_NONBLOCK);
    CHECK(conn >= 0 && cloexec(conn));
    CHECK_INT(net->get_nonblock(net, conn), 1);
    CHECK_INT(net->getsockname(net, fd, &local), 0);
    CHECK(local.len == peer.len && !memcmp(&local.u, &peer.u, peer.len));
    CHECK_INT(net->send(net, fd, "hi", 2, 0), 2);
    char data[8];
    CHECK_INT(wait_for(conn, POLLIN), 1);
    CHECK_INT(net->recv(net, conn, data, sizeof data, 0), 2);
    CHECK_INT(net->recv(net, conn, data, sizeof data, 0), TW_WANT_READ);
    CHECK_INT(net->shutdown(net, fd, SHUT_WR), 0);
    CHECK_INT(wait_for(conn, POLLIN), 1);
    CHECK_INT(net->recv(net, conn, data, sizeof data, 0), 0);
    CHECK_INT(net->close(net, conn), 0);
    CHECK_INT(net->close(net, fd), 0);
    CHECK_INT(net->close(net, server), 0);
}

static void connects(void)
{
    connect_over(AF_INET);
    connect_over(AF_INET6);
}

static void connection_refused(void)
{
    struct tw_addr addr;
    int server = listener(AF_INET, &addr, 1);
    CHECK_INT(net->close(net, server), 0);
    int fd = net->open(net, AF_INET, SOCK_STREAM, 0);
    CHECK_INT(net->connect(net, fd, &addr), -ECONNREFUSED);
    CHECK_INT(net->close(net, fd), 0);
}

/* AF_UNIX: the queue is full, and no event will tell when it no longer is. */
static void connect_to_a_full_queue(void)
{
    struct tw_addr addr;
    int fds[8], n = 0, rc = 0;
    int server = net->open(net, AF_UNIX, SOCK_STREAM, 0);
    tw_addr_unix(&addr, "", 0);
    CHECK_INT(net->bind(net, server, &addr), 0); /* an autobound name */
    CHECK_INT(net->listen(net, server, 1), 0);
    CHECK_INT(net->getsockname(net, server, &addr), 0);
    while (n < 8 && rc == 0)
    {
        fds[n] = net->open(net, AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
        rc = net->connect(net, fds[n++], &addr);
    }
    CHECK_INT(rc, TW_WANT_TIME);
    while (n > 0)
        CHECK_INT(net->close(net, fds[--n]), 0);
    CHECK_INT(net->close(net, server), 0);
}

/* -- bytes --------------------------------------------------------------- */

static void would_block(void)
{
    static char data[1 << 20];
    int fds[2];
    struct iovec iov = {data, sizeof data};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
    pair_of(SOCK_STREAM, fds);
    ssize_t n = 0;
    for (int i = 0; i < 1000 && n >= 0; i++)
        n = net->send(net, fds[0], data, sizeof data, MSG_DONTWAIT);
    CHECK_INT(n, TW_WANT_WRITE);
    CHECK_INT(net->sendmsg(net, fds[0], &msg, MSG_DONTWAIT), TW_WANT_WRITE);
    CHECK_INT(net->recv(net, fds[0], data, 1, MSG_DONTWAIT), TW_WANT_READ);
    CHECK_INT(net->recvmsg(net, fds[0], &msg, MSG_DONTWAIT), TW_WANT_READ);
    close_both(fds);
}

static void nobody_there_is_no_signal(void)
{
    int fds[2];
    struct iovec iov = {"x", 1};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
    pair_of(SOCK_STREAM, fds);
    CHECK_INT(net->close(net, fds[1]), 0);
    CHECK_INT(net->send(net, fds[0], "x", 1, MSG_NOSIGNAL), -EPIPE);
    CHECK_INT(net->sendmsg(net, fds[0], &msg, MSG_NOSIGNAL), -EPIPE);
    CHECK_INT(net->close(net, fds[0]), 0);
}

/* A descriptor that comes along is close-on-exec too. */
static void passes_descriptors(void)
{
    union
    {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = {.bytes = {0}};
    char byte = 'x';
    int fds[2], passed = -1;
    struct iovec iov = {&byte, 1};
    struct msghdr msg = {.msg_iov = &iov,
                         .msg_iovlen = 1,
                         .msg_control = control.bytes,
                         .msg_controllen = sizeof control.bytes};
    struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);
    pair_of(SOCK_STREAM, fds);
    cmsg->cmsg_level = SOL_SOCKET;
    cmsg->cmsg_type = SCM_RIGHTS;
    cmsg->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(cmsg), &fds[0], sizeof(int));
    CHECK_INT(net->sendmsg(net, fds[0], &msg, 0), 1);
    CHECK_INT(net->recvmsg(net, fds[1], &msg, MSG_CMSG_CLOEXEC), 1);
    cmsg = CMSG_FIRSTHDR(&msg);
    if (CHECK(cmsg != NULL))
        memcpy(&passed, CMSG_DATA(cmsg), sizeof(int));
    CHECK(passed >= 0 && cloexec(passed));
    CHECK_INT(net->close(net, passed), 0);
    close_both(fds);
}

/* -- signals ------------------------------------------------------------- */

static volatile sig_atomic_t ticks;

static void tick(int number)
{
    (void)number;
    ticks++;
}

/* Interrupts whatever waits, again and again. */
static timer_t start_ticks(void)
{
    timer_t timer;
    struct sigaction action = {.sa_handler = tick};
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL,
                             .sigev_signo = SIGUSR1};
    const struct timespec pause = {.tv_nsec = 2000000};
    const struct itimerspec often = {pause, pause};
    CHECK_INT(sigaction(SIGUSR1, &action, NULL), 0);
    CHECK_INT(timer_create(CLOCK_MONOTONIC, &event, &timer), 0);
    CHECK_INT(timer_settime(timer, 0, &often, NULL), 0);
    return timer;
}

static void interrupted(void)
{
    static char data[1 << 20];
    struct tw_addr addr, peer;
    int fds[2];
    struct iovec iov = {data, sizeof data};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
    int server = listener(AF_INET, &addr, 1);
    CHECK_INT(net->set_nonblock(net, server, false), 0);
    pair_of(SOCK_STREAM, fds);
    timer_t timer = start_ticks();
    CHECK_INT(net->recv(net, fds[0], data, 1, 0), TW_WANT_RETRY);
    CHECK_INT(net->recvmsg(net, fds[0], &msg, 0), TW_WANT_RETRY);
    CHECK_INT(net->accept(net, server, &peer, 0), TW_WANT_RETRY);
    ssize_t n = 0;
    for (int i = 0; i < 1000 && n >= 0; i++) /* a part, then nothing */
        n = net->send(net, fds[0], data, sizeof data, 0);
    CHECK_INT(n, TW_WANT_RETRY);
    CHECK_INT(net->sendmsg(net, fds[0], &msg, 0), TW_WANT_RETRY);
    CHECK_INT(timer_delete(timer), 0);
    CHECK(ticks >= 5);
    close_both(fds);
    CHECK_INT(net->close(net, server), 0);
}

/* -- the rest ------------------------------------------------------------ */

static void options(void)
{
    int value = 1, fd = net->open(net, AF_INET, SOCK_STREAM, 0);
    struct tw_optval opt = {SOL_SOCKET, SO_KEEPALIVE, &value, sizeof value};
    CHECK_INT(net->setopt(net, fd, &opt), 0);
    value = 0;
    CHECK_INT(net->getopt(net, fd, &opt), 0);
    CHECK_INT(value, 1);
    CHECK_INT(opt.len, sizeof value);
    opt.name = 9999;
    CHECK_INT(net->getopt(net, fd, &opt), -ENOPROTOOPT);
    CHECK_INT(net->setopt(net, fd, &opt), -ENOPROTOOPT);
    CHECK_INT(net->close(net, fd), 0);
}

static void clock_goes_forward(void)
{
    int64_t last = net->clock(net);
    for (int i = 0; i < 1000; i++)
    {
        int64_t now = net->clock(net);
        CHECK(now >= last);
        last = now;
    }
    CHECK(last > 0);
}

/* Numeric, so that nobody is asked. */
static void lookups(void)
{
    struct tw_query query = {.kind = TW_QUERY_ADDRS,
                             .host = "127.0.0.1",
                             .service = "80",
                             .hints = {.ai_family = AF_INET,
                                       .ai_socktype = SOCK_STREAM,
                                       .ai_flags = AI_NUMERICHOST}};
    struct tw_answer answer = {.list = NULL};
    CHECK_INT(net->lookup(net, &query, &answer), 0);
    if (CHECK(answer.list && answer.list->ai_family == AF_INET))
    {
        struct sockaddr_in in;
        memcpy(&in, answer.list->ai_addr, sizeof in);
        CHECK(ntohs(in.sin_port) == 80);
        net->lookup_free(net, &answer);
    }
    CHECK(!answer.list);
    query.host = "no.number";
    CHECK_INT(net->lookup(net, &query, &answer), TW_ERESOLVE + EAI_NONAME);
    query.host = query.service = NULL;
    CHECK_INT(net->lookup(net, &query, &answer), TW_ERESOLVE + EAI_NONAME);
    query.host = "127.0.0.1";
    query.hints.ai_family = 4711;
    CHECK_INT(net->lookup(net, &query, &answer), TW_ERESOLVE + EAI_FAMILY);
}

static void name_of_this_machine(void)
{
    char name[256], cut[3] = "xx";
    CHECK_INT(net->gethostname(net, name, sizeof name), 0);
    CHECK(strlen(name) > 0);
    /* An error or the beginning, as the C library likes. */
    int rc = net->gethostname(net, cut, sizeof cut);
    CHECK(rc == 0 || rc == -ENAMETOOLONG);
    CHECK(cut[2] == '\0');
    memset(name, 'x', sizeof name); /* no system takes such a name */
    rc = net->sethostname(net, name, sizeof name);
    CHECK(rc == -EINVAL || rc == -EPERM);
}

int main(void)
{
    TAP_CASE(descriptors_are_private);
    TAP_CASE(modes);
    TAP_CASE(what_is_not_open);
    TAP_CASE(too_many_descriptors);
    TAP_CASE(connects);
    TAP_CASE(connection_refused);
    TAP_CASE(connect_to_a_full_queue);
    TAP_CASE(would_block);
    TAP_CASE(nobody_there_is_no_signal);
    TAP_CASE(passes_descriptors);
    TAP_CASE(interrupted);
    TAP_CASE(options);
    TAP_CASE(clock_goes_forward);
    TAP_CASE(lookups);
    TAP_CASE(name_of_this_machine);
    return tap_done();
}
