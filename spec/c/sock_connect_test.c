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
};

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

int main(void)
{
    TAP_CASE(tcp_is_asked_by_connecting);
    TAP_CASE(others_are_asked_for_the_error_first);
    return tap_done();
}
