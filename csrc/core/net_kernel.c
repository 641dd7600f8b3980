/*
 * The operating system's network: with net_kernel_file.c the only place with
 * raw socket system calls, and with EINTR, which becomes TW_WANT_RETRY: whoever
 * waits decides what signals mean.
 */
#include "core/net_kernel.h"

#include "core/query.h"

#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <poll.h>
#include <time.h>
#include <unistd.h>

static int done(int rc)
{
    return rc < 0 ? tw__net_failure(0) : rc;
}

static int k_open(const struct tw_net *net, int family, int type, int proto)
{
    (void)net;
    return done(socket(family, type | SOCK_CLOEXEC, proto));
}

static int k_accept(const struct tw_net *net, int fd, struct tw_addr *peer,
                    int flags)
{
    (void)net;
    if (peer)
        peer->len = sizeof peer->u;
    int conn = accept4(fd, peer ? &peer->u.sa : NULL, peer ? &peer->len : NULL,
                       flags | SOCK_CLOEXEC);
    return conn < 0 ? tw__net_failure(TW_WANT_READ) : conn;
}

static int k_dup(const struct tw_net *net, int fd)
{
    (void)net;
    return done(fcntl(fd, F_DUPFD_CLOEXEC, 0));
}

static int k_pair(const struct tw_net *net, int family, int type, int proto,
                  int fds[2])
{
    (void)net;
    return done(socketpair(family, type | SOCK_CLOEXEC, proto, fds));
}

static int k_close(const struct tw_net *net, int fd)
{
    (void)net;
    /* Linux frees the descriptor even when it reports EINTR; ECONNRESET
       belongs to data nobody reads any more. Neither is a failed close. */
    if (close(fd) < 0 && errno != EINTR && errno != ECONNRESET)
        return tw__net_failure(0);
    return 0;
}

static int k_bind(const struct tw_net *net, int fd, const struct tw_addr *addr)
{
    (void)net;
    return done(bind(fd, &addr->u.sa, addr->len));
}

static int k_listen(const struct tw_net *net, int fd, int backlog)
{
    (void)net;
    return done(listen(fd, backlog));
}

static int k_connect(const struct tw_net *net, int fd,
                     const struct tw_addr *addr)
{
    (void)net;
    if (connect(fd, &addr->u.sa, addr->len) == 0)
        return 0;
    int family = tw_addr_family(addr);
    bool inet = family == AF_INET || family == AF_INET6;
    /* After EINTR an attempt of IP goes on by itself: it must not be re-issued.
       One of AF_UNIX and of VSOCK has ended. */
    if (errno == EINPROGRESS || (errno == EINTR && inet))
        return TW_WANT_WRITE;
    /* AF_UNIX has no EINPROGRESS: a full backlog is EAGAIN, unpollable. */
    if (errno == EAGAIN && family == AF_UNIX)
        return TW_WANT_TIME;
    return errno == EINTR ? TW_WANT_RETRY : tw__net_failure(0);
}

static int k_shutdown(const struct tw_net *net, int fd, int how)
{
    (void)net;
    return done(shutdown(fd, how));
}

static ssize_t k_send(const struct tw_net *net, int fd, const void *data,
                      size_t len, int flags)
{
    (void)net;
    ssize_t n = send(fd, data, len, flags);
    return n < 0 ? tw__net_failure(TW_WANT_WRITE) : n;
}

static ssize_t k_recv(const struct tw_net *net, int fd, void *data, size_t len,
                      int flags)
{
    (void)net;
    ssize_t n = recv(fd, data, len, flags);
    return n < 0 ? tw__net_failure(TW_WANT_READ) : n;
}

/* A full receiver of AF_UNIX datagrams does not make us unwritable. */
static int send_failure(const struct sockaddr *to, socklen_t len)
{
    bool full = errno == EAGAIN && len > 0 && to->sa_family == AF_UNIX;
    return full ? TW_WANT_TIME : tw__net_failure(TW_WANT_WRITE);
}

static ssize_t k_sendto(const struct tw_net *net, int fd,
                        const struct tw_dgram *dgram, int flags)
{
    (void)net;
    const struct tw_addr *to = &dgram->addr;
    ssize_t n = sendto(fd, dgram->data, dgram->len, flags, &to->u.sa, to->len);
    return n < 0 ? send_failure(&to->u.sa, to->len) : n;
}

static ssize_t k_recvfrom(const struct tw_net *net, int fd,
                          struct tw_dgram *dgram, int flags)
{
    (void)net;
    struct tw_addr *from = &dgram->addr;
    from->len = sizeof from->u;
    ssize_t n =
        recvfrom(fd, dgram->data, dgram->len, flags, &from->u.sa, &from->len);
    return n < 0 ? tw__net_failure(TW_WANT_READ) : n;
}

static ssize_t k_sendmsg(const struct tw_net *net, int fd,
                         const struct msghdr *msg, int flags)
{
    (void)net;
    ssize_t n = sendmsg(fd, msg, flags);
    return n < 0 ? send_failure(msg->msg_name, msg->msg_namelen) : n;
}

static ssize_t k_recvmsg(const struct tw_net *net, int fd, struct msghdr *msg,
                         int flags)
{
    (void)net;
    ssize_t n = recvmsg(fd, msg, flags);
    return n < 0 ? tw__net_failure(TW_WANT_READ) : n;
}

static int k_sendmmsg(const struct tw_net *net, int fd, struct mmsghdr *msgs,
                      unsigned count, int flags)
{
    (void)net;
    const struct msghdr *first = &msgs[0].msg_hdr;
    int n = sendmmsg(fd, msgs, count, flags);
    return n < 0 ? send_failure(first->msg_name, first->msg_namelen) : n;
}

static int k_recvmmsg(const struct tw_net *net, int fd, struct mmsghdr *msgs,
                      unsigned count, int flags)
{
    (void)net;
    int n = recvmmsg(fd, msgs, count, flags | MSG_WAITFORONE, NULL);
    return n < 0 ? tw__net_failure(TW_WANT_READ) : n;
}

static int k_getopt(const struct tw_net *net, int fd, struct tw_optval *opt)
{
    (void)net;
    return done(getsockopt(fd, opt->level, opt->name, opt->value, &opt->len));
}

static int k_setopt(const struct tw_net *net, int fd,
                    const struct tw_optval *opt)
{
    (void)net;
    return done(setsockopt(fd, opt->level, opt->name, opt->value, opt->len));
}

static int k_hungup(const struct tw_net *net, int fd)
{
    (void)net;
    struct pollfd one = {.fd = fd, .events = POLLRDHUP};
    return poll(&one, 1, 0) > 0 && one.revents != 0;
}

static int k_getsockname(const struct tw_net *net, int fd, struct tw_addr *addr)
{
    (void)net;
    addr->len = sizeof addr->u;
    return done(getsockname(fd, &addr->u.sa, &addr->len));
}

static int k_getpeername(const struct tw_net *net, int fd, struct tw_addr *addr)
{
    (void)net;
    addr->len = sizeof addr->u;
    return done(getpeername(fd, &addr->u.sa, &addr->len));
}

static bool same_host(const struct sockaddr *a, const struct tw_addr *b)
{
    if (!a || a->sa_family != tw_addr_family(b))
        return false;
    const struct sockaddr_in *in = (const void *)a;
    const struct sockaddr_in6 *in6 = (const void *)a;
    if (a->sa_family == AF_INET)
        return in->sin_addr.s_addr == b->u.in.sin_addr.s_addr;
    uint32_t scope = b->u.in6.sin6_scope_id;
    return IN6_ARE_ADDR_EQUAL(&in6->sin6_addr, &b->u.in6.sin6_addr) &&
           (scope == 0 || scope == in6->sin6_scope_id);
}

static int k_ifindex(const struct tw_net *net, const struct tw_addr *addr)
{
    (void)net;
    struct ifaddrs *list;
    if (getifaddrs(&list) < 0)
        return tw__net_failure(0);
    const struct ifaddrs *it = list;
    while (it && !same_host(it->ifa_addr, addr))
        it = it->ifa_next;
    unsigned index = it ? if_nametoindex(it->ifa_name) : 0;
    freeifaddrs(list);
    return index ? (int)index : -ENODEV;
}

static int k_set_nonblock(const struct tw_net *net, int fd, bool on)
{
    (void)net;
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0)
        return tw__net_failure(0);
    int wanted = on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
    return wanted == flags ? 0 : done(fcntl(fd, F_SETFL, wanted));
}

static int k_get_nonblock(const struct tw_net *net, int fd)
{
    (void)net;
    int flags = fcntl(fd, F_GETFL);
    return flags < 0 ? tw__net_failure(0) : (flags & O_NONBLOCK) != 0;
}

static int k_set_cloexec(const struct tw_net *net, int fd, bool on)
{
    (void)net;
    return done(fcntl(fd, F_SETFD, on ? FD_CLOEXEC : 0));
}

static int k_get_cloexec(const struct tw_net *net, int fd)
{
    (void)net;
    int flags = fcntl(fd, F_GETFD);
    return flags < 0 ? tw__net_failure(0) : (flags & FD_CLOEXEC) != 0;
}

int64_t tw__net_clock(const struct tw_net *net)
{
    (void)net;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int k_lookup(const struct tw_net *net, const struct tw_query *query,
                    struct tw_answer *answer)
{
    (void)net;
    return tw_query_run(query, answer);
}

static void k_lookup_free(const struct tw_net *net, struct tw_answer *answer)
{
    (void)net;
    tw_answer_deinit(answer);
}

static int k_gethostname(const struct tw_net *net, char *out, size_t room)
{
    (void)net;
    out[room - 1] = '\0'; /* a name cut short has no end */
    return done(gethostname(out, room - 1));
}

static int k_sethostname(const struct tw_net *net, const char *name, size_t len)
{
    (void)net;
    return done(sethostname(name, len));
}

const struct tw_net tw_net_kernel = {
    .name = "kernel",
    .open = k_open,
    .accept = k_accept,
    .dup = k_dup,
    .pair = k_pair,
    .close = k_close,
    .bind = k_bind,
    .listen = k_listen,
    .connect = k_connect,
    .shutdown = k_shutdown,
    .send = k_send,
    .recv = k_recv,
    .sendto = k_sendto,
    .recvfrom = k_recvfrom,
    .sendmsg = k_sendmsg,
    .recvmsg = k_recvmsg,
    .sendmmsg = k_sendmmsg,
    .recvmmsg = k_recvmmsg,
    .sendfile = tw__net_sendfile,
    .read_at = tw__net_read_at,
    .seekable = tw__net_seekable,
    .pipe = tw__net_pipe,
    .splice_in = tw__net_splice_in,
    .splice_out = tw__net_splice_out,
    .getopt = k_getopt,
    .setopt = k_setopt,
    .hungup = k_hungup,
    .getsockname = k_getsockname,
    .getpeername = k_getpeername,
    .ifindex = k_ifindex,
    .set_nonblock = k_set_nonblock,
    .get_nonblock = k_get_nonblock,
    .set_cloexec = k_set_cloexec,
    .get_cloexec = k_get_cloexec,
    .clock = tw__net_clock,
    .lookup = k_lookup,
    .lookup_free = k_lookup_free,
    .gethostname = k_gethostname,
    .sethostname = k_sethostname,
};
