/* Connecting, and what has become of it, over a network that answers as told.
 */
#include "core/sock.h"
#include "tap.h"

#include <errno.h>
#include <netinet/in.h>

struct fake
{
    struct tw_net net;
    int connect_rc, getopt_rc, so_error;
    int connects, questions;
    int flags; /* of the last call */
};

static ssize_t fake_send(const struct tw_net *net, int fd, const void *data,
                         size_t len, int flags)
{
    (void)fd, (void)data;
    tw__container_of(net, struct fake, net)->flags = flags;
    return (ssize_t)len;
}

static ssize_t fake_sendto(const struct tw_net *net, int fd,
                           const struct tw_dgram *dgram, int flags)
{
    return fake_send(net, fd, dgram->data, dgram->len, flags);
}

static ssize_t fake_sendmsg(const struct tw_net *net, int fd,
                            const struct msghdr *msg, int flags)
{
    return fake_send(net, fd, msg, 1, flags);
}

static ssize_t fake_recvmsg(const struct tw_net *net, int fd,
                            struct msghdr *msg, int flags)
{
    return fake_send(net, fd, msg, 1, flags);
}

static int fake_connect(const struct tw_net *net, int fd,
                        const struct tw_addr *addr)
{
    struct fake *f = tw__container_of(net, struct fake, net);
    (void)fd, (void)addr;
    f->connects++;
    return f->connect_rc;
}

static int fake_getopt(const struct tw_net *net, int fd, struct tw_optval *opt)
{
    struct fake *f = tw__container_of(net, struct fake, net);
    (void)fd;
    CHECK(opt->level == SOL_SOCKET && opt->name == SO_ERROR);
    *(int *)opt->value = f->so_error;
    f->questions++;
    return f->getopt_rc;
}

/* -- connecting ---------------------------------------------------------- */

/* A kind of socket, the answers it gets, and what it then says. */
struct row
{
    int family, proto, so_error, getopt_rc, connect_rc;
    int questions, connects, said;
};

static void check(const struct row *row)
{
    struct fake f = {.net = {.connect = fake_connect, .getopt = fake_getopt},
                     .connect_rc = row->connect_rc,
                     .getopt_rc = row->getopt_rc,
                     .so_error = row->so_error};
    struct tw_addr addr = {.len = 0};
    struct tw_sock s;
    tw_sock_init(&s, &f.net, TW_FOREVER);
    CHECK_INT(tw_sock_connect_on(&s, &addr), TW_ECLOSED);
    s.fd = 5;
    s.family = (int16_t)row->family;
    s.type = SOCK_STREAM;
    s.proto = row->proto;
    CHECK_INT(tw_sock_connect_on(&s, &addr), row->said);
    CHECK_INT(f.questions, row->questions);
    CHECK_INT(f.connects, row->connects);
}

static void tcp_is_asked_by_connecting(void)
{
    static const struct row rows[] = {
        {AF_INET, 0, ECONNREFUSED, 0, 0, 0, 1, 0},
        {AF_INET6, IPPROTO_TCP, 0, 0, -EISCONN, 0, 1, 0},
        {AF_INET, 0, 0, 0, -EALREADY, 0, 1, TW_WANT_WRITE},
        {AF_INET, 0, 0, 0, TW_WANT_WRITE, 0, 1, TW_WANT_WRITE},
        {AF_INET6, 0, 0, 0, -ECONNREFUSED, 0, 1, -ECONNREFUSED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        check(&rows[i]);
}

static void others_are_asked_for_the_error_first(void)
{
    static const struct row rows[] = {
        {AF_INET, IPPROTO_SCTP, ECONNREFUSED, 0, 0, 1, 0, -ECONNREFUSED},
        {AF_INET6, IPPROTO_SCTP, 0, 0, -EISCONN, 1, 1, 0},
        {AF_VSOCK, 0, ECONNRESET, 0, 0, 1, 0, -ECONNRESET},
        {AF_TIPC, 0, 0, 0, -EALREADY, 1, 1, TW_WANT_WRITE},
        {AF_TIPC, 0, 0, -EBADF, 0, 1, 0, -EBADF},
        {AF_UNIX, 0, 0, 0, TW_WANT_TIME, 1, 1, TW_WANT_TIME},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        check(&rows[i]);
}

/* -- flags --------------------------------------------------------------- */

/* The flags that each call passes on, given those of the caller. */
static void check_flags(int family, int sends, int receives)
{
    struct fake f = {.net = {.send = fake_send,
                             .sendto = fake_sendto,
                             .sendmsg = fake_sendmsg,
                             .recvmsg = fake_recvmsg}};
    struct tw_dgram dgram = {.data = "x", .len = 1};
    struct msghdr msg = {.msg_iovlen = 0};
    struct tw_sock s;
    tw_sock_init(&s, &f.net, TW_FOREVER);
    s.fd = 5;
    s.family = (int16_t)family;
    CHECK_INT(tw_sock_send(&s, "x", 1, MSG_DONTWAIT), 1);
    CHECK_INT(f.flags, MSG_DONTWAIT | sends);
    CHECK_INT(tw_sock_sendto(&s, &dgram, MSG_DONTWAIT), 1);
    CHECK_INT(f.flags, MSG_DONTWAIT | sends);
    CHECK_INT(tw_sock_sendmsg(&s, &msg, MSG_DONTWAIT), 1);
    CHECK_INT(f.flags, MSG_DONTWAIT | sends);
    CHECK_INT(tw_sock_recvmsg(&s, &msg, MSG_DONTWAIT), 1);
    CHECK_INT(f.flags, MSG_DONTWAIT | receives);
}

static void flags_are_those_that_the_kernel_takes(void)
{
    check_flags(AF_INET, MSG_NOSIGNAL, 0);
    check_flags(AF_UNIX, MSG_NOSIGNAL, MSG_CMSG_CLOEXEC);
    check_flags(AF_CAN, MSG_NOSIGNAL, 0);
    check_flags(AF_QIPCRTR, 0, 0);
    check_flags(AF_RDS, 0, 0);
}

int main(void)
{
    TAP_CASE(flags_are_those_that_the_kernel_takes);
    TAP_CASE(tcp_is_asked_by_connecting);
    TAP_CASE(others_are_asked_for_the_error_first);
    return tap_done();
}
